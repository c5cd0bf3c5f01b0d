// SPDX-License-Identifier: GPL-2.0-only
// Raw instructions to records, once per program, after verification and fixups.

import { kmalloc, kzalloc, kfree } from '../mem/alloc'
import { ENOMEM } from '../gen/errno.gen'
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_PSEUDO_KFUNC_CALL } from '../gen/isa.gen'
import { Decoded, FuncRef, funcAt, RECORD_SIZE, RECORD_SHIFT } from './record'
import {
  insnAt,
  insnClass,
  insnCode,
  insnDst,
  insnImm,
  insnImm64,
  insnOff,
  insnSrc,
  isJump,
  jumpDistance,
  CODE_CALL,
  CODE_CALL_REG,
  CODE_EXIT,
  CODE_JA,
  CODE_JA32,
  CODE_LD_IMM64,
  CODE_MAY_GOTO,
} from './raw'
import {
  ALU_ARSH,
  ALU_DIV,
  ALU_LSH,
  ALU_MOD,
  ALU_MOV,
  ALU_NEG,
  ALU_RSH,
  ALU_SDIV,
  ALU_SMOD,
  ATOMIC_ADD,
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH_ADD,
  ATOMIC_XCHG,
  OP_ALU32_K,
  OP_ALU32_X,
  OP_ALU64_K,
  OP_ALU64_X,
  OP_ATOMIC32,
  OP_ARENA,
  OP_ATOMIC64,
  OP_CALL,
  OP_CAST_USER,
  OP_CALL_LOCAL,
  OP_CALL_REG,
  OP_EXIT,
  OP_INVALID,
  OP_JA,
  OP_JMP32_K,
  OP_JMP32_X,
  OP_JMP64_K,
  OP_JMP64_X,
  OP_LD_ABS_B,
  OP_LD_IMM64,
  OP_LD_IND_B,
  OP_LDX_B,
  OP_LDX_SB,
  OP_MAY_GOTO,
  OP_MOVSX32_16,
  OP_MOVSX32_8,
  OP_MOVSX64_16,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_NOP,
  OP_PROBE_B,
  OP_PROBE_SB,
  OP_SLOT2,
  OP_ST_B,
  OP_STX_B,
  OP_SWAP16,
  OP_SWAP32,
  OP_SWAP64,
  OP_TAIL_CALL,
  OP_ZEXT16,
  OP_ZEXT32,
} from './ops'

/** Stack of a subprogram of which nothing is known. */
export const DEFAULT_STACK: u32 = 512
const HELPER_TAIL_CALL: i32 = 12

export const CALL_HELPER: i32 = 0
export const CALL_KFUNC: i32 = 1

/** Finds what a call calls: kind (CALL_HELPER, CALL_KFUNC) and id to a table index, 0 if there is none. */
export type CallResolver = (kind: i32, id: i32) => i32

/** Raw instructions and what is known of them. */
@unmanaged export class DecodeInput {
  insns: usize
  len: u32
  /** u32[]: first instructions of subprograms, ascending from 0; 0: found from the calls. */
  starts: usize
  startCnt: u32
  /** u16[]: bytes of stack of each subprogram, or 0. */
  depths: usize
  /** Upper half of the addresses at which the caller sees the program's arena. */
  arenaHigh: u64
}

/** The records of a program, 0 when memory is out. */
export function decode(input: DecodeInput, resolve: CallResolver): Decoded {
  const none = changetype<Decoded>(0)
  const d = changetype<Decoded>(kzalloc(offsetof<Decoded>()))
  if (!changetype<usize>(d)) return none
  d.count = input.len
  d.records = kzalloc((<usize>input.len + 1) * RECORD_SIZE)
  if (!d.records || makeFuncs(d, input)) {
    freeDecoded(d)
    return none
  }
  for (let i: u32 = 0; i < input.len; i++) {
    const p = insnAt(input.insns, i)
    const r = d.records + ((<usize>i) << RECORD_SHIFT)
    store<u8>(r, <u8>(insnDst(p) * 8), 2)
    store<u8>(r, <u8>(insnSrc(p) * 8), 3)
    store<u16>(r, <u16>decodeOne(d, input, i, p, r, resolve))
    if (insnCode(p) == CODE_LD_IMM64 && i + 1 < input.len) {
      i++
      store<u16>(d.records + ((<usize>i) << RECORD_SHIFT), <u16>OP_SLOT2)
    }
  }
  store<u16>(d.records + ((<usize>input.len) << RECORD_SHIFT), <u16>OP_INVALID)
  return d
}

export function freeDecoded(d: Decoded): void {
  if (d.jitHandle) call_indirect<void>(d.jitFree, changetype<usize>(d))
  if (d.records) kfree(d.records)
  if (d.funcs) kfree(d.funcs)
  if (d.jitBytes) kfree(d.jitBytes)
  kfree(changetype<usize>(d))
}

function makeFuncs(d: Decoded, input: DecodeInput): i32 {
  const starts = input.starts ? input.starts : findStarts(input)
  if (!starts) return -ENOMEM
  const cnt: u32 = input.starts ? input.startCnt : load<u32>(starts, <usize>0)
  const first = input.starts ? starts : starts + 4
  d.funcs = kzalloc(<usize>cnt * offsetof<FuncRef>())
  if (!d.funcs) {
    if (!input.starts) kfree(starts)
    return -ENOMEM
  }
  d.funcCnt = cnt
  for (let i: u32 = 0; i < cnt; i++) {
    const f = funcAt(d, i)
    f.decoded = changetype<usize>(d)
    f.first = load<u32>(first + ((<usize>i) << 2))
    f.end = i + 1 < cnt ? load<u32>(first + ((<usize>(i + 1)) << 2)) : input.len
    f.start = d.records + ((<usize>f.first) << RECORD_SHIFT)
    const depth = input.depths ? <u32>load<u16>(input.depths + ((<usize>i) << 1)) : DEFAULT_STACK
    f.stackDepth = (depth + 15) & ~15
  }
  if (!input.starts) kfree(starts)
  return 0
}

/** A count and the sorted first instructions of subprograms, as the calls and callbacks give them. */
function findStarts(input: DecodeInput): usize {
  const marks = kzalloc(<usize>input.len + 1)
  if (!marks) return 0
  store<u8>(marks, 1)
  let cnt: u32 = 1
  for (let i: u32 = 0; i < input.len; i++) {
    const target = calledInsn(input, i)
    if (target >= 0 && !load<u8>(marks + <usize>target)) {
      store<u8>(marks + <usize>target, 1)
      cnt++
    }
    if (insnCode(insnAt(input.insns, i)) == CODE_LD_IMM64) i++
  }
  const out = kmalloc((<usize>(cnt + 1)) << 2)
  if (out) {
    store<u32>(out, cnt)
    let at = out + 4
    for (let i: u32 = 0; i < input.len; i++) {
      if (!load<u8>(marks + <usize>i)) continue
      store<u32>(at, i)
      at += 4
    }
  }
  kfree(marks)
  return out
}

/** The instruction that a local call or a callback load at `i` names, -1 if it is neither or names none. */
function calledInsn(input: DecodeInput, i: u32): i64 {
  const p = insnAt(input.insns, i)
  const code = insnCode(p)
  const isCall = code == CODE_CALL && insnSrc(p) == BPF_PSEUDO_CALL
  if (!isCall && !(code == CODE_LD_IMM64 && insnSrc(p) == BPF_PSEUDO_FUNC)) return -1
  const target = <i64>i + <i64>insnImm(p) + 1
  return target >= 0 && target < <i64>input.len ? target : -1
}

/** Fills target and imm of the record; the operation. */
function decodeOne(d: Decoded, input: DecodeInput, i: u32, p: usize, r: usize, resolve: CallResolver): i32 {
  const cls = insnClass(p)
  store<i32>(r, insnOff(p), 4)
  store<i64>(r, <i64>insnImm(p), 8)
  if (cls == 4 || cls == 7) return decodeAlu(input, p, r)
  if (cls == 5 || cls == 6) return decodeJump(d, input, i, p, r, resolve)
  if (cls == 0) return decodeLd(d, input, i, p, r)
  return decodeMem(p, r)
}

/** Raw ALU operation (upper four bits) to ours; DIV and MOD have signed twins marked by off = 1. */
function aluIndex(op: i32, signed: bool): i32 {
  switch (op >> 4) {
    case 3:
      return signed ? ALU_SDIV : ALU_DIV
    case 9:
      return signed ? ALU_SMOD : ALU_MOD
    case 8:
      return ALU_NEG
    case 10:
      return 9
    case 11:
      return ALU_MOV
    case 12:
      return ALU_ARSH
    default:
      return op >> 4
  }
}

function decodeAlu(input: DecodeInput, p: usize, r: usize): i32 {
  const code = insnCode(p)
  const is64 = (code & 7) == 7
  const op = code & 0xf0
  const off = insnOff(p)
  if (op > 0xd0) return OP_INVALID
  if (op == 0xd0) return decodeEndian(p, is64)
  if (op == 0xb0 && off) return decodeMovsx(input, p, r, is64)
  const alu = aluIndex(op, off == 1)
  if (code & 8) return (is64 ? OP_ALU64_X : OP_ALU32_X) + alu
  return decodeAluImm(alu, is64, insnImm(p), r)
}

/** Shifts are masked here, and divisions by 0 and -1 become what they mean, so that engines need not look. */
function decodeAluImm(alu: i32, is64: bool, imm: i32, r: usize): i32 {
  const family = is64 ? OP_ALU64_K : OP_ALU32_K
  switch (alu) {
    case ALU_LSH:
    case ALU_RSH:
    case ALU_ARSH:
      store<i64>(r, <i64>(imm & (is64 ? 63 : 31)), 8)
      return family + alu
    case ALU_DIV:
    case ALU_SDIV:
      if (imm == 0) return family + ALU_MOV
      if (imm == -1 && alu == ALU_SDIV) return family + ALU_NEG
      return family + alu
    case ALU_MOD:
    case ALU_SMOD:
      if (imm == 0) return is64 ? OP_NOP : OP_ZEXT32
      if (imm == -1 && alu == ALU_SMOD) {
        store<i64>(r, 0, 8)
        return family + ALU_MOV
      }
      return family + alu
    default:
      return family + alu
  }
}

function decodeEndian(p: usize, is64: bool): i32 {
  const bits = insnImm(p)
  const swaps = is64 || (insnCode(p) & 8) != 0
  if (bits == 16) return swaps ? OP_SWAP16 : OP_ZEXT16
  if (bits == 32) return swaps ? OP_SWAP32 : OP_ZEXT32
  if (bits == 64) return swaps ? OP_SWAP64 : OP_NOP
  return OP_INVALID
}

function decodeMovsx(input: DecodeInput, p: usize, r: usize, is64: bool): i32 {
  if (!(insnCode(p) & 8)) return OP_INVALID
  switch (insnOff(p)) {
    case 8:
      return is64 ? OP_MOVSX64_8 : OP_MOVSX32_8
    case 16:
      return is64 ? OP_MOVSX64_16 : OP_MOVSX32_16
    case 32:
      return is64 ? OP_MOVSX64_32 : OP_INVALID
    // A pointer into an arena for the caller; those for programs are moves by now
    case 1:
      if (!is64 || !input.arenaHigh) return is64 ? OP_ALU32_X + ALU_MOV : OP_INVALID
      store<u64>(r, input.arenaHigh, 8)
      return OP_CAST_USER
    default:
      return OP_INVALID
  }
}

/** Raw condition (upper four bits) to ours, -1 for none. */
function condIndex(op: i32): i32 {
  const raw = op >> 4
  if (raw >= 1 && raw <= 7) return raw - 1
  if (raw >= 10 && raw <= 13) return raw - 3
  return -1
}

function storeTarget(r: usize, distance: i32): void {
  store<i32>(r, (distance + 1) << RECORD_SHIFT, 4)
}

function decodeJump(d: Decoded, input: DecodeInput, i: u32, p: usize, r: usize, resolve: CallResolver): i32 {
  const code = insnCode(p)
  if (code == CODE_EXIT) return OP_EXIT
  if (code == CODE_CALL) return decodeCall(d, input, i, p, r, resolve)
  if (code == CODE_CALL_REG) {
    // The register stands in dst (as clang writes it) or in imm (older compilers)
    if (!insnDst(p)) store<u8>(r, <u8>(insnImm(p) * 8), 2)
    return OP_CALL_REG
  }
  if (!isJump(p)) return OP_INVALID
  storeTarget(r, jumpDistance(p))
  if (jumpDistance(p) < 0) d.hasLoop = true
  if (code == CODE_JA || code == CODE_JA32) return OP_JA
  if (code == CODE_MAY_GOTO) return OP_MAY_GOTO
  const cond = condIndex(code & 0xf0)
  if (cond < 0) return OP_INVALID
  const wide = (code & 7) == 5
  if (code & 8) return (wide ? OP_JMP64_X : OP_JMP32_X) + cond
  return (wide ? OP_JMP64_K : OP_JMP32_K) + cond
}

function decodeCall(d: Decoded, input: DecodeInput, i: u32, p: usize, r: usize, resolve: CallResolver): i32 {
  const id = insnImm(p)
  if (insnSrc(p) == BPF_PSEUDO_CALL) {
    const target = calledInsn(input, i)
    if (target < 0) return OP_INVALID
    store<i64>(r, <i64>funcIndexAt(d, <u32>target), 8)
    storeTarget(r, id)
    return OP_CALL_LOCAL
  }
  const isKfunc = insnSrc(p) == BPF_PSEUDO_KFUNC_CALL
  if (!isKfunc && id == HELPER_TAIL_CALL) return OP_TAIL_CALL
  const fn = resolve(isKfunc ? CALL_KFUNC : CALL_HELPER, id)
  store<i32>(r, isKfunc ? -id : id, 4)
  store<i64>(r, <i64>fn, 8)
  return fn ? OP_CALL : OP_INVALID
}

/** The index of the subprogram that begins at `insn`. */
function funcIndexAt(d: Decoded, insn: u32): i32 {
  let lo: u32 = 0
  let hi = d.funcCnt
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1
    if (funcAt(d, mid).first <= insn) lo = mid
    else hi = mid
  }
  return <i32>lo
}

function decodeLd(d: Decoded, input: DecodeInput, i: u32, p: usize, r: usize): i32 {
  const code = insnCode(p)
  if (code == CODE_LD_IMM64) {
    if (i + 1 >= input.len) return OP_INVALID
    store<i64>(r, insnImm64(p), 8)
    if (insnSrc(p) == BPF_PSEUDO_FUNC) {
      const target = calledInsn(input, i)
      if (target < 0) return OP_INVALID
      const f = funcAt(d, funcIndexAt(d, <u32>target))
      f.isCallback = true
      store<i64>(r, <i64>changetype<usize>(f), 8)
    }
    return OP_LD_IMM64
  }
  const size = sizeIndex(code)
  if (size == 3) return OP_INVALID
  if ((code & 0xe0) == 0x20) return OP_LD_ABS_B + size
  return (code & 0xe0) == 0x40 ? OP_LD_IND_B + size : OP_INVALID
}

/** log2 of the access size: B 0, H 1, W 2, DW 3. */
function sizeIndex(code: i32): i32 {
  switch (code & 0x18) {
    case 0x10:
      return 0
    case 0x08:
      return 1
    case 0x00:
      return 2
    default:
      return 3
  }
}

function decodeMem(p: usize, r: usize): i32 {
  const code = insnCode(p)
  const cls = code & 7
  const mode = code & 0xe0
  const size = sizeIndex(code)
  // Modes of the verifier's: BPF_PROBE_MEM32, BPF_PROBE_MEM32SX, BPF_PROBE_ATOMIC
  if (mode == 0xa0) return decodeArena(p, r, (cls == 1 ? OP_LDX_B : cls == 2 ? OP_ST_B : OP_STX_B) + size)
  if (mode == 0xc0 && cls == 1) return size == 3 ? OP_INVALID : decodeArena(p, r, OP_LDX_SB + size)
  if (mode == 0xe0) return cls == 3 ? decodeArena(p, r, decodeAtomic(p, r, size)) : OP_INVALID
  if (cls == 1) {
    if (mode == 0x60) return OP_LDX_B + size
    if (mode == 0x80) return size == 3 ? OP_INVALID : OP_LDX_SB + size
    // BPF_PROBE_MEM, BPF_PROBE_MEMSX
    if (mode == 0x20) return OP_PROBE_B + size
    return mode == 0x40 && size != 3 ? OP_PROBE_SB + size : OP_INVALID
  }
  if (cls == 2) return mode == 0x60 ? OP_ST_B + size : OP_INVALID
  if (mode == 0x60) return OP_STX_B + size
  return mode == 0xc0 ? decodeAtomic(p, r, size) : OP_INVALID
}

function decodeArena(p: usize, r: usize, op: i32): i32 {
  if (op == OP_INVALID) return OP_INVALID
  store<i32>(r, insnImm(p), 8)
  store<i32>(r, op, 12)
  return OP_ARENA
}

function decodeAtomic(p: usize, r: usize, size: i32): i32 {
  const imm = insnImm(p)
  // One thread: acquire and release order nothing
  if (imm == 0x100) return OP_LDX_B + size
  if (imm == 0x110) return OP_STX_B + size
  if (size < 2) return OP_INVALID
  const op = atomicIndex(imm)
  return op < 0 ? OP_INVALID : (size == 3 ? OP_ATOMIC64 : OP_ATOMIC32) + op
}

function atomicIndex(imm: i32): i32 {
  if (imm == 0xe1) return ATOMIC_XCHG
  if (imm == 0xf1) return ATOMIC_CMPXCHG
  const fetch = (imm & 1) != 0 ? ATOMIC_FETCH_ADD : ATOMIC_ADD
  switch (imm & ~1) {
    case 0x00:
      return fetch
    case 0x40:
      return fetch + 1
    case 0x50:
      return fetch + 2
    case 0xa0:
      return fetch + 3
    default:
      return -1
  }
}
