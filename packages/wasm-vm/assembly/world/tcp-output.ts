// SPDX-License-Identifier: GPL-2.0-only
// What TCP sends: segments wait until the congestion window has room, and are kept until they are acknowledged. Kernel
// counterpart: net/ipv4/tcp_output.c.

import { ENOMEM } from '../gen/errno.gen'
import { AF_INET, IPPROTO_TCP } from '../gen/system.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { monotonicNs } from '../wasi/clock'
import { csumFold, csumPartial, csumPseudo } from './checksum'
import { ipOutput, routeMtu, routeOutput } from './ip'
import { Skb, skbAlloc, skbFree, SKB_HEADROOM, skbPut, skbSetOwner } from './skb'
import { Sock, sockDst, sockSrc } from './sock'
import { FLAG_RETRANS, OPS_RETRANS_CB, sockOps, sockOpsOptLen, sockOpsOptWrite } from './sock-ops'
import { controlDestroy, controlEvent, controlMinTsoSegs, CA_CWR, CA_RECOVERY, EVENT_TX_START } from './tcp-control'
import { timerArm, timerStop } from './tcp-timer'

export const TCP_HLEN: u32 = 20
export const FIN: u32 = 1
export const SYN: u32 = 2
export const RST: u32 = 4
export const PSH: u32 = 8
export const ACK: u32 = 16
/** Timestamps, padded, in every segment; and what a SYN carries: size, SACK, timestamps, window scale. */
const OPT_LEN: u32 = 12
const SYN_OPT_LEN: u32 = 20
const MAX_OPT: u32 = 40
/** Microseconds: RTO before anything is known, and its bounds. */
export const TIMEOUT_INIT: u32 = 1_000_000
export const RTO_MIN: u32 = 200_000
export const RTO_MAX: u32 = 120_000_000
export const INFINITE_SSTHRESH: u32 = 0x7fffffff

const SRC: usize = memory.data(16, 8)
const DST: usize = memory.data(16, 8)
const SEQ: usize = memory.data(4, 4)

/** A segment that takes sequence numbers. */
@unmanaged export class Seg {
  next: usize
  seq: u32
  len: u32
  flags: u32
  /** Payload, kmalloc'ed, or 0. */
  data: usize
  /** Nanoseconds at which it was sent last; packets in flight then. */
  sentNs: u64
  inFlight: u32
  lost: bool
  retrans: bool
}

/** Sequence number behind a segment. */
@inline export function segEnd(s: Seg): u32 {
  return s.seq + s.len + (s.flags & (SYN | FIN) ? 1 : 0)
}

/** Numbers differ from connection to connection but are the same in each run. */
export function initialSeq(sk: Sock): u32 {
  const n = load<u32>(SEQ) + 0x3d09
  store<u32>(SEQ, n)
  return n * 2654435761 + sk.srcPort
}

function mssOf(sk: Sock): u32 {
  const dev = routeOutput(sk.netns, sk.family, sockDst(sk), sk.boundDevIf)
  const mtu: u32 = changetype<usize>(dev) ? routeMtu(dev) : 1500
  return mtu - (sk.family == AF_INET ? 20 : 40) - TCP_HLEN
}

export function initTcp(sk: Sock): void {
  sk.sndCwnd = 10
  sk.sndCwndClamp = 0xffffffff
  sk.sndSsthresh = INFINITE_SSTHRESH
  sk.rttMin = 0xffffffff
  sk.mssCache = mssOf(sk) - OPT_LEN
  sk.sndWnd = 65535
  sk.rtoUs = TIMEOUT_INIT
  sk.mdevUs = TIMEOUT_INIT
  sk.writeSeq = sk.sndNxt
  sk.highSeq = sk.sndNxt
}

export function milliseconds(): u32 {
  return <u32>(monotonicNs() / 1_000_000)
}

/** Packets that are under way, as far as is known. */
export function inFlight(sk: Sock): u32 {
  return sk.packetsOut - (sk.sackedOut + sk.lostOut) + sk.retransOut
}

function putOptions(sk: Sock, at: usize, syn: bool): void {
  if (!syn) {
    store<u32>(at, 0x0a080101)
    putTimes(sk, at + 4)
    return
  }
  store<u16>(at, 0x0402)
  store<u16>(at, bswap<u16>(<u16>mssOf(sk)), 2)
  store<u32>(at, 0x0a080204, 4)
  putTimes(sk, at + 8)
  store<u32>(at, 0x07030301, 16)
}
function putTimes(sk: Sock, at: usize): void {
  store<u32>(at, bswap<u32>(milliseconds()))
  store<u32>(at, bswap<u32>(sk.tsRecent), 4)
}

/** Builds a segment and gives it to the network. */
function emit(sk: Sock, seq: u32, flags: u32, data: usize, len: u32): i32 {
  const syn = (flags & SYN) != 0
  const opt = syn ? SYN_OPT_LEN : OPT_LEN
  const extra = sockOpsOptLen(sk, MAX_OPT - opt, 0)
  const header = TCP_HLEN + opt + extra
  const skb = skbAlloc(SKB_HEADROOM, header + len)
  if (!changetype<usize>(skb)) return -ENOMEM
  const h = skbPut(skb, header + len)
  memory.copy(h + <usize>header, data, len)
  store<u16>(h, bswap<u16>(<u16>sk.srcPort))
  store<u16>(h, sk.dstPort, 2)
  store<u32>(h, bswap<u32>(seq), 4)
  store<u32>(h, flags & ACK ? bswap<u32>(sk.rcvNxt) : 0, 8)
  store<u8>(h, <u8>((header >> 2) << 4), 12)
  store<u8>(h, <u8>flags, 13)
  store<u16>(h, bswap<u16>(<u16>min<u32>(sk.rcvbuf, 65535)), 14)
  store<u32>(h, 0, 16)
  putOptions(sk, h + TCP_HLEN, syn)
  if (extra) sockOpsOptWrite(sk, h, header, h + TCP_HLEN + <usize>opt, extra, 0)
  const pseudo = csumPseudo(sk.family, sockSrc(sk), sockDst(sk), IPPROTO_TCP, header + len)
  store<u16>(h, csumFold(csumPartial(h, header + len, pseudo)), 16)
  sk.segsOut++
  if (len) sk.dataSegsOut++
  skb.priority = sk.priority
  skb.mark = sk.mark
  skb.hash = sk.txhash
  skbSetOwner(skb, changetype<usize>(sk))
  memory.copy(SRC, sockSrc(sk), 16)
  memory.copy(DST, sockDst(sk), 16)
  return ipOutput(sk.netns, changetype<usize>(sk), skb, sk.family, SRC, DST, IPPROTO_TCP, sk.boundDevIf)
}

/** A segment that takes no sequence number: an acknowledgement, a reset. */
export function sendControl(sk: Sock, flags: u32): void {
  sk.ackPending = 0
  emit(sk, sk.sndNxt, flags, 0, 0)
}

/** An acknowledgement that says `rcvNxt`, for programs. */
export function sendAckFor(sk: Sock, rcvNxt: u32): void {
  const real = sk.rcvNxt
  sk.rcvNxt = rcvNxt
  sendControl(sk, ACK)
  sk.rcvNxt = real
}

/** Queues a segment; `push` sends what may be sent. */
export function queueSegment(sk: Sock, flags: u32, data: usize, len: u32): i32 {
  const s = changetype<Seg>(kzalloc(offsetof<Seg>()))
  if (!changetype<usize>(s)) return -ENOMEM
  if (len) {
    s.data = kmalloc(len)
    if (!s.data) {
      kfree(changetype<usize>(s))
      return -ENOMEM
    }
    memory.copy(s.data, data, len)
  }
  s.seq = sk.writeSeq
  s.len = len
  s.flags = flags
  sk.writeSeq = segEnd(s)
  if (sk.segLast) changetype<Seg>(sk.segLast).next = changetype<usize>(s)
  else sk.segFirst = changetype<usize>(s)
  sk.segLast = changetype<usize>(s)
  if (!sk.sendHead) sk.sendHead = changetype<usize>(s)
  return 0
}

/** tcp_write_xmit: sends new segments as long as the window has room. */
export function push(sk: Sock): void {
  if (sk.sendHead && changetype<Seg>(sk.sendHead).len) controlMinTsoSegs(sk)
  while (sk.sendHead && inFlight(sk) < sk.sndCwnd) {
    const s = changetype<Seg>(sk.sendHead)
    if (!sk.packetsOut && s.len) controlEvent(sk, EVENT_TX_START)
    if (sk.sendHead != changetype<usize>(s)) continue
    // all is settled before the network has it: the answer may come before this returns
    sk.sendHead = s.next
    sk.sndNxt = segEnd(s)
    s.sentNs = monotonicNs()
    s.inFlight = inFlight(sk)
    sk.packetsOut++
    if (sk.caState == CA_CWR || sk.caState == CA_RECOVERY) sk.prrOut++
    validateCwnd(sk, sk.sendHead != 0 && inFlight(sk) >= sk.sndCwnd)
    if (!sk.rtoAt) timerArm(sk, sk.rtoUs)
    emit(sk, s.seq, s.flags, s.data, s.len)
  }
}

/** tcp_cwnd_validate: whether the window was what held data back, over a window's time. */
function validateCwnd(sk: Sock, limited: bool): void {
  const over = <i32>(sk.sndUna - sk.cwndUsageSeq) >= 0
  if (!over && !limited && (sk.cwndLimited || sk.packetsOut <= sk.maxPacketsOut)) return
  sk.cwndLimited = limited
  sk.maxPacketsOut = sk.packetsOut
  sk.cwndUsageSeq = sk.sndNxt
}

/** tcp_retransmit_skb. */
export function retransmit(sk: Sock, s: Seg): void {
  s.sentNs = monotonicNs()
  s.inFlight = inFlight(sk)
  if (!s.retrans) {
    s.retrans = true
    sk.retransOut++
  }
  sk.totalRetrans++
  if (!sk.retransStamp) {
    const now = milliseconds()
    sk.retransStamp = now ? now : 1
  }
  if (sk.caState == CA_CWR || sk.caState == CA_RECOVERY) sk.prrOut++
  const seq = s.seq
  const err = emit(sk, seq, s.flags, s.data, s.len)
  if (sk.opsFlags & FLAG_RETRANS) sockOps(sk, OPS_RETRANS_CB, true, seq, 1, <u32>err, changetype<Skb>(0))
}

/** tcp_xmit_retransmit_queue: what is lost goes out again, as long as the window has room. */
export function pushLost(sk: Sock): void {
  let at = sk.segFirst
  while (at && at != sk.sendHead && inFlight(sk) < sk.sndCwnd) {
    const s = changetype<Seg>(at)
    if (s.lost && !s.retrans) {
      retransmit(sk, s)
      // what came back meanwhile may have changed the queue
      at = sk.segFirst
    } else at = s.next
  }
}

/** A segment that was acknowledged leaves the queue. */
export function dropFirst(sk: Sock): void {
  const s = changetype<Seg>(sk.segFirst)
  sk.segFirst = s.next
  if (!s.next) sk.segLast = 0
  sk.packetsOut--
  if (s.lost) sk.lostOut--
  if (s.retrans) sk.retransOut--
  kfree(s.data)
  kfree(changetype<usize>(s))
}

/** The connection is over: nothing is sent any more. */
export function purge(sk: Sock): void {
  timerStop(sk)
  while (sk.segFirst) {
    const s = changetype<Seg>(sk.segFirst)
    sk.segFirst = s.next
    kfree(s.data)
    kfree(changetype<usize>(s))
  }
  sk.segLast = 0
  sk.sendHead = 0
  sk.packetsOut = 0
  sk.sackedOut = 0
  sk.lostOut = 0
  sk.retransOut = 0
  while (sk.oooFirst) {
    const skb = changetype<Skb>(sk.oooFirst)
    sk.oooFirst = changetype<usize>(skb.next)
    skb.next = changetype<Skb>(0)
    skbFree(skb)
  }
}

/** The socket is freed. */
export function tcpDestroy(sk: Sock): void {
  purge(sk)
  controlDestroy(sk)
}
