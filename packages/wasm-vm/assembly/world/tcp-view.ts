// SPDX-License-Identifier: GPL-2.0-only
// A TCP socket as struct tcp_sock, in the layout of the kernel's BTF: what programs of congestion control read, and the
// members that they may write. The image (world/image.ts) stays with the socket, for its private part is theirs.

import { Btf, btfKind, btfVlen } from '../btf/btf'
import {
  btfFindByNameKind,
  btfTypeSkipModifiers,
  KIND_STRUCT,
  KIND_UNION,
  memberBitOffset,
  memberName,
  memberType,
} from '../btf/kinds'
import { kzalloc } from '../mem/alloc'
import { cstrIs, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { monotonicNs } from '../wasi/clock'
import { IMAGE_SOCK, imageFind } from './image'
import { viewSock } from './kernel-view'
import { Sock } from './sock'
import { world } from './world'

const NAME: usize = memory.data(64, 8)
const NO_MEMBER: u32 = 0xffffffff

/** A member: offset in struct tcp_sock, bytes, offset in Sock, whether programs may write it. */
@unmanaged class Field {
  at: u32
  size: u32
  from: u32
  writable: u32
}

/** The table: places of members that are no plain copies, then the fields. */
@unmanaged class Fields {
  caState: u32
  caPriv: u32
  mstamp: u32
  rto: u32
  count: u32
}
const MAX_FIELDS: usize = 64
/** What the writable members held when a program was entered, by level of nesting. */
const BEFORE: usize = memory.data(8 * 16 * 8, 8)

function findMember(btf: Btf, id: u32, name: string, base: u32): u32 {
  const t = btfTypeSkipModifiers(btf, id, 0)
  if (!t) return NO_MEMBER
  const kind = btfKind(t)
  if (kind != KIND_STRUCT && kind != KIND_UNION) return NO_MEMBER
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const at = base + memberBitOffset(t, i)
    const text = memberName(btf, t, i)
    if (load<u8>(text)) {
      if (cstrIs(text, name)) return at
      continue
    }
    const inner = findMember(btf, memberType(t, i), name, at)
    if (inner != NO_MEMBER) return inner
  }
  return NO_MEMBER
}

/** Bit offset of a member of a struct that struct tcp_sock begins with. */
function bitOf(struct: string, member: string): u32 {
  const btf = changetype<Btf>(kernel().vmlinux)
  cstrPut(NAME, struct)
  const id = btfFindByNameKind(btf, NAME, KIND_STRUCT)
  return id ? findMember(btf, id, member, 0) : NO_MEMBER
}

function add(t: Fields, struct: string, member: string, from: usize, size: u32, writable: bool): void {
  const bit = bitOf(struct, member)
  if (bit == NO_MEMBER || t.count >= <u32>MAX_FIELDS) return
  const f = changetype<Field>(changetype<usize>(t) + offsetof<Fields>() + <usize>t.count * offsetof<Field>())
  f.at = bit >> 3
  f.size = size
  f.from = <u32>from
  f.writable = u32(writable)
  t.count++
}

/** The members, found once; 0 without the kernel's types. */
function fields(): Fields {
  const w = world()
  if (w.tcpFields) return changetype<Fields>(w.tcpFields)
  const btf = changetype<Btf>(kernel().vmlinux)
  if (!changetype<usize>(btf)) return changetype<Fields>(0)
  cstrPut(NAME, 'tcp_sock')
  const id = btfFindByNameKind(btf, NAME, KIND_STRUCT)
  const t = id
    ? changetype<Fields>(kzalloc(offsetof<Fields>() + MAX_FIELDS * offsetof<Field>()))
    : changetype<Fields>(0)
  if (!changetype<usize>(t)) return t
  w.tcpFields = changetype<usize>(t)
  t.caState = bitOf('inet_connection_sock', 'icsk_ca_state')
  t.caPriv = bitOf('inet_connection_sock', 'icsk_ca_priv')
  t.mstamp = bitOf('tcp_sock', 'tcp_mstamp')
  t.rto = bitOf('inet_connection_sock', 'icsk_rto')
  addWritable(t)
  addReadable(t)
  return t
}

function addWritable(t: Fields): void {
  add(t, 'tcp_sock', 'snd_cwnd', offsetof<Sock>('sndCwnd'), 4, true)
  add(t, 'tcp_sock', 'snd_cwnd_cnt', offsetof<Sock>('sndCwndCnt'), 4, true)
  add(t, 'tcp_sock', 'snd_cwnd_stamp', offsetof<Sock>('sndCwndStamp'), 4, true)
  add(t, 'tcp_sock', 'snd_ssthresh', offsetof<Sock>('sndSsthresh'), 4, true)
  add(t, 'tcp_sock', 'app_limited', offsetof<Sock>('appLimited'), 4, true)
  add(t, 'tcp_sock', 'ecn_flags', offsetof<Sock>('ecnByte'), 1, true)
  add(t, 'sock', 'sk_pacing_rate', offsetof<Sock>('pacingRate'), 8, true)
  add(t, 'sock', 'sk_pacing_status', offsetof<Sock>('pacingStatus'), 4, true)
}

function addReadable(t: Fields): void {
  add(t, 'sock_common', 'skc_state', offsetof<Sock>('state'), 1, false)
  add(t, 'tcp_sock', 'snd_cwnd_clamp', offsetof<Sock>('sndCwndClamp'), 4, false)
  add(t, 'tcp_sock', 'prior_cwnd', offsetof<Sock>('priorCwnd'), 4, false)
  add(t, 'tcp_sock', 'prior_ssthresh', offsetof<Sock>('priorSsthresh'), 4, false)
  add(t, 'tcp_sock', 'prr_delivered', offsetof<Sock>('prrDelivered'), 4, false)
  add(t, 'tcp_sock', 'prr_out', offsetof<Sock>('prrOut'), 4, false)
  add(t, 'tcp_sock', 'high_seq', offsetof<Sock>('highSeq'), 4, false)
  add(t, 'tcp_sock', 'undo_marker', offsetof<Sock>('undoMarker'), 4, false)
  add(t, 'tcp_sock', 'retrans_stamp', offsetof<Sock>('retransStamp'), 4, false)
  add(t, 'tcp_sock', 'max_packets_out', offsetof<Sock>('maxPacketsOut'), 4, false)
  add(t, 'tcp_sock', 'cwnd_usage_seq', offsetof<Sock>('cwndUsageSeq'), 4, false)
  add(t, 'tcp_sock', 'srtt_us', offsetof<Sock>('srttUs'), 4, false)
  add(t, 'tcp_sock', 'mdev_us', offsetof<Sock>('mdevUs'), 4, false)
  add(t, 'tcp_sock', 'rttvar_us', offsetof<Sock>('rttvarUs'), 4, false)
  add(t, 'tcp_sock', 'rcv_nxt', offsetof<Sock>('rcvNxt'), 4, false)
  add(t, 'tcp_sock', 'snd_nxt', offsetof<Sock>('sndNxt'), 4, false)
  add(t, 'tcp_sock', 'snd_una', offsetof<Sock>('sndUna'), 4, false)
  add(t, 'tcp_sock', 'write_seq', offsetof<Sock>('writeSeq'), 4, false)
  add(t, 'tcp_sock', 'snd_wnd', offsetof<Sock>('sndWnd'), 4, false)
  add(t, 'tcp_sock', 'mss_cache', offsetof<Sock>('mssCache'), 4, false)
  add(t, 'tcp_sock', 'packets_out', offsetof<Sock>('packetsOut'), 4, false)
  add(t, 'tcp_sock', 'retrans_out', offsetof<Sock>('retransOut'), 4, false)
  add(t, 'tcp_sock', 'lost_out', offsetof<Sock>('lostOut'), 4, false)
  add(t, 'tcp_sock', 'sacked_out', offsetof<Sock>('sackedOut'), 4, false)
  add(t, 'tcp_sock', 'lost', offsetof<Sock>('lost'), 4, false)
  add(t, 'tcp_sock', 'total_retrans', offsetof<Sock>('totalRetrans'), 4, false)
  add(t, 'tcp_sock', 'segs_in', offsetof<Sock>('segsIn'), 4, false)
  add(t, 'tcp_sock', 'segs_out', offsetof<Sock>('segsOut'), 4, false)
  add(t, 'tcp_sock', 'data_segs_in', offsetof<Sock>('dataSegsIn'), 4, false)
  add(t, 'tcp_sock', 'data_segs_out', offsetof<Sock>('dataSegsOut'), 4, false)
  add(t, 'tcp_sock', 'delivered', offsetof<Sock>('delivered'), 4, false)
  add(t, 'tcp_sock', 'delivered_ce', offsetof<Sock>('deliveredCe'), 4, false)
  add(t, 'tcp_sock', 'bytes_acked', offsetof<Sock>('bytesAcked'), 8, false)
  add(t, 'tcp_sock', 'bytes_received', offsetof<Sock>('bytesReceived'), 8, false)
  add(t, 'inet_connection_sock', 'icsk_retransmits', offsetof<Sock>('icskRetransmits'), 1, false)
  add(t, 'sock', 'sk_max_pacing_rate', offsetof<Sock>('maxPacing'), 8, false)
}

@inline function fieldAt(t: Fields, i: u32): Field {
  return changetype<Field>(changetype<usize>(t) + offsetof<Fields>() + <usize>i * offsetof<Field>())
}

/** The socket's copy brought up to date, before a program runs on it; 0 where there can be none. */
export function tcpViewEnter(sk: Sock, level: u32): usize {
  const t = fields()
  if (!changetype<usize>(t)) return 0
  const known = imageFind(changetype<usize>(sk), IMAGE_SOCK)
  const view = known ? known : viewSock(sk)
  if (!view) return 0
  for (let i: u32 = 0; i < t.count; i++) {
    const f = fieldAt(t, i)
    memory.copy(view + <usize>f.at, changetype<usize>(sk) + <usize>f.from, f.size)
    if (f.writable) memory.copy(BEFORE + <usize>(level * 16 + i) * 8, view + <usize>f.at, f.size)
  }
  if (t.caState != NO_MEMBER) {
    // five bits at the beginning of a byte
    const at = view + <usize>(t.caState >> 3)
    store<u8>(at, (load<u8>(at) & 0xe0) | (<u8>(sk.caState & 31)))
  }
  if (t.mstamp != NO_MEMBER) store<u64>(view + <usize>(t.mstamp >> 3), monotonicNs() / 1000)
  if (t.rto != NO_MEMBER) store<u32>(view + <usize>(t.rto >> 3), sk.rtoUs / 1000)
  return view
}

/** What the program wrote goes into the socket; what it left alone stays as calls in between made it. */
export function tcpViewLeave(sk: Sock, level: u32): void {
  const t = fields()
  const view = imageFind(changetype<usize>(sk), IMAGE_SOCK)
  if (!changetype<usize>(t) || !view) return
  for (let i: u32 = 0; i < t.count; i++) {
    const f = fieldAt(t, i)
    if (!f.writable) break
    const at = view + <usize>f.at
    if (memory.compare(at, BEFORE + <usize>(level * 16 + i) * 8, f.size) != 0)
      memory.copy(changetype<usize>(sk) + <usize>f.from, at, f.size)
  }
}

/** Another control begins: its private part is cleared. */
export function tcpViewReset(sk: Sock): void {
  const view = imageFind(changetype<usize>(sk), IMAGE_SOCK)
  if (!view) return
  const t = fields()
  if (changetype<usize>(t) && t.caPriv != NO_MEMBER) memory.fill(view + <usize>(t.caPriv >> 3), 0, 104)
}
