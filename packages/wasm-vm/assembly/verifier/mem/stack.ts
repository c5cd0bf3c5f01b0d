// SPDX-License-Identifier: GPL-2.0-only
// Loads and stores of the stack: spills, fills, zeroes, unknown bytes; fixed and variable offsets.
// Counterparts: check_stack_read, check_stack_write, check_stack_range_initialized.

import { EACCES, EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  CONST_PTR_TO_MAP,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_STACK,
  PTR_TO_TCP_SOCK,
  PTR_TO_XDP_SOCK,
  SCALAR_VALUE,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
} from '../../gen/verifier-types.gen'
import { insnCode, insnImm } from '../../insn/raw'
import { pushHistory, stackAccessFlags } from '../backtrack/history'
import { markChainPrecision } from '../backtrack/precision'
import {
  assignScalarId,
  baseType,
  equalsConst,
  isConst,
  markConstZero,
  markKnown,
  markUnknown,
  regWidth,
  registerIsNull,
} from '../bounds'
import { BPF_MAX_VAR_OFF, Env, MAX_BPF_STACK, auxAt, insnOf, markSlotScratched, subprogAt } from '../env'
import { markStackRead, markStackWrite } from '../liveness'
import { verboseLinfo } from '../log/source-line'
import { S, Z, reject, verbose } from '../log/verbose'
import { READ, WRITE } from './kinds'
import { destroyDynptrSlot } from '../special/dynptr'
import {
  BPF_REG_SIZE,
  FuncState,
  REG_SIZE,
  RegState,
  copyReg,
  curFrame,
  curReg,
  frameOfReg,
  growStack,
  isSpecialSlot,
  isSpilledReg,
  isSpilledScalar,
  regOf,
  setSlotType,
  slotType,
  spiOf,
  spilledOf,
} from '../state'

function isSpillable(type: i32): bool {
  switch (baseType(type)) {
    case PTR_TO_MAP_VALUE:
    case PTR_TO_STACK:
    case PTR_TO_CTX:
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET_END:
    case PTR_TO_FLOW_KEYS:
    case CONST_PTR_TO_MAP:
    case PTR_TO_SOCKET:
    case PTR_TO_SOCK_COMMON:
    case PTR_TO_TCP_SOCK:
    case PTR_TO_XDP_SOCK:
    case PTR_TO_BTF_ID:
    case PTR_TO_BUF:
    case PTR_TO_MEM:
    case PTR_TO_FUNC:
    case PTR_TO_MAP_KEY:
    case PTR_TO_ARENA:
      return true
  }
  return false
}

/** Slots of register saves around fast calls must be used by those alone. */
function checkFastcallContract(env: Env, f: FuncState, insn: i32, off: i32): void {
  const n = <i32>f.subprogno
  const sub = subprogAt(env, n)
  if (sub.fastcallStackOff <= off || auxAt(env, insn).fastcallPattern) return
  sub.fastcallStackOff = i16.MIN_VALUE
  const end = subprogAt(env, n + 1).start
  for (let i = sub.start; i < end; i++) {
    auxAt(env, i).fastcallSpills = 0
    auxAt(env, i).fastcallPattern = false
  }
}

/** Data written into a slot destroys what was spilled there. */
function scrubSpecial(f: FuncState, spi: i32): void {
  spilledOf(f, spi).type = NOT_INIT
  if (isSpecialSlot(f, spi)) scrub(f, spi)
}

function scrub(f: FuncState, spi: i32): void {
  for (let i = 0; i < 8; i++) if (slotType(f, spi, i) != STACK_INVALID) setSlotType(f, spi, i, STACK_MISC)
}

function saveReg(f: FuncState, spi: i32, reg: RegState, size: i32): void {
  copyReg(spilledOf(f, spi), reg)
  let i = 8
  for (; i > 8 - size; i--) setSlotType(f, spi, i - 1, STACK_SPILL)
  for (; i; i--) {
    const t = slotType(f, spi, i - 1)
    if (t != STACK_ZERO && t != STACK_INVALID) setSlotType(f, spi, i - 1, STACK_MISC)
  }
}

@inline function isStoreImm(p: usize): bool {
  return (insnCode(p) & 0xe7) == 0x62
}

function writeFixed(env: Env, f: FuncState, off: i32, size: i32, valueReg: i32, insn: i32): i32 {
  const slot = -off - 1
  const spi = slot >> 3
  const p = insnOf(env, insn)
  if (!env.allowPtrLeaks && isSpilledReg(f, spi) && !isSpilledScalar(f, spi) && size != BPF_REG_SIZE)
    return reject(env, -EACCES, 'attempt to corrupt spilled pointer on stack\n')
  const cur = curFrame(env)
  const has = valueReg >= 0
  const reg = has ? regOf(cur, valueReg) : changetype<RegState>(0)
  if (!env.bypassSpecV4) {
    let sanitize = has && isSpillable(reg.type)
    for (let i = 0; i < size && !sanitize; i++) {
      const t = slotType(f, spi, i)
      if (t != STACK_MISC && t != STACK_ZERO) sanitize = true
    }
    if (sanitize) auxAt(env, insn).nospecResult = true
  }
  let err = destroyDynptrSlot(env, f, spi)
  if (err) return err
  const aligned = (off & 7) == 0
  if (aligned && size == BPF_REG_SIZE) markStackWrite(env, f.frameno, (<u64>1) << spi)
  checkFastcallContract(env, f, insn, off)
  markSlotScratched(env, spi)
  const flags = stackAccessFlags(f.frameno, spi)
  if (has && aligned && reg.type == SCALAR_VALUE && env.bpfCapable) {
    const fits = regWidth(reg) <= 8 * size
    if (fits) assignScalarId(env, reg)
    saveReg(f, spi, reg, size)
    if (!fits) spilledOf(f, spi).id = 0
  } else if (!has && aligned && isStoreImm(p) && env.bpfCapable) {
    const tmp = env.fake0
    memory.fill(changetype<usize>(tmp), 0, REG_SIZE)
    markKnown(tmp, <u64>(<i64>insnImm(p)))
    tmp.type = SCALAR_VALUE
    saveReg(f, spi, tmp, size)
  } else if (has && isSpillable(reg.type)) {
    if (size != BPF_REG_SIZE) {
      verboseLinfo(env, insn)
      return reject(env, -EACCES, 'invalid size of register spill\n')
    }
    if (changetype<usize>(f) != changetype<usize>(cur) && reg.type == PTR_TO_STACK)
      return reject(env, -EINVAL, 'cannot spill pointers to stack into stack frame of the caller\n')
    saveReg(f, spi, reg, size)
  } else {
    let type = STACK_MISC
    scrubSpecial(f, spi)
    if ((has && registerIsNull(reg)) || (!has && isStoreImm(p) && insnImm(p) == 0)) {
      err = markChainPrecision(env, valueReg)
      if (err) return err
      type = STACK_ZERO
    }
    for (let i = 0; i < size; i++) setSlotType(f, spi, (slot - i) & 7, type)
    return 0
  }
  return pushHistory(env, env.cur, flags, 0)
}

function writeVariable(env: Env, f: FuncState, ptrReg: i32, off: i32, size: i32, valueReg: i32, insn: i32): i32 {
  const ptr = curReg(env, ptrReg)
  const lo = <i32>ptr.smin + off
  const hi = <i32>ptr.smax + off + size
  const p = insnOf(env, insn)
  const zero = valueReg >= 0 ? registerIsNull(curReg(env, valueReg)) : isStoreImm(p) && insnImm(p) == 0
  let zeroUsed = false
  for (let i = lo; i < hi; i++) {
    const err = destroyDynptrSlot(env, f, spiOf(i))
    if (err) return err
  }
  checkFastcallContract(env, f, insn, lo)
  for (let i = lo; i < hi; i++) {
    const slot = -i - 1
    const spi = slot >> 3
    const byte = slot & 7
    const t = slotType(f, spi, byte)
    markSlotScratched(env, spi)
    if (!env.allowPtrLeaks && t != STACK_MISC && t != STACK_ZERO)
      return reject(env, -EINVAL, 'spilled ptr in range of var-offset stack write; insn %d, ptr off: %d', insn, i)
    if (zero && t == STACK_SPILL && isSpilledScalar(f, spi) && equalsConst(spilledOf(f, spi), 0)) {
      zeroUsed = true
      continue
    }
    scrubSpecial(f, spi)
    let type = STACK_MISC
    if (zero && slotType(f, spi, byte) == STACK_ZERO) {
      type = STACK_ZERO
      zeroUsed = true
    }
    if (t == STACK_INVALID && !env.allowUninitStack)
      return reject(
        env,
        -EINVAL,
        'uninit stack in range of var-offset write prohibited for !root; insn %d, off: %d',
        insn,
        i,
      )
    setSlotType(f, spi, byte, type)
  }
  return zeroUsed ? markChainPrecision(env, valueReg) : 0
}

/** Zero if all bytes are, else unknown. */
function markRead(env: Env, f: FuncState, lo: i32, hi: i32, dst: i32): void {
  let zeros = 0
  for (let i = lo; i < hi; i++) {
    const slot = -i - 1
    markSlotScratched(env, slot >> 3)
    if (slotType(f, slot >> 3, slot & 7) != STACK_ZERO) break
    zeros++
  }
  const r = curReg(env, dst)
  if (zeros == hi - lo) markConstZero(env, r)
  else markUnknown(env, r)
}

/** The lowest bytes of what was spilled (little endian). */
@inline function narrowOk(off: i32): bool {
  return (off & 7) == 0
}

function readFixed(env: Env, f: FuncState, off: i32, size: i32, dst: i32): i32 {
  const cur = curFrame(env)
  const slot = -off - 1
  const spi = slot >> 3
  const r = spilledOf(f, spi)
  let keep = true
  markSlotScratched(env, spi)
  checkFastcallContract(env, cur, env.insnIdx, off)
  const err = markStackRead(env, f.frameno, env.insnIdx, (<u64>1) << spi)
  if (err) return err
  if (isSpilledReg(f, spi)) {
    let spillSize = 1
    for (let i = 7; i > 0 && slotType(f, spi, i - 1) == STACK_SPILL; i--) spillSize++
    if (size != 8 || spillSize != 8) {
      if (r.type != SCALAR_VALUE) {
        verboseLinfo(env, env.insnIdx)
        return reject(env, -EACCES, 'invalid size of register fill\n')
      }
      if (dst < 0) return 0
      const d = regOf(cur, dst)
      if (size <= spillSize && narrowOk(off)) {
        const def = d.subregDef
        copyReg(d, r)
        d.subregDef = def
        if (regWidth(r) > size * 8) d.id = 0
      } else {
        let spills = 0
        let zeros = 0
        for (let i = 0; i < size; i++) {
          const t = slotType(f, spi, (slot - i) & 7)
          if (t == STACK_SPILL) spills++
          else if (t == STACK_ZERO) zeros++
          else if (t != STACK_MISC && !(t == STACK_INVALID && env.allowUninitStack))
            return reject(env, -EACCES, 'invalid read from stack off %d+%d size %d\n', off, i, size)
        }
        if (spills == size && equalsConst(r, 0)) markConstZero(env, d)
        else {
          if (zeros == size) markConstZero(env, d)
          else markUnknown(env, d)
          keep = false
        }
      }
    } else if (dst >= 0) copyReg(regOf(cur, dst), r)
    else if (!env.allowPtrLeaks && r.type != SCALAR_VALUE)
      return reject(env, -EACCES, 'leaking pointer from stack off %d\n', off)
  } else {
    for (let i = 0; i < size; i++) {
      const t = slotType(f, spi, (slot - i) & 7)
      if (t == STACK_MISC || t == STACK_ZERO || (t == STACK_INVALID && env.allowUninitStack)) continue
      return reject(env, -EACCES, 'invalid read from stack off %d+%d size %d\n', off, i, size)
    }
    if (dst >= 0) markRead(env, f, off, off + size, dst)
    keep = false
  }
  return keep ? pushHistory(env, env.cur, stackAccessFlags(f.frameno, spi), 0) : 0
}

/** off includes the register's fixed offset. */
export function checkStackRead(env: Env, ptrReg: i32, off: i32, size: i32, dst: i32): i32 {
  const reg = curReg(env, ptrReg)
  const f = frameOfReg(env, reg)
  if (isConst(reg)) return readFixed(env, f, off + <i32>reg.varValue, size, dst)
  if (dst < 0)
    return reject(
      env,
      -EACCES,
      'variable offset stack pointer cannot be passed into helper function; var_off=%T off=%d size=%d\n',
      Z(reg.varOff),
      off,
      size,
    )
  const err = checkStackRange(env, ptrReg, off, size, false, READ, 0)
  if (err) return err
  const lo = <i32>reg.smin + off
  markRead(env, f, lo, <i32>reg.smax + off + size, dst)
  checkFastcallContract(env, f, env.insnIdx, lo)
  return 0
}

export function checkStackWrite(env: Env, ptrReg: i32, off: i32, size: i32, valueReg: i32, insn: i32): i32 {
  const reg = curReg(env, ptrReg)
  const f = frameOfReg(env, reg)
  if (isConst(reg)) return writeFixed(env, f, off + <i32>reg.varValue, size, valueReg, insn)
  return writeVariable(env, f, ptrReg, off, size, valueReg, insn)
}

export function checkStackBounds(env: Env, regno: i32, off: i32, size: i32, access: i32): i32 {
  const reg = curReg(env, regno)
  const f = frameOfReg(env, reg)
  const what = access == READ ? S(' read from') : S(' write to')
  let lo: i64
  let hi: i64
  if (isConst(reg)) {
    lo = <i64>reg.varValue + off
    hi = lo + size
  } else {
    if (reg.smax >= BPF_MAX_VAR_OFF || reg.smin <= -BPF_MAX_VAR_OFF)
      return reject(env, -EACCES, 'invalid unbounded variable-offset%s stack R%d\n', what, regno)
    lo = reg.smin + off
    hi = reg.smax + off + size
  }
  const deepest = access == WRITE || env.allowUninitStack ? -MAX_BPF_STACK : -f.allocatedStack
  let err = lo < <i64>deepest || lo > -1 ? -EACCES : 0
  if (!err && hi > 0) err = -EINVAL
  if (!err && size < 0) err = -EFAULT
  if (err) {
    if (isConst(reg)) verbose(env, 'invalid%s stack R%d off=%d size=%d\n', what, regno, off, size)
    else
      verbose(
        env,
        'invalid variable-offset%s stack R%d var_off=%T off=%d size=%d\n',
        what,
        regno,
        Z(reg.varOff),
        off,
        size,
      )
    return err
  }
  return growStack(env, f, <i32>-lo)
}

/** A helper reads or writes a range. raw: where a write that needs no initialised memory is noted, 0: it does. */
export function checkStackRange(env: Env, regno: i32, off: i32, size: i32, zeroOk: bool, access: i32, raw: usize): i32 {
  const reg = curReg(env, regno)
  const f = frameOfReg(env, reg)
  if (size == 0 && !zeroOk) return reject(env, -EACCES, 'invalid zero-sized read\n')
  const clobber = access == WRITE
  let err = checkStackBounds(env, regno, off, size, access)
  if (err) return err
  let lo: i32
  let hi: i32
  if (isConst(reg)) {
    lo = <i32>reg.varValue + off
    hi = lo
  } else {
    if (!env.bypassSpecV1)
      return reject(
        env,
        -EACCES,
        'R%d variable offset stack access prohibited for !root, var_off=%T\n',
        regno,
        Z(reg.varOff),
      )
    raw = 0
    lo = <i32>reg.smin + off
    hi = <i32>reg.smax + off
  }
  if (raw) {
    for (let i = lo; i < hi + size; i++) {
      const at = -i - 1
      if (f.allocatedStack <= at) continue
      if (slotType(f, spiOf(i), at & 7) == STACK_DYNPTR)
        return reject(env, -EACCES, 'potential write to dynptr at off=%d disallowed\n', i)
    }
    store<i32>(raw, size)
    store<i32>(raw, regno, 4)
    return 0
  }
  for (let i = lo; i < hi + size; i++) {
    const slot = -i - 1
    const spi = slot >> 3
    if (f.allocatedStack <= slot) return reject(env, -EFAULT, 'allocated_stack too small\n')
    const t = slotType(f, spi, slot & 7)
    if (t == STACK_MISC) {
      // fine
    } else if (t == STACK_ZERO || (t == STACK_INVALID && env.allowUninitStack)) {
      if (clobber) setSlotType(f, spi, slot & 7, STACK_MISC)
    } else if (isSpilledReg(f, spi) && (spilledOf(f, spi).type == SCALAR_VALUE || env.allowPtrLeaks)) {
      if (clobber) {
        markUnknown(env, spilledOf(f, spi))
        scrub(f, spi)
      }
    } else {
      if (isConst(reg)) verbose(env, 'invalid read from stack R%d off %d+%d size %d\n', regno, lo, i - lo, size)
      else verbose(env, 'invalid read from stack R%d var_off %T+%d size %d\n', regno, Z(reg.varOff), i - lo, size)
      return -EACCES
    }
    err = markStackRead(env, <i32>reg.frameno, env.insnIdx, (<u64>1) << spi)
    if (err) return err
  }
  return 0
}
