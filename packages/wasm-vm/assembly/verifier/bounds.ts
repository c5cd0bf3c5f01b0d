// SPDX-License-Identifier: GPL-2.0-only
// Bounds of a register, how they inform each other, and the verbs that set a register.
// Counterparts in kernel/bpf/verifier.c: reg_bounds_sync, __mark_reg_*, coerce_reg_to_size.

import { EFAULT } from '../gen/errno.gen'
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  NOT_INIT,
  PTR_MAYBE_NULL,
  PTR_TO_MAP_VALUE,
  PTR_TO_SOCKET,
  PTR_TO_XDP_SOCK,
  SCALAR_VALUE,
} from '../gen/verifier-types.gen'
import { BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_XSKMAP } from '../gen/uapi-enums.gen'
import { Env } from './env'
import { S, verbose } from './log/verbose'
import { recordHasAsync } from './map-facts'
import { BPF_ADD_CONST, REG_PREFIX_VAR_OFF, REG_SIZE, RegState, curReg } from './state'
import { tnumCast, tnumConst, tnumIntersect, tnumNext, tnumRange, tnumSet } from './tnum'

const S32_MIN: i32 = i32.MIN_VALUE
const S32_MAX: i32 = i32.MAX_VALUE
const LOW32: u64 = 0xffffffff

@inline export function baseType(t: i32): i32 {
  return t & 255
}

@inline export function typeFlag(t: i32): i32 {
  return t & ~255
}

@inline export function mayBeNull(t: i32): bool {
  return (t & PTR_MAYBE_NULL) != 0
}

@inline export function isConst(r: RegState): bool {
  return r.varMask == 0
}

@inline export function isConst32(r: RegState): bool {
  return <u32>r.varMask == 0
}

@inline export function equalsConst(r: RegState, v: u64): bool {
  return r.varMask == 0 && r.varValue == v
}

@inline export function registerIsNull(r: RegState): bool {
  return r.type == SCALAR_VALUE && equalsConst(r, 0)
}

@inline export function isRegConst(r: RegState, sub: bool): bool {
  return r.type == SCALAR_VALUE && (sub ? isConst32(r) : isConst(r))
}

@inline export function regConstValue(r: RegState, sub: bool): u64 {
  return sub ? r.varValue & LOW32 : r.varValue
}

export function setKnown(r: RegState, imm: u64): void {
  tnumConst(r.varOff, imm)
  r.smin = <i64>imm
  r.smax = <i64>imm
  r.umin = imm
  r.umax = imm
  r.s32min = <i32>imm
  r.s32max = <i32>imm
  r.u32min = <u32>imm
  r.u32max = <u32>imm
}

/** The unknown part becomes a known number; off and the union are cleared, the type stays. */
export function markKnown(r: RegState, imm: u64): void {
  memory.fill(changetype<usize>(r) + 4, 0, REG_PREFIX_VAR_OFF - 4)
  r.id = 0
  r.refObjId = 0
  setKnown(r, imm)
}

@inline export function markKnownZero(r: RegState): void {
  markKnown(r, 0)
}
export function markConstZero(env: Env, r: RegState): void {
  markKnown(r, 0)
  r.type = SCALAR_VALUE
  r.precise = !env.bpfCapable
}
export function mark32Known(r: RegState, imm: u64): void {
  tnumSet(r.varOff, (r.varValue & ~LOW32) | (imm & LOW32), r.varMask & ~LOW32)
  r.s32min = <i32>imm
  r.s32max = <i32>imm
  r.u32min = <u32>imm
  r.u32max = <u32>imm
}
export function mark64Unbounded(r: RegState): void {
  r.smin = i64.MIN_VALUE
  r.smax = i64.MAX_VALUE
  r.umin = 0
  r.umax = u64.MAX_VALUE
}
export function mark32Unbounded(r: RegState): void {
  r.s32min = S32_MIN
  r.s32max = S32_MAX
  r.u32min = 0
  r.u32max = u32.MAX_VALUE
}
export function markUnbounded(r: RegState): void {
  mark64Unbounded(r)
  mark32Unbounded(r)
}
export function markUnknownImprecise(r: RegState): void {
  const sub = r.subregDef
  memory.fill(changetype<usize>(r), 0, REG_SIZE)
  r.type = SCALAR_VALUE
  r.varMask = ~(<u64>0)
  r.subregDef = sub
  markUnbounded(r)
}
export function markUnknown(env: Env, r: RegState): void {
  markUnknownImprecise(r)
  r.precise = !env.bpfCapable
}
export function markNotInit(env: Env, r: RegState): void {
  markUnknown(env, r)
  r.type = NOT_INIT
}
/** What becomes of a register whose object is gone. */
export function markInvalid(env: Env, r: RegState): void {
  if (env.allowPtrLeaks) markUnknown(env, r)
  else markNotInit(env, r)
}

export function markDynptrReg(r: RegState, type: i32, first: bool, id: u32): void {
  markKnownZero(r)
  r.type = CONST_PTR_TO_DYNPTR
  r.id = id
  r.dynptrType = type
  r.firstSlot = first
}

/** A pointer that was compared with NULL and is not. */
export function markPtrNotNull(r: RegState): void {
  if (baseType(r.type) == PTR_TO_MAP_VALUE) {
    const map = r.map
    const inner = map.innerMapMeta
    if (changetype<usize>(inner) != 0) {
      r.type = CONST_PTR_TO_MAP
      r.map = inner
      if (recordHasAsync(inner)) r.mapUid = r.id
    } else if (map.mapType == BPF_MAP_TYPE_XSKMAP) r.type = PTR_TO_XDP_SOCK
    else if (map.mapType == BPF_MAP_TYPE_SOCKMAP || map.mapType == BPF_MAP_TYPE_SOCKHASH) r.type = PTR_TO_SOCKET
    else r.type = PTR_TO_MAP_VALUE
    return
  }
  r.type &= ~PTR_MAYBE_NULL
}

function update32(r: RegState): void {
  const v = <u32>r.varValue
  const m = <u32>r.varMask
  r.s32min = max<i32>(r.s32min, <i32>(v | (m & 0x80000000)))
  r.s32max = min<i32>(r.s32max, <i32>(v | (m & 0x7fffffff)))
  r.u32min = max<u32>(r.u32min, v)
  r.u32max = min<u32>(r.u32max, v | m)
}
function update64(r: RegState): void {
  const v = r.varValue
  const m = r.varMask
  r.smin = max<i64>(r.smin, <i64>(v | (m & 0x8000000000000000)))
  r.smax = min<i64>(r.smax, <i64>(v | (m & 0x7fffffffffffffff)))
  r.umin = max<u64>(r.umin, v)
  r.umax = min<u64>(r.umax, v | m)
  // The range and the known bits may leave a single number.
  const lo = r.umin
  const next = tnumNext(v, m, lo)
  if ((lo & ~m) == v) {
    if (next > r.umax) setKnown(r, lo)
  } else if (next == (v | m) || (next <= r.umax && tnumNext(v, m, next) > r.umax)) setKnown(r, next)
}
/** Bounds learn from the known bits. */
export function updateBounds(r: RegState): void {
  update32(r)
  update64(r)
}
export function update32Bounds(r: RegState): void {
  update32(r)
}

@inline function meetS32(r: RegState, lo: i32, hi: i32): void {
  r.s32min = max<i32>(r.s32min, lo)
  r.s32max = min<i32>(r.s32max, hi)
}

@inline function meetU32(r: RegState, lo: u32, hi: u32): void {
  r.u32min = max<u32>(r.u32min, lo)
  r.u32max = min<u32>(r.u32max, hi)
}

function deduce32(r: RegState): void {
  // A 64-bit range within one block of 2^32 is a range of the low half too.
  if (r.umin >> 32 == r.umax >> 32) {
    meetU32(r, <u32>r.umin, <u32>r.umax)
    if (<i32>r.umin <= <i32>r.umax) meetS32(r, <i32>r.umin, <i32>r.umax)
  }
  if (r.smin >> 32 == r.smax >> 32) {
    if (<u32>r.smin <= <u32>r.smax) meetU32(r, <u32>r.smin, <u32>r.smax)
    if (<i32>r.smin <= <i32>r.smax) meetS32(r, <i32>r.smin, <i32>r.smax)
  }
  // Two neighbouring blocks: from the negative end of one to the positive start of the next.
  if (<u32>(r.umin >> 32) + 1 == <u32>(r.umax >> 32) && <i32>r.umin < 0 && <i32>r.umax >= 0)
    meetS32(r, <i32>r.umin, <i32>r.umax)
  if (<u32>(r.smin >> 32) + 1 == <u32>(r.smax >> 32) && <i32>r.smin < 0 && <i32>r.smax >= 0)
    meetS32(r, <i32>r.smin, <i32>r.smax)
  if (<i32>r.u32min <= <i32>r.u32max) meetS32(r, <i32>r.u32min, <i32>r.u32max)
  if (<u32>r.s32min <= <u32>r.s32max) {
    meetU32(r, <u32>r.s32min, <u32>r.s32max)
  } else if (r.u32max < <u32>r.s32min) {
    // As in 64 bits: only the non-negative part of a signed range that crosses zero …
    r.s32min = <i32>r.u32min
    r.u32max = min<u32>(r.u32max, <u32>r.s32max)
  } else if (<u32>r.s32max < r.u32min) {
    // … or only the negative part.
    r.s32max = <i32>r.u32max
    r.u32min = max<u32>(r.u32min, <u32>r.s32min)
  }
}

function deduce64(r: RegState): void {
  if (<i64>r.umin <= <i64>r.umax) {
    r.smin = max<i64>(r.smin, <i64>r.umin)
    r.smax = min<i64>(r.smax, <i64>r.umax)
  }
  if (<u64>r.smin <= <u64>r.smax) {
    r.umin = max<u64>(<u64>r.smin, r.umin)
    r.umax = min<u64>(<u64>r.smax, r.umax)
  } else if (r.umax < <u64>r.smin) {
    // The signed range crosses zero and the unsigned one meets only its non-negative part …
    r.smin = <i64>r.umin
    r.umax = min<u64>(r.umax, <u64>r.smax)
  } else if (<u64>r.smax < r.umin) {
    // … or only its negative part.
    r.smax = <i64>r.umax
    r.umin = max<u64>(r.umin, <u64>r.smin)
  }
}

function deduceMixed(r: RegState): void {
  r.umin = max<u64>(r.umin, (r.umin & ~LOW32) | r.u32min)
  r.umax = min<u64>(r.umax, (r.umax & ~LOW32) | r.u32max)
  r.smin = max<i64>(r.smin, <i64>(((<u64>r.smin) & ~LOW32) | r.u32min))
  r.smax = min<i64>(r.smax, <i64>(((<u64>r.smax) & ~LOW32) | r.u32max))
  // After a sign-extending load: a non-negative low half rules the all-ones upper half out.
  if (r.s32min >= 0 && r.smin >= <i64>S32_MIN && r.smax <= <i64>S32_MAX) {
    r.smin = r.s32min
    r.smax = r.s32max
    r.umin = <u64>r.s32min
    r.umax = <u64>r.s32max
    const t = memory.data(16, 8)
    tnumRange(t, <u64>r.smin, <u64>r.smax)
    tnumIntersect(r.varOff, r.varValue, r.varMask, load<u64>(t), load<u64>(t, 8))
  }
}

function deduce(r: RegState): void {
  deduce32(r)
  deduce64(r)
  deduceMixed(r)
}

/** Known bits learn from the bounds. */
function boundOffset(r: RegState): void {
  const a = memory.data(16, 8)
  tnumRange(a, r.umin, r.umax)
  tnumIntersect(a, r.varValue, r.varMask, load<u64>(a), load<u64>(a, 8))
  const v64 = load<u64>(a)
  const m64 = load<u64>(a, 8)
  tnumRange(a, r.u32min, r.u32max)
  tnumIntersect(a, v64 & LOW32, m64 & LOW32, load<u64>(a), load<u64>(a, 8))
  // The halves are joined as an OR of tnums.
  const v = (v64 & ~LOW32) | load<u64>(a)
  tnumSet(r.varOff, v, ((m64 & ~LOW32) | load<u64>(a, 8)) & ~v)
}

export function boundsSync(r: RegState): void {
  updateBounds(r)
  deduce(r)
  deduce(r)
  deduce(r)
  boundOffset(r)
  updateBounds(r)
}

/** Refuses or forgets contradictory bounds. */
/** A number between two that fit 32 bits. */
export function markInRange(env: Env, r: RegState, lo: i32, hi: i32): i32 {
  markUnknown(env, r)
  r.s32min = lo
  r.s32max = hi
  r.smin = lo
  r.smax = hi
  boundsSync(r)
  return boundsSane(env, r, 's32_range')
}

export function boundsSane(env: Env, r: RegState, ctx: string): i32 {
  let msg = ''
  if (r.umin > r.umax || r.smin > r.smax || r.u32min > r.u32max || r.s32min > r.s32max) {
    msg = 'range bounds violation'
  } else if (
    isConst(r) &&
    (r.umin != r.varValue || r.umax != r.varValue || r.smin != <i64>r.varValue || r.smax != <i64>r.varValue)
  ) {
    msg = 'const tnum out of sync with range bounds'
  } else if (isConst32(r)) {
    const v = <u32>r.varValue
    if (r.u32min == v && r.u32max == v && r.s32min == <i32>v && r.s32max == <i32>v) return 0
    msg = 'const subreg tnum out of sync with range bounds'
  } else return 0
  verbose(
    env,
    'verifier bug: REG INVARIANTS VIOLATION (%s): %s u64=[%#llx, %#llx] s64=[%#llx, %#llx] ',
    S(ctx),
    S(msg),
    <i64>r.umin,
    <i64>r.umax,
    r.smin,
    r.smax,
  )
  verbose(
    env,
    'u32=[%#x, %#x] s32=[%#x, %#x] var_off=(%#llx, %#llx)\n',
    r.u32min,
    r.u32max,
    r.s32min,
    r.s32max,
    <i64>r.varValue,
    <i64>r.varMask,
  )
  if (env.testRegInvariants) return -EFAULT
  markUnbounded(r)
  return 0
}

/** The upper half becomes zero. */
export function zext32(r: RegState): void {
  tnumSet(r.varOff, r.varValue & LOW32, r.varMask & LOW32)
  r.umin = r.u32min
  r.umax = r.u32max
  if (r.s32min >= 0 && r.s32max >= 0) {
    r.smin = r.s32min
    r.smax = r.s32max
  } else {
    r.smin = 0
    r.smax = LOW32
  }
}

/** After a load of size < 8 bytes. */
export function coerceToSize(r: RegState, size: i32): void {
  tnumCast(r.varOff, r.varValue, r.varMask, size)
  const mask = ((<u64>1) << (size * 8)) - 1
  if ((r.umin & ~mask) == (r.umax & ~mask)) {
    r.umin &= mask
    r.umax &= mask
  } else {
    r.umin = 0
    r.umax = mask
  }
  r.smin = <i64>r.umin
  r.smax = <i64>r.umax
  if (size < 4) mark32Unbounded(r)
  boundsSync(r)
}

@inline function sext(v: i64, size: i32): i64 {
  const by = 64 - size * 8
  return (v << by) >> by
}

export function coerceToSizeSx(r: RegState, size: i32): void {
  if (isConst(r)) {
    setKnown(r, <u64>sext(<i64>r.varValue, size))
    return
  }
  const bits = size * 8
  if ((<u64>r.smax) >> bits == (<u64>r.smin) >> bits) {
    const a = sext(r.smax, size)
    const b = sext(r.smin, size)
    const hi = max<i64>(a, b)
    const lo = min<i64>(a, b)
    if (hi >= 0 == lo >= 0) {
      r.smin = lo
      r.smax = hi
      r.umin = <u64>lo
      r.umax = <u64>hi
      r.s32min = <i32>lo
      r.s32max = <i32>hi
      r.u32min = <u32>lo
      r.u32max = <u32>hi
      tnumRange(r.varOff, <u64>lo, <u64>hi)
      return
    }
  }
  r.smin = -((<i64>1) << (bits - 1))
  r.smax = ((<i64>1) << (bits - 1)) - 1
  r.s32min = <i32>r.smin
  r.s32max = <i32>r.smax
  r.umin = 0
  r.umax = u64.MAX_VALUE
  r.u32min = 0
  r.u32max = u32.MAX_VALUE
  tnumSet(r.varOff, 0, ~(<u64>0))
}

export function coerceSubregSx(r: RegState, size: i32): void {
  if (isConst(r)) {
    const v = sext(<i64>r.varValue, size)
    tnumConst(r.varOff, <u64>v)
    r.s32min = <i32>v
    r.s32max = <i32>v
    r.u32min = <u32>v
    r.u32max = <u32>v
    return
  }
  const bits = size * 8
  if ((<u32>r.s32max) >> bits == (<u32>r.s32min) >> bits) {
    const a = <i32>sext(r.s32max, size)
    const b = <i32>sext(r.s32min, size)
    const hi = max<i32>(a, b)
    const lo = min<i32>(a, b)
    if (hi >= 0 == lo >= 0) {
      r.s32min = lo
      r.s32max = hi
      r.u32min = <u32>lo
      r.u32max = <u32>hi
      tnumRange(r.varOff, <u64>lo, <u64>hi)
      tnumSet(r.varOff, r.varValue & LOW32, r.varMask & LOW32)
      return
    }
  }
  r.s32min = -(1 << (bits - 1))
  r.s32max = (1 << (bits - 1)) - 1
  r.u32min = 0
  r.u32max = u32.MAX_VALUE
  tnumSet(r.varOff, 0, LOW32)
}

/** Bits that the value may need. */
@inline export function regWidth(r: RegState): i32 {
  return 64 - <i32>clz(r.umax)
}

@inline export function isPointerValue(env: Env, regno: i32): bool {
  return !env.allowPtrLeaks && curReg(env, regno).type != SCALAR_VALUE
}

@inline export function markCurUnknown(env: Env, regno: i32): void {
  markUnknown(env, curReg(env, regno))
}

/** It is no longer a copy of anything, nor a copy plus a constant. */
export function clearScalarId(r: RegState): void {
  r.id = 0
  r.off = 0
}

/** Gives a scalar an id before it is copied, so that both learn from a later comparison. */
export function assignScalarId(env: Env, r: RegState): void {
  if (r.type != SCALAR_VALUE) return
  if (r.id & BPF_ADD_CONST) clearScalarId(r)
  if (!r.id && !isConst(r)) r.id = ++env.idGen
}
