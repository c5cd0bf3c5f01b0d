// SPDX-License-Identifier: GPL-2.0-only
// TCP connections: their states, and what arrives. What is sent is in tcp-output.ts, what acknowledgements mean in
// tcp-recovery.ts. Kernel counterpart: net/ipv4/tcp.c, tcp_input.c, tcp_minisocks.c.

import {
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EPIPE,
  ETIMEDOUT,
} from '../gen/errno.gen'
import { AF_INET, IPPROTO_TCP } from '../gen/system.gen'
import { storageClone } from '../maps/storage'
import { kmalloc } from '../mem/alloc'
import { progGet } from '../prog/refs'
import { monotonicNs } from '../wasi/clock'
import { autobind, dropPort } from './bind'
import { cgroupGet, cgroupPut } from './cgroup'
import { csumFold, csumPartial, csumPseudo } from './checksum'
import { flowHash } from './flow'
import { ipOutput, routeError, routeSource } from './ip'
import { reusePeer, sockHash, sockLookup, sockUnhash } from './lookup'
import { Netns } from './netns'
import { reuseJoin } from './reuseport'
import { queuePut, Skb, skbAlloc, skbFree, SKB_HEADROOM, skbNet, skbPull, skbPut, skbSetOwner } from './skb'
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  Sock,
  sockDst,
  sockLeaveMaps,
  sockNew,
  sockPut,
  sockQueue,
  sockSrc,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from './sock'
import { sockFilter } from './sock-filter'
import {
  FLAG_RTO,
  OPS_ACTIVE_ESTABLISHED_CB,
  OPS_NEEDS_ECN,
  OPS_PASSIVE_ESTABLISHED_CB,
  OPS_RTO_CB,
  OPS_RWND_INIT,
  OPS_TCP_CONNECT_CB,
  OPS_TCP_LISTEN_CB,
  OPS_TIMEOUT_INIT,
  sockOps,
  sockOpsParse,
  sockOpsState,
} from './sock-ops'
import { sockmapIngress } from './sockmap-flow'
import { controlInherit, controlInit, controlSndbufExpand } from './tcp-control'
import {
  ACK,
  dropFirst,
  FIN,
  initialSeq,
  initTcp,
  PSH,
  purge,
  push,
  queueSegment,
  retransmit,
  RST,
  Seg,
  sendControl,
  SYN,
  TCP_HLEN,
  TIMEOUT_INIT,
} from './tcp-output'
import { measured, tcpAck, tcpTimeout } from './tcp-recovery'
import { timerStop } from './tcp-timer'
import { isAny, loopbackAddr } from './udp'
import { world } from './world'

const DEFAULT_SOMAXCONN: u32 = 4096

const SRC: usize = memory.data(16, 8)
const DST: usize = memory.data(16, 8)

function setState(sk: Sock, state: u32): void {
  const from = sk.state
  if (from == state) return
  sockOpsState(sk, from, state)
  sk.state = state
  if (state == TCP_CLOSE) purge(sk)
}

/** Queues a segment and sends what may be sent. */
function transmit(sk: Sock, flags: u32): void {
  queueSegment(sk, flags, 0, 0)
  push(sk)
}

/** Answers a segment that belongs to no connection. */
function sendReset(ns: Netns, skb: Skb, family: u32): void {
  const h = <usize>skb.data
  const flags = <u32>load<u8>(h, 13)
  if (flags & RST) return
  const reply = skbAlloc(SKB_HEADROOM, TCP_HLEN)
  if (!changetype<usize>(reply)) return
  const r = skbPut(reply, TCP_HLEN)
  store<u16>(r, load<u16>(h, 2))
  store<u16>(r, load<u16>(h), 2)
  const doff = (<u32>(load<u8>(h, 12) >> 4)) << 2
  const carried = skb.len - doff + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  if (flags & ACK) {
    store<u32>(r, load<u32>(h, 8), 4)
    store<u8>(r, <u8>RST, 13)
  } else {
    store<u32>(r, bswap<u32>(bswap<u32>(load<u32>(h, 4)) + carried), 8)
    store<u8>(r, <u8>(RST | ACK), 13)
  }
  store<u8>(r, 0x50, 12)
  const net = skbNet(skb)
  const n: usize = family == AF_INET ? 4 : 16
  memory.copy(SRC, net + (family == AF_INET ? 16 : 24), n)
  memory.copy(DST, net + (family == AF_INET ? 12 : 8), n)
  const pseudo = csumPseudo(family, SRC, DST, IPPROTO_TCP, TCP_HLEN)
  store<u16>(r, csumFold(csumPartial(r, TCP_HLEN, pseudo)), 16)
  skbSetOwner(reply, changetype<usize>(ns.control))
  ipOutput(ns, changetype<usize>(ns.control), reply, family, SRC, DST, IPPROTO_TCP, 0)
}

// the caller's side

export function tcpListen(sk: Sock, backlog: i32): i32 {
  if (sk.state != TCP_CLOSE && sk.state != TCP_LISTEN) return -EINVAL
  const max = <u32>backlog > DEFAULT_SOMAXCONN ? DEFAULT_SOMAXCONN : <u32>backlog
  sk.backlogMax = max
  if (sk.state == TCP_LISTEN) return 0
  const err = autobind(sk)
  if (err) return err
  sockOps(sk, OPS_TCP_LISTEN_CB, true, 0, 0, 0, changetype<Skb>(0))
  setState(sk, TCP_LISTEN)
  return sk.reuseport ? reuseJoin(sk, reusePeer(sk)) : 0
}

/** connect(2) behind the programs; `words` is the address, `port` in network byte order. */
export function tcpConnect(sk: Sock, words: usize, port: u16): i32 {
  if (sk.state == TCP_SYN_SENT) return -EALREADY
  if (sk.state != TCP_CLOSE) return -EISCONN
  const n: usize = sk.family == AF_INET ? 4 : 16
  memory.copy(sockDst(sk), words, n)
  if (isAny(sockDst(sk), <u32>n)) loopbackAddr(sockDst(sk), sk.family)
  if (isAny(sockSrc(sk), <u32>n)) {
    if (!routeSource(sk.netns, sk.family, sockDst(sk), sk.boundDevIf, SRC)) return routeError()
    memory.copy(sockSrc(sk), SRC, n)
  }
  const err = autobind(sk)
  if (err) return err == -98 ? -EADDRNOTAVAIL : err
  sk.dstPort = port
  setState(sk, TCP_SYN_SENT)
  sockHash(sk)
  sk.sndIss = initialSeq(sk)
  sk.sndNxt = sk.sndIss
  sk.sndUna = sk.sndIss
  sk.txhash = sk.sndIss | 1
  sockOps(sk, OPS_TCP_CONNECT_CB, true, 0, 0, 0, changetype<Skb>(0))
  sockOps(sk, OPS_TIMEOUT_INIT, true, 0, 0, 0, changetype<Skb>(0))
  sockOps(sk, OPS_RWND_INIT, true, 0, 0, 0, changetype<Skb>(0))
  sockOps(sk, OPS_NEEDS_ECN, true, 0, 0, 0, changetype<Skb>(0))
  initTcp(sk)
  transmit(sk, SYN)
  return connectResult(sk)
}

function connectResult(sk: Sock): i32 {
  if (sk.state == TCP_ESTABLISHED || sk.state == TCP_CLOSE_WAIT) return 0
  if (sk.err) {
    const e = sk.err
    sk.err = 0
    closeDown(sk)
    return -e
  }
  if (sk.nonblock) return -EINPROGRESS
  // nobody answers, and while the caller waits no time passes in which somebody could
  closeDown(sk)
  return -ETIMEDOUT
}

/** Back to a socket that is not connected. */
function closeDown(sk: Sock): void {
  setState(sk, TCP_CLOSE)
  sk.dstPort = 0
  memory.fill(sockDst(sk), 0, 16)
  if (!sk.bound) dropPort(sk)
}

/** The next connection that waits, or 0. Its reference goes over. */
export function tcpAccept(sk: Sock): Sock {
  const child = sk.acceptFirst
  if (!changetype<usize>(child)) return child
  sk.acceptFirst = child.acceptNext
  child.acceptNext = changetype<Sock>(0)
  child.listener = changetype<Sock>(0)
  sk.backlogCnt--
  return child
}

/** Sends bytes of a stream: how many, or an errno. */
export function tcpSend(sk: Sock, data: usize, len: u32): i32 {
  if (sk.shutdown & SEND_SHUTDOWN) return -EPIPE
  if (sk.err) {
    const e = sk.err
    sk.err = 0
    return -e
  }
  if (sk.state != TCP_ESTABLISHED && sk.state != TCP_CLOSE_WAIT) return sk.state == TCP_SYN_SENT ? -EAGAIN : -EPIPE
  const mss = sk.mssCache ? sk.mssCache : 1448
  let done: u32 = 0
  while (done < len) {
    // who does not wait gets what has room
    if (sk.nonblock && !world().inSoftirq && sk.writeSeq - sk.sndUna >= sk.sndbuf) break
    const n = min<u32>(mss, len - done)
    const err = queueSegment(sk, ACK | (done + n == len ? PSH : 0), data + <usize>done, n)
    if (err) return done ? <i32>done : err
    done += n
    push(sk)
  }
  return done || !len ? <i32>done : -EAGAIN
}

/** shutdown and close: what has to be said to the other end. */
export function tcpSendFin(sk: Sock): void {
  if (sk.state == TCP_ESTABLISHED || sk.state == TCP_SYN_RECV) {
    setState(sk, TCP_FIN_WAIT1)
    transmit(sk, FIN | ACK)
  } else if (sk.state == TCP_CLOSE_WAIT) {
    setState(sk, TCP_LAST_ACK)
    transmit(sk, FIN | ACK)
  }
}

/** The last fd is closed. The reference is given back when the connection is over. */
export function tcpClose(sk: Sock): void {
  sk.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN
  sk.closing = true
  sk.refs++
  if (sk.state == TCP_LISTEN) {
    setState(sk, TCP_CLOSE)
    dropPort(sk)
    for (let c = tcpAccept(sk); changetype<usize>(c); c = tcpAccept(sk)) {
      abort(c)
      sockPut(c)
    }
  } else if (sk.state == TCP_SYN_SENT) setState(sk, TCP_CLOSE)
  else if (sockQueue(sk).count) abort(sk)
  else tcpSendFin(sk)
  finish(sk)
}

function abort(sk: Sock): void {
  if (
    sk.state == TCP_ESTABLISHED ||
    sk.state == TCP_CLOSE_WAIT ||
    sk.state == TCP_FIN_WAIT2 ||
    sk.state == TCP_SYN_RECV
  ) {
    sendControl(sk, RST | ACK)
  }
  setState(sk, TCP_CLOSE)
  sockLeaveMaps(sk)
  dropPort(sk)
}

/** A closed connection leaves the tables; a socket whose fd is gone ends. */
function finish(sk: Sock): void {
  if (sk.state != TCP_CLOSE) return
  if (sk.closing) {
    sk.closing = false
    sockLeaveMaps(sk)
    dropPort(sk)
    sockPut(sk)
  } else if (!sk.bound) sockUnhash(sk)
}

// input

/** A segment arrives; data is at the TCP header. */
export function tcpRcv(ns: Netns, skb: Skb, family: u32): void {
  const h = <usize>skb.data
  const doff = skb.len >= TCP_HLEN ? (<u32>(load<u8>(h, 12) >> 4)) << 2 : 0
  if (doff < TCP_HLEN || doff > skb.len) {
    skbFree(skb)
    return
  }
  const net = skbNet(skb)
  const saddr = net + (family == AF_INET ? 12 : 8)
  const daddr = net + (family == AF_INET ? 16 : 24)
  if (csumFold(csumPartial(h, skb.len, csumPseudo(family, saddr, daddr, IPPROTO_TCP, skb.len)))) {
    skbFree(skb)
    return
  }
  flowHash(skb)
  const sk = skb.chosen
    ? changetype<Sock>(skb.chosen)
    : sockLookup(ns, IPPROTO_TCP, family, saddr, load<u16>(h), daddr, load<u16>(h, 2), skb)
  skb.chosen = 0
  if (!changetype<usize>(sk)) {
    sendReset(ns, skb, family)
    skbFree(skb)
    return
  }
  if (sockFilter(sk, skb, doff)) {
    sk.drops++
    skbFree(skb)
    return
  }
  sk.refs++
  if (sk.state == TCP_LISTEN) listenRcv(sk, skb, family)
  else connectionRcv(sk, skb, doff)
  sockPut(sk)
}

/** A connection request. */
function listenRcv(sk: Sock, skb: Skb, family: u32): void {
  const h = <usize>skb.data
  const flags = <u32>load<u8>(h, 13)
  if (!(flags & SYN) || flags & (RST | ACK)) {
    if (flags & ACK && !(flags & RST)) sendReset(sk.netns, skb, family)
    skbFree(skb)
    return
  }
  if (sk.backlogCnt > sk.backlogMax) {
    skbFree(skb)
    return
  }
  const child = makeChild(sk, skb, family)
  if (changetype<usize>(child)) {
    sockOps(child, OPS_TIMEOUT_INIT, false, 0, 0, 0, changetype<Skb>(0))
    sockOps(child, OPS_RWND_INIT, false, 0, 0, 0, changetype<Skb>(0))
    sockOps(child, OPS_NEEDS_ECN, false, 0, 0, 0, changetype<Skb>(0))
    transmit(child, SYN | ACK)
  }
  skbFree(skb)
}

function makeChild(sk: Sock, skb: Skb, family: u32): Sock {
  const child = sockNew(sk.netns, family, sk.type, sk.protocol)
  if (!changetype<usize>(child)) return child
  cgroupPut(child.cgroup)
  child.cgroup = sk.cgroup
  cgroupGet(sk.cgroup)
  const h = <usize>skb.data
  const net = skbNet(skb)
  const n: usize = family == AF_INET ? 4 : 16
  memory.copy(sockSrc(child), net + (family == AF_INET ? 16 : 24), n)
  memory.copy(sockDst(child), net + (family == AF_INET ? 12 : 8), n)
  child.srcPort = <u32>bswap<u16>(load<u16>(h, 2))
  child.dstPort = load<u16>(h)
  child.uid = sk.uid
  child.mark = sk.mark
  child.priority = sk.priority
  child.boundDevIf = sk.boundDevIf
  child.rcvbuf = sk.rcvbuf
  child.sndbuf = sk.sndbuf
  child.opsFlags = sk.opsFlags
  controlInherit(child, sk)
  child.reuseaddr = sk.reuseaddr
  child.reuseport = sk.reuseport
  child.filter = sk.filter
  if (changetype<usize>(child.filter)) progGet(child.filter)
  storageClone(changetype<usize>(sk) + offsetof<Sock>('storage'), changetype<usize>(child) + offsetof<Sock>('storage'))
  child.state = TCP_SYN_RECV
  child.listener = sk
  child.rcvIss = bswap<u32>(load<u32>(h, 4))
  child.rcvNxt = child.rcvIss + 1
  child.tsRecent = synTime(h)
  child.sndIss = initialSeq(child)
  child.sndNxt = child.sndIss
  child.sndUna = child.sndIss
  child.txhash = child.sndIss | 1
  child.segsIn = 1
  child.lastSynLen = skb.dataEnd - <u32>net
  child.lastSyn = kmalloc(child.lastSynLen)
  if (child.lastSyn) memory.copy(child.lastSyn, net, child.lastSynLen)
  initTcp(child)
  sockHash(child)
  // a listener that goes before takes its half-open connections along
  sk.backlogCnt++
  return child
}

function connectionRcv(sk: Sock, skb: Skb, doff: u32): void {
  const h = <usize>skb.data
  const flags = <u32>load<u8>(h, 13)
  const seq = bswap<u32>(load<u32>(h, 4))
  sk.segsIn++
  if (flags & RST) {
    reset(sk)
    skbFree(skb)
    return
  }
  if (sk.state == TCP_SYN_SENT) {
    synSent(sk, skb, flags, seq)
    return
  }
  if (flags & SYN) {
    synAgain(sk, flags)
    skbFree(skb)
    return
  }
  sockOpsParse(sk, skb, false)
  const len = skb.len - doff
  if (<i32>(seq - sk.rcvNxt) <= 0) {
    const time = timeIn(h, 24)
    if (time) sk.tsRecent = time
  }
  if (flags & ACK && !acknowledged(sk, skb, h, len)) {
    skbFree(skb)
    return
  }
  if (sk.state == TCP_CLOSE || (!len && !(flags & FIN))) {
    skbFree(skb)
    return
  }
  if (seq != sk.rcvNxt) {
    // an old one, or one behind a hole
    if (<i32>(seq - sk.rcvNxt) > 0) keepForLater(sk, skb, seq)
    else skbFree(skb)
    sendControl(sk, ACK)
    return
  }
  takeInOrder(sk, skb, doff, len, flags)
  takeKept(sk)
  sendControl(sk, ACK)
  finish(sk)
}

/** A SYN that came before: what answered it was lost. */
function synAgain(sk: Sock, flags: u32): void {
  if (flags & ACK) sendControl(sk, ACK)
  else if (sk.state == TCP_SYN_RECV && sk.segFirst) retransmit(sk, changetype<Seg>(sk.segFirst))
}

function takeInOrder(sk: Sock, skb: Skb, doff: u32, len: u32, flags: u32): void {
  sk.rcvNxt += len + (flags & FIN ? 1 : 0)
  if (len) takeData(sk, skb, doff, len)
  else skbFree(skb)
  if (flags & FIN) takeFin(sk)
}

@inline function seqOf(skb: Skb): u32 {
  return bswap<u32>(load<u32>(skb.data, 4))
}

/** Segments that came too early wait in their order, each once. */
function keepForLater(sk: Sock, skb: Skb, seq: u32): void {
  let at = changetype<usize>(sk) + offsetof<Sock>('oooFirst')
  while (load<usize>(at) && <i32>(seqOf(changetype<Skb>(load<usize>(at))) - seq) < 0)
    at = load<usize>(at) + offsetof<Skb>('next')
  const next = load<usize>(at)
  if (next && seqOf(changetype<Skb>(next)) == seq) {
    skbFree(skb)
    return
  }
  skb.next = changetype<Skb>(next)
  store<usize>(at, changetype<usize>(skb))
}

function takeKept(sk: Sock): void {
  while (sk.oooFirst) {
    const skb = changetype<Skb>(sk.oooFirst)
    const seq = seqOf(skb)
    if (<i32>(seq - sk.rcvNxt) > 0) return
    sk.oooFirst = changetype<usize>(skb.next)
    skb.next = changetype<Skb>(0)
    const h = <usize>skb.data
    const doff = (<u32>(load<u8>(h, 12) >> 4)) << 2
    if (seq == sk.rcvNxt) takeInOrder(sk, skb, doff, skb.len - doff, <u32>load<u8>(h, 13))
    else skbFree(skb)
  }
}

function synSent(sk: Sock, skb: Skb, flags: u32, seq: u32): void {
  const ack = bswap<u32>(load<u32>(skb.data, 8))
  if ((flags & (SYN | ACK)) != (SYN | ACK) || ack != sk.sndNxt) {
    skbFree(skb)
    return
  }
  sk.rcvIss = seq
  sk.rcvNxt = seq + 1
  sk.tsRecent = synTime(skb.data)
  sk.bytesAcked++
  handshakeDone(sk, ack)
  controlInit(sk)
  setState(sk, TCP_ESTABLISHED)
  sockOps(sk, OPS_ACTIVE_ESTABLISHED_CB, true, 0, 0, 0, skb)
  controlSndbufExpand(sk)
  skbFree(skb)
  sendControl(sk, ACK)
}

/** The SYN, with or without ACK, is acknowledged. */
function handshakeDone(sk: Sock, ack: u32): void {
  sk.delivered++
  sk.sndUna = ack
  timerStop(sk)
  sk.rtoUs = TIMEOUT_INIT
  if (sk.segFirst && sk.segFirst != sk.sendHead) {
    const s = changetype<Seg>(sk.segFirst)
    const sentNs = s.sentNs
    const once = !s.retrans
    dropFirst(sk)
    if (once) measured(sk, <u32>((monotonicNs() - sentNs) / 1000))
  }
  sk.icskRetransmits = 0
}

/** Time that a segment carries, at `at` 24, or gives back, at 28; 0 where it has no timestamps. */
function timeIn(h: usize, at: usize): u32 {
  const doff = (<u32>(load<u8>(h, 12) >> 4)) << 2
  return doff >= 32 && load<u32>(h, 20) == 0x0a080101 ? bswap<u32>(load<u32>(h + at)) : 0
}
function synTime(h: usize): u32 {
  const doff = (<u32>(load<u8>(h, 12) >> 4)) << 2
  return doff >= 40 && load<u32>(h, 24) == 0x0a080204 ? bswap<u32>(load<u32>(h, 28)) : 0
}

/** Takes an acknowledgement; false: the segment is of no further interest. */
function acknowledged(sk: Sock, skb: Skb, h: usize, len: u32): bool {
  const ack = bswap<u32>(load<u32>(h, 8))
  const valid = <i32>(ack - sk.sndUna) >= 0 && <i32>(ack - sk.sndNxt) <= 0
  if (sk.state == TCP_SYN_RECV) {
    if (ack != sk.writeSeq) return false
    handshakeDone(sk, ack)
    return established(sk, skb)
  }
  if (valid) {
    const plain = !len && !(load<u8>(h, 13) & (SYN | FIN))
    tcpAck(sk, ack, plain && ack == sk.sndUna, timeIn(h, 28))
  }
  const all = sk.sndUna == sk.writeSeq
  switch (sk.state) {
    case TCP_FIN_WAIT1:
      if (all) setState(sk, TCP_FIN_WAIT2)
      return true
    case TCP_CLOSING:
    case TCP_LAST_ACK:
      if (all) {
        setState(sk, TCP_CLOSE)
        finish(sk)
      }
      return false
    default:
      return true
  }
}

/** The handshake of an incoming connection is complete. */
function established(sk: Sock, skb: Skb): bool {
  const listener = sk.listener
  if (!changetype<usize>(listener) || listener.state != TCP_LISTEN) {
    abort(sk)
    sockPut(sk)
    return false
  }
  controlInit(sk)
  controlSndbufExpand(sk)
  sockOps(sk, OPS_PASSIVE_ESTABLISHED_CB, true, 0, 0, 0, skb)
  setState(sk, TCP_ESTABLISHED)
  let at = changetype<usize>(listener) + offsetof<Sock>('acceptFirst')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Sock>('acceptNext')
  store<usize>(at, changetype<usize>(sk))
  return true
}

function takeData(sk: Sock, skb: Skb, doff: u32, len: u32): void {
  sk.bytesReceived += <u64>len
  sk.dataSegsIn++
  if (sk.shutdown & RCV_SHUTDOWN && sk.closing) {
    skbFree(skb)
    return
  }
  skbPull(skb, doff)
  if (sockmapIngress(sk, skb)) return
  queuePut(sockQueue(sk), skb)
}

function takeFin(sk: Sock): void {
  sk.shutdown |= RCV_SHUTDOWN
  switch (sk.state) {
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
      setState(sk, TCP_CLOSE_WAIT)
      break
    case TCP_FIN_WAIT1:
      setState(sk, TCP_CLOSING)
      break
    case TCP_FIN_WAIT2:
      // what is left of TIME_WAIT is no concern of the socket
      setState(sk, TCP_CLOSE)
      break
  }
}

function reset(sk: Sock): void {
  const halfOpen = sk.state == TCP_SYN_RECV
  sk.err = sk.state == TCP_SYN_SENT ? ECONNREFUSED : sk.state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET
  sk.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN
  setState(sk, TCP_CLOSE)
  sockLeaveMaps(sk)
  sockUnhash(sk)
  if (halfOpen) {
    if (changetype<usize>(sk.listener)) sk.listener.backlogCnt--
    sockPut(sk)
  } else finish(sk)
}

/** Nothing answers for too long (tcp_retries2, tcp_syn_retries): the connection ends with ETIMEDOUT. */
const RETRIES: u32 = 15

/** The time of a connection is over. tcp_retransmit_timer. */
export function tcpTimerFired(sk: Sock): void {
  const most = sk.state == TCP_SYN_SENT || sk.state == TCP_SYN_RECV ? sk.syncnt : RETRIES
  const over = sk.icskRetransmits >= most
  if (sk.opsFlags & FLAG_RTO)
    sockOps(sk, OPS_RTO_CB, true, sk.icskRetransmits, sk.rtoUs / 1000, u32(over), changetype<Skb>(0))
  if (!over) {
    tcpTimeout(sk)
    return
  }
  const halfOpen = sk.state == TCP_SYN_RECV
  sk.err = ETIMEDOUT
  sk.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN
  setState(sk, TCP_CLOSE)
  sockLeaveMaps(sk)
  sockUnhash(sk)
  if (halfOpen) {
    if (changetype<usize>(sk.listener)) sk.listener.backlogCnt--
    sockPut(sk)
  } else finish(sk)
}
