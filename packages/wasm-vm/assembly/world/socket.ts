// SPDX-License-Identifier: GPL-2.0-only
// The socket system calls. Kernel counterpart: net/socket.c, net/ipv4/af_inet.c.

import {
  EACCES,
  EAFNOSUPPORT,
  EAGAIN,
  EINVAL,
  EISCONN,
  ENOMEM,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../gen/errno.gen'
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  AF_UNIX,
  AF_XDP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from '../gen/system.gen'
import {
  BPF_CGROUP_INET4_CONNECT,
  BPF_CGROUP_INET4_GETPEERNAME,
  BPF_CGROUP_INET4_GETSOCKNAME,
  BPF_CGROUP_INET6_CONNECT,
  BPF_CGROUP_INET6_GETPEERNAME,
  BPF_CGROUP_INET6_GETSOCKNAME,
  BPF_CGROUP_INET_SOCK_CREATE,
  BPF_CGROUP_INET_SOCK_RELEASE,
  BPF_CGROUP_UDP4_RECVMSG,
  BPF_CGROUP_UDP6_RECVMSG,
  BPF_CGROUP_UNIX_GETPEERNAME,
  BPF_CGROUP_UNIX_GETSOCKNAME,
  BPF_CGROUP_UNIX_RECVMSG,
} from '../gen/uapi-enums.gen'
import { CAP_NET_RAW, capable } from '../syscall/caps'
import { fdClose, fdInstall, fdObject, MODE_RDWR } from '../syscall/fd'
import { autobind, dropPort, inetBind } from './bind'
import { cgRunSock } from './cgroup-run'
import { FILE_SOCK } from './files'
import { routeError, routeSource } from './ip'
import { sockHash } from './lookup'
import { packetBind, packetName, packetOpen, packetRelease, packetSend } from './packet-socket'
import { rawSend } from './raw-socket'
import { queueTake, Skb, skbFree, skbPull } from './skb'
import { addrPort, addrWords, makeAddr, runSockAddr, runUnixAddr, sockaddrOk } from './sock-addr'
import {
  isInet,
  isTcp,
  isUdp,
  isUnix,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  Sock,
  sockDst,
  sockInQueue,
  sockLeaveMaps,
  sockNew,
  sockPut,
  sockQueue,
  sockSrc,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from './sock'
import { callDone, callSkips, sockCall, socketCall } from './events'
import { mayAccept, mayCreateSocket, maySock, socketCreated } from './security'
import { sockmapSend } from './sockmap-flow'
import { tcpAccept, tcpClose, tcpConnect, tcpListen, tcpSend, tcpSendFin } from './tcp'
import { isAny, loopbackAddr, udpSend } from './udp'
import { unixAccept, unixBind, unixConnect, unixListen, unixName, unixPair, unixRelease, unixSend } from './unix'
import { current } from './world'
import { xskBind, xskReady, xskRelease, xskSend } from './xsk'

const TYPE_MASK: u32 = 0xf
const MSG_PEEK: u32 = 2
const MSG_TRUNC: u32 = 0x20
const IPPROTO_ICMP: u32 = 1
const COPY: usize = memory.data(128, 8)
const LEN: usize = memory.data(4, 4)

/** socket(2). */
export function sockOpen(domain: u32, type: u32, protocol: u32): i32 {
  const flags = type & ~TYPE_MASK
  const kind = type & TYPE_MASK
  if (flags & ~((<u32>SOCK_NONBLOCK) | (<u32>SOCK_CLOEXEC))) return -EINVAL
  if (!kind || kind > 10) return -EINVAL
  const denied = mayCreateSocket(domain, kind, protocol)
  if (denied) return denied
  const proto = protocolOf(domain, kind, protocol)
  if (proto < 0) return proto
  const sk = sockNew(current().netns, domain, kind, <u32>proto)
  if (!changetype<usize>(sk)) return -ENOMEM
  sk.nonblock = (flags & SOCK_NONBLOCK) != 0
  const unsafe = maySock(sk, domain)
  if (unsafe) {
    sockPut(sk)
    return unsafe
  }
  if (domain == AF_PACKET) {
    sk.protocol = protocol
    packetOpen(sk, protocol)
  }
  if (isInet(sk)) {
    const err = cgRunSock(sk, BPF_CGROUP_INET_SOCK_CREATE)
    if (err) {
      sockPut(sk)
      return err
    }
    if (kind == SOCK_RAW) sockHash(sk)
  }
  const refused = socketCreated(sk, domain, kind, protocol)
  if (refused) {
    sockRelease(sk)
    sockPut(sk)
    return refused
  }
  const fd = fdInstall(FILE_SOCK, changetype<usize>(sk), MODE_RDWR)
  if (fd < 0) {
    sockRelease(sk)
    sockPut(sk)
  }
  return fd
}

/** The protocol that a socket of this kind has, or an errno. */
function protocolOf(domain: u32, type: u32, protocol: u32): i32 {
  switch (domain) {
    case AF_UNIX:
      if (protocol && protocol != AF_UNIX) return -EPROTONOSUPPORT
      return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET || type == SOCK_RAW
        ? 0
        : -ESOCKTNOSUPPORT
    case AF_INET:
    case AF_INET6:
      if (protocol > 262) return -EINVAL
      if (type == SOCK_STREAM) return protocol && protocol != IPPROTO_TCP ? -EPROTONOSUPPORT : IPPROTO_TCP
      if (type == SOCK_DGRAM) {
        if (protocol == IPPROTO_ICMP) return -EACCES
        return protocol && protocol != IPPROTO_UDP ? -EPROTONOSUPPORT : IPPROTO_UDP
      }
      if (type != SOCK_RAW) return -ESOCKTNOSUPPORT
      if (!capable(CAP_NET_RAW)) return -EPERM
      return protocol ? <i32>protocol : -EPROTONOSUPPORT
    case AF_PACKET:
      if (!capable(CAP_NET_RAW)) return -EPERM
      return type == SOCK_RAW || type == SOCK_DGRAM ? <i32>(protocol & 0xffff) : -ESOCKTNOSUPPORT
    case AF_XDP:
      if (!capable(CAP_NET_RAW)) return -EPERM
      if (type != SOCK_RAW) return -ESOCKTNOSUPPORT
      return protocol ? -EPROTONOSUPPORT : 0
    default:
      return -EAFNOSUPPORT
  }
}

/** socketpair(2): two fds at `out`. */
export function sockPair(domain: u32, type: u32, protocol: u32, out: usize): i32 {
  if (domain != AF_UNIX) return domain == AF_INET || domain == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT
  const a = sockOpen(domain, type, protocol)
  if (a < 0) return a
  const b = sockOpen(domain, type, protocol)
  if (b < 0) {
    fdClose(a)
    return b
  }
  unixPair(changetype<Sock>(fdObject(a)), changetype<Sock>(fdObject(b)))
  store<i32>(out, a)
  store<i32>(out, b, 4)
  return 0
}

/** The last fd is closed: everything but the memory ends. */
export function sockRelease(sk: Sock): void {
  if (isInet(sk)) cgRunSock(sk, BPF_CGROUP_INET_SOCK_RELEASE)
  if (isTcp(sk)) {
    tcpClose(sk)
    return
  }
  sockLeaveMaps(sk)
  sk.dead = true
  if (isUnix(sk)) unixRelease(sk)
  else if (sk.family == AF_PACKET) packetRelease(sk)
  else if (sk.family == AF_XDP) xskRelease(sk)
  else dropPort(sk)
}

export function sockBind(sk: Sock, addr: usize, len: u32): i32 {
  if (len > 128) return -EINVAL
  const name = isInet(sk) ? (sk.family == AF_INET ? 'inet_bind' : 'inet6_bind') : isUnix(sk) ? 'unix_bind' : ''
  if (!name.length) return otherBind(sk, addr, len)
  const call = socketCall(name, sk, <u64>addr, len, 3)
  if (callSkips(call)) return callDone(call, 0)
  return callDone(call, isInet(sk) ? inetBind(sk, addr, len) : unixBind(sk, addr, len))
}

function otherBind(sk: Sock, addr: usize, len: u32): i32 {
  if (sk.family == AF_PACKET) return packetBind(sk, addr, len)
  return sk.family == AF_XDP ? xskBind(sk, addr, len) : -EOPNOTSUPP
}

export function sockConnect(sk: Sock, addr: usize, len: u32): i32 {
  if (len > 128 || len < 2) return -EINVAL
  if (isUnix(sk)) {
    const call = socketCall(sk.type == SOCK_DGRAM ? 'unix_dgram_connect' : 'unix_stream_connect', sk, <u64>addr, len, 3)
    return callSkips(call) ? callDone(call, 0) : callDone(call, unixConnect(sk, addr, len))
  }
  if (!isInet(sk)) return -EOPNOTSUPP
  const call = socketCall(isTcp(sk) ? 'inet_stream_connect' : 'inet_dgram_connect', sk, <u64>addr, len, 3)
  return callSkips(call) ? callDone(call, 0) : callDone(call, inetConnect(sk, addr, len))
}

function inetConnect(sk: Sock, addr: usize, len: u32): i32 {
  if (load<u16>(addr) == 0) return disconnect(sk)
  if (isTcp(sk)) {
    if (sk.state == TCP_LISTEN || sk.state == TCP_ESTABLISHED) return -EISCONN
  }
  const v4 = sk.family == AF_INET
  const need: u32 = v4 ? 16 : 24
  if (len < need) return -EINVAL
  memory.fill(COPY, 0, 32)
  memory.copy(COPY, addr, min<u32>(len, 28))
  if (load<u16>(COPY) == sk.family) {
    const err = runSockAddr(sk, v4 ? BPF_CGROUP_INET4_CONNECT : BPF_CGROUP_INET6_CONNECT, COPY)
    if (err) return err
  }
  const bad = sockaddrOk(sk, COPY, len)
  if (bad) return bad
  const words = addrWords(COPY)
  const port = addrPort(COPY)
  if (!isTcp(sk)) return datagramConnect(sk, words, port)
  const outer = sockCall(v4 ? 'tcp_v4_connect' : 'tcp_v6_connect', sk, <u64>COPY, len, 3)
  if (callSkips(outer)) return callDone(outer, 0)
  const call = sockCall('tcp_connect', sk, 0, 0, 1)
  const ret = callSkips(call) ? callDone(call, 0) : callDone(call, tcpConnect(sk, words, port))
  return callDone(outer, ret)
}

function disconnect(sk: Sock): i32 {
  if (isTcp(sk)) {
    tcpSendFin(sk)
    sk.state = TCP_CLOSE
  }
  sk.state = TCP_CLOSE
  sk.dstPort = 0
  memory.fill(sockDst(sk), 0, sk.family == AF_INET ? 4 : 16)
  if (!sk.bound) {
    dropPort(sk)
    memory.fill(sockSrc(sk), 0, sk.family == AF_INET ? 4 : 16)
  }
  return 0
}

function datagramConnect(sk: Sock, words: usize, port: u16): i32 {
  const n: u32 = sk.family == AF_INET ? 4 : 16
  if (!sk.srcPort && sk.type != SOCK_RAW && autobind(sk)) return -EAGAIN
  memory.copy(sockDst(sk), words, n)
  if (isAny(sockDst(sk), n)) loopbackAddr(sockDst(sk), sk.family)
  if (isAny(sockSrc(sk), n) && !routeSource(sk.netns, sk.family, sockDst(sk), sk.boundDevIf, sockSrc(sk))) {
    memory.fill(sockDst(sk), 0, n)
    return routeError()
  }
  sk.dstPort = port
  sk.state = TCP_ESTABLISHED
  return 0
}

export function sockListen(sk: Sock, backlog: i32): i32 {
  if (isUnix(sk)) {
    const call = socketCall('unix_listen', sk, <u64>(<i64>backlog), 0, 2)
    return callSkips(call) ? callDone(call, 0) : callDone(call, unixListen(sk, backlog))
  }
  if (!isTcp(sk)) return -EOPNOTSUPP
  const outer = socketCall('inet_listen', sk, <u64>(<i64>backlog), 0, 2)
  if (callSkips(outer)) return callDone(outer, 0)
  const call = sockCall('inet_csk_listen_start', sk, 0, 0, 1)
  return callDone(outer, callSkips(call) ? callDone(call, 0) : callDone(call, tcpListen(sk, backlog)))
}

/** accept(2): an fd. */
export function sockAccept(sk: Sock, flags: u32): i32 {
  if (flags & ~((<u32>SOCK_NONBLOCK) | (<u32>SOCK_CLOEXEC))) return -EINVAL
  if (!isTcp(sk) && !(isUnix(sk) && sk.type != SOCK_DGRAM)) return -EOPNOTSUPP
  if (sk.state != TCP_LISTEN) return -EINVAL
  const child = isUnix(sk) ? unixAccept(sk) : tcpAccept(sk)
  if (!changetype<usize>(child)) return -EAGAIN
  const denied = mayAccept(sk, child)
  if (denied) {
    sockRelease(child)
    sockPut(child)
    return denied
  }
  child.nonblock = (flags & SOCK_NONBLOCK) != 0
  const fd = fdInstall(FILE_SOCK, changetype<usize>(child), MODE_RDWR)
  if (fd < 0) {
    sockRelease(child)
    sockPut(child)
  }
  return fd
}

/** send and sendto (`addr` 0: none). */
export function sockSend(sk: Sock, data: usize, len: u32, flags: u32, addr: usize, addrLen: u32): i32 {
  if (addrLen > 128) return -EINVAL
  if (sk.family == AF_PACKET) return packetSend(sk, data, len, addr, addrLen)
  if (sk.family == AF_XDP) return xskSend(sk)
  if (isUnix(sk)) return unixSend(sk, data, len, addr, addrLen)
  if (isTcp(sk)) {
    if (sk.mapLinks && changetype<usize>(sk.msgVerdict)) return sockmapSend(sk, data, len)
    const call = sockCall('tcp_sendmsg', sk, 0, len, 3)
    return callSkips(call) ? callDone(call, 0) : callDone(call, tcpSend(sk, data, len))
  }
  if (sk.err && isUdp(sk)) {
    const e = sk.err
    sk.err = 0
    return -e
  }
  if (!isUdp(sk)) return rawSend(sk, data, len, addr, addrLen)
  const call = sockCall(sk.family == AF_INET ? 'udp_sendmsg' : 'udpv6_sendmsg', sk, 0, len, 3)
  return callSkips(call) ? callDone(call, 0) : callDone(call, udpSend(sk, data, len, addr, addrLen))
}

function isStream(sk: Sock): bool {
  return sk.type == SOCK_STREAM
}

/** recv and recvfrom; with `addr` the sender's address goes there and its length to `addrLen`. */
export function sockRecv(sk: Sock, to: usize, len: u32, flags: u32, addr: usize, addrLen: usize): i32 {
  if (sk.state == TCP_LISTEN && isTcp(sk)) return -ENOTCONN
  if (isStream(sk)) {
    if (isTcp(sk) && sk.state == TCP_CLOSE && !sk.shutdown && !sockQueue(sk).count && !sk.err) return -ENOTCONN
    if (isUnix(sk) && sk.state == TCP_CLOSE && !sk.shutdown && !sockQueue(sk).count) return -EINVAL
    return recvStream(sk, to, len, flags)
  }
  const q = sockInQueue(sk).count ? sockInQueue(sk) : sockQueue(sk)
  if (sk.err && !q.count) {
    const e = sk.err
    sk.err = 0
    return -e
  }
  if (!q.count) return sk.shutdown & RCV_SHUTDOWN ? 0 : -EAGAIN
  const peek = (flags & MSG_PEEK) != 0
  const skb = peek ? q.first : queueTake(q)
  const n = min(len, skb.len)
  memory.copy(to, skb.data, n)
  const full = skb.len
  if (addr) giveSender(sk, skb, addr, addrLen)
  if (!peek) skbFree(skb)
  return <i32>(flags & MSG_TRUNC ? full : n)
}

function recvStream(sk: Sock, to: usize, len: u32, flags: u32): i32 {
  let done: u32 = 0
  const peek = (flags & MSG_PEEK) != 0
  for (let turn = 0; turn < 2; turn++) {
    const q = turn ? sockQueue(sk) : sockInQueue(sk)
    let skb = q.first
    while (changetype<usize>(skb) && done < len) {
      const next = skb.next
      const n = min(len - done, skb.len)
      memory.copy(to + <usize>done, skb.data, n)
      done += n
      if (!peek) {
        if (n == skb.len) skbFree(queueTake(q))
        else {
          skbPull(skb, n)
          q.bytes -= n
        }
      }
      skb = next
    }
  }
  if (done || !len) return <i32>done
  if (sk.err) {
    const e = sk.err
    sk.err = 0
    return -e
  }
  if (sk.shutdown & RCV_SHUTDOWN || sk.state == TCP_CLOSE) return 0
  return -EAGAIN
}

function giveSender(sk: Sock, skb: Skb, addr: usize, addrLen: usize): void {
  let n = skb.fromLen
  if (skb.from) memory.copy(addr, skb.from, n)
  if (isUdp(sk) && skb.from) {
    runSockAddr(sk, sk.family == AF_INET ? BPF_CGROUP_UDP4_RECVMSG : BPF_CGROUP_UDP6_RECVMSG, addr)
  } else if (isUnix(sk) && skb.from) {
    store<u32>(LEN, n)
    runUnixAddr(sk, BPF_CGROUP_UNIX_RECVMSG, addr, LEN)
    n = load<u32>(LEN)
  }
  store<u32>(addrLen, n)
}

/** getsockname and getpeername: the length of the address at `to` (128 bytes), or an errno. */
export function sockName(sk: Sock, peer: bool, to: usize): i32 {
  memory.fill(to, 0, 128)
  if (isUnix(sk)) {
    const other = peer ? sk.peer : sk
    if (!changetype<usize>(other)) return -ENOTCONN
    store<u32>(LEN, unixName(other, to))
    runUnixAddr(sk, peer ? BPF_CGROUP_UNIX_GETPEERNAME : BPF_CGROUP_UNIX_GETSOCKNAME, to, LEN)
    return load<i32>(LEN)
  }
  if (sk.family == AF_PACKET) return peer ? -EOPNOTSUPP : <i32>packetName(sk, to)
  if (!isInet(sk)) return -EOPNOTSUPP
  const v4 = sk.family == AF_INET
  if (peer && (!sk.dstPort || (isTcp(sk) && sk.state == TCP_CLOSE))) return -ENOTCONN
  const n = peer
    ? makeAddr(to, sk.family, sockDst(sk), sk.dstPort)
    : makeAddr(to, sk.family, sockSrc(sk), bswap<u16>(<u16>sk.srcPort))
  if (peer) runSockAddr(sk, v4 ? BPF_CGROUP_INET4_GETPEERNAME : BPF_CGROUP_INET6_GETPEERNAME, to)
  else runSockAddr(sk, v4 ? BPF_CGROUP_INET4_GETSOCKNAME : BPF_CGROUP_INET6_GETSOCKNAME, to)
  return <i32>n
}

export function sockShutdown(sk: Sock, how: u32): i32 {
  if (how > 2) return -EINVAL
  const bits = how + 1
  if (isTcp(sk)) {
    if (sk.state == TCP_CLOSE) return -ENOTCONN
    sk.shutdown |= bits
    if (bits & SEND_SHUTDOWN) tcpSendFin(sk)
    return 0
  }
  if (isUnix(sk)) {
    sk.shutdown |= bits
    const p = sk.peer
    if (changetype<usize>(p) && sk.type != SOCK_DGRAM) {
      if (bits & SEND_SHUTDOWN) p.shutdown |= RCV_SHUTDOWN
      if (bits & RCV_SHUTDOWN) p.shutdown |= SEND_SHUTDOWN
    }
    return 0
  }
  if (sk.state != TCP_ESTABLISHED) return -ENOTCONN
  sk.shutdown |= bits
  return 0
}

/** Whether a read, or an accept, would give something. */
export function sockReady(sk: Sock): bool {
  if (sk.state == TCP_LISTEN) return changetype<usize>(sk.acceptFirst) != 0
  if (sk.family == AF_XDP) return xskReady(sk)
  if (sockQueue(sk).count || sockInQueue(sk).count || sk.err) return true
  return (sk.shutdown & RCV_SHUTDOWN) != 0
}
