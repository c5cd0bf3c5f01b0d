// SPDX-License-Identifier: GPL-2.0-only
// Whether a condition is decided by what is known: 1 yes, 0 no, -1 unknown.
// Kernel counterpart: is_branch_taken, is_scalar_branch_taken, is_pkt_ptr_branch_taken of verifier.c (6.18).

import {
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  NON_OWN_REF,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_TCP_SOCK,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { baseType, isRegConst, mayBeNull, regConstValue, typeFlag } from '../bounds'
import { AT_PKT_END, BEYOND_PKT_END, RegState } from '../state'
import { tnumOverlap } from '../tnum'
import { flipCondition, JEQ, JGE, JGT, JLE, JLT, JNE, JSET, JSGE, JSGT, JSLE, JSLT } from './opcodes'

const LOW32: u64 = 0xffffffff
const TRUSTED: i32 = MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF

export function isPacketPointerAny(r: RegState): bool {
  const t = baseType(r.type)
  return t == PTR_TO_PACKET || t == PTR_TO_PACKET_META || r.type == PTR_TO_PACKET_END
}

/** A pointer to a kernel object that is known to be alive. */
function isTrusted(r: RegState): bool {
  if (r.refObjId) return true
  const flags = typeFlag(r.type)
  return (flags & TRUSTED) != 0 && (flags & ~TRUSTED) == 0
}

/** Whether this pointer can be NULL under no circumstances. */
export function isNotNull(r: RegState): bool {
  if (mayBeNull(r.type)) return false
  switch (baseType(r.type)) {
    case PTR_TO_SOCKET:
    case PTR_TO_TCP_SOCK:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MAP_KEY:
    case PTR_TO_SOCK_COMMON:
    case CONST_PTR_TO_MAP:
      return true
    case PTR_TO_BTF_ID:
      return isTrusted(r)
    case PTR_TO_MEM:
      return (r.type & PTR_UNTRUSTED) == 0
  }
  return false
}

/** Whether the ranges of both widths leave no common number. */
function disjoint(a: RegState, b: RegState, narrow: bool): bool {
  const low = a.u32min > b.u32max || a.u32max < b.u32min || a.s32min > b.s32max || a.s32max < b.s32min
  if (narrow) return low
  return a.umin > b.umax || a.umax < b.umin || a.smin > b.smax || a.smax < b.smin || low
}

/** Equality: 1 always, 0 never. */
function equalTaken(a: RegState, b: RegState, narrow: bool): i32 {
  const keep: u64 = narrow ? LOW32 : u64.MAX_VALUE
  const av = a.varValue & keep
  const bv = b.varValue & keep
  const am = a.varMask & keep
  const bm = b.varMask & keep
  if (am == 0 && bm == 0) return av == bv ? 1 : 0
  if (!tnumOverlap(av, am, bv, bm)) return 0
  return disjoint(a, b, narrow) ? 0 : -1
}

function setTaken(a: RegState, b: RegState, narrow: bool): i32 {
  if (!isRegConst(b, narrow)) {
    const t = a
    a = b
    b = t
  }
  if (!isRegConst(b, narrow)) return -1
  const keep: u64 = narrow ? LOW32 : u64.MAX_VALUE
  const v = a.varValue & keep
  const m = a.varMask & keep
  const bits = b.varValue & keep
  if ((~m & v & bits) != 0) return 1
  return ((m | v) & bits) == 0 ? 0 : -1
}

/** a < b (or <=) decided: all of a below all of b, or none. */
function lessTaken(amin: u64, amax: u64, bmin: u64, bmax: u64, orEqual: bool): i32 {
  if (orEqual ? amax <= bmin : amax < bmin) return 1
  return (orEqual ? amin > bmax : amin >= bmax) ? 0 : -1
}
function lessTakenSigned(amin: i64, amax: i64, bmin: i64, bmax: i64, orEqual: bool): i32 {
  if (orEqual ? amax <= bmin : amax < bmin) return 1
  return (orEqual ? amin > bmax : amin >= bmax) ? 0 : -1
}

@inline function umin(r: RegState, narrow: bool): u64 {
  return narrow ? <u64>r.u32min : r.umin
}

@inline function umax(r: RegState, narrow: bool): u64 {
  return narrow ? <u64>r.u32max : r.umax
}

@inline function smin(r: RegState, narrow: bool): i64 {
  return narrow ? <i64>r.s32min : r.smin
}

@inline function smax(r: RegState, narrow: bool): i64 {
  return narrow ? <i64>r.s32max : r.smax
}

export function scalarTaken(a: RegState, b: RegState, op: i32, narrow: bool): i32 {
  switch (op) {
    case JEQ:
      return equalTaken(a, b, narrow)
    case JNE: {
      const eq = equalTaken(a, b, narrow)
      return eq < 0 ? eq : 1 - eq
    }
    case JSET:
      return setTaken(a, b, narrow)
    case JLT:
    case JLE:
      return lessTaken(umin(a, narrow), umax(a, narrow), umin(b, narrow), umax(b, narrow), op == JLE)
    case JGT:
    case JGE:
      return lessTaken(umin(b, narrow), umax(b, narrow), umin(a, narrow), umax(a, narrow), op == JGE)
    case JSLT:
    case JSLE:
      return lessTakenSigned(smin(a, narrow), smax(a, narrow), smin(b, narrow), smax(b, narrow), op == JSLE)
    case JSGT:
    case JSGE:
      return lessTakenSigned(smin(b, narrow), smax(b, narrow), smin(a, narrow), smax(a, narrow), op == JSGE)
  }
  return -1
}

/** Comparison with the packet's end, when an earlier one went the other way. */
function packetTaken(dst: RegState, src: RegState, op: i32): i32 {
  let pkt: RegState
  if (src.type == PTR_TO_PACKET_END) pkt = dst
  else if (dst.type == PTR_TO_PACKET_END) {
    pkt = src
    op = flipCondition(op)
  } else return -1
  if (pkt.range >= 0) return -1
  switch (op) {
    case JLE:
    case JGT:
      if (pkt.range == BEYOND_PKT_END) return op == JGT ? 1 : 0
      break
    case JLT:
    case JGE:
      if (pkt.range == BEYOND_PKT_END || pkt.range == AT_PKT_END) return op == JGE ? 1 : 0
      break
  }
  return -1
}

export function branchTaken(a: RegState, b: RegState, op: i32, narrow: bool): i32 {
  if (!narrow && isPacketPointerAny(a) && isPacketPointerAny(b)) return packetTaken(a, b, op)
  if (a.type == SCALAR_VALUE && b.type == SCALAR_VALUE) return scalarTaken(a, b, op, narrow)
  if (!isRegConst(b, narrow)) {
    op = flipCondition(op)
    const t = a
    a = b
    b = t
  }
  if (!isRegConst(b, narrow) || !isNotNull(a) || regConstValue(b, narrow) != 0) return -1
  if (op == JEQ) return 0
  return op == JNE ? 1 : -1
}
