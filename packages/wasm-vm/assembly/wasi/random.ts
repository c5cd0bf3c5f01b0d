// SPDX-License-Identifier: GPL-2.0-only
// Randomness: the host's, or a sequence that a seed decides.

import { kernel } from '../mem/root'
import { random_get } from './imports'

const WORD: usize = memory.data(8, 8)

export function randomU64(): u64 {
  const k = kernel()
  if (!k.randomSeed) {
    random_get(WORD, 8)
    return load<u64>(WORD)
  }
  // splitmix64
  k.randomState += 0x9e3779b97f4a7c15
  let z = k.randomState
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb
  return z ^ (z >> 31)
}

export function randomU32(): u32 {
  return <u32>(randomU64() >> 32)
}
