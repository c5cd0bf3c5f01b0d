// SPDX-License-Identifier: GPL-2.0-only
// AF_UNIX. Kernel counterpart: net/unix/af_unix.c.

import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOENT,
  ENOMEM,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
  EPERM,
} from '../gen/errno.gen'
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../gen/system.gen'
import { BPF_CGROUP_UNIX_CONNECT, BPF_CGROUP_UNIX_SENDMSG } from '../gen/uapi-enums.gen'
import { kmalloc, kzalloc } from '../mem/alloc'
import { queuePut, Skb, skbFree, skbOf, skbSetOwner } from './skb'
import { runUnixAddr } from './sock-addr'
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  Sock,
  sockGet,
  sockNew,
  sockPut,
  sockQueue,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from './sock'
import { sockFilter } from './sock-filter'
import { sockmapIngress } from './sockmap-flow'
import { world, World } from './world'

const PATH: u32 = 2
const ADDR_MAX: u32 = 110
const COPY: usize = memory.data(128, 8)
const LEN: usize = memory.data(4, 4)

function nameAdd(sk: Sock): void {
  sk.next = changetype<Sock>(world().unixSocks)
  world().unixSocks = changetype<usize>(sk)
  sk.hashed = true
}
function nameDrop(sk: Sock): void {
  if (!sk.hashed) return
  sk.hashed = false
  let at = changetype<usize>(world()) + offsetof<World>('unixSocks')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(sk)) at = load<usize>(at) + offsetof<Sock>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(sk.next))
}

function nameFind(addr: usize, len: u32): Sock {
  for (let p = world().unixSocks; p; p = changetype<usize>(changetype<Sock>(p).next)) {
    const sk = changetype<Sock>(p)
    if (sk.nameLen == len && memory.compare(sk.name, addr, len) == 0) return sk
  }
  return changetype<Sock>(0)
}

/** Bytes of an address that count: a path ends with its first zero. */
function nameLength(addr: usize, len: u32): u32 {
  if (len <= PATH || !load<u8>(addr, PATH)) return len
  let n = PATH
  while (n < len && load<u8>(addr + <usize>n)) n++
  return n + 1
}

/** Copies and checks an address: its length, or an errno. */
function takeAddr(addr: usize, len: u32): i32 {
  if (len <= PATH || len > ADDR_MAX || load<u16>(addr) != AF_UNIX) return -EINVAL
  memory.fill(COPY, 0, 128)
  memory.copy(COPY, addr, len)
  return <i32>nameLength(COPY, len)
}

export function unixBind(sk: Sock, addr: usize, len: u32): i32 {
  if (sk.name) return -EINVAL
  if (len == PATH && load<u16>(addr) == AF_UNIX) return autoName(sk)
  const n = takeAddr(addr, len)
  if (n < 0) return n
  return setName(sk, COPY, <u32>n)
}

function setName(sk: Sock, addr: usize, len: u32): i32 {
  if (changetype<usize>(nameFind(addr, len))) return -EADDRINUSE
  sk.name = kmalloc(len)
  if (!sk.name) return -ENOMEM
  memory.copy(sk.name, addr, len)
  sk.nameLen = len
  nameAdd(sk)
  return 0
}

/** An abstract name of five hexadecimal digits. */
function autoName(sk: Sock): i32 {
  memory.fill(COPY, 0, 16)
  store<u16>(COPY, AF_UNIX)
  for (let turn: u32 = 0; turn < 1 << 20; turn++) {
    const n = ++world().nextUnix & 0xfffff
    for (let i: u32 = 0; i < 5; i++) {
      const d = (n >> ((4 - i) << 2)) & 15
      store<u8>(COPY + 3 + <usize>i, <u8>(d < 10 ? 48 + d : 87 + d))
    }
    if (!changetype<usize>(nameFind(COPY, 8))) return setName(sk, COPY, 8)
  }
  return -EADDRINUSE
}

/** The socket that an address names, for a sender; an errno if there is none. Programs may change the address. */
function findPeer(sk: Sock, addr: usize, len: u32, hook: u32): usize {
  let n = takeAddr(addr, len)
  if (n < 0) return <usize>n
  store<u32>(LEN, len)
  const err = runUnixAddr(sk, hook, COPY, LEN)
  if (err) return <usize>err
  n = <i32>nameLength(COPY, load<u32>(LEN))
  const other = nameFind(COPY, <u32>n)
  if (!changetype<usize>(other)) return load<u8>(COPY, PATH) ? -ENOENT : -ECONNREFUSED
  return other.type == sk.type ? changetype<usize>(other) : -EPROTOTYPE
}

export function unixPair(a: Sock, b: Sock): void {
  a.peer = b
  b.peer = a
  sockGet(a)
  sockGet(b)
  a.state = TCP_ESTABLISHED
  b.state = TCP_ESTABLISHED
}

export function unixConnect(sk: Sock, addr: usize, len: u32): i32 {
  if (sk.type == SOCK_DGRAM) {
    if (len >= 2 && load<u16>(addr) == 0) {
      unixDisconnect(sk)
      return 0
    }
    const p = findPeer(sk, addr, len, BPF_CGROUP_UNIX_CONNECT)
    if (p >= <usize>-4096) return <i32>p
    unixDisconnect(sk)
    sk.peer = changetype<Sock>(p)
    sockGet(sk.peer)
    sk.state = TCP_ESTABLISHED
    return 0
  }
  const p = findPeer(sk, addr, len, BPF_CGROUP_UNIX_CONNECT)
  if (p >= <usize>-4096) return <i32>p
  const listener = changetype<Sock>(p)
  if (listener.state != TCP_LISTEN) return -ECONNREFUSED
  if (sk.state == TCP_ESTABLISHED) return -EISCONN
  if (sk.state != TCP_CLOSE) return -EINVAL
  if (listener.backlogCnt > listener.backlogMax) return -EAGAIN
  const child = sockNew(listener.netns, AF_UNIX, listener.type, 0)
  if (!changetype<usize>(child)) return -ENOMEM
  unixPair(sk, child)
  if (listener.name) {
    child.name = kmalloc(listener.nameLen)
    if (child.name) memory.copy(child.name, listener.name, listener.nameLen)
    child.nameLen = listener.nameLen
  }
  let at = changetype<usize>(listener) + offsetof<Sock>('acceptFirst')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Sock>('acceptNext')
  store<usize>(at, changetype<usize>(child))
  listener.backlogCnt++
  return 0
}

function unixDisconnect(sk: Sock): void {
  if (changetype<usize>(sk.peer)) sockPut(sk.peer)
  sk.peer = changetype<Sock>(0)
  sk.state = TCP_CLOSE
}

export function unixListen(sk: Sock, backlog: i32): i32 {
  if (sk.type != SOCK_STREAM && sk.type != SOCK_SEQPACKET) return -EOPNOTSUPP
  if (!sk.name) return -EINVAL
  if (sk.state != TCP_CLOSE && sk.state != TCP_LISTEN) return -EINVAL
  sk.backlogMax = <u32>backlog > 4096 ? 4096 : <u32>backlog
  sk.state = TCP_LISTEN
  return 0
}

export function unixAccept(sk: Sock): Sock {
  const child = sk.acceptFirst
  if (!changetype<usize>(child)) return child
  sk.acceptFirst = child.acceptNext
  child.acceptNext = changetype<Sock>(0)
  sk.backlogCnt--
  return child
}

export function unixSend(sk: Sock, data: usize, len: u32, addr: usize, addrLen: u32): i32 {
  if (sk.shutdown & SEND_SHUTDOWN) return -EPIPE
  const stream = sk.type == SOCK_STREAM
  let to = sk.peer
  if (addr) {
    if (sk.type != SOCK_DGRAM) return sk.state == TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP
    const p = findPeer(sk, addr, addrLen, BPF_CGROUP_UNIX_SENDMSG)
    if (p >= <usize>-4096) return <i32>p
    to = changetype<Sock>(p)
    if (changetype<usize>(to.peer) && to.peer != sk) return -EPERM
  }
  if (!changetype<usize>(to)) return -ENOTCONN
  if (to.dead) {
    if (sk.type == SOCK_DGRAM) {
      if (!addr) unixDisconnect(sk)
      return -ECONNREFUSED
    }
    return -EPIPE
  }
  if (to.shutdown & RCV_SHUTDOWN) return -EPIPE
  if (!stream && len > sk.sndbuf - 32) return -EMSGSIZE
  if (sockQueue(to).bytes + len > to.rcvbuf) return -EAGAIN
  const skb = skbOf(data, len, 0, 0)
  if (!changetype<usize>(skb)) return -ENOMEM
  skbSetOwner(skb, changetype<usize>(sk))
  if (sk.name) {
    skb.from = kzalloc(sk.nameLen)
    if (skb.from) {
      memory.copy(skb.from, sk.name, sk.nameLen)
      skb.fromLen = sk.nameLen
    }
  }
  if (!stream && sockFilter(to, skb, 1)) {
    // a filter drops in silence
    skbFree(skb)
    return <i32>len
  }
  deliver(to, skb)
  return <i32>len
}

function deliver(to: Sock, skb: Skb): void {
  if (!sockmapIngress(to, skb)) queuePut(sockQueue(to), skb)
}

export function unixRelease(sk: Sock): void {
  nameDrop(sk)
  sk.dead = true
  const peer = sk.peer
  if (changetype<usize>(peer) && sk.type != SOCK_DGRAM) {
    peer.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN
    if (sockQueue(sk).count) peer.err = ECONNRESET
  }
  unixDisconnect(sk)
  for (let c = unixAccept(sk); changetype<usize>(c); c = unixAccept(sk)) {
    unixRelease(c)
    sockPut(c)
  }
}

/** getsockname; its length. */
export function unixName(sk: Sock, to: usize): u32 {
  if (!sk.name) {
    store<u16>(to, AF_UNIX)
    return 2
  }
  memory.copy(to, sk.name, sk.nameLen)
  return sk.nameLen
}
