// SPDX-License-Identifier: GPL-2.0-only
// Layout of a decoded program.
//
//   header (Decoded), then count + 1 records of 16 bytes, one an instruction slot (the last one is a guard):
//
//   0      2    3    4          8
//   | op   | dst| src| target   | imm              |
//
//   dst, src  byte offsets into the register file (register number times 8)
//   target    displacement of a load or store; byte distance from this record of a jump or local call;
//             helper id (negative: a kfunc's BTF id) of a call
//   imm       immediate extended to 64 bits; table index of a helper; second operand of what has one
//
// Record i stands for instruction slot i, so a position is an instruction number times 16.

export const RECORD_SIZE: usize = 16
export const RECORD_SHIFT: i32 = 4

@inline export function recOp(r: usize): i32 {
  return <i32>load<u16>(r)
}

@inline export function recDst(r: usize): usize {
  return <usize>load<u8>(r, 2)
}

@inline export function recSrc(r: usize): usize {
  return <usize>load<u8>(r, 3)
}

@inline export function recTarget(r: usize): i32 {
  return load<i32>(r, 4)
}

@inline export function recImm(r: usize): i64 {
  return load<i64>(r, 8)
}

/** The load, store or atomic that a record OP_ARENA does. */
@inline export function recArenaOp(r: usize): i32 {
  return load<i32>(r, 12)
}

/** What decoding leaves of a program; owned by the program. */
@unmanaged export class Decoded {
  /** Address of the first record. */
  records: usize
  /** Instruction slots. */
  count: u32
  /** FuncRef[], one for each subprogram. */
  funcs: usize
  funcCnt: u32
  /** The program (a Prog) that this belongs to, 0 for bare instructions. */
  owner: usize
  /** The JIT's module: table index of its first function, or 0; and of the function (Decoded) => void that frees it. */
  jitHandle: i32
  jitFree: i32
  /** Module bytes, kept for program info, and their length. */
  jitBytes: usize
  jitLen: u32
  /** The compiler gave up on it, or the host has none. */
  jitFailed: bool
  /** Some jump goes back: a single run may be long. */
  hasLoop: bool
  /** Runs on the interpreter so far, as far as the policy of compiling cares. */
  runs: u32
}

/** A subprogram, and the value of a register that holds a callback. */
@unmanaged export class FuncRef {
  decoded: usize
  /** First record. */
  start: usize
  /** Instruction numbers, the end exclusive. */
  first: u32
  end: u32
  /** Bytes of stack, a multiple of 16. */
  stackDepth: u32
  /** Table index of the compiled function, 0 if there is none. */
  jitFn: i32
  /** Some instruction loads its address: it may be called back. */
  isCallback: bool
}

@inline export function funcAt(decoded: Decoded, i: u32): FuncRef {
  return changetype<FuncRef>(decoded.funcs + <usize>i * offsetof<FuncRef>())
}

/** The subprogram that instruction `insn` stands in. */
export function funcOf(decoded: Decoded, insn: u32): FuncRef {
  let lo: u32 = 0
  let hi = decoded.funcCnt
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1
    if (funcAt(decoded, mid).first <= insn) lo = mid
    else hi = mid
  }
  return funcAt(decoded, lo)
}
