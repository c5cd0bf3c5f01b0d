// SPDX-License-Identifier: GPL-2.0-only
// Names of register types, dynptr types and the like as log text. Counterpart: kernel/bpf/log.c.

import {
  BPF_DYNPTR_TYPE_INVALID,
  BPF_DYNPTR_TYPE_LOCAL,
  BPF_DYNPTR_TYPE_RINGBUF,
  BPF_DYNPTR_TYPE_SKB,
  BPF_DYNPTR_TYPE_SKB_META,
  BPF_DYNPTR_TYPE_XDP,
  BPF_ITER_STATE_ACTIVE,
  BPF_ITER_STATE_DRAINED,
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  MEM_USER,
  NOT_INIT,
  PTR_MAYBE_NULL,
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
  PTR_TO_TP_BUFFER,
  PTR_TO_XDP_SOCK,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { Btf, btfNameOf, btfTypeById } from '../../btf/btf'
import { Env } from '../env'
import { S, Z, formatTo } from './verbose'

export const TMP_STR_LEN: usize = 320

function baseName(t: i32): string {
  switch (t) {
    case NOT_INIT:
      return '?'
    case SCALAR_VALUE:
      return 'scalar'
    case PTR_TO_CTX:
      return 'ctx'
    case CONST_PTR_TO_MAP:
      return 'map_ptr'
    case PTR_TO_MAP_VALUE:
      return 'map_value'
    case PTR_TO_STACK:
      return 'fp'
    case PTR_TO_PACKET:
      return 'pkt'
    case PTR_TO_PACKET_META:
      return 'pkt_meta'
    case PTR_TO_PACKET_END:
      return 'pkt_end'
    case PTR_TO_FLOW_KEYS:
      return 'flow_keys'
    case PTR_TO_SOCKET:
      return 'sock'
    case PTR_TO_SOCK_COMMON:
      return 'sock_common'
    case PTR_TO_TCP_SOCK:
      return 'tcp_sock'
    case PTR_TO_TP_BUFFER:
      return 'tp_buffer'
    case PTR_TO_XDP_SOCK:
      return 'xdp_sock'
    case PTR_TO_BTF_ID:
      return 'ptr_'
    case PTR_TO_MEM:
      return 'mem'
    case PTR_TO_ARENA:
      return 'arena'
    case PTR_TO_BUF:
      return 'buf'
    case PTR_TO_FUNC:
      return 'func'
    case PTR_TO_MAP_KEY:
      return 'map_key'
    case CONST_PTR_TO_DYNPTR:
      return 'dynptr_ptr'
  }
  return '?'
}

/** The name, for %S; good until the next call. */
export function regTypeStr(env: Env, t: i32): i64 {
  const base = t & 255
  let tail = ''
  if (t & PTR_MAYBE_NULL) tail = base == PTR_TO_BTF_ID ? 'or_null_' : '_or_null'
  formatTo(
    env.tmpStr,
    TMP_STR_LEN,
    '%s%s%s%s%s%s%s%s%s',
    S(t & MEM_RDONLY ? 'rdonly_' : ''),
    S(t & MEM_RINGBUF ? 'ringbuf_' : ''),
    S(t & MEM_USER ? 'user_' : ''),
    S(t & MEM_PERCPU ? 'percpu_' : ''),
    S(t & MEM_RCU ? 'rcu_' : ''),
    S(t & PTR_UNTRUSTED ? 'untrusted_' : ''),
    S(t & PTR_TRUSTED ? 'trusted_' : ''),
    S(baseName(base)),
    S(tail),
  )
  return <i64>env.tmpStr
}

export function dynptrTypeStr(t: i32): i64 {
  switch (t) {
    case BPF_DYNPTR_TYPE_LOCAL:
      return S('local')
    case BPF_DYNPTR_TYPE_RINGBUF:
      return S('ringbuf')
    case BPF_DYNPTR_TYPE_SKB:
      return S('skb')
    case BPF_DYNPTR_TYPE_XDP:
      return S('xdp')
    case BPF_DYNPTR_TYPE_SKB_META:
      return S('skb_meta')
    case BPF_DYNPTR_TYPE_INVALID:
      return S('<invalid>')
  }
  return S('<unknown>')
}

export function iterStateStr(s: i32): i64 {
  if (s == BPF_ITER_STATE_ACTIVE) return S('active')
  if (s == BPF_ITER_STATE_DRAINED) return S('drained')
  return S('<invalid>')
}

/** What an iterator visits, from the name of its structure, for %S. */
export function iterTypeStr(btf: Btf, id: u32): i64 {
  if (!changetype<usize>(btf) || !id) return Z(INVALID)
  const name = btfNameOf(btf, btfTypeById(btf, id))
  return Z(name + <usize>ITER_PREFIX_LENGTH)
}
/** "<invalid>" */
const INVALID: usize = memory.data<u8>([60, 105, 110, 118, 97, 108, 105, 100, 62, 0])
/** "bpf_iter_" */
const ITER_PREFIX_LENGTH: i32 = 9

/** Operators by the upper four bits of the opcode. */
export function aluString(op: i32): i64 {
  switch (op >> 4) {
    case 0:
      return S('+=')
    case 1:
      return S('-=')
    case 2:
      return S('*=')
    case 3:
      return S('/=')
    case 4:
      return S('|=')
    case 5:
      return S('&=')
    case 6:
      return S('<<=')
    case 7:
      return S('>>=')
    case 8:
      return S('neg')
    case 9:
      return S('%=')
    case 10:
      return S('^=')
    case 11:
      return S('=')
    case 12:
      return S('s>>=')
    case 13:
      return S('endian')
  }
  return S('(null)')
}
