// SPDX-License-Identifier: GPL-2.0-only
// Classic BPF: checked and turned into eBPF, so that one engine runs both. Kernel counterpart: bpf_check_classic and
// bpf_convert_filter of net/core/filter.c.
//
// Registers: A is r0, X is r7, the packet's context r6, r9 holds A over a load of X. Memory cell k is at fp - 4k - 4.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '../gen/uapi-enums.gen'
import { selectRuntime } from '../interp/run'
import { kfree, kzalloc } from '../mem/alloc'
import { progFree, progNew } from '../prog/refs'

/** Calls that only converted programs make; see helpers/world-table.ts. */
export const CLASSIC_PAY_OFFSET: i32 = 0x10001
export const CLASSIC_NLATTR: i32 = 0x10002
export const CLASSIC_NLATTR_NEST: i32 = 0x10003
export const CLASSIC_HATYPE: i32 = 0x10004
const HELPER_RANDOM: i32 = 7
const HELPER_CPU: i32 = 8

const A: u32 = 0
const TMP: u32 = 2
const CTX: u32 = 6
const X: u32 = 7
const SAVED: u32 = 9
const FP: u32 = 10

const MEMWORDS: u32 = 16
const AD_OFF: u32 = 0xfffff000
const AD_MAX: u32 = 64

// Fields of struct sock_filter: u16 code, u8 jt, u8 jf, u32 k
@inline function codeOf(p: usize): u32 {
  return <u32>load<u16>(p)
}

@inline function jtOf(p: usize): u32 {
  return <u32>load<u8>(p, 2)
}

@inline function jfOf(p: usize): u32 {
  return <u32>load<u8>(p, 3)
}

@inline function kOf(p: usize): u32 {
  return load<u32>(p, 4)
}

/** Whether a code exists in classic BPF. */
function codeKnown(c: u32): bool {
  if (c > 0xff) return false
  switch (c & 7) {
    case 0: // LD
      return (
        c == 0x00 ||
        c == 0x20 ||
        c == 0x28 ||
        c == 0x30 ||
        c == 0x40 ||
        c == 0x48 ||
        c == 0x50 ||
        c == 0x60 ||
        c == 0x80
      )
    case 1: // LDX
      return c == 0x01 || c == 0x61 || c == 0x81 || c == 0xb1
    case 2:
      return c == 0x02
    case 3:
      return c == 0x03
    case 4: {
      // ALU
      const op = c & 0xf0
      return op == 0x80 ? c == 0x84 : op <= 0xa0
    }
    case 5: {
      // JMP
      const op = c & 0xf0
      return op == 0 ? c == 0x05 : op <= 0x40
    }
    case 6:
      return c == 0x06 || c == 0x16
    default:
      return c == 0x07 || c == 0x87
  }
}

/** Whether every memory cell is written before it is read, on all ways. */
function memoryOk(insns: usize, count: u32): bool {
  const masks = kzalloc(<usize>count * 2)
  if (!masks) return false
  memory.fill(masks, 0xff, <usize>count * 2)
  let valid: u32 = 0
  let ok = true
  for (let pc: u32 = 0; pc < count && ok; pc++) {
    const p = insns + ((<usize>pc) << 3)
    const at = masks + ((<usize>pc) << 1)
    valid &= <u32>load<u16>(at)
    const c = codeOf(p)
    if (c == 0x02 || c == 0x03) valid |= 1 << kOf(p)
    else if (c == 0x60 || c == 0x61) ok = ((valid >> kOf(p)) & 1) != 0
    else if (c == 0x05) {
      mergeMask(at, 1 + kOf(p), valid)
      valid = 0xffff
    } else if ((c & 7) == 5) {
      mergeMask(at, 1 + jtOf(p), valid)
      mergeMask(at, 1 + jfOf(p), valid)
      valid = 0xffff
    }
  }
  kfree(masks)
  return ok
}

@inline function mergeMask(at: usize, skip: u32, valid: u32): void {
  const m = at + ((<usize>skip) << 1)
  store<u16>(m, <u16>((<u32>load<u16>(m)) & valid))
}

/** bpf_check_classic. */
export function classicCheck(insns: usize, count: u32): bool {
  for (let pc: u32 = 0; pc < count; pc++) {
    const p = insns + ((<usize>pc) << 3)
    const c = codeOf(p)
    const k = kOf(p)
    if (!codeKnown(c)) return false
    if ((c == 0x34 || c == 0x94) && !k) return false
    if ((c == 0x64 || c == 0x74) && k >= 32) return false
    if ((c == 0x60 || c == 0x61 || c == 0x02 || c == 0x03) && k >= MEMWORDS) return false
    if (c == 0x05) {
      if (k >= count - pc - 1) return false
    } else if ((c & 7) == 5) {
      if (pc + jtOf(p) + 1 >= count || pc + jfOf(p) + 1 >= count) return false
    }
    if ((c == 0x20 || c == 0x28 || c == 0x30) && k >= AD_OFF && !ancillaryKnown(k - AD_OFF)) return false
  }
  const last = codeOf(insns + ((<usize>(count - 1)) << 3))
  return (last == 0x06 || last == 0x16) && memoryOk(insns, count)
}

function ancillaryKnown(ad: u32): bool {
  return ad < AD_MAX && (ad & 3) == 0 && ad <= 60
}

// emission

/** Where instructions go; 0: only counted. */
const OUT: usize = memory.data(8, 8)

function emit(code: u32, dst: u32, src: u32, off: i32, imm: u32): void {
  const n = load<u32>(OUT, 4)
  const base = load<usize>(OUT)
  if (base) {
    const p = base + ((<usize>n) << 3)
    store<u8>(p, <u8>code)
    store<u8>(p, <u8>(dst | (src << 4)), 1)
    store<i16>(p, <i16>off, 2)
    store<u32>(p, imm, 4)
  }
  store<u32>(OUT, n + 1, 4)
}

@inline function at(): u32 {
  return load<u32>(OUT, 4)
}
/** Jump whose target is the classic instruction `to`. */
function emitJump(code: u32, src: u32, imm: u32, starts: usize, to: u32): void {
  const off = <i32>load<u32>(starts + ((<usize>to) << 2)) - <i32>at() - 1
  emit(code, code == 0x05 ? 0 : A, src, off, imm)
}

/** An ancillary load. */
function emitAncillary(ad: u32): void {
  switch (ad) {
    case 0: // protocol
      emit(0x69, A, CTX, 16, 0)
      emit(0xdc, A, 0, 0, 16)
      break
    case 4:
      emit(0x61, A, CTX, 4, 0)
      break // packet type
    case 8:
      emit(0x61, A, CTX, 40, 0)
      break // ifindex
    case 20:
      emit(0x61, A, CTX, 8, 0)
      break // mark
    case 24:
      emit(0x61, A, CTX, 12, 0)
      break // queue
    case 32:
      emit(0x61, A, CTX, 68, 0)
      break // rxhash
    case 40:
      emit(0xac, A, X, 0, 0)
      break // A ^= X
    case 44:
      emit(0x61, A, CTX, 24, 0)
      break // vlan tag
    case 48:
      emit(0x61, A, CTX, 20, 0)
      break // vlan tag present
    case 60: // vlan tpid
      emit(0x69, A, CTX, 28, 0)
      emit(0xdc, A, 0, 0, 16)
      break
    default:
      emit(0xbf, 1, CTX, 0, 0)
      emit(0xbf, 2, A, 0, 0)
      emit(0xbf, 3, X, 0, 0)
      emit(0x85, 0, 0, 0, <u32>ancillaryCall(ad))
  }
}
function ancillaryCall(ad: u32): i32 {
  switch (ad) {
    case 12:
      return CLASSIC_NLATTR
    case 16:
      return CLASSIC_NLATTR_NEST
    case 28:
      return CLASSIC_HATYPE
    case 36:
      return HELPER_CPU
    case 52:
      return CLASSIC_PAY_OFFSET
    default:
      return HELPER_RANDOM
  }
}

function emitAlu(c: u32, k: u32): void {
  if ((c & 8) == 0) {
    emit(c, A, 0, 0, (c & 0xf0) == 0x80 ? 0 : k)
    return
  }
  const op = c & 0xf0
  if (op == 0x30 || op == 0x90) {
    // division by zero ends the program with 0
    emit(0x55, X, 0, 2, 0)
    emit(0xac, A, A, 0, 0)
    emit(0x95, 0, 0, 0, 0)
  }
  emit(c, A, X, 0, 0)
}

function emitBranch(p: usize, i: u32, starts: usize): void {
  const c = codeOf(p)
  const k = kOf(p)
  let src: u32 = 0
  let imm = k
  let reg = c & 8
  if (reg) {
    src = X
    imm = 0
  } else if (<i32>k < 0) {
    // a 64-bit comparison would extend the sign of the constant
    emit(0xb4, TMP, 0, 0, k)
    src = TMP
    imm = 0
    reg = 8
  }
  const op = c & 0xf0
  if (!jfOf(p)) {
    emitJump(0x05 | op | reg, src, imm, starts, i + jtOf(p) + 1)
    return
  }
  if (!jtOf(p) && op != 0x40) {
    const inverse: u32 = op == 0x10 ? 0x50 : op == 0x20 ? 0xb0 : 0xa0
    emitJump(0x05 | inverse | reg, src, imm, starts, i + jfOf(p) + 1)
    return
  }
  emitJump(0x05 | op | reg, src, imm, starts, i + jtOf(p) + 1)
  emitJump(0x05, 0, 0, starts, i + jfOf(p) + 1)
}

function emitOne(p: usize, i: u32, starts: usize): void {
  const c = codeOf(p)
  const k = kOf(p)
  switch (c & 7) {
    case 0:
      emitLoad(p, c, k)
      break
    case 1:
      if (c == 0xb1) {
        emit(0xbf, SAVED, A, 0, 0)
        emit(0x30, 0, 0, 0, k)
        emit(0x54, A, 0, 0, 0xf)
        emit(0x64, A, 0, 0, 2)
        emit(0xbc, X, A, 0, 0)
        emit(0xbf, A, SAVED, 0, 0)
      } else if (c == 0x61) emit(0x61, X, FP, -(<i32>(k * 4 + 4)), 0)
      else if (c == 0x81) emit(0x61, X, CTX, 0, 0)
      else emit(0xb4, X, 0, 0, k)
      break
    case 2:
      emit(0x63, FP, A, -(<i32>(k * 4 + 4)), 0)
      break
    case 3:
      emit(0x63, FP, X, -(<i32>(k * 4 + 4)), 0)
      break
    case 4:
      emitAlu(c, k)
      break
    case 5:
      if (c == 0x05) emitJump(0x05, 0, 0, starts, i + k + 1)
      else emitBranch(p, i, starts)
      break
    case 6:
      if (c == 0x06) emit(0xb4, A, 0, 0, k)
      emit(0x95, 0, 0, 0, 0)
      break
    default:
      if (c == 0x07) emit(0xbc, X, A, 0, 0)
      else emit(0xbc, A, X, 0, 0)
  }
}

function emitLoad(p: usize, c: u32, k: u32): void {
  if (c == 0x60) emit(0x61, A, FP, -(<i32>(k * 4 + 4)), 0)
  else if (c == 0x80) emit(0x61, A, CTX, 0, 0)
  else if (c == 0x00) emit(0xb4, A, 0, 0, k)
  else if ((c & 0xe0) == 0x20 && k >= AD_OFF && ancillaryKnown(k - AD_OFF)) emitAncillary(k - AD_OFF)
  else if ((c & 0xe0) == 0x40) emit(c, 0, X, 0, k)
  else emit(c, 0, 0, 0, k)
}

function emitAll(insns: usize, count: u32, starts: usize): void {
  store<u32>(OUT, 0, 4)
  emit(0xaf, A, A, 0, 0)
  emit(0xaf, X, X, 0, 0)
  emit(0xbf, CTX, 1, 0, 0)
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(starts + ((<usize>i) << 2), at())
    emitOne(insns + ((<usize>i) << 3), i, starts)
  }
}

/** A socket filter made of classic instructions, with one reference, or an errno. */
export function classicToProg(insns: usize, count: u32): usize {
  if (!classicCheck(insns, count)) return -EINVAL
  const starts = kzalloc(<usize>count * 4 + 4)
  if (!starts) return -ENOMEM
  store<usize>(OUT, 0)
  emitAll(insns, count, starts)
  const prog = progNew(at())
  if (!changetype<usize>(prog)) {
    kfree(starts)
    return -ENOMEM
  }
  store<usize>(OUT, prog.insns)
  emitAll(insns, count, starts)
  kfree(starts)
  prog.refs = 1
  prog.type = BPF_PROG_TYPE_SOCKET_FILTER
  prog.gplCompatible = true
  prog.cbAccess = false
  const err = selectRuntime(prog)
  if (err) {
    progFree(prog)
    return err
  }
  return changetype<usize>(prog)
}
