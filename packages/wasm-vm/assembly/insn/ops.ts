// SPDX-License-Identifier: GPL-2.0-only
// Operations of the decoded form: dense numbers, so that the interpreter's switch is one br_table.
//
// Families of sixteen keep operand kind (immediate, register) and width in the upper bits:
//   0x00 ALU 64 imm   0x10 ALU 64 reg   0x20 ALU 32 imm   0x30 ALU 32 reg
//   0x40 jump 64 imm  0x50 jump 64 reg  0x60 jump 32 imm  0x70 jump 32 reg
//   0x80 loads, probing loads   0x90 stores, atomics   0xb0 the rest

// ALU operations: the low four bits in families 0x00 to 0x30
export const ALU_ADD: i32 = 0
export const ALU_SUB: i32 = 1
export const ALU_MUL: i32 = 2
export const ALU_DIV: i32 = 3
export const ALU_OR: i32 = 4
export const ALU_AND: i32 = 5
export const ALU_LSH: i32 = 6
export const ALU_RSH: i32 = 7
export const ALU_MOD: i32 = 8
export const ALU_XOR: i32 = 9
export const ALU_MOV: i32 = 10
export const ALU_ARSH: i32 = 11
export const ALU_SDIV: i32 = 12
export const ALU_SMOD: i32 = 13
export const ALU_NEG: i32 = 14

export const OP_ALU64_K: i32 = 0x00
export const OP_ALU64_X: i32 = 0x10
export const OP_ALU32_K: i32 = 0x20
export const OP_ALU32_X: i32 = 0x30

// Jump conditions: the low four bits in families 0x40 to 0x70
export const COND_EQ: i32 = 0
export const COND_GT: i32 = 1
export const COND_GE: i32 = 2
export const COND_SET: i32 = 3
export const COND_NE: i32 = 4
export const COND_SGT: i32 = 5
export const COND_SGE: i32 = 6
export const COND_LT: i32 = 7
export const COND_LE: i32 = 8
export const COND_SLT: i32 = 9
export const COND_SLE: i32 = 10

export const OP_JMP64_K: i32 = 0x40
export const OP_JMP64_X: i32 = 0x50
export const OP_JMP32_K: i32 = 0x60
export const OP_JMP32_X: i32 = 0x70

// Loads, plain and (BPF_PROBE_MEM, a fault reads as zero) probing
export const OP_LDX_B: i32 = 0x80
export const OP_LDX_H: i32 = 0x81
export const OP_LDX_W: i32 = 0x82
export const OP_LDX_DW: i32 = 0x83
export const OP_LDX_SB: i32 = 0x84
export const OP_LDX_SH: i32 = 0x85
export const OP_LDX_SW: i32 = 0x86
export const OP_PROBE_B: i32 = 0x88
export const OP_PROBE_H: i32 = 0x89
export const OP_PROBE_W: i32 = 0x8a
export const OP_PROBE_DW: i32 = 0x8b
export const OP_PROBE_SB: i32 = 0x8c
export const OP_PROBE_SH: i32 = 0x8d
export const OP_PROBE_SW: i32 = 0x8e
// Stores of an immediate and of a register
export const OP_ST_B: i32 = 0x90
export const OP_ST_H: i32 = 0x91
export const OP_ST_W: i32 = 0x92
export const OP_ST_DW: i32 = 0x93
export const OP_STX_B: i32 = 0x94
export const OP_STX_H: i32 = 0x95
export const OP_STX_W: i32 = 0x96
export const OP_STX_DW: i32 = 0x97

// Atomics: base of a width plus one of the ten below
export const OP_ATOMIC32: i32 = 0x98
export const OP_ATOMIC64: i32 = 0xa4
export const ATOMIC_ADD: i32 = 0
export const ATOMIC_OR: i32 = 1
export const ATOMIC_AND: i32 = 2
export const ATOMIC_XOR: i32 = 3
export const ATOMIC_FETCH_ADD: i32 = 4
export const ATOMIC_FETCH_OR: i32 = 5
export const ATOMIC_FETCH_AND: i32 = 6
export const ATOMIC_FETCH_XOR: i32 = 7
export const ATOMIC_XCHG: i32 = 8
export const ATOMIC_CMPXCHG: i32 = 9

// Sign extension, byte order
export const OP_MOVSX64_8: i32 = 0xb0
export const OP_MOVSX64_16: i32 = 0xb1
export const OP_MOVSX64_32: i32 = 0xb2
export const OP_MOVSX32_8: i32 = 0xb3
export const OP_MOVSX32_16: i32 = 0xb4
export const OP_SWAP16: i32 = 0xb5
export const OP_SWAP32: i32 = 0xb6
export const OP_SWAP64: i32 = 0xb7
export const OP_ZEXT16: i32 = 0xb8
export const OP_ZEXT32: i32 = 0xb9

export const OP_NOP: i32 = 0xba
export const OP_JA: i32 = 0xbb
export const OP_LD_IMM64: i32 = 0xbc
export const OP_CALL: i32 = 0xbd
export const OP_CALL_LOCAL: i32 = 0xbe
export const OP_CALL_REG: i32 = 0xbf
export const OP_TAIL_CALL: i32 = 0xc0
export const OP_MAY_GOTO: i32 = 0xc1
export const OP_EXIT: i32 = 0xc2
export const OP_LD_ABS_B: i32 = 0xc3
export const OP_LD_ABS_H: i32 = 0xc4
export const OP_LD_ABS_W: i32 = 0xc5
export const OP_LD_IND_B: i32 = 0xc6
export const OP_LD_IND_H: i32 = 0xc7
export const OP_LD_IND_W: i32 = 0xc8
export const OP_INVALID: i32 = 0xc9
// The second slot of a 64-bit load: never reached
export const OP_SLOT2: i32 = 0xca
/**
 * A load, store or atomic on the arena: which one is in the upper half of imm. In the lower a store's immediate, or of a
 * load whether it is a load-acquire: that leaves its register as it is where no page is.
 */
export const OP_ARENA: i32 = 0xcb
/** A pointer for the caller of an arena: the lower half of src and, unless that is zero, imm as the upper. */
export const OP_CAST_USER: i32 = 0xcc

@inline export function isAlu(op: i32): bool {
  return op < OP_JMP64_K
}

@inline export function isCondJump(op: i32): bool {
  return op >= OP_JMP64_K && op < OP_LDX_B
}

@inline export function isAtomic(op: i32): bool {
  return op >= OP_ATOMIC32 && op < OP_MOVSX64_8
}

@inline export function isLoad(op: i32): bool {
  return op >= OP_LDX_B && op <= OP_LDX_SW
}

/** Bytes that a load, store or atomic touches; 0 for anything else. */
export function accessSize(op: i32): i32 {
  if (op < OP_LDX_B || op > OP_ATOMIC64 + ATOMIC_CMPXCHG) return 0
  if (op >= OP_ATOMIC64) return 8
  if (op >= OP_ATOMIC32) return 4
  if (op >= OP_ST_B) return 1 << (op & 3)
  const low = op & 7
  return low == 7 ? 0 : 1 << (low & 3)
}
