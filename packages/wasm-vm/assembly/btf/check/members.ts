// SPDX-License-Identifier: GPL-2.0-only
// Whether a member lies within its struct. Kernel counterpart: the check_member and check_kflag_member functions.

import { EINVAL } from '../../gen/errno.gen'
import { btfKflag, btfKind, btfSize } from '../btf'
import { KIND_ARRAY, KIND_ENUM, KIND_ENUM64, KIND_FLOAT, KIND_INT, KIND_PTR, KIND_STRUCT, KIND_UNION } from '../kinds'
import { BtfEnv } from './env'
import { basicLine, memberLine } from './log'
import { idSize, intBits, intIsRegular, intOffset, isModifier, lastId, lastSize } from './types'

const EXCEEDS: string = 'Member exceeds struct_size'

function wrong(env: BtfEnv, s: usize, m: usize, what: string): i32 {
  memberLine(env, s, m, what)
  return -EINVAL
}

/** Checks member m (its record) of struct s, which is of type t with this number. */
export function checkMember(env: BtfEnv, s: usize, m: usize, t: usize, id: u32): i32 {
  if (isModifier(t)) {
    t = idSize(env.btf, id)
    if (!t) return wrong(env, s, m, 'Invalid member')
    id = lastId()
  }
  const kflag = btfKflag(s)
  const field = load<u32>(m, 8)
  const bits = kflag ? field >> 24 : 0
  const offset = kflag ? field & 0xffffff : field
  switch (btfKind(t)) {
    case KIND_INT:
      return kflag ? intBitfield(env, s, m, t, bits, offset) : intMember(env, s, m, t, offset)
    case KIND_ENUM:
    case KIND_ENUM64:
      return kflag ? enumBitfield(env, s, m, bits, offset) : sized(env, s, m, btfSize(t), offset)
    case KIND_PTR:
    case KIND_ARRAY:
    case KIND_STRUCT:
    case KIND_UNION:
    case KIND_FLOAT:
      break
    default:
      basicLine(env, s, kflag ? 'Unsupported check_kflag_member' : 'Unsupported check_member')
      return -EINVAL
  }
  if (bits) return wrong(env, s, m, 'Invalid member bitfield_size')
  switch (btfKind(t)) {
    case KIND_PTR:
      return sized(env, s, m, 8, offset)
    case KIND_FLOAT:
      return floatMember(env, s, m, t, offset)
    case KIND_ARRAY:
      idSize(env.btf, id)
      return sized(env, s, m, lastSize(), offset)
    default:
      return sized(env, s, m, btfSize(t), offset)
  }
}

function sized(env: BtfEnv, s: usize, m: usize, size: u32, offset: u32): i32 {
  if (offset & 7) return wrong(env, s, m, 'Member is not byte aligned')
  return btfSize(s) - (offset >> 3) < size ? wrong(env, s, m, EXCEEDS) : 0
}

function intMember(env: BtfEnv, s: usize, m: usize, t: usize, offset: u32): i32 {
  if (0xffffffff - offset < intOffset(t)) return wrong(env, s, m, 'bits_offset exceeds U32_MAX')
  return copyBits(env, s, m, offset + intOffset(t), intBits(t))
}

/** Whether bits can be copied out of the struct. */
function copyBits(env: BtfEnv, s: usize, m: usize, offset: u32, bits: u32): i32 {
  const bytes = offset >> 3
  const copy = bits + (offset & 7)
  if (copy > 128) return wrong(env, s, m, 'nr_copy_bits exceeds 128')
  const size = btfSize(s)
  return size < bytes || size - bytes < (copy + 7) >> 3 ? wrong(env, s, m, EXCEEDS) : 0
}

function intBitfield(env: BtfEnv, s: usize, m: usize, t: usize, bits: u32, offset: u32): i32 {
  if (!intIsRegular(t)) return wrong(env, s, m, 'Invalid member base type')
  if (!bits) {
    if (offset & 7) return wrong(env, s, m, 'Invalid member offset')
    bits = intBits(t)
  } else if (bits > intBits(t)) return wrong(env, s, m, 'Invalid member bitfield_size')
  return copyBits(env, s, m, offset, bits)
}

function enumBitfield(env: BtfEnv, s: usize, m: usize, bits: u32, offset: u32): i32 {
  if (!bits) {
    if (offset & 7) return wrong(env, s, m, 'Member is not byte aligned')
    bits = 32
  } else if (bits > 32) return wrong(env, s, m, 'Invalid member bitfield_size')
  return btfSize(s) < (offset + bits + 7) >> 3 ? wrong(env, s, m, EXCEEDS) : 0
}

function floatMember(env: BtfEnv, s: usize, m: usize, t: usize, offset: u32): i32 {
  const align = min<u32>(8, btfSize(t)) * 8
  if (offset % align) return wrong(env, s, m, 'Member is not properly aligned')
  return <u64>(offset >> 3) + <u64>btfSize(t) > <u64>btfSize(s) ? wrong(env, s, m, EXCEEDS) : 0
}
