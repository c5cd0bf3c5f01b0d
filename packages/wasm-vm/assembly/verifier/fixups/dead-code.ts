// SPDX-License-Identifier: GPL-2.0-only
// Code that no path reaches, and instructions that do nothing.
// Kernel counterpart: sanitize_dead_code, opt_hard_wire_dead_code_branches, opt_remove_dead_code, opt_remove_nops,
// remove_fastcall_spills_fills of verifier.c (6.18).

import { ENOMEM } from '../../gen/errno.gen'
import { BPF_FUNC_loop } from '../../gen/uapi-enums.gen'
import { insnCode, insnImm, insnOff, insnSrc, isJump } from '../../insn/raw'
import { auxAt, Env, insnOf, subprogAt } from '../env'
import { poolAlloc, poolFree } from '../pool'
import { removeInstructions } from './compact'

/** goto +0, may_goto +0 and goto -1, as eight bytes. */
const NOP: u64 = 0x05
const MAY_GOTO_0: u64 = 0xe5
const TRAP: u64 = 0xffff0005
const JA: i32 = 0x05
const CODE_CALL: i32 = 0x85
const CODE_MAY_GOTO: i32 = 0xe5
const LOOP_STACK: i32 = 24
const MAY_GOTO_STACK: i32 = 16

/** Unprivileged programs keep their length: code that was not seen loops on itself. */
export function sanitizeDeadCode(env: Env): void {
  for (let i = 0; i < env.len; i++) {
    if (auxAt(env, i).seen) continue
    store<u64>(insnOf(env, i), TRAP)
    auxAt(env, i).zextDst = false
  }
}

function isConditional(p: usize): bool {
  if (!isJump(p)) return false
  return (insnCode(p) & 0xf0) != 0
}

/** A conditional jump of which only one way was ever taken becomes a plain one. */
export function hardWireDeadBranches(env: Env): void {
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    if (!isConditional(p)) continue
    let off: i32
    if (!auxAt(env, i + 1).seen) off = insnOff(p)
    else if (!auxAt(env, i + 1 + insnOff(p)).seen) off = 0
    else continue
    store<u64>(p, (<u64>JA) | ((<u64>(<u16>off)) << 16))
  }
}

/** Whether it is goto or may_goto over nothing but instructions that go. */
function becomesNop(env: Env, keep: usize, i: i32): bool {
  const word = load<u64>(insnOf(env, i))
  if ((word & ~(<u64>0xffff0000)) != NOP && (word & ~(<u64>0xffff0000)) != MAY_GOTO_0) return false
  const off = insnOff(insnOf(env, i))
  if (off < 0) return false
  for (let k = i + 1; k <= i + off; k++) if (load<u8>(keep + <usize>k)) return false
  return true
}

function markNops(env: Env, keep: usize): void {
  for (let i = 0; i < env.len; i++) {
    const word = load<u64>(insnOf(env, i))
    store<u8>(keep + <usize>i, word != NOP && word != MAY_GOTO_0 ? 1 : 0)
    // The one in front of a removed may_goto may have jumped just over it.
    let back = i
    while (load<u8>(keep + <usize>back) == 0 && insnCode(insnOf(env, back)) == 0xe5) {
      back--
      while (back >= 0 && !load<u8>(keep + <usize>back)) back--
      if (back < 0 || !becomesNop(env, keep, back)) break
      store<u8>(keep + <usize>back, 0)
    }
  }
}

/** Takes out what was never seen and then what does nothing. */
export function removeDeadCode(env: Env): i32 {
  const size = <usize>env.len * 5 + 8
  const at = poolAlloc(env.pool, size)
  if (!at) return -ENOMEM
  const keep = at + (<usize>env.len + 1) * 4
  let dead = false
  for (let i = 0; i < env.len; i++) {
    const seen = auxAt(env, i).seen != 0
    store<u8>(keep + <usize>i, seen ? 1 : 0)
    if (!seen) dead = true
  }
  if (dead) removeInstructions(env, keep, at)
  markNops(env, keep)
  removeInstructions(env, keep, at)
  poolFree(env.pool, at, size)
  return 0
}

/** Spills and fills around a call that clobbers nothing are not needed, nor is their stack. */
export function removeFastcallSpills(env: Env): void {
  let s = 0
  let modified = false
  for (let i = 0; i < env.len; i++) {
    const n = <i32>auxAt(env, i).fastcallSpills
    for (let j = 1; j <= n; j++) {
      store<u64>(insnOf(env, i - j), NOP)
      store<u64>(insnOf(env, i + j), NOP)
      modified = true
    }
    if (subprogAt(env, s + 1).start != i + 1) continue
    const sub = subprogAt(env, s)
    if (modified && !sub.keepFastcallStack) sub.stackDepth = <u16>-(<i32>sub.fastcallStackOff)
    s++
    modified = false
  }
}

/** Stack that the counters of inlined loops and of may_goto take in Linux, which its figures count. */
export function addCounterStack(env: Env): void {
  let s = 0
  let loops = false
  let mayGoto = false
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const aux = auxAt(env, i)
    if (insnCode(p) == CODE_CALL && insnSrc(p) == 0 && insnImm(p) == BPF_FUNC_loop && aux.loopInit && aux.loopFit)
      loops = true
    if (insnCode(p) == CODE_MAY_GOTO && aux.seen && insnOff(p)) mayGoto = true
    if (subprogAt(env, s + 1).start != i + 1) continue
    const sub = subprogAt(env, s++)
    if (loops) sub.stackDepth = <u16>(((<i32>sub.stackDepth + 7) & ~7) + LOOP_STACK)
    if (mayGoto) sub.stackDepth = <u16>(<i32>sub.stackDepth + MAY_GOTO_STACK)
    loops = false
    mayGoto = false
  }
}
