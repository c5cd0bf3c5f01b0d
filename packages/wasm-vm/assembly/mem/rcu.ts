// SPDX-License-Identifier: GPL-2.0-only
// Memory that a running program may still point to is given back when the outermost one has ended.

import { kfree, kmalloc, krealloc } from './alloc'
import { kernel } from './root'

/** u32[]: blocks to give back; how many there are and how many fit. */
const LIST: usize = memory.data(12, 4)

/** Gives a block back: now, or when no program runs. */
export function rcuFree(p: usize): void {
  if (!p) return
  if (!kernel().active) {
    kfree(p)
    return
  }
  const cnt = load<u32>(LIST, 4)
  const cap = load<u32>(LIST, 8)
  if (cnt == cap) {
    const more = cap ? cap * 2 : 64
    const list = cap ? krealloc(load<usize>(LIST), <usize>more * 4) : kmalloc(<usize>more * 4)
    // without memory for the list the block stays: it is lost, not reused under a running program
    if (!list) return
    store<usize>(LIST, list)
    store<u32>(LIST, more, 8)
  }
  store<usize>(load<usize>(LIST) + ((<usize>cnt) << 2), p)
  store<u32>(LIST, cnt + 1, 4)
}

/** Called when the last running program has ended. */
export function rcuFlush(): void {
  const cnt = load<u32>(LIST, 4)
  if (!cnt) return
  const list = load<usize>(LIST)
  store<u32>(LIST, 0, 4)
  store<u32>(LIST, 0, 8)
  for (let i: u32 = 0; i < cnt; i++) kfree(load<usize>(list + ((<usize>i) << 2)))
  kfree(list)
}
