// SPDX-License-Identifier: GPL-2.0-only
// The last passes, on a program that is known to be safe. Kernel counterpart: the second half of bpf_check.
//
// Fewer than Linux has: contexts are laid out as programs see them, so accesses need no rewriting; the engines extend
// 32-bit results, guard division, count may_goto and run LD_ABS themselves; helper calls keep their numbers.

import { Btf } from '../../btf/btf'
import { btfPut } from '../../btf/refs'
import { BpfMap } from '../../maps/map'
import { mapPut } from '../../maps/refs'
import { Env } from '../env'
import { checkMaxStackDepth } from '../subprogs'
import { convertArenaUse } from './arena'
import {
  addCounterStack,
  hardWireDeadBranches,
  removeDeadCode,
  removeFastcallSpills,
  sanitizeDeadCode,
} from './dead-code'
import { publish } from './publish'

export function applyFixups(env: Env): i32 {
  removeFastcallSpills(env)
  let err = checkMaxStackDepth(env)
  if (err) return err
  addCounterStack(env)
  // Whoever may see pointers may also have code taken out; others must not learn what the verifier found dead.
  if (env.bpfCapable) {
    hardWireDeadBranches(env)
    err = removeDeadCode(env)
  } else sanitizeDeadCode(env)
  if (!err) {
    convertArenaUse(env)
    err = publish(env)
  }
  return err
}

/** Gives back the maps and types that did not pass to the program. */
export function releaseUsed(env: Env): void {
  for (let i = 0; i < env.usedMapCnt; i++) mapPut(changetype<BpfMap>(load<usize>(env.usedMaps + ((<usize>i) << 2))))
  for (let i = 0; i < env.usedBtfCnt; i++) btfPut(changetype<Btf>(load<usize>(env.usedBtfs + ((<usize>i) << 2))))
  env.usedMapCnt = 0
  env.usedBtfCnt = 0
}
