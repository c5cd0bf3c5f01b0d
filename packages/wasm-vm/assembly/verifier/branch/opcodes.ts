// SPDX-License-Identifier: GPL-2.0-only
// Conditions as the upper half of a jump's opcode. Imports nothing.

export const JEQ: i32 = 0x10
export const JGT: i32 = 0x20
export const JGE: i32 = 0x30
export const JSET: i32 = 0x40
export const JNE: i32 = 0x50
export const JSGT: i32 = 0x60
export const JSGE: i32 = 0x70
export const JLT: i32 = 0xa0
export const JLE: i32 = 0xb0
export const JSLT: i32 = 0xc0
export const JSLE: i32 = 0xd0
export const JCOND: i32 = 0xe0
/** The opposite of JSET, which has no opcode of its own. */
export const JNSET: i32 = 0x48

/** a op b as b op' a. */
export function flipCondition(op: i32): i32 {
  switch (op) {
    case JGE:
      return JLE
    case JGT:
      return JLT
    case JLE:
      return JGE
    case JLT:
      return JGT
    case JSGE:
      return JSLE
    case JSGT:
      return JSLT
    case JSLE:
      return JSGE
    case JSLT:
      return JSGT
  }
  return op == JEQ || op == JNE || op == JSET ? op : 0
}

/** The condition that holds where this one does not. */
export function negateCondition(op: i32): i32 {
  switch (op) {
    case JEQ:
      return JNE
    case JNE:
      return JEQ
    case JSET:
      return JNSET
    case JNSET:
      return JSET
    case JGE:
      return JLT
    case JGT:
      return JLE
    case JLE:
      return JGT
    case JLT:
      return JGE
    case JSGE:
      return JSLT
    case JSGT:
      return JSLE
    case JSLE:
      return JSGT
    case JSLT:
      return JSGE
  }
  return 0
}
