// SPDX-License-Identifier: GPL-2.0-only
// One instruction backwards: which registers and slots must be precise before it, given those after it.
// Counterpart: backtrack_insn of kernel/bpf/verifier.c.

import { EFAULT, ENOTSUPP } from '../../gen/errno.gen'
import { insnClass, insnCode, insnDst, insnImm, insnSrc } from '../../insn/raw'
import { isSyncCallbackCall } from '../call/kinds'
import { BPF_LOG_LEVEL2, Env, auxAt, findSubprog, insnOf, subprogIsGlobal } from '../env'
import { printStackMask } from '../liveness'
import { verboseInsn } from '../log/disasm'
import { S, verbose, verifierBug } from '../log/verbose'
import { Hist, INSN_F_DST_REG_STACK, INSN_F_SRC_REG_STACK, INSN_F_STACK_ACCESS, MAX_CALL_FRAMES } from '../state'
import { isPseudoCall } from '../subprogs'
import { stackAccessFrame, stackAccessSpi } from './history'
import {
  btClearFrameSlot,
  btClearReg,
  btHasFrameReg,
  btHasFrameSlot,
  btHasReg,
  btRegs,
  btSetFrameReg,
  btSetFrameSlot,
  btSetReg,
  btSlots,
} from './masks'

const REGMASK_ARGS: u32 = 0x3e

export function printRegMask(env: Env, mask: u32): void {
  let first = true
  for (let i = 0; i < 32; i++) {
    if (!((mask >> i) & 1)) continue
    verbose(env, '%sr%d', S(first ? '' : ','), i)
    first = false
  }
}

/** If one of the registers that shared an id at this jump is looked for, all of them are. */
function syncLinked(env: Env, hist: Hist): void {
  if (!changetype<usize>(hist) || !hist.linkedRegs) return
  const n = <i32>(hist.linkedRegs & 15)
  let any = false
  for (let pass = 0; pass < 2; pass++) {
    let v = hist.linkedRegs >> 4
    for (let i = 0; i < n; i++, v >>= 10) {
      const frame = <i32>(v & 7)
      const number = <i32>((v >> 3) & 63)
      const isReg = ((v >> 9) & 1) != 0
      if (pass == 0) {
        if (isReg ? btHasFrameReg(env, frame, number) : btHasFrameSlot(env, frame, number)) any = true
      } else if (isReg) btSetFrameReg(env, frame, number)
      else btSetFrameSlot(env, frame, number)
    }
    if (!any) return
  }
}

function subprogExit(env: Env): i32 {
  if (env.btFrame == 0) return verifierBug(env, 'subprog exit from frame 0')
  env.btFrame--
  return 0
}

function backtrackCall(env: Env, idx: i32, next: i32, p: usize): i32 {
  const sub = findSubprog(env, idx + insnImm(p) + 1)
  if (sub < 0) return -EFAULT
  if (subprogIsGlobal(env, sub)) {
    if (idx + 1 != next) verifierBug(env, 'extra insn from subprog')
    if (btRegs(env) & REGMASK_ARGS) return verifierBug(env, 'global subprog unexpected regs %x', btRegs(env))
    btClearReg(env, 0)
    return 0
  }
  // A static function begins after its call: what is left must be its arguments.
  if (btRegs(env) & ~REGMASK_ARGS) return verifierBug(env, 'static subprog unexpected regs %x', btRegs(env))
  if (btSlots(env)) return verifierBug(env, 'static subprog leftover stack slots %llx', <i64>btSlots(env))
  for (let i = 1; i <= 5; i++) {
    if (!btHasReg(env, i)) continue
    btClearReg(env, i)
    btSetFrameReg(env, env.btFrame - 1, i)
  }
  return subprogExit(env)
}

function backtrackExit(env: Env, next: i32): i32 {
  if (next >= 0 && auxAt(env, next).callsCallback) for (let i = 1; i <= 5; i++) btClearReg(env, i)
  if (btRegs(env) & REGMASK_ARGS) return verifierBug(env, 'backtracking exit unexpected regs %x', btRegs(env))
  const r0 = next - 1 >= 0 && isPseudoCall(insnOf(env, next - 1)) && btHasReg(env, 0)
  btClearReg(env, 0)
  if (env.btFrame == MAX_CALL_FRAMES - 1) return verifierBug(env, 'subprog enter from frame %d', env.btFrame)
  env.btFrame++
  if (r0) btSetReg(env, 0)
  return 0
}

/** Returns 1 when the registers that share an id need no second look. */
function backtrackJump(env: Env, idx: i32, next: i32, p: usize, hist: Hist): i32 {
  const code = insnCode(p)
  const op = code & 0xf0
  if (isPseudoCall(p)) {
    const err = backtrackCall(env, idx, next, p)
    return err ? err : 1
  }
  if (isSyncCallbackCall(p) && idx != next - 1) {
    if (btRegs(env) & ~REGMASK_ARGS) return verifierBug(env, 'callback unexpected regs %x', btRegs(env))
    if (btSlots(env)) return verifierBug(env, 'callback leftover stack slots %llx', <i64>btSlots(env))
    for (let i = 1; i <= 5; i++) btClearReg(env, i)
    const err = subprogExit(env)
    return err ? err : 1
  }
  if (op == 0x80) {
    if (insnSrc(p) == 2 && insnImm(p) == 0) return -ENOTSUPP
    btClearReg(env, 0)
    if (btRegs(env) & REGMASK_ARGS) return verifierBug(env, 'backtracking call unexpected regs %x', btRegs(env))
    return 0
  }
  if (op == 0x90) {
    const err = backtrackExit(env, next)
    return err ? err : 1
  }
  if (code & 8) {
    const dst = insnDst(p)
    const src = insnSrc(p)
    if (!btHasReg(env, dst) && !btHasReg(env, src)) return 1
    const flags = changetype<usize>(hist) ? hist.flags : 0
    if (!(flags & INSN_F_SRC_REG_STACK)) btSetReg(env, src)
    if (!(flags & INSN_F_DST_REG_STACK)) btSetReg(env, dst)
  }
  return 0
}

export function backtrackInsn(env: Env, idx: i32, next: i32, hist: Hist): i32 {
  const p = insnOf(env, idx)
  const code = insnCode(p)
  if (code == 0) return 0
  if (env.log.level & BPF_LOG_LEVEL2) {
    verbose(env, 'mark_precise: frame%d: regs=', env.btFrame)
    printRegMask(env, btRegs(env))
    verbose(env, ' stack=')
    printStackMask(env, btSlots(env))
    verbose(env, ' before %d: ', idx)
    verboseInsn(env, p)
  }
  syncLinked(env, hist)
  const dst = insnDst(p)
  const src = insnSrc(p)
  const cls = insnClass(p)
  const stackFlags = changetype<usize>(hist) && hist.flags & INSN_F_STACK_ACCESS ? hist.flags : 0
  if (cls == 4 || cls == 7) {
    if (!btHasReg(env, dst)) return 0
    const op = code & 0xf0
    if (op == 0xd0 || op == 0x80) return 0
    if (op == 0xb0) {
      btClearReg(env, dst)
      if (code & 8 && src != 10) btSetReg(env, src)
    } else if (code & 8 && src != 10) btSetReg(env, src)
  } else if (cls == 1 || (cls == 3 && (code & 0xe0) == 0xc0 && insnImm(p) == 0x100)) {
    if (!btHasReg(env, dst)) return 0
    btClearReg(env, dst)
    // Only the stack keeps what was stored; other memory is unknown anyway.
    if (!stackFlags) return 0
    btSetFrameSlot(env, stackAccessFrame(stackFlags), stackAccessSpi(stackFlags))
  } else if (cls == 3 || cls == 2) {
    // A store through a register that is looked for: it was a difference of pointers.
    if (btHasReg(env, dst)) return -ENOTSUPP
    if (!stackFlags) return 0
    const frame = stackAccessFrame(stackFlags)
    const spi = stackAccessSpi(stackFlags)
    if (!btHasFrameSlot(env, frame, spi)) return 0
    btClearFrameSlot(env, frame, spi)
    if (cls == 3) btSetReg(env, src)
  } else if (cls == 5 || cls == 6) {
    const ret = backtrackJump(env, idx, next, p, hist)
    if (ret) return ret > 0 ? 0 : ret
  } else {
    if (!btHasReg(env, dst)) return 0
    btClearReg(env, dst)
    const mode = code & 0xe0
    if (mode == 0x20 || mode == 0x40) return -ENOTSUPP
  }
  syncLinked(env, hist)
  return 0
}
