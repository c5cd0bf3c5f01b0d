// SPDX-License-Identifier: GPL-2.0-only
// Takes instructions out of a program in one pass and moves everything that refers to instructions.
// Kernel counterpart: verifier_remove_insns, bpf_adj_branches, bpf_adj_linfo_after_remove, which do it block by block.
//
//   keep[i]   whether instruction i stays (bytes)
//   at[i]     its new place; of one that goes, the place of the next one that stays (u32, len + 1 of them)

import { insnClass, insnCode, insnImm, insnOff, insnSrc } from '../../insn/raw'
import { AUX_SIZE, Env, insnOf, SUBPROG_SIZE, subprogAt } from '../env'

const FUNC_INFO_SIZE: usize = 8
const LINE_INFO_SIZE: usize = 16
const CODE_LD_IMM64: i32 = 0x18
const CODE_CALL: i32 = 0x85
const CODE_GOTOL: i32 = 0x06

@inline function placeOf(at: usize, i: i32): i32 {
  return load<i32>(at + ((<usize>i) << 2))
}

@inline function stays(keep: usize, i: i32): bool {
  return load<u8>(keep + <usize>i) != 0
}

function computePlaces(env: Env, keep: usize, at: usize): i32 {
  let n = 0
  for (let i = 0; i < env.len; i++) {
    store<i32>(at + ((<usize>i) << 2), n)
    if (stays(keep, i)) n++
  }
  store<i32>(at + ((<usize>env.len) << 2), n)
  return n
}

/** Distance from i to what was `distance` slots beyond the instruction after it. */
@inline function moved(at: usize, i: i32, distance: i32): i32 {
  return placeOf(at, i + 1 + distance) - placeOf(at, i) - 1
}

function adjustTarget(at: usize, p: usize, i: i32): void {
  const code = insnCode(p)
  if ((code == CODE_LD_IMM64 && insnSrc(p) == 4) || (code == CODE_CALL && insnSrc(p) == 1) || code == CODE_GOTOL) {
    store<i32>(p, moved(at, i, insnImm(p)), 4)
    return
  }
  const cls = insnClass(p)
  if (cls != 5 && cls != 6) return
  const op = code & 0xf0
  if (op == 0x80 || op == 0x90) return
  store<i16>(p, <i16>moved(at, i, insnOff(p)), 2)
}

/** Of the lines of removed instructions the last stays for the next instruction, if that has no line of its own. */
function compactLines(env: Env, keep: usize, at: usize): void {
  const prog = env.prog
  const n = <i32>prog.lineInfoCnt
  let kept = 0
  let sub = 0
  for (let k = 0; k < n; k++) {
    while (sub < env.subprogCnt && subprogAt(env, sub).linfoIdx == <u32>k) subprogAt(env, sub++).linfoIdx = <u32>kept
    const r = prog.lineInfo + <usize>k * LINE_INFO_SIZE
    const off = load<i32>(r)
    const place = placeOf(at, off)
    if (!stays(keep, off)) {
      if (place == placeOf(at, env.len)) continue
      if (k + 1 < n && placeOf(at, load<i32>(r, LINE_INFO_SIZE)) == place) continue
    }
    const to = prog.lineInfo + <usize>kept * LINE_INFO_SIZE
    kept++
    memory.copy(to, r, LINE_INFO_SIZE)
    store<i32>(to, place)
  }
  prog.lineInfoCnt = <u32>kept
}

/** Subprograms of which nothing stays go, with their function records. */
function compactSubprogs(env: Env, at: usize): void {
  const prog = env.prog
  let kept = 0
  for (let s = 0; s < env.subprogCnt; s++) {
    const sub = subprogAt(env, s)
    const start = placeOf(at, sub.start)
    if (start == placeOf(at, subprogAt(env, s + 1).start)) continue
    sub.start = start
    if (kept != s) {
      memory.copy(changetype<usize>(subprogAt(env, kept)), changetype<usize>(sub), SUBPROG_SIZE)
      if (prog.funcInfo) {
        memory.copy(
          prog.funcInfo + <usize>kept * FUNC_INFO_SIZE,
          prog.funcInfo + <usize>s * FUNC_INFO_SIZE,
          FUNC_INFO_SIZE,
        )
      }
    }
    kept++
  }
  if (prog.funcInfo) prog.funcInfoCnt -= <u32>(env.subprogCnt - kept)
  env.subprogCnt = kept
  subprogAt(env, kept).start = placeOf(at, env.len)
}

/** Removes the instructions whose byte in keep is zero; at is room for len + 1 numbers. */
export function removeInstructions(env: Env, keep: usize, at: usize): void {
  const left = computePlaces(env, keep, at)
  if (left == env.len) return
  compactLines(env, keep, at)
  for (let i = 0; i < env.len; i++) {
    if (!stays(keep, i)) continue
    const p = insnOf(env, i)
    adjustTarget(at, p, i)
    if (insnCode(p) == CODE_LD_IMM64 && i + 1 < env.len && stays(keep, i + 1)) {
      move(env, i, placeOf(at, i))
      i++
    }
    move(env, i, placeOf(at, i))
  }
  compactSubprogs(env, at)
  env.len = left
  env.prog.len = <u32>left
}

function move(env: Env, from: i32, to: i32): void {
  if (from == to) return
  store<u64>(insnOf(env, to), load<u64>(insnOf(env, from)))
  memory.copy(env.aux + <usize>to * AUX_SIZE, env.aux + <usize>from * AUX_SIZE, AUX_SIZE)
}
