// SPDX-License-Identifier: GPL-2.0-only
// Text of a check of type information: every type as it is read, and what is wrong with one.
// Kernel counterpart: __btf_verifier_log_type, btf_verifier_log_member, btf_verifier_log_vsi, *_log.

import { ANONYMOUS, kindName } from '../names'
import { logMessage, S, Z } from '../../verifier/log/verbose'
import { btfKflag, btfKind, btfSize, btfType, btfVlen } from '../btf'
import {
  KIND_ARRAY,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_ENUM,
  KIND_ENUM64,
  KIND_FLOAT,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_STRUCT,
  KIND_UNION,
  KIND_VAR,
} from '../kinds'
import { BtfEnv, PHASE_META } from './env'
import { intBits, intOffset } from './types'

const BAD_NAME: usize = memory.data<u8>([
  40, 105, 110, 118, 97, 108, 105, 100, 45, 110, 97, 109, 101, 45, 111, 102, 102, 115, 101, 116, 41, 0,
])

export function message(env: BtfEnv, fmt: string, a: i64 = 0, b: i64 = 0, c: i64 = 0): void {
  if (env.log.level) logMessage(env.log, fmt, a, b, c)
}

/** A name as messages show it. */
export function shownName(env: BtfEnv, off: u32): i64 {
  if (!off) return Z(ANONYMOUS)
  return Z(off < env.btf.stringLen ? env.btf.strings + <usize>off : BAD_NAME)
}

function encodingText(e: u32): string {
  if (e == 0) return '(none)'
  if (e == 1) return 'SIGNED'
  if (e == 2) return 'CHAR'
  return e == 4 ? 'BOOL' : 'UNKN'
}

function details(env: BtfEnv, t: usize): void {
  switch (btfKind(t)) {
    case KIND_INT:
      message(env, 'size=%u bits_offset=%u nr_bits=%u ', btfSize(t), intOffset(t), intBits(t))
      message(env, 'encoding=%s', S(encodingText((load<u32>(t, 12) >> 24) & 15)))
      break
    case KIND_FWD:
      message(env, '%s', S(btfKflag(t) ? 'union' : 'struct'))
      break
    case KIND_ARRAY:
      message(env, 'type_id=%u index_type_id=%u nr_elems=%u', load<u32>(t, 12), load<u32>(t, 16), load<u32>(t, 20))
      break
    case KIND_STRUCT:
    case KIND_UNION:
    case KIND_ENUM:
    case KIND_ENUM64:
    case KIND_DATASEC:
      message(env, 'size=%u vlen=%u', btfSize(t), btfVlen(t))
      break
    case KIND_FUNC_PROTO:
      protoDetails(env, t)
      break
    case KIND_VAR:
      message(env, 'type_id=%u linkage=%u', btfType(t), load<u32>(t, 12))
      break
    case KIND_FLOAT:
      message(env, 'size=%u', btfSize(t))
      break
    case KIND_DECL_TAG:
      message(env, 'type=%u component_idx=%d', btfType(t), load<i32>(t, 12))
      break
    default:
      message(env, 'type_id=%u', btfType(t))
  }
}

function protoDetails(env: BtfEnv, t: usize): void {
  const n = btfVlen(t)
  message(env, 'return=%u args=(', btfType(t))
  if (!n) message(env, 'void')
  else if (n == 1 && !load<u32>(t, 16)) message(env, 'vararg')
  else {
    for (let i: u32 = 0; i < n; i++) {
      const arg = t + 12 + ((<usize>i) << 3)
      const sep = i ? ', ' : ''
      if (i && i == n - 1 && !load<u32>(arg, 4)) message(env, ', vararg')
      else message(env, '%s%u %S', S(sep), load<u32>(arg, 4), shownName(env, load<u32>(arg)))
    }
  }
  message(env, ')')
}

/** A line about a type: with its details, and what is wrong with it if anything is. */
export function typeLine(env: BtfEnv, t: usize, what: string, a: i64 = 0, b: i64 = 0): void {
  if (!env.log.level) return
  head(env, t)
  message(env, ' ')
  details(env, t)
  tail(env, what, a, b)
}

/** The same without details, which cannot be trusted yet. */
export function basicLine(env: BtfEnv, t: usize, what: string, a: i64 = 0, b: i64 = 0): void {
  if (!env.log.level) return
  head(env, t)
  tail(env, what, a, b)
}

function head(env: BtfEnv, t: usize): void {
  message(env, '[%u] %s %S', env.logTypeId, S(kindName(btfKind(t))), shownName(env, load<u32>(t)))
}

function tail(env: BtfEnv, what: string, a: i64, b: i64): void {
  if (what.length) {
    message(env, ' ')
    message(env, what, a, b)
  }
  message(env, '\n')
}

/** A line about member i of a struct. */
export function memberLine(env: BtfEnv, t: usize, member: usize, what: string, a: i64 = 0): void {
  if (!env.log.level) return
  if (env.phase != PHASE_META) typeLine(env, t, '')
  const off = load<u32>(member, 8)
  message(env, '\t%S type_id=%u', shownName(env, load<u32>(member)), load<u32>(member, 4))
  if (btfKflag(t)) message(env, ' bitfield_size=%u bits_offset=%u', off >> 24, off & 0xffffff)
  else message(env, ' bits_offset=%u', off)
  tail(env, what, a, 0)
}

/** A line about a variable in a section. */
export function variableLine(env: BtfEnv, t: usize, info: usize, what: string): void {
  if (!env.log.level) return
  if (env.phase != PHASE_META) typeLine(env, t, '')
  message(env, '\t type_id=%u offset=%u size=%u', load<u32>(info), load<u32>(info, 4), load<u32>(info, 8))
  tail(env, what, 0, 0)
}
