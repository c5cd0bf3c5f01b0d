// SPDX-License-Identifier: GPL-2.0-only
// Kernel objects as text by their type information. Kernel counterpart: the show functions of kernel/bpf/btf.c.
//
// What is zero is left out unless asked for. So a nested struct or array is walked twice: once silently, to learn
// whether anything in it will show (depthCheck), then again to show it.

import { EFAULT, EINVAL, ENOENT } from '../gen/errno.gen'
import { Btf, btfKflag, btfKind, btfNameByOffset, btfSize, btfType, btfTypeById, btfVlen } from '../btf/btf'
import { FMT_SIGNED, FMT_ZERO, putByte, putNumber, putText, Sink } from '../mem/format'
import { kernel } from '../mem/root'
import { hashedPointer } from './bprintf'
import { typeName } from './btf-name'
import { asResult, errno } from './given'
import { readable } from './probe'
import { SeqFile, seqOverflowed } from './seq'

/** struct btf_ptr: address u64, type id u32, flags u32. */
const BTF_PTR_SIZE: u32 = 16
const F_COMPACT: u32 = 1
export const F_NONAME: u32 = 2
const F_PTR_RAW: u32 = 4
const F_ZERO: u32 = 8
const F_ALL: u64 = 15

const KIND_INT: u32 = 1
const KIND_PTR: u32 = 2
const KIND_ARRAY: u32 = 3
const KIND_STRUCT: u32 = 4
const KIND_UNION: u32 = 5
const KIND_ENUM: u32 = 6
const KIND_TYPEDEF: u32 = 8
const KIND_RESTRICT: u32 = 11
const KIND_TYPE_TAG: u32 = 18
const KIND_ENUM64: u32 = 19
const INT_SIGNED: u32 = 1
const INT_CHAR: u32 = 2
const MEMBER_SIZE: usize = 12
const MAX_INDENT: u32 = 32

@unmanaged export class Show {
  btf: Btf
  out: Sink
  flags: u32
  depth: u32
  depthToShow: u32
  depthCheck: u32
  type: usize
  typeId: u32
  /** The struct btf_member that is shown, or 0. */
  member: usize
  arrayMember: bool
  arrayTerminated: bool
  arrayEncoding: u32
}

const SHOW: usize = memory.data(offsetof<Show>(), 8)
const OUT: usize = memory.data(offsetof<Sink>(), 8)
const NAME: usize = memory.data(80, 8)
const BITS: usize = memory.data(24, 8)
const NAME_SIZE: usize = 80

export function isModifier(kind: u32): bool {
  return (kind >= KIND_TYPEDEF && kind <= KIND_RESTRICT) || kind == KIND_TYPE_TAG
}

function skipModifiers(btf: Btf, id: u32): usize {
  let t = btfTypeById(btf, id)
  while (t && isModifier(btfKind(t))) t = btfTypeById(btf, btfType(t))
  return t
}

function putLiteral(show: Show, text: string): void {
  putText(show.out, changetype<usize>(text), 2, 0, 0, -1)
}

function putStart(show: Show): void {
  if (!(show.flags & F_COMPACT)) {
    for (let i: u32 = 0; i < min(show.depth, MAX_INDENT); i++) putByte(show.out, 32)
  }
  typeName(show, NAME, NAME_SIZE)
  putText(show.out, NAME, 1, 0, 0, -1)
}

function putEnd(show: Show): void {
  if (show.depth) {
    const union = show.flags & F_COMPACT && show.type != 0 && btfKind(show.type) == KIND_UNION
    putByte(show.out, union ? 124 : 44)
  }
  if (!(show.flags & F_COMPACT)) putByte(show.out, 10)
}

/** Whether a value shows; noted for whoever walks to learn it. False also while nobody is to see. */
function begin(show: Show, isZero: bool): bool {
  if (isZero && !(show.flags & F_ZERO) && show.depth) return false
  if (show.depth > show.depthToShow) show.depthToShow = show.depth
  if (show.depthCheck) return false
  putStart(show)
  return true
}

function putValue(show: Show, value: u64, base: u32, flags: u32): void {
  if (!begin(show, value == 0)) return
  putNumber(show.out, value, base, flags, 0, -1)
  putEnd(show)
}

function putHex128(show: Show, low: u64, high: u64): void {
  if (!begin(show, low == 0 && high == 0)) return
  putLiteral(show, '0x')
  if (high) {
    putNumber(show.out, high, 16, 0, 0, -1)
    putNumber(show.out, low, 16, FMT_ZERO, 16, -1)
  } else putNumber(show.out, low, 16, 0, 0, -1)
  putEnd(show)
}

function startType(show: Show, t: usize, id: u32): void {
  show.type = t
  show.typeId = id
}
function endType(show: Show): void {
  show.type = 0
  show.typeId = 0
}

function showBits(show: Show, data: usize, offset: u32, bits: u32): void {
  store<u64>(BITS, 0)
  store<u64>(BITS, 0, 8)
  memory.copy(BITS, data, (bits + offset + 7) >> 3)
  let low = load<u64>(BITS)
  let high = load<u64>(BITS, 8)
  if (offset) {
    low = (low >> offset) | (high << (64 - offset))
    high >>= offset
  }
  if (bits < 64) {
    low &= ((<u64>1) << bits) - 1
    high = 0
  } else if (bits < 128) high &= ((<u64>1) << (bits - 64)) - 1
  putHex128(show, low, high)
}

function showChar(show: Show, data: usize): bool {
  if (show.arrayTerminated) return true
  const c = <u32>load<u8>(data)
  if (!c) {
    show.arrayTerminated = true
    return true
  }
  if (c < 32 || c == 127 || (c > 127 && c < 160)) return false
  if (begin(show, false)) {
    putByte(show.out, 39)
    putByte(show.out, c)
    putByte(show.out, 39)
    putEnd(show)
  }
  return true
}

function showInt(show: Show, t: usize, id: u32, data: usize, offset: u32): void {
  const info = load<u32>(t, 12)
  const bits = info & 0xff
  const intOffset = (info >> 16) & 0xff
  startType(show, t, id)
  if (offset || intOffset || bits & 7 || (bits != 8 && bits != 16 && bits != 32 && bits != 64 && bits != 128)) {
    const total = offset + intOffset
    showBits(show, data + (total >> 3), total & 7, bits)
  } else showWholeInt(show, data, bits, ((info >> 24) & INT_SIGNED) != 0)
  endType(show)
}

function showWholeInt(show: Show, data: usize, bits: u32, signed: bool): void {
  const flags = signed ? FMT_SIGNED : 0
  switch (bits) {
    case 128:
      putHex128(show, load<u64>(data), load<u64>(data, 8))
      break
    case 64:
      putValue(show, load<u64>(data), 10, flags)
      break
    case 32:
      putValue(show, signed ? <u64>load<i32>(data) : <u64>load<u32>(data), 10, flags)
      break
    case 16:
      putValue(show, signed ? <u64>load<i16>(data) : <u64>load<u16>(data), 10, flags)
      break
    default:
      if (show.arrayEncoding == INT_CHAR && showChar(show, data)) break
      putValue(show, signed ? <u64>load<i8>(data) : <u64>load<u8>(data), 10, flags)
  }
}

function showPointer(show: Show, t: usize, id: u32, data: usize): void {
  startType(show, t, id)
  const value = load<u64>(data)
  if (begin(show, value == 0)) {
    putLiteral(show, '0x')
    putNumber(show.out, show.flags & F_PTR_RAW ? value : hashedPointer(value), 16, FMT_ZERO, 16, -1)
    putEnd(show)
  }
  endType(show)
}

/** An enumerator's name shows even if its value is zero. */
function showEnum(show: Show, t: usize, id: u32, data: usize): void {
  const wide = btfKind(t) == KIND_ENUM64
  const size: usize = wide ? 12 : 8
  const value = wide ? load<u64>(data) : <u64>load<u32>(data)
  startType(show, t, id)
  let name: usize = 0
  for (let i: u32 = 0; i < btfVlen(t) && !name; i++) {
    const e = t + 12 + <usize>i * size
    const v = wide ? ((<u64>load<u32>(e, 8)) << 32) | (<u64>load<u32>(e, 4)) : <u64>load<u32>(e, 4)
    if (v == value) name = btfNameByOffset(show.btf, load<u32>(e))
  }
  const signed = btfKflag(t)
  if (!name) putValue(show, signed && !wide ? <u64>(<i64>(<i32>value)) : value, 10, signed ? FMT_SIGNED : 0)
  else if (begin(show, false)) {
    putText(show.out, name, 1, 0, 0, -1)
    putEnd(show)
  }
  endType(show)
}

function startAggregate(show: Show, t: usize, id: u32): void {
  startType(show, t, id)
  if (!show.depthCheck) {
    putStart(show)
    if (!(show.flags & F_COMPACT)) putByte(show.out, 10)
  }
  show.depth++
}

function endAggregate(show: Show, suffix: u32): void {
  show.depth--
  if (!show.depthCheck) {
    if (!(show.flags & F_COMPACT)) {
      for (let i: u32 = 0; i < min(show.depth, MAX_INDENT); i++) putByte(show.out, 32)
    }
    putByte(show.out, suffix)
    putEnd(show)
  }
  endType(show)
}

function showMembers(show: Show, t: usize, id: u32, data: usize): void {
  startAggregate(show, t, id)
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const m = t + 12 + <usize>i * MEMBER_SIZE
    const raw = load<u32>(m, 8)
    const at = btfKflag(t) ? raw & 0xffffff : raw
    const bits = btfKflag(t) ? raw >> 24 : 0
    const memberId = load<u32>(m, 4)
    const memberType = btfTypeById(show.btf, memberId)
    show.member = m
    if (bits) {
      startType(show, memberType, memberId)
      showBits(show, data + (at >> 3), at & 7, bits)
      endType(show)
    } else showType(show, memberType, memberId, data + (at >> 3), at & 7)
    show.member = 0
  }
  endAggregate(show, 125)
}

function showElements(show: Show, t: usize, id: u32, data: usize): void {
  const elemId = load<u32>(t, 12)
  const count = load<u32>(t, 20)
  const elem = skipModifiers(show.btf, elemId)
  const kind = elem ? btfKind(elem) : 0
  const sized =
    kind == KIND_INT || kind == KIND_STRUCT || kind == KIND_UNION || kind == KIND_ENUM || kind == KIND_ENUM64
  const size: u32 = sized ? btfSize(elem) : kind == KIND_PTR ? 8 : 0
  show.arrayEncoding = kind == KIND_INT ? (size == 1 ? INT_CHAR : (load<u32>(elem, 12) >> 24) & 15) : 0
  show.arrayTerminated = false
  startAggregate(show, t, id)
  for (let i: u32 = 0; elem && i < count; i++) {
    show.arrayMember = true
    show.member = 0
    showType(show, elem, elemId, data + <usize>i * size, 0)
    show.arrayMember = false
    show.member = 0
    if (show.arrayTerminated) break
  }
  show.arrayEncoding = 0
  show.arrayTerminated = false
  endAggregate(show, 93)
}

function showAggregate(show: Show, t: usize, id: u32, data: usize): void {
  const isArray = btfKind(t) == KIND_ARRAY
  const member = show.member
  if (show.depth && !(show.flags & F_ZERO)) {
    if (!show.depthCheck) {
      show.depthCheck = show.depth + 1
      show.depthToShow = 0
    }
    if (isArray) showElements(show, t, id, data)
    else showMembers(show, t, id, data)
    show.member = member
    // the walk is for somebody further out
    if (show.depthCheck != show.depth + 1) return
    show.depthCheck = 0
    if (show.depthToShow <= show.depth) return
  }
  if (isArray) showElements(show, t, id, data)
  else showMembers(show, t, id, data)
}

function showType(show: Show, t: usize, id: u32, data: usize, offset: u32): void {
  if (t && isModifier(btfKind(t))) t = skipModifiers(show.btf, id)
  switch (t ? btfKind(t) : 0) {
    case KIND_INT:
      showInt(show, t, id, data, offset)
      break
    case KIND_PTR:
      showPointer(show, t, id, data)
      break
    case KIND_ENUM:
    case KIND_ENUM64:
      showEnum(show, t, id, data)
      break
    case KIND_ARRAY:
    case KIND_STRUCT:
    case KIND_UNION:
      showAggregate(show, t, id, data)
      break
    default:
      if (show.depthCheck) break
      putLiteral(show, '<unsupported kind:')
      putNumber(show.out, <u64>(t ? btfKind(t) : 0), 10, 0, 0, -1)
      putByte(show.out, 62)
  }
}

function prepare(ptr: usize, size: u32, flags: u64): i32 {
  if (flags & ~F_ALL || size != BTF_PTR_SIZE) return -EINVAL
  const btf = changetype<Btf>(kernel().vmlinux)
  const id = load<u32>(ptr, 8)
  if (!changetype<usize>(btf) || !id) return -EINVAL
  return btfTypeById(btf, id) ? 0 : -ENOENT
}

/** Bytes of the object, or 0 for what has no size. */
function objectSize(btf: Btf, id: u32): u32 {
  let count: u32 = 1
  let t = skipModifiers(btf, id)
  while (t && btfKind(t) == KIND_ARRAY) {
    count *= load<u32>(t, 20)
    t = skipModifiers(btf, load<u32>(t, 12))
  }
  if (!t) return 0
  return btfKind(t) == KIND_PTR ? 8 * count : btfSize(t) * count
}

/** Writes the object's text at `buf`; the length of the whole text, or -EFAULT. */
function showObject(ptr: usize, buf: usize, cap: usize, flags: u64): i32 {
  const btf = changetype<Btf>(kernel().vmlinux)
  const id = load<u32>(ptr, 8)
  const obj = load<u64>(ptr)
  if (!readable(obj, objectSize(btf, id))) return -EFAULT
  memory.fill(SHOW, 0, offsetof<Show>())
  const show = changetype<Show>(SHOW)
  const out = changetype<Sink>(OUT)
  out.buf = buf
  out.cap = cap
  out.len = 0
  show.btf = btf
  show.out = out
  show.flags = <u32>flags
  showType(show, btfTypeById(btf, id), id, <usize>obj, 0)
  if (cap) store<u8>(buf + min(out.len, cap - 1), 0)
  return <i32>out.len
}

export function snprintfBtf(str: u64, strSize: u64, ptr: u64, size: u64, flags: u64): u64 {
  const err = prepare(<usize>ptr, <u32>size, flags)
  return asResult(err ? err : showObject(<usize>ptr, <usize>str, <u32>strSize, flags))
}

export function seqPrintfBtf(m: u64, ptr: u64, size: u64, flags: u64, r5: u64): u64 {
  const err = prepare(<usize>ptr, <u32>size, flags)
  if (err) return asResult(err)
  const s = changetype<SeqFile>(<usize>m)
  const room = s.size - s.count
  const n = showObject(<usize>ptr, s.buf + s.count, room, flags)
  if (n < 0) return asResult(n)
  s.count = <u32>n < room ? s.count + <u32>n : s.size
  return seqOverflowed(s) ? errno(EINVAL) : 0
}
