// SPDX-License-Identifier: GPL-2.0-only
// TCP without loss: segments go through the simulated devices and are answered at once, so nothing is retransmitted;
// what a program drops is lost for good. Kernel counterpart: net/ipv4/tcp_input.c, tcp_output.c.

import {
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOMEM,
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
import { ipOutput, routeMtu, routeOutput, routeError, routeSource } from './ip'
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
  OPS_ACTIVE_ESTABLISHED_CB,
  OPS_NEEDS_ECN,
  OPS_PASSIVE_ESTABLISHED_CB,
  OPS_RWND_INIT,
  OPS_TCP_CONNECT_CB,
  OPS_TCP_LISTEN_CB,
  OPS_TIMEOUT_INIT,
  sockOps,
  sockOpsOptLen,
  sockOpsOptWrite,
  sockOpsParse,
  sockOpsState,
} from './sock-ops'
import { sockmapIngress } from './sockmap-flow'
import { isAny, loopbackAddr } from './udp'

const TCP_HLEN: u32 = 20
const FIN: u32 = 1
const SYN: u32 = 2
const RST: u32 = 4
const PSH: u32 = 8
const ACK: u32 = 16
/** Timestamps, padded, in every segment; and what a SYN carries: size, SACK, timestamps, window scale. */
const OPT_LEN: u32 = 12
const SYN_OPT_LEN: u32 = 20
const MAX_OPT: u32 = 40
const DEFAULT_SOMAXCONN: u32 = 4096

const SRC: usize = memory.data(16, 8)
const DST: usize = memory.data(16, 8)
const SEQ: usize = memory.data(4, 4)

function setState(sk: Sock, state: u32): void {
  const from = sk.state
  if (from == state) return
  sockOpsState(sk, from, state)
  sk.state = state
}

/** Numbers differ from connection to connection but are the same in each run. */
function initialSeq(sk: Sock): u32 {
  const n = load<u32>(SEQ) + 0x3d09
  store<u32>(SEQ, n)
  return n * 2654435761 + sk.srcPort
}

function mssOf(sk: Sock): u32 {
  const dev = routeOutput(sk.netns, sk.family, sockDst(sk), sk.boundDevIf)
  const mtu: u32 = changetype<usize>(dev) ? routeMtu(dev) : 1500
  return mtu - (sk.family == AF_INET ? 20 : 40) - TCP_HLEN
}

function initTcp(sk: Sock): void {
  sk.sndCwnd = 10
  sk.sndSsthresh = 0x7fffffff
  sk.rttMin = 0xffffffff
  sk.mssCache = mssOf(sk) - OPT_LEN
  sk.sndWnd = 65535
}

// output

function putOptions(sk: Sock, at: usize, syn: bool): void {
  if (!syn) {
    store<u32>(at, 0x0a080101)
    putTimes(at + 4)
    return
  }
  store<u16>(at, 0x0402)
  store<u16>(at, bswap<u16>(<u16>mssOf(sk)), 2)
  store<u32>(at, 0x0a080204, 4)
  putTimes(at + 8)
  store<u32>(at, 0x07030301, 16)
}
function putTimes(at: usize): void {
  store<u32>(at, bswap<u32>(<u32>(monotonicNs() / 1000000)))
  store<u32>(at, 0, 4)
}

/** Sends one segment; its sequence number moves on with what it carries. */
function transmit(sk: Sock, flags: u32, data: usize, len: u32): i32 {
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
  store<u32>(h, bswap<u32>(sk.sndNxt), 4)
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
  sk.sndNxt += len + (flags & (SYN | FIN) ? 1 : 0)
  skb.priority = sk.priority
  skb.mark = sk.mark
  skb.hash = sk.txhash
  skbSetOwner(skb, changetype<usize>(sk))
  memory.copy(SRC, sockSrc(sk), 16)
  memory.copy(DST, sockDst(sk), 16)
  return ipOutput(sk.netns, changetype<usize>(sk), skb, sk.family, SRC, DST, IPPROTO_TCP, sk.boundDevIf)
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
  transmit(sk, SYN, 0, 0)
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
  // nobody answers, and in a world without loss nobody will
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
    const n = min<u32>(mss, len - done)
    const err = transmit(sk, ACK | (done + n == len ? PSH : 0), data + <usize>done, n)
    if (err < 0 && err == -ENOMEM) return done ? <i32>done : err
    done += n
  }
  return <i32>len
}

/** shutdown and close: what has to be said to the other end. */
export function tcpSendFin(sk: Sock): void {
  if (sk.state == TCP_ESTABLISHED || sk.state == TCP_SYN_RECV) {
    setState(sk, TCP_FIN_WAIT1)
    transmit(sk, FIN | ACK, 0, 0)
  } else if (sk.state == TCP_CLOSE_WAIT) {
    setState(sk, TCP_LAST_ACK)
    transmit(sk, FIN | ACK, 0, 0)
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
    transmit(sk, RST | ACK, 0, 0)
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
    transmit(child, SYN | ACK, 0, 0)
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
  child.congestion0 = sk.congestion0
  child.congestion1 = sk.congestion1
  child.reuseaddr = sk.reuseaddr
  child.reuseport = sk.reuseport
  child.filter = sk.filter
  if (changetype<usize>(child.filter)) progGet(child.filter)
  storageClone(changetype<usize>(sk) + offsetof<Sock>('storage'), changetype<usize>(child) + offsetof<Sock>('storage'))
  child.state = TCP_SYN_RECV
  child.listener = sk
  child.rcvIss = bswap<u32>(load<u32>(h, 4))
  child.rcvNxt = child.rcvIss + 1
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
  sockOpsParse(sk, skb, false)
  if (flags & ACK && !acknowledged(sk, skb, h)) {
    skbFree(skb)
    return
  }
  if (sk.state == TCP_CLOSE) {
    skbFree(skb)
    return
  }
  const len = skb.len - doff
  const expected = seq == sk.rcvNxt
  if (!len && !(flags & FIN)) {
    skbFree(skb)
    return
  }
  if (!expected) {
    // an old one, or one behind a hole that nothing will fill
    transmit(sk, ACK, 0, 0)
    skbFree(skb)
    return
  }
  sk.rcvNxt += len + (flags & FIN ? 1 : 0)
  if (len) takeData(sk, skb, doff, len)
  else skbFree(skb)
  if (flags & FIN) takeFin(sk)
  transmit(sk, ACK, 0, 0)
  finish(sk)
}

function synSent(sk: Sock, skb: Skb, flags: u32, seq: u32): void {
  const ack = bswap<u32>(load<u32>(skb.data, 8))
  if ((flags & (SYN | ACK)) != (SYN | ACK) || ack != sk.sndNxt) {
    skbFree(skb)
    return
  }
  sk.rcvIss = seq
  sk.rcvNxt = seq + 1
  sk.sndUna = ack
  setState(sk, TCP_ESTABLISHED)
  sockOps(sk, OPS_ACTIVE_ESTABLISHED_CB, true, 0, 0, 0, skb)
  skbFree(skb)
  transmit(sk, ACK, 0, 0)
}

/** Takes an acknowledgement; false: the segment is of no further interest. */
function acknowledged(sk: Sock, skb: Skb, h: usize): bool {
  const ack = bswap<u32>(load<u32>(h, 8))
  const fresh = <i32>(ack - sk.sndUna)
  if (fresh > 0 && <i32>(ack - sk.sndNxt) <= 0) {
    sk.bytesAcked += <u64>fresh
    sk.delivered++
    sk.sndUna = ack
  }
  const all = ack == sk.sndNxt
  switch (sk.state) {
    case TCP_SYN_RECV:
      return all && established(sk, skb)
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
