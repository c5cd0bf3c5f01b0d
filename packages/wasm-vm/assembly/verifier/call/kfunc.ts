// SPDX-License-Identifier: GPL-2.0-only
// A call of a kernel function when the walk meets it. Counterpart: check_kfunc_call.

import { btfKind, btfSize } from '../../btf/btf'
import { EACCES, EFAULT, EINVAL, ENOMEM } from '../../gen/errno.gen'
import {
  KFUNC___bpf_trap,
  KFUNC_bpf_preempt_disable,
  KFUNC_bpf_preempt_enable,
  KFUNC_bpf_rbtree_add_impl,
  KFUNC_bpf_rcu_read_lock,
  KFUNC_bpf_rcu_read_unlock,
  KFUNC_bpf_res_spin_lock,
  KFUNC_bpf_res_spin_lock_irqsave,
  KFUNC_bpf_session_cookie,
  KFUNC_bpf_throw,
  KFUNC_bpf_wq_set_callback_impl,
  KFUNC_bpf_xdp_pull_data,
} from '../../gen/kfuncs.gen'
import { MEM_RCU, PTR_MAYBE_NULL, PTR_UNTRUSTED } from '../../gen/verifier-types.gen'
import { insnImm } from '../../insn/raw'
import { kernelFunctionName, kfuncAllowed } from '../../kfunc/known'
import { CAP_SYS_BOOT, capable } from '../../syscall/caps'
import { KIND_PTR } from '../btf-facts'
import { boundsSync, markNotInit, markUnknown } from '../bounds'
import { Env, curAux, inRcuCs, inSleepable, resolveProgType } from '../env'
import { Z, reject } from '../log/verbose'
import { clearPacketPointers, releaseReference } from '../refs'
import { firstObject, more, nextReg } from '../reg-iter'
import { DEF_NOT_SUBREG, markZext } from '../regs'
import { inTreeCallback } from '../special/graph'
import { iterNextCall } from '../special/iterator'
import { checkReturnCode } from '../return-code'
import { FuncState, curFrame, curReg, frameOf, regOf } from '../state'
import { pushStack } from '../states/stack'
import { ENTER_TASK_WORK, ENTER_TIMER, ENTER_TREE_LESS, pushCallbackCall } from './callback'
import { isTaskWork } from './kfunc-add'
import { checkKfuncArgs } from './kfunc-args'
import { paramTypeOf } from './kfunc-kinds'
import {
  KfuncMeta,
  fillMeta,
  isDestructive,
  isIterNext,
  isRcuProtected,
  isSleepable,
  kfuncOfCall,
  paramCount,
} from './kfunc-meta'
import { objectEffects } from './kfunc-objects'
import { setKfuncResult } from './kfunc-result'

const MAX_ERRNO: i32 = 4095

function forgetArguments(env: Env, f: FuncState): void {
  for (let i = 0; i <= 5; i++) markNotInit(env, regOf(f, i))
}

/** Taking such a lock may fail: a path of its own goes on without it. */
function branchWithoutLock(env: Env): i32 {
  const failed = pushStack(env, env.insnIdx + 1, env.insnIdx, false)
  if (!changetype<usize>(failed)) return reject(env, -ENOMEM, 'failed to push state for failed lock acquisition\n')
  const f = frameOf(failed, failed.curframe)
  forgetArguments(env, f)
  const r0 = regOf(f, 0)
  markUnknown(env, r0)
  r0.s32min = -MAX_ERRNO
  r0.s32max = -1
  boundsSync(r0)
  r0.subregDef = env.insnIdx + 1
  return 0
}

/** Leaving the section takes the trust from what was only safe inside. */
function endRcu(env: Env): void {
  for (let r = firstObject(env.cur); more(r); r = nextReg()) {
    if (r.type & MEM_RCU) r.type = (r.type & ~(MEM_RCU | PTR_MAYBE_NULL)) | PTR_UNTRUSTED
  }
  env.cur.activeRcuLock = false
}

function checkRcu(env: Env, m: KfuncMeta): i32 {
  const st = env.cur
  const lock = m.row == KFUNC_bpf_rcu_read_lock
  const unlock = m.row == KFUNC_bpf_rcu_read_unlock
  if (st.activeRcuLock && (lock || unlock) && inTreeCallback(env))
    return reject(env, -EACCES, 'Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback\n')
  if (!st.activeRcuLock) {
    if (unlock) return reject(env, -EINVAL, 'unmatched rcu read unlock (kernel function %S)\n', Z(m.name))
    if (lock) st.activeRcuLock = true
    return 0
  }
  if (lock) return reject(env, -EINVAL, 'nested rcu read lock (kernel function %S)\n', Z(m.name))
  if (unlock) endRcu(env)
  else if (isSleepable(m))
    return reject(env, -EACCES, 'kernel func %S is sleepable within rcu_read_lock region\n', Z(m.name))
  return 0
}

function checkPreemption(env: Env, m: KfuncMeta): i32 {
  const st = env.cur
  if (m.row == KFUNC_bpf_preempt_disable) {
    st.activePreemptLocks++
  } else if (m.row == KFUNC_bpf_preempt_enable) {
    if (!st.activePreemptLocks)
      return reject(env, -EINVAL, 'unmatched attempt to enable preemption (kernel function %S)\n', Z(m.name))
    st.activePreemptLocks--
  } else if (st.activePreemptLocks && isSleepable(m)) {
    return reject(env, -EACCES, 'kernel func %S is sleepable within non-preemptible region\n', Z(m.name))
  }
  return 0
}

function checkSections(env: Env, m: KfuncMeta): i32 {
  let err = checkRcu(env, m)
  if (err) return err
  err = checkPreemption(env, m)
  if (err) return err
  if (env.cur.activeIrqId && isSleepable(m))
    return reject(env, -EACCES, 'kernel func %S is sleepable within IRQ-disabled region\n', Z(m.name))
  if (isRcuProtected(m) && !inRcuCs(env))
    return reject(env, -EACCES, 'kernel func %S requires RCU critical section protection\n', Z(m.name))
  return 0
}

/** Subprograms that the function runs, now or later. */
function queueCallback(env: Env, m: KfuncMeta, p: usize): i32 {
  let err = 0
  if (m.row == KFUNC_bpf_wq_set_callback_impl) {
    err = pushCallbackCall(env, p, env.insnIdx, m.subprogno, ENTER_TIMER)
  } else if (m.row == KFUNC_bpf_rbtree_add_impl) {
    err = pushCallbackCall(env, p, env.insnIdx, m.subprogno, ENTER_TREE_LESS)
  } else if (isTaskWork(m.row)) {
    err = pushCallbackCall(env, p, env.insnIdx, m.subprogno, ENTER_TASK_WORK)
  }
  return err ? reject(env, err, 'kfunc %S#%d failed callback verification\n', Z(m.name), m.btfFuncId) : 0
}

/** May the program call it here and now, whatever it passes? */
function mayCall(env: Env, m: KfuncMeta): i32 {
  if (m.row == KFUNC_bpf_res_spin_lock || m.row == KFUNC_bpf_res_spin_lock_irqsave) {
    const err = branchWithoutLock(env)
    if (err) return err
  } else if (m.row == KFUNC___bpf_trap) {
    return reject(env, -EFAULT, 'unexpected __bpf_trap() due to uninitialized variable?\n')
  }
  if (isDestructive(m) && !capable(CAP_SYS_BOOT))
    return reject(env, -EACCES, 'destructive kfunc calls require CAP_SYS_BOOT capability\n')
  if (isSleepable(m) && !inSleepable(env))
    return reject(env, -EACCES, 'program must be sleepable to call sleepable kfunc %S\n', Z(m.name))
  return 0
}

/** Arguments that are read in full width need their upper halves. */
function widenArguments(env: Env, m: KfuncMeta): void {
  const n = paramCount(m)
  for (let i = 0; i < n; i++) {
    const t = paramTypeOf(m, i)
    if (btfKind(t) == KIND_PTR || btfSize(t) == 8) markZext(env, curReg(env, i + 1))
  }
}

/** Without a callback for exceptions the value becomes what the program returns. */
function noteThrow(env: Env): i32 {
  env.seenException = true
  return env.exceptionCb ? 0 : checkReturnCode(env, 1)
}

function finish(env: Env, m: KfuncMeta): i32 {
  if (m.releaseRegno) {
    const err = releaseReference(env, curReg(env, m.releaseRegno).refObjId)
    if (err) return reject(env, err, 'kfunc %S#%d reference has not been acquired before\n', Z(m.name), m.btfFuncId)
  }
  let err = objectEffects(env, m)
  if (err) return err
  if (m.row == KFUNC_bpf_throw) {
    err = noteThrow(env)
    if (err < 0) return err
  }
  forgetArguments(env, curFrame(env))
  err = setKfuncResult(env, m)
  if (err) return err
  if (m.row == KFUNC_bpf_xdp_pull_data) clearPacketPointers(env)
  widenArguments(env, m)
  return isIterNext(m) ? iterNextCall(env, m) : 0
}

export function checkKfuncCall(env: Env, p: usize): i32 {
  const id = insnImm(p)
  // Shows at the end, unless the call is dead code.
  if (!id) return 0
  const row = kfuncOfCall(p)
  if (!kfuncAllowed(row, resolveProgType(env.prog), env.prog.expectedAttachType))
    return reject(env, -EACCES, 'calling kernel function %S is not allowed\n', Z(kernelFunctionName(id)))
  const m = fillMeta(env, id, row)
  curAux(env).isIterNext = isIterNext(m)
  let err = mayCall(env, m)
  if (err) return err
  err = checkKfuncArgs(env, m)
  if (err < 0) return err
  if (row == KFUNC_bpf_session_cookie) m.r0Size = 8
  err = queueCallback(env, m, p)
  if (err) return err
  err = checkSections(env, m)
  if (err) return err
  return finish(env, m)
}
