// SPDX-License-Identifier: GPL-2.0-only
// First phase: each type for itself. Kernel counterpart: btf_check_meta and the check_meta functions.

import { EINVAL, ENOTSUPP } from '../../gen/errno.gen'
import { isAlpha, isDigit, isPrint } from '../../mem/ctype'
import { btfKflag, btfKind, btfSize, btfType, btfVlen } from '../btf'
import {
  KIND_ARRAY,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_ENUM,
  KIND_ENUM64,
  KIND_FLOAT,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_MAX,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_TYPE_TAG,
  KIND_UNION,
  KIND_UNKN,
  KIND_VAR,
  memberBitOffset,
} from '../kinds'
import { BTF_MAX_NAME_OFFSET, BTF_MAX_TYPE, BtfEnv } from './env'
import { basicLine, memberLine, message, shownName, typeLine, variableLine } from './log'
import { intBits, intOffset } from './types'

const INFO_MASK: u32 = 0x9f00ffff
const INT_MASK: u32 = 0x0fffffff
const NAME_LEN: usize = 512
const HEAD: u32 = 12

function nameOffsetOk(env: BtfEnv, off: u32): bool {
  return off <= BTF_MAX_NAME_OFFSET && off < env.btf.stringLen
}

/** Whether the string at an offset is an identifier (with dots). */
export function identifierOk(env: BtfEnv, off: u32): bool {
  if (off >= env.btf.stringLen) return false
  const p = env.btf.strings + <usize>off
  for (let i: usize = 0; i < NAME_LEN; i++) {
    const c = <u32>load<u8>(p + i)
    if (!c && i) return true
    if (!isAlpha(c) && c != 95 && c != 46 && (i == 0 || !isDigit(c))) return false
  }
  return !load<u8>(p + NAME_LEN)
}

/** Whether the string at an offset can name a section: printable. */
function sectionNameOk(env: BtfEnv, off: u32): bool {
  const p = env.btf.strings + <usize>off
  for (let i: usize = 0; i < NAME_LEN; i++) {
    const c = <u32>load<u8>(p + i)
    if (!c) return i != 0
    if (!isPrint(c)) return false
  }
  return !load<u8>(p + NAME_LEN)
}

@inline function idOk(id: u32): bool {
  return id <= BTF_MAX_TYPE
}

function tooShort(env: BtfEnv, t: usize, left: u32, need: u32): bool {
  if (left >= need) return false
  basicLine(env, t, 'meta_left:%u meta_needed:%u', left, need)
  return true
}

/** A line with what is wrong, and the errno. */
function wrong(env: BtfEnv, t: usize, what: string): i32 {
  typeLine(env, t, what)
  return -EINVAL
}

/** Checks the type at t, of which `left` bytes are there: its size, or -errno. */
export function checkMeta(env: BtfEnv, t: usize, left: u32): i32 {
  if (left < HEAD) {
    message(env, '[%u] meta_left:%u meta_needed:%u', env.logTypeId, left, HEAD)
    return -EINVAL
  }
  const info = load<u32>(t, 4)
  if (info & ~INFO_MASK) {
    message(env, '[%u] Invalid btf_info:%x', env.logTypeId, info)
    return -EINVAL
  }
  const kind = btfKind(t)
  if (kind > KIND_MAX || kind == KIND_UNKN) {
    message(env, '[%u] Invalid kind:%u', env.logTypeId, kind)
    return -EINVAL
  }
  if (!nameOffsetOk(env, load<u32>(t))) {
    message(env, '[%u] Invalid name_offset:%u', env.logTypeId, load<u32>(t))
    return -EINVAL
  }
  const more = checkKind(env, t, kind, left - HEAD)
  return more < 0 ? more : <i32>HEAD + more
}

function checkKind(env: BtfEnv, t: usize, kind: u32, left: u32): i32 {
  switch (kind) {
    case KIND_INT:
      return intMeta(env, t, left)
    case KIND_ARRAY:
      return arrayMeta(env, t, left)
    case KIND_STRUCT:
    case KIND_UNION:
      return structMeta(env, t, kind, left)
    case KIND_ENUM:
      return enumMeta(env, t, left, 8)
    case KIND_ENUM64:
      return enumMeta(env, t, left, 12)
    case KIND_FWD:
      return fwdMeta(env, t)
    case KIND_FUNC:
      return funcMeta(env, t)
    case KIND_FUNC_PROTO:
      return protoMeta(env, t, left)
    case KIND_VAR:
      return varMeta(env, t, left)
    case KIND_DATASEC:
      return datasecMeta(env, t, left)
    case KIND_FLOAT:
      return floatMeta(env, t)
    case KIND_DECL_TAG:
      return declTagMeta(env, t, left)
    default:
      return refMeta(env, t, kind)
  }
}

function intMeta(env: BtfEnv, t: usize, left: u32): i32 {
  if (tooShort(env, t, left, 4)) return -EINVAL
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  const data = load<u32>(t, 12)
  if (data & ~INT_MASK) {
    basicLine(env, t, 'Invalid int_data:%x', data)
    return -EINVAL
  }
  const bits = intBits(t) + intOffset(t)
  if (bits > 128) return wrong(env, t, 'nr_bits exceeds 128')
  if ((bits + 7) >> 3 > btfSize(t)) return wrong(env, t, 'nr_bits exceeds type_size')
  const encoding = (data >> 24) & 15
  if (encoding && encoding != 1 && encoding != 2 && encoding != 4) {
    typeLine(env, t, 'Unsupported encoding')
    return -ENOTSUPP
  }
  typeLine(env, t, '')
  return 4
}

/** Pointers, typedefs, qualifiers, type tags. */
function refMeta(env: BtfEnv, t: usize, kind: u32): i32 {
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfKflag(t) && kind != KIND_TYPE_TAG) return wrong(env, t, 'Invalid btf_info kind_flag')
  if (!idOk(btfType(t))) return wrong(env, t, 'Invalid type_id')
  const name = load<u32>(t)
  if (kind == KIND_TYPEDEF) {
    if (!name || !identifierOk(env, name)) return wrong(env, t, 'Invalid name')
  } else if (kind == KIND_TYPE_TAG) {
    if (!load<u8>(env.btf.strings + <usize>name)) return wrong(env, t, 'Invalid name')
  } else if (name) return wrong(env, t, 'Invalid name')
  typeLine(env, t, '')
  return 0
}

function fwdMeta(env: BtfEnv, t: usize): i32 {
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfType(t)) return wrong(env, t, 'type != 0')
  if (!load<u32>(t) || !identifierOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  typeLine(env, t, '')
  return 0
}

function arrayMeta(env: BtfEnv, t: usize, left: u32): i32 {
  if (tooShort(env, t, left, 12)) return -EINVAL
  if (load<u32>(t)) return wrong(env, t, 'Invalid name')
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  if (btfSize(t)) return wrong(env, t, 'size != 0')
  const elem = load<u32>(t, 12)
  const index = load<u32>(t, 16)
  if (!elem || !idOk(elem)) return wrong(env, t, 'Invalid elem')
  if (!index || !idOk(index)) return wrong(env, t, 'Invalid index')
  typeLine(env, t, '')
  return 12
}

function structMeta(env: BtfEnv, t: usize, kind: u32, left: u32): i32 {
  const n = btfVlen(t)
  if (tooShort(env, t, left, n * 12)) return -EINVAL
  if (load<u32>(t) && !identifierOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  typeLine(env, t, '')
  let last: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const m = t + 12 + <usize>i * 12
    const err = oneMember(env, t, m, kind == KIND_UNION, memberBitOffset(t, i), last)
    if (err) return err
    memberLine(env, t, m, '')
    last = memberBitOffset(t, i)
  }
  return <i32>(n * 12)
}

function oneMember(env: BtfEnv, t: usize, m: usize, union: bool, offset: u32, last: u32): i32 {
  const name = load<u32>(m)
  const id = load<u32>(m, 4)
  if (!nameOffsetOk(env, name)) {
    memberLine(env, t, m, 'Invalid member name_offset:%u', name)
    return -EINVAL
  }
  let what = ''
  if (name && !identifierOk(env, name)) what = 'Invalid name'
  else if (!id || !idOk(id)) what = 'Invalid type_id'
  else if ((union && offset) || last > offset) what = 'Invalid member bits_offset'
  else if ((<u64>offset + 7) >> 3 > <u64>btfSize(t)) what = 'Member bits_offset exceeds its struct size'
  if (!what.length) return 0
  memberLine(env, t, m, what)
  return -EINVAL
}

/** Enumerations with values of 4 bytes (entries of 8) or of 8 (entries of 12). */
function enumMeta(env: BtfEnv, t: usize, left: u32, entry: u32): i32 {
  const n = btfVlen(t)
  if (tooShort(env, t, left, n * entry)) return -EINVAL
  const size = btfSize(t)
  if (size > 8 || !size || size & (size - 1)) return wrong(env, t, 'Unexpected size')
  if (load<u32>(t) && !identifierOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  typeLine(env, t, '')
  for (let i: u32 = 0; i < n; i++) {
    const e = t + 12 + <usize>(i * entry)
    const name = load<u32>(e)
    if (!nameOffsetOk(env, name)) {
      message(env, '\tInvalid name_offset:%u', name)
      return -EINVAL
    }
    if (!name || !identifierOk(env, name)) return wrong(env, t, 'Invalid name')
    const shown = shownName(env, name)
    if (entry == 8) {
      if (btfKflag(t)) message(env, '\t%S val=%d\n', shown, load<i32>(e, 4))
      else message(env, '\t%S val=%u\n', shown, load<u32>(e, 4))
    } else {
      const value = <i64>((<u64>load<u32>(e, 4)) | ((<u64>load<u32>(e, 8)) << 32))
      if (btfKflag(t)) message(env, '\t%S val=%lld\n', shown, value)
      else message(env, '\t%S val=%llu\n', shown, value)
    }
  }
  return <i32>(n * entry)
}

function protoMeta(env: BtfEnv, t: usize, left: u32): i32 {
  const need = btfVlen(t) * 8
  if (tooShort(env, t, left, need)) return -EINVAL
  if (load<u32>(t)) return wrong(env, t, 'Invalid name')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  typeLine(env, t, '')
  return <i32>need
}

function funcMeta(env: BtfEnv, t: usize): i32 {
  if (!load<u32>(t) || !identifierOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  if (btfVlen(t) > 1) return wrong(env, t, 'Invalid func linkage')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  typeLine(env, t, '')
  return 0
}

function varMeta(env: BtfEnv, t: usize, left: u32): i32 {
  if (tooShort(env, t, left, 4)) return -EINVAL
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  if (!load<u32>(t) || !identifierOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  if (!btfType(t) || !idOk(btfType(t))) return wrong(env, t, 'Invalid type_id')
  if (load<u32>(t, 12) > 1) return wrong(env, t, 'Linkage not supported')
  typeLine(env, t, '')
  return 4
}

function datasecMeta(env: BtfEnv, t: usize, left: u32): i32 {
  const n = btfVlen(t)
  const size = btfSize(t)
  if (tooShort(env, t, left, n * 12)) return -EINVAL
  if (!size) return wrong(env, t, 'size == 0')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  if (!load<u32>(t) || !sectionNameOk(env, load<u32>(t))) return wrong(env, t, 'Invalid name')
  typeLine(env, t, '')
  let end: u64 = 0
  let sum: u64 = 0
  for (let i: u32 = 0; i < n; i++) {
    const v = t + 12 + <usize>i * 12
    const id = load<u32>(v)
    const off = load<u32>(v, 4)
    const len = load<u32>(v, 8)
    let what = ''
    if (!id || !idOk(id)) what = 'Invalid type_id'
    else if (<u64>off < end || off >= size) what = 'Invalid offset'
    else if (!len || len > size) what = 'Invalid size'
    else {
      end = <u64>(off + len)
      if (end > <u64>size) what = 'Invalid offset+size'
    }
    variableLine(env, t, v, what)
    if (what.length) return -EINVAL
    sum += <u64>len
  }
  if (<u64>size < sum) return wrong(env, t, 'Invalid btf_info size')
  return <i32>(n * 12)
}

function floatMeta(env: BtfEnv, t: usize): i32 {
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (btfKflag(t)) return wrong(env, t, 'Invalid btf_info kind_flag')
  const size = btfSize(t)
  if (size != 2 && size != 4 && size != 8 && size != 12 && size != 16) return wrong(env, t, 'Invalid type_size')
  typeLine(env, t, '')
  return 0
}

function declTagMeta(env: BtfEnv, t: usize, left: u32): i32 {
  if (tooShort(env, t, left, 4)) return -EINVAL
  if (!load<u8>(env.btf.strings + <usize>load<u32>(t))) return wrong(env, t, 'Invalid value')
  if (btfVlen(t)) return wrong(env, t, 'vlen != 0')
  if (load<i32>(t, 12) < -1) return wrong(env, t, 'Invalid component_idx')
  typeLine(env, t, '')
  return 4
}
