// SPDX-License-Identifier: GPL-2.0-only
// What helpers share: the program that calls, and memory that they hand to it.

import { addRegion, removeRegion } from '../interp/regions'
import { currentRun, ENGINE_CHECKED } from '../interp/run-state'
import { Prog } from '../prog/prog'

@inline export function callingProg(): Prog {
  return changetype<Prog>(currentRun().prog)
}

@inline export function progType(): u32 {
  const p = currentRun().prog
  return p ? changetype<Prog>(p).type : 0
}

/** A negative errno as programs see it. */
@inline export function errno(e: i32): u64 {
  return <u64>-(<i64>e)
}
/** An i32 result, sign-extended. */
@inline export function asResult(r: i32): u64 {
  return <u64>(<i64>r)
}

/** Lets a program on the checked engine touch what a helper gave it. */
@inline export function giveMemory(p: usize, size: u32): void {
  const run = currentRun()
  if (run.engine == ENGINE_CHECKED && p) addRegion(run, p, size, true)
}

@inline export function takeMemory(p: usize): void {
  const run = currentRun()
  if (run.engine == ENGINE_CHECKED) removeRegion(run, p)
}
