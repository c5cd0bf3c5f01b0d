// SPDX-License-Identifier: GPL-2.0-only
// Registers and stack as log text. Counterpart: print_verifier_state and its parts in kernel/bpf/log.c.

import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  NON_OWN_REF,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  SCALAR_VALUE,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_ITER,
  STACK_SPILL,
} from '../../gen/verifier-types.gen'
import { baseType, isConst } from '../bounds'
import { Env, markStateClean } from '../env'
import { mapName } from '../../maps/map'
import { Btf } from '../../btf/btf'
import { typeName } from '../btf-facts'
import {
  BPF_ADD_CONST,
  FuncState,
  MAX_BPF_REG,
  RegState,
  VState,
  frameOf,
  refOf,
  regOf,
  slotCnt,
  slotType,
  slotTypes,
  spilledOf,
} from '../state'
import { logReset } from './buffer'
import { dynptrTypeStr, iterStateStr, iterTypeStr, regTypeStr } from './names'
import { S, Z, verbose } from './verbose'

function verboseUnum(env: Env, n: u64): void {
  if (n <= 65535) verbose(env, '%llu', <i64>n)
  else verbose(env, '%#llx', <i64>n)
}
function verboseSnum(env: Env, n: i64): void {
  if (n >= -32768 && n <= 32767) verbose(env, '%lld', n)
  else verbose(env, '%#llx', n)
}

function boundName(i: i32): string {
  switch (i) {
    case 0:
      return 'smin'
    case 1:
      return 'smax'
    case 2:
      return 'umin'
    case 3:
      return 'umax'
    case 4:
      return 'smin32'
    case 5:
      return 'smax32'
    case 6:
      return 'umin32'
  }
  return 'umax32'
}

@inline function shown32(v: i32): i64 {
  return v >= -32768 && v <= 32767 ? <i64>v : (<i64>v) & 0xffffffff
}

@inline function signedBound(i: i32): bool {
  return i == 0 || i == 1 || i == 4 || i == 5
}

/** Prints bounds that say something; equal ones share a number: smin=umin=4. */
function printRanges(env: Env, r: RegState, first: bool): bool {
  const vals = memory.data(64, 8)
  let omit = 0
  if (r.smin == i64.MIN_VALUE) omit |= 1
  if (r.smax == i64.MAX_VALUE) omit |= 2
  if (r.umin == 0) omit |= 4
  if (r.umax == u64.MAX_VALUE) omit |= 8
  if (r.s32min == i32.MIN_VALUE) omit |= 16
  if (r.s32max == i32.MAX_VALUE) omit |= 32
  if (r.u32min == 0) omit |= 64
  if (r.u32max == u32.MAX_VALUE) omit |= 128
  store<i64>(vals, r.smin)
  store<i64>(vals, r.smax, 8)
  store<u64>(vals, r.umin, 16)
  store<u64>(vals, r.umax, 24)
  store<i64>(vals, shown32(r.s32min), 32)
  store<i64>(vals, shown32(r.s32max), 40)
  store<u64>(vals, r.u32min, 48)
  store<u64>(vals, r.u32max, 56)
  for (let i = 0; i < 8; i++) {
    if (omit & (1 << i)) continue
    const v = load<i64>(vals + (i << 3))
    const neg = signedBound(i) && v < 0
    verbose(env, '%s%s=', S(first ? '' : ','), S(boundName(i)))
    first = false
    for (let j = i + 2; j < 8; j += 2) {
      const w = load<i64>(vals + (j << 3))
      if (omit & (1 << j) || w != v) continue
      if ((signedBound(j) && w < 0) != neg) continue
      omit |= 1 << j
      verbose(env, '%s=', S(boundName(j)))
    }
    if (signedBound(i)) verboseSnum(env, v)
    else verboseUnum(env, <u64>v)
  }
  return first
}

function printReg(env: Env, f: FuncState, r: RegState): void {
  const t = r.type
  if (t == SCALAR_VALUE && r.precise) verbose(env, 'P')
  if (t == SCALAR_VALUE && isConst(r)) {
    verboseSnum(env, <i64>r.varValue)
    return
  }
  verbose(env, '%S', regTypeStr(env, t))
  if (t == PTR_TO_ARENA) return
  if (t == PTR_TO_STACK) {
    if (f.frameno != r.frameno) verbose(env, '[%d]', r.frameno)
    if (isConst(r)) {
      verboseSnum(env, <i64>r.varValue + r.off)
      return
    }
  }
  const base = baseType(t)
  if (base == PTR_TO_BTF_ID) verbose(env, '%S', typeName(changetype<Btf>(r.btf), r.btfId))
  verbose(env, '(')
  let first = true
  if (r.id) {
    verbose(env, 'id=%d', r.id & ~BPF_ADD_CONST)
    first = false
  }
  if (r.id & BPF_ADD_CONST) verbose(env, '%+d', r.off)
  if (r.refObjId) {
    verbose(env, '%sref_obj_id=%d', S(first ? '' : ','), r.refObjId)
    first = false
  }
  if (t & NON_OWN_REF) {
    verbose(env, '%snon_own_ref', S(first ? '' : ','))
    first = false
  }
  if (base == CONST_PTR_TO_MAP || base == PTR_TO_MAP_KEY || base == PTR_TO_MAP_VALUE) {
    const name = mapName(r.map)
    if (load<u8>(name)) {
      verbose(env, '%smap=%S', S(first ? '' : ','), Z(name))
      first = false
    }
    verbose(env, '%sks=%d,vs=%d', S(first ? '' : ','), r.map.keySize, r.map.valueSize)
    first = false
  }
  if (t != SCALAR_VALUE && r.off) {
    verbose(env, '%soff=', S(first ? '' : ','))
    verboseSnum(env, r.off)
    first = false
  }
  if (t == PTR_TO_PACKET || t == PTR_TO_PACKET_META) {
    verbose(env, '%sr=', S(first ? '' : ','))
    verboseUnum(env, <u64>(<i64>r.range))
    first = false
  }
  if (base == PTR_TO_MEM) {
    verbose(env, '%ssz=', S(first ? '' : ','))
    verboseUnum(env, r.memSize)
    first = false
  }
  if (t == CONST_PTR_TO_DYNPTR) {
    verbose(env, '%stype=%s', S(first ? '' : ','), dynptrTypeStr(r.dynptrType))
    first = false
  }
  if (isConst(r)) {
    if (r.varValue) {
      verbose(env, '%simm=', S(first ? '' : ','))
      verboseSnum(env, <i64>r.varValue)
    }
  } else {
    first = printRanges(env, r, first)
    if (~r.varMask) verbose(env, '%svar_off=%T', S(first ? '' : ','), Z(r.varOff))
  }
  verbose(env, ')')
}

function slotChar(t: i32): u8 {
  switch (t) {
    case 0:
      return 63 // ?
    case 1:
      return 114 // r
    case 2:
      return 109 // m
    case 3:
      return 48 // 0
    case 4:
      return 100 // d
    case 5:
      return 105 // i
  }
  return 102 // f
}

/** Prints a slot; returns the number of the slot that was dealt with last. */
function printSlot(env: Env, f: FuncState, spi: i32): i32 {
  const buf = memory.data(16, 8)
  if (slotTypes(f, spi) == 0) return spi
  for (let j = 0; j < 8; j++) store<u8>(buf + j, slotChar(slotType(f, spi, j)))
  store<u8>(buf, 0, 8)
  let r = spilledOf(f, spi)
  switch (slotType(f, spi, 7)) {
    case STACK_SPILL: {
      let j = 0
      while (slotType(f, spi, j) != STACK_SPILL) j++
      store<u8>(buf + j, 0)
      verbose(env, ' fp%d=%S', (-spi - 1) * 8, Z(buf))
      printReg(env, f, r)
      return spi
    }
    case STACK_DYNPTR: {
      const s = spi + 1
      r = spilledOf(f, s)
      verbose(env, ' fp%d=dynptr_%s(', (-s - 1) * 8, dynptrTypeStr(r.dynptrType))
      let first = true
      if (r.id) {
        verbose(env, 'id=%d', r.id)
        first = false
      }
      if (r.refObjId) {
        verbose(env, '%sref_id=%d', S(first ? '' : ','), r.refObjId)
        first = false
      }
      // The word that holds an id in other registers marks the first slot here, and Linux prints it.
      if (r.dynptrId) verbose(env, '%sdynptr_id=%d', S(first ? '' : ','), r.dynptrId)
      verbose(env, ')')
      return s
    }
    case STACK_ITER:
      if (!r.refObjId) return spi
      verbose(
        env,
        ' fp%d=iter_%S(ref_id=%d,state=%s,depth=%u)',
        (-spi - 1) * 8,
        iterTypeStr(changetype<Btf>(r.btf), r.btfId),
        r.refObjId,
        iterStateStr(r.iterState),
        r.iterDepth,
      )
      return spi
  }
  verbose(env, ' fp%d=%S', (-spi - 1) * 8, Z(buf))
  return spi
}

/** All of a frame, or what the last instruction touched. */
export function printState(env: Env, st: VState, frameno: i32, all: bool): void {
  const f = frameOf(st, frameno)
  if (f.frameno) verbose(env, ' frame%d:', f.frameno)
  for (let i = 0; i < MAX_BPF_REG; i++) {
    const r = regOf(f, i)
    if (r.type == NOT_INIT) continue
    if (!all && !(env.scratchedRegs & (1 << i))) continue
    verbose(env, ' R%d=', i)
    printReg(env, f, r)
  }
  const n = slotCnt(f)
  for (let i = 0; i < n; i++) {
    if (!all && !((env.scratchedStack >> i) & 1)) continue
    i = printSlot(env, f, i)
  }
  if (st.acquiredRefs && refOf(st, 0).id) {
    verbose(env, ' refs=%d', refOf(st, 0).id)
    for (let i = 1; i < st.acquiredRefs; i++) if (refOf(st, i).id) verbose(env, ',%d', refOf(st, i).id)
  }
  if (f.inCallbackFn) verbose(env, ' cb')
  if (f.inAsyncCallbackFn) verbose(env, ' async_cb')
  verbose(env, '\n')
  if (!all) markStateClean(env)
}

/** What an instruction changed, on its own line's right side if nothing came in between. */
export function printInsnState(env: Env, st: VState, frameno: i32): void {
  if (env.prevLogPos && env.prevLogPos == env.log.endPos) {
    logReset(env.log, env.prevLogPos - 1)
    const pos = env.prevInsnPrintPos
    const width = ((max<u32>(pos + 4, 40) + 7) & ~7) - pos - 1
    verbose(env, '%*c;', width, 32)
  } else verbose(env, '%d:', env.insnIdx)
  printState(env, st, frameno, false)
}
