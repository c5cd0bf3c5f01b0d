// SPDX-License-Identifier: GPL-2.0-only
// The last passes, on a program that is known to be safe. Kernel counterpart: the second half of bpf_check.
//
// Fewer than Linux has: contexts are laid out as programs see them, so accesses need no rewriting; the engines extend
// 32-bit results, guard division, count may_goto and run LD_ABS themselves; helper calls keep their numbers.

import { Env } from '../env'
import { hardWireDeadBranches, removeDeadCode, sanitizeDeadCode } from './dead-code'
import { publish } from './publish'

export { removeFastcallSpills } from './dead-code'

export function applyFixups(env: Env): i32 {
  let err = 0
  // Whoever may see pointers may also have code taken out; others must not learn what the verifier found dead.
  if (env.bpfCapable) {
    hardWireDeadBranches(env)
    err = removeDeadCode(env)
  } else sanitizeDeadCode(env)
  if (!err) err = publish(env)
  return err
}
