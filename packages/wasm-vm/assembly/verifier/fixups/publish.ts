// SPDX-License-Identifier: GPL-2.0-only
// What a verified program keeps: its maps, its subprograms, and hints for the engines.
// Kernel counterpart: the end of bpf_check, convert_pseudo_ld_imm64, adjust_btf_func, parts of do_misc_fixups.

import { BTF_FUNC_GLOBAL, Env, MAX_BPF_STACK, auxAt, insnOf, subprogAt } from '../env'
import { Btf } from '../../btf/btf'
import { EINVAL, ENOMEM } from '../../gen/errno.gen'
import {
  BPF_FUNC_get_func_ip,
  BPF_FUNC_get_route_realm,
  BPF_FUNC_get_stack,
  BPF_FUNC_get_stackid,
  BPF_FUNC_override_return,
  BPF_FUNC_tail_call,
} from '../../gen/uapi-enums.gen'
import { helperFn } from '../../helpers/table'
import { KFUNC_bpf_cast_to_kern_ctx } from '../../gen/kfuncs.gen'
import { kernelFunctionName, kfuncRow } from '../../kfunc/known'
import { hasKernelContext } from '../../kfunc/memory'
import { kfuncFn } from '../../kfunc/table'
import { insnCode, insnImm, insnSrc } from '../../insn/raw'
import { kfree, kmalloc, kzalloc } from '../../mem/alloc'
import { reject, unsupported } from '../log/verbose'
import { ANNOT_MAP, ANNOT_MEM, ANNOT_MEM_OTHER, ANNOT_SIZE, Prog } from '../../prog/prog'
import { funcIdName } from '../tables'
import { convertProbes } from './probe'

const CODE_LD_IMM64: i32 = 0x18
const CODE_CALL: i32 = 0x85
const PSEUDO_FUNC: i32 = 4
const PSEUDO_KFUNC_CALL: i32 = 2
const FUNC_INFO_SIZE: usize = 8
const MAX_PACKET_OFF: u32 = 0xffff

function startsSubprog(env: Env, insn: i32): bool {
  for (let s = 0; s < env.subprogCnt; s++) if (subprogAt(env, s).start == insn) return true
  return false
}

/** Map and data addresses stand in the immediates already; only the mark that says what they were goes. */
function convertLoads(env: Env): void {
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    if (insnCode(p) != CODE_LD_IMM64) continue
    // A callback that is never called is dead code and may have gone.
    if (insnSrc(p) != PSEUDO_FUNC || !startsSubprog(env, i + insnImm(p) + 1)) store<u8>(p, load<u8>(p, 1) & 15, 1)
    i++
  }
}

function noteCall(prog: Prog, helper: i32): void {
  if (helper == BPF_FUNC_tail_call) {
    prog.usesTailCall = true
    prog.cbAccess = true
    prog.maxPktOffset = MAX_PACKET_OFF
    prog.stackDepth = MAX_BPF_STACK
  } else if (helper == BPF_FUNC_get_route_realm) prog.dstNeeded = true
  else if (helper == BPF_FUNC_override_return) prog.kprobeOverride = true
  else if (helper == BPF_FUNC_get_stack || helper == BPF_FUNC_get_stackid) prog.callGetStack = true
  else if (helper == BPF_FUNC_get_func_ip) prog.callGetFuncIp = true
}

/** Whether the function is there at run time for programs of this type. */
function kfuncHere(env: Env, id: i32): bool {
  if (kfuncRow(id) == KFUNC_bpf_cast_to_kern_ctx && !hasKernelContext(<u32>env.prog.type)) return false
  return kfuncFn(id) != 0
}

/** Hints of each instruction: the one map that a helper call sees, the kind of memory that an access touches. */
function annotate(env: Env): i32 {
  const annot = kzalloc(<usize>env.len * ANNOT_SIZE)
  if (!annot) return -ENOMEM
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const aux = auxAt(env, i)
    const a = annot + <usize>i * ANNOT_SIZE
    const code = insnCode(p)
    if (code == CODE_CALL) {
      if (insnSrc(p) == PSEUDO_KFUNC_CALL && !insnImm(p)) {
        // Loaders leave such calls where a function does not exist, behind a test that is never true.
        kfree(annot)
        return reject(env, -EINVAL, 'invalid kernel function call not eliminated in verifier pass\n')
      }
      if (insnSrc(p) == PSEUDO_KFUNC_CALL && !kfuncHere(env, insnImm(p))) {
        kfree(annot)
        return unsupported(env, 'calls of %S', <i64>kernelFunctionName(insnImm(p)))
      }
      if (insnSrc(p)) continue
      if (insnImm(p) == BPF_FUNC_tail_call && aux.mapUnpriv && aux.mapPoison) {
        kfree(annot)
        return reject(env, -EINVAL, 'tail_call abusing map_ptr\n')
      }
      if (insnImm(p) != BPF_FUNC_tail_call && !helperFn(insnImm(p))) {
        kfree(annot)
        return unsupported(env, 'calls of %S', funcIdName(insnImm(p)))
      }
      noteCall(env.prog, insnImm(p))
      if (aux.mapPtr && !aux.mapPoison) store<usize>(a, aux.mapPtr, ANNOT_MAP)
    } else if (code == CODE_LD_IMM64) {
      i++
    } else if (isMemoryAccess(code) && aux.baseKind <= ANNOT_MEM_OTHER) {
      store<u8>(a, aux.baseKind, ANNOT_MEM)
    }
  }
  env.prog.annot = annot
  return 0
}

/** Loads and stores of the classes LDX, ST and STX. */
@inline function isMemoryAccess(code: i32): bool {
  const cls = code & 7
  return cls >= 1 && cls <= 3
}

function keepSubprogs(env: Env): i32 {
  const prog = env.prog
  const n = env.subprogCnt
  prog.subprogStarts = kmalloc(<usize>n * 4)
  prog.subprogStackDepth = kmalloc(<usize>n * 2)
  if (!prog.subprogStarts || !prog.subprogStackDepth) return -ENOMEM
  for (let s = 0; s < n; s++) {
    const sub = subprogAt(env, s)
    store<i32>(prog.subprogStarts + ((<usize>s) << 2), sub.start)
    store<u16>(prog.subprogStackDepth + ((<usize>s) << 1), sub.stackDepth)
    if (sub.isExceptionCb) prog.exceptionCb = <u32>s
  }
  prog.subprogCnt = <u32>n
  if (!prog.stackDepth) prog.stackDepth = subprogAt(env, 0).stackDepth
  return 0
}

/** Function records follow the code; what was found of each function stays with them (linkage u16, flags u8, u8). */
function keepFunctions(env: Env): i32 {
  const prog = env.prog
  if (!prog.funcInfo || !prog.funcInfoCnt) return 0
  prog.funcInfoAux = kzalloc(<usize>prog.funcInfoCnt * 4)
  if (!prog.funcInfoAux) return -ENOMEM
  const n = min<i32>(<i32>prog.funcInfoCnt, env.subprogCnt - env.hiddenSubprogCnt)
  for (let s = 0; s < n; s++) {
    const sub = subprogAt(env, s)
    store<i32>(prog.funcInfo + <usize>s * FUNC_INFO_SIZE, sub.start)
    const aux = prog.funcInfoAux + ((<usize>s) << 2)
    store<u16>(aux, sub.linkage)
    store<u8>(aux, <u8>((sub.unreliable ? 1 : 0) | (sub.called ? 2 : 0) | (sub.verified ? 4 : 0)), 2)
    const effects = (sub.changesPktData ? 2 : 0) | (sub.mightSleep ? 4 : 0) | (sub.isExceptionCb ? 8 : 0)
    store<u8>(aux, <u8>((sub.linkage == BTF_FUNC_GLOBAL ? 1 : 0) | effects), 3)
  }
  return 0
}

/** The references that resolving took pass to the program. */
function keepMaps(env: Env): i32 {
  const prog = env.prog
  const n = env.usedMapCnt
  if (n) {
    prog.usedMaps = kmalloc(<usize>n * 4)
    if (!prog.usedMaps) return -ENOMEM
    memory.copy(prog.usedMaps, env.usedMaps, <usize>n * 4)
    prog.usedMapCnt = <u32>n
    env.usedMapCnt = 0
  }
  const b = env.usedBtfCnt
  if (b) {
    prog.usedBtfs = kmalloc(<usize>b * sizeof<Btf>())
    if (!prog.usedBtfs) return -ENOMEM
    memory.copy(prog.usedBtfs, env.usedBtfs, <usize>b * 4)
    prog.usedBtfCnt = <u32>b
    env.usedBtfCnt = 0
  }
  return 0
}

export function publish(env: Env): i32 {
  const prog = env.prog
  prog.maxCtxOffset = env.maxCtxOffset
  prog.maxTpAccess = env.maxTpAccess
  prog.maxPktOffset = env.maxPktOffset
  prog.seenDirectWrite = env.seenDirectWrite
  prog.mayThrow = env.seenException
  const main = subprogAt(env, 0)
  prog.changesPktData = main.changesPktData
  prog.mightSleep = main.mightSleep
  let err = annotate(env)
  if (!err) err = keepSubprogs(env)
  if (!err) err = keepFunctions(env)
  if (!err) err = keepMaps(env)
  if (err) return err
  convertLoads(env)
  convertProbes(env)
  return err
}
