// SPDX-License-Identifier: GPL-2.0-only
// Calls of the program's own functions: static ones are walked, global ones trusted and verified on their own.
// Counterpart: check_func_call.

import { EFAULT, EINVAL } from '../../gen/errno.gen'
import { insnImm } from '../../insn/raw'
import { markUnknown } from '../bounds'
import { subprogName } from '../btf-facts'
import { BPF_LOG_LEVEL, Env, findSubprog, inSleepable, subprogAt, subprogIsGlobal } from '../env'
import { resetLiveInstance } from '../liveness'
import { printState } from '../log/print-state'
import { reject, verbose, verifierBug } from '../log/verbose'
import { clearPacketPointers } from '../refs'
import { DEF_NOT_SUBREG, clearCallerSaved } from '../regs'
import { curFrame, regOf } from '../state'
import { ENTER_SUBPROG, setupFuncEntry } from './callback'
import { checkSubprogCall } from './func-match'

export function checkFuncCall(env: Env, p: usize): i32 {
  const st = env.cur
  const target = env.insnIdx + insnImm(p) + 1
  const n = findSubprog(env, target)
  if (n < 0) return verifierBug(env, 'target of func call at insn %d is not a program', target)
  const sub = subprogAt(env, n)
  const caller = curFrame(env)
  let err = checkSubprogCall(env, n, caller)
  if (err == -EFAULT) return err
  // Rules that need the kernel's types decide nothing about a static function.
  if (subprogIsGlobal(env, n)) {
    if (st.activeLocks)
      return reject(
        env,
        -EINVAL,
        'global function calls are not allowed while holding a lock,\nuse static function instead\n',
      )
    if (sub.mightSleep && (st.activeRcuLock || st.activePreemptLocks || st.activeIrqId || !inSleepable(env)))
      return reject(
        env,
        -EINVAL,
        'global functions that may sleep are not allowed in non-sleepable context,\ni.e., in a RCU/IRQ/preempt-disabled section, or in\na non-sleepable BPF program context\n',
      )
    if (err) return reject(env, err, "Caller passes invalid args into func#%d ('%S')\n", n, subprogName(env, n))
    verbose(env, "Func#%d ('%S') is global and assumed valid.\n", n, subprogName(env, n))
    if (sub.changesPktData) clearPacketPointers(env)
    sub.called = true
    clearCallerSaved(env, caller)
    const r0 = regOf(caller, 0)
    markUnknown(env, r0)
    r0.subregDef = DEF_NOT_SUBREG
    return 0
  }
  env.unsupported = false
  err = setupFuncEntry(env, n, env.insnIdx, ENTER_SUBPROG, st)
  if (err) return err
  clearCallerSaved(env, caller)
  env.insnIdx = sub.start - 1
  resetLiveInstance(env)
  if (env.log.level & BPF_LOG_LEVEL) {
    verbose(env, 'caller:\n')
    printState(env, st, caller.frameno, true)
    verbose(env, 'callee:\n')
    printState(env, st, st.curframe, true)
  }
  return 0
}
