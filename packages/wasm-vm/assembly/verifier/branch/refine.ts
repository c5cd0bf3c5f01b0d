// SPDX-License-Identifier: GPL-2.0-only
// What a comparison teaches about two numbers on each of its ways.
// Kernel counterpart: regs_refine_cond_op, reg_set_min_max of verifier.c (6.18).

import { SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { boundsSane, boundsSync, isRegConst, markUnbounded, regConstValue } from '../bounds'
import { Env } from '../env'
import { RegState } from '../state'
import {
  flipCondition,
  JEQ,
  JGE,
  JGT,
  JLE,
  JLT,
  JNE,
  JNSET,
  JSET,
  JSGE,
  JSGT,
  JSLE,
  JSLT,
  negateCondition,
} from './opcodes'

const LOW32: u64 = 0xffffffff

function refineEqual32(a: RegState, b: RegState): void {
  a.u32min = max<u32>(a.u32min, b.u32min)
  a.u32max = min<u32>(a.u32max, b.u32max)
  a.s32min = max<i32>(a.s32min, b.s32min)
  a.s32max = min<i32>(a.s32max, b.s32max)
  b.u32min = a.u32min
  b.u32max = a.u32max
  b.s32min = a.s32min
  b.s32max = a.s32max
  // Known bits of the low halves are joined; the upper halves stay.
  const m = a.varMask & b.varMask & LOW32
  const v = (a.varValue | b.varValue) & LOW32 & ~m
  a.varValue = (a.varValue & ~LOW32) | v
  a.varMask = (a.varMask & ~LOW32) | m
  b.varValue = (b.varValue & ~LOW32) | v
  b.varMask = (b.varMask & ~LOW32) | m
}

function refineEqual64(a: RegState, b: RegState): void {
  a.umin = max<u64>(a.umin, b.umin)
  a.umax = min<u64>(a.umax, b.umax)
  a.smin = max<i64>(a.smin, b.smin)
  a.smax = min<i64>(a.smax, b.smax)
  b.umin = a.umin
  b.umax = a.umax
  b.smin = a.smin
  b.smax = a.smax
  const m = a.varMask & b.varMask
  const v = (a.varValue | b.varValue) & ~m
  a.varValue = v
  a.varMask = m
  b.varValue = v
  b.varMask = m
}

/** A constant that is an end of the range moves that end. */
function refineNotEqual(a: RegState, val: u64, narrow: bool): void {
  if (narrow) {
    if (a.u32min == <u32>val) a.u32min++
    if (a.u32max == <u32>val) a.u32max--
    if (a.s32min == <i32>val) a.s32min++
    if (a.s32max == <i32>val) a.s32max--
  } else {
    if (a.umin == val) a.umin++
    if (a.umax == val) a.umax--
    if (a.smin == <i64>val) a.smin++
    if (a.smax == <i64>val) a.smax--
  }
}

function refineSet(a: RegState, val: u64): void {
  // Of several bits it is not known which one is set.
  if (popcnt<u64>(val) != 1) return
  a.varValue |= val
  a.varMask &= ~val
}

function refineNotSet(a: RegState, val: u64): void {
  // The ranges are forgotten first: on a dead way they could contradict the bits.
  markUnbounded(a)
  a.varValue &= ~val
  a.varMask &= ~val
}

/** a < b, or a <= b. */
function refineLess(a: RegState, b: RegState, op: i32, narrow: bool): void {
  const strict = op == JLT || op == JSLT ? 1 : 0
  if (op == JLT || op == JLE) {
    if (narrow) {
      a.u32max = min<u32>(a.u32max, b.u32max - <u32>strict)
      b.u32min = max<u32>(a.u32min + <u32>strict, b.u32min)
    } else {
      a.umax = min<u64>(a.umax, b.umax - <u64>strict)
      b.umin = max<u64>(a.umin + <u64>strict, b.umin)
    }
  } else if (narrow) {
    a.s32max = min<i32>(a.s32max, b.s32max - strict)
    b.s32min = max<i32>(a.s32min + strict, b.s32min)
  } else {
    a.smax = min<i64>(a.smax, b.smax - <i64>strict)
    b.smin = max<i64>(a.smin + <i64>strict, b.smin)
  }
}

function refine(a: RegState, b: RegState, op: i32, narrow: bool): void {
  if (op == JGE || op == JGT || op == JSGE || op == JSGT) {
    op = flipCondition(op)
    const t = a
    a = b
    b = t
  }
  switch (op) {
    case JEQ:
      if (narrow) refineEqual32(a, b)
      else refineEqual64(a, b)
      return
    case JLE:
    case JLT:
    case JSLE:
    case JSLT:
      refineLess(a, b, op, narrow)
      return
    case JNE:
    case JSET:
    case JNSET:
      break
    default:
      return
  }
  if (!isRegConst(b, narrow)) {
    const t = a
    a = b
    b = t
  }
  if (!isRegConst(b, narrow)) return
  const val = regConstValue(b, narrow)
  if (op == JNE) refineNotEqual(a, val, narrow)
  else if (op == JSET) refineSet(a, val)
  else refineNotSet(a, val)
}

/** Both ways of a comparison: the registers where it holds and where it does not. */
export function setMinMax(
  env: Env,
  trueA: RegState,
  trueB: RegState,
  falseA: RegState,
  falseB: RegState,
  op: i32,
  narrow: bool,
): i32 {
  if (falseA.type != SCALAR_VALUE || falseB.type != SCALAR_VALUE) return 0
  refine(falseA, falseB, negateCondition(op), narrow)
  boundsSync(falseA)
  boundsSync(falseB)
  refine(trueA, trueB, op, narrow)
  boundsSync(trueA)
  boundsSync(trueB)
  let err = boundsSane(env, trueA, 'true_reg1')
  if (!err) err = boundsSane(env, trueB, 'true_reg2')
  if (!err) err = boundsSane(env, falseA, 'false_reg1')
  return err ? err : boundsSane(env, falseB, 'false_reg2')
}
