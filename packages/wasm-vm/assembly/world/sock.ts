// SPDX-License-Identifier: GPL-2.0-only
// A socket. Kernel counterpart: struct sock. What programs see of it, struct bpf_sock, comes first and struct
// bpf_tcp_sock follows, so that a socket is its own context.

import { EBADF, ENOTSOCK } from '../gen/errno.gen'
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  AF_UNIX,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../gen/system.gen'
import { BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_SOCKMAP } from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { reuseportDetach } from '../maps/reuseport-array'
import { sockmapForget } from '../maps/sockmap'
import { storageDestroy } from '../maps/storage'
import { kfree, kzalloc } from '../mem/alloc'
import { idFind, idNext } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { progPut } from '../prog/refs'
import { FD_FREE, fdKind, fdObject } from '../syscall/fd'
import { Cgroup, cgroupGet, cgroupPut } from './cgroup'
import { FILE_SOCK } from './files'
import { imageDrop } from './image'
import { Netns } from './netns'
import { ReuseGroup } from './reuseport'
import { queuePurge, Skb, skbFree, SkbQueue } from './skb'
import { Task } from './task'
import { takeCookie, world } from './world'

export const TCP_ESTABLISHED: u32 = 1
export const TCP_SYN_SENT: u32 = 2
export const TCP_SYN_RECV: u32 = 3
export const TCP_FIN_WAIT1: u32 = 4
export const TCP_FIN_WAIT2: u32 = 5
export const TCP_TIME_WAIT: u32 = 6
export const TCP_CLOSE: u32 = 7
export const TCP_CLOSE_WAIT: u32 = 8
export const TCP_LAST_ACK: u32 = 9
export const TCP_LISTEN: u32 = 10
export const TCP_CLOSING: u32 = 11

export const RCV_SHUTDOWN: u32 = 1
export const SEND_SHUTDOWN: u32 = 2

@unmanaged export class Sock {
  // struct bpf_sock
  boundDevIf: u32
  family: u32
  type: u32
  protocol: u32
  mark: u32
  priority: u32
  srcIp4: u32
  srcIp60: u32
  srcIp61: u32
  srcIp62: u32
  srcIp63: u32
  /** Host byte order. */
  srcPort: u32
  /** Network byte order. */
  dstPort: u16
  dstPad: u16
  dstIp4: u32
  dstIp60: u32
  dstIp61: u32
  dstIp62: u32
  dstIp63: u32
  state: u32
  rxQueueMapping: i32
  // struct bpf_tcp_sock
  sndCwnd: u32
  srttUs: u32
  rttMin: u32
  sndSsthresh: u32
  rcvNxt: u32
  sndNxt: u32
  sndUna: u32
  mssCache: u32
  ecnFlags: u32
  rateDelivered: u32
  rateIntervalUs: u32
  packetsOut: u32
  retransOut: u32
  totalRetrans: u32
  segsIn: u32
  dataSegsIn: u32
  segsOut: u32
  dataSegsOut: u32
  lostOut: u32
  sackedOut: u32
  bytesReceived: u64
  bytesAcked: u64
  dsackDups: u32
  delivered: u32
  deliveredCe: u32
  icskRetransmits: u32
  // the kernel's own
  refs: u32
  cookie: u64
  netns: Netns
  cgroup: Cgroup
  uid: u32
  /** Local storage of programs (maps/storage.ts). */
  storage: usize
  /** Pending error (SO_ERROR). */
  err: i32
  shutdown: u32
  /** The filter, or 0; whether it may be changed. */
  filter: Prog
  filterLocked: bool
  nonblock: bool
  reuseaddr: bool
  reuseport: bool
  v6only: bool
  broadcast: bool
  freebind: bool
  transparent: bool
  keepalive: bool
  nodelay: bool
  hashed: bool
  /** Whether the local port was chosen, and by bind. */
  bound: bool
  dead: bool
  recvErr: bool
  bindNoCap: bool
  rcvbuf: u32
  sndbuf: u32
  rcvlowat: u32
  tos: u32
  ttl: u32
  tclass: u32
  maxPacing: u64
  windowClamp: u32
  txhash: u32
  userTimeout: u32
  keepidle: u32
  keepintvl: u32
  keepcnt: u32
  syncnt: u32
  /** char[16] */
  congestion0: u64
  congestion1: u64
  // receive queue
  rqFirst: Skb
  rqLast: Skb
  rqCount: u32
  rqBytes: u32
  /** Drops since it began. */
  drops: u32
  /** Next in the namespace's list of sockets that packets reach, and of packet sockets. */
  next: Sock
  /** Listener: connections that wait for accept. Connection: the next one there, and its listener. */
  acceptFirst: Sock
  acceptNext: Sock
  listener: Sock
  backlogMax: u32
  backlogCnt: u32
  /** AF_UNIX: the other end, and the name. */
  peer: Sock
  name: usize
  nameLen: u32
  /** AF_PACKET: protocol (network order), device number, fanout group. */
  packetProto: u32
  packetIfindex: u32
  ignoreOutgoing: bool
  packetRunning: bool
  fanout: usize
  /** sock_ops: callbacks that are wanted. */
  opsFlags: u32
  sndIss: u32
  rcvIss: u32
  sndWnd: u32
  closing: bool
  /** sockmap: maps that hold it, and the programs that came with them. */
  mapLinks: u32
  msgVerdict: Prog
  streamParser: Prog
  streamVerdict: Prog
  skbVerdict: Prog
  /** Bytes that sk_msg verdicts wait for, and what they applied to. */
  applyBytes: u32
  corkBytes: u32
  cork: usize
  corkLen: u32
  msgEval: bool
  msgVerdictLast: u32
  msgRedirLast: usize
  msgIngress: bool
  /** Data redirected into it by sk_msg and verdicts, read before the rest. */
  inFirst: Skb
  inLast: Skb
  inCount: u32
  inBytes: u32
  /** Slot of the REUSEPORT_SOCKARRAY that holds it. */
  reuseSlot: usize
  reuseGroup: ReuseGroup
  /** struct xdp socket: ring of frames (world/xsk.ts). */
  xskQueue: u32
  /** Options of the other end that sock_ops may look at. */
  lastSynLen: u32
  lastSyn: usize
  netnsCookie: u64
  /** A message that its stream parser has not seen the end of. */
  partial: Skb
  xsk: usize
  // TCP: what is sent (world/tcp-output.ts) and what came out of order
  segFirst: usize
  segLast: usize
  /** First segment that was never sent, or 0. */
  sendHead: usize
  /** Behind the last byte that is queued. */
  writeSeq: u32
  oooFirst: usize
  /** Congestion control (world/tcp-control.ts): which, its map, whether init was called, whether it was chosen. */
  control: u32
  controlMap: usize
  controlReady: bool
  controlChosen: bool
  cwndLimited: bool
  /** State of a built-in control: 104 bytes, or 0. */
  controlPriv: usize
  caState: u32
  highSeq: u32
  priorCwnd: u32
  priorSsthresh: u32
  prrDelivered: u32
  prrOut: u32
  undoMarker: u32
  /** Milliseconds at which the first retransmission was sent; 0: none. */
  retransStamp: u32
  sndCwndCnt: u32
  sndCwndStamp: u32
  sndCwndClamp: u32
  maxPacketsOut: u32
  cwndUsageSeq: u32
  mdevUs: u32
  rttvarUs: u32
  /** Microseconds until a segment is sent again. */
  rtoUs: u32
  /** Nanoseconds of the clock at which that is, 0: not armed; next armed socket. */
  rtoAt: u64
  armedNext: Sock
  /** Newest timestamp of the other end, to be echoed. */
  tsRecent: u32
  appLimited: u32
  ackPending: u32
  pacingStatus: u32
  pacingRate: u64
  lost: u32
  ecnByte: u32
}

/** Offset of refs, for packets that hold sockets. */
export const SOCK_REFS: usize = 192

@inline export function sockQueue(sk: Sock): SkbQueue {
  return changetype<SkbQueue>(changetype<usize>(sk) + offsetof<Sock>('rqFirst'))
}

@inline export function sockInQueue(sk: Sock): SkbQueue {
  return changetype<SkbQueue>(changetype<usize>(sk) + offsetof<Sock>('inFirst'))
}

@inline export function sockSrc6(sk: Sock): usize {
  return changetype<usize>(sk) + offsetof<Sock>('srcIp60')
}

@inline export function sockDst6(sk: Sock): usize {
  return changetype<usize>(sk) + offsetof<Sock>('dstIp60')
}
/** Address words of its own family. */
@inline export function sockSrc(sk: Sock): usize {
  return changetype<usize>(sk) + (sk.family == AF_INET ? offsetof<Sock>('srcIp4') : offsetof<Sock>('srcIp60'))
}

@inline export function sockDst(sk: Sock): usize {
  return changetype<usize>(sk) + (sk.family == AF_INET ? offsetof<Sock>('dstIp4') : offsetof<Sock>('dstIp60'))
}

export function sockNew(netns: Netns, family: u32, type: u32, protocol: u32): Sock {
  const sk = changetype<Sock>(kzalloc(offsetof<Sock>()))
  if (!changetype<usize>(sk)) return sk
  sk.refs = 1
  sk.family = family
  sk.type = type
  sk.protocol = protocol
  sk.state = TCP_CLOSE
  sk.rxQueueMapping = -1
  sk.netns = netns
  sk.netnsCookie = netns.cookie
  sk.rcvbuf = 212992
  sk.sndbuf = 212992
  sk.rcvlowat = 1
  sk.ttl = 64
  sk.keepidle = 7200
  sk.keepintvl = 75
  sk.keepcnt = 9
  sk.syncnt = 6
  // the first namespace comes before the first task
  const task = changetype<Task>(kernel().current)
  if (changetype<usize>(task)) sk.uid = task.uid
  sk.cgroup = changetype<usize>(task) ? task.cgroup : world().cgroup
  cgroupGet(sk.cgroup)
  return sk
}

export function sockGet(sk: Sock): void {
  sk.refs++
}

export function sockPutAddr(p: usize): void {
  sockPut(changetype<Sock>(p))
}

export function sockPut(sk: Sock): void {
  if (--sk.refs) return
  queuePurge(sockQueue(sk))
  queuePurge(sockInQueue(sk))
  skbFree(sk.partial)
  if (changetype<usize>(sk.filter)) progPut(sk.filter)
  storageDestroy(changetype<usize>(sk) + offsetof<Sock>('storage'))
  cgroupPut(sk.cgroup)
  kfree(sk.name)
  kfree(sk.lastSyn)
  kfree(sk.cork)
  tcpDestroy(sk)
  imageDrop(changetype<usize>(sk))
  kfree(changetype<usize>(sk))
}

/** A socket that is closed leaves the maps that know it. */
export function sockLeaveMaps(sk: Sock): void {
  reuseportDetach(sk)
  if (!sk.mapLinks) return
  const maps = kernel().maps
  for (let id = idNext(maps, 1); id && sk.mapLinks; id = idNext(maps, id + 1)) {
    const map = changetype<BpfMap>(idFind(maps, id))
    if (map.mapType == BPF_MAP_TYPE_SOCKMAP || map.mapType == BPF_MAP_TYPE_SOCKHASH) sockmapForget(map, sk)
  }
}

/** The socket of a file, without a reference; or an errno. */
export function sockFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_SOCK ? fdObject(fd) : -ENOTSOCK
}

export function sockCookie(sk: Sock): u64 {
  if (!sk.cookie) sk.cookie = takeCookie()
  return sk.cookie
}

/** Whether packets reach it by its address. */
export function sockHashed(sk: Sock): bool {
  return sk.hashed
}

@inline export function isTcp(sk: Sock): bool {
  return sk.protocol == IPPROTO_TCP && sk.type == SOCK_STREAM && (sk.family == AF_INET || sk.family == AF_INET6)
}

@inline export function isUdp(sk: Sock): bool {
  return sk.protocol == IPPROTO_UDP && sk.type == SOCK_DGRAM && (sk.family == AF_INET || sk.family == AF_INET6)
}

@inline export function isInet(sk: Sock): bool {
  return sk.family == AF_INET || sk.family == AF_INET6
}

@inline export function isPacket(sk: Sock): bool {
  return sk.family == AF_PACKET
}

@inline export function isUnix(sk: Sock): bool {
  return sk.family == AF_UNIX
}

/** sock_map_sk_is_suitable: whether sockmaps take this kind of socket. */
export function sockFitsMap(sk: Sock): bool {
  return isTcp(sk) || isUdp(sk) || (isUnix(sk) && (sk.type == SOCK_STREAM || sk.type == SOCK_DGRAM))
}

/** sock_map_sk_state_allowed. */
export function sockStateAllowed(sk: Sock): bool {
  if (isTcp(sk)) return sk.state == TCP_ESTABLISHED || sk.state == TCP_LISTEN || sk.state == TCP_CLOSE_WAIT
  if (isUnix(sk) && sk.type == SOCK_STREAM) return sk.state == TCP_ESTABLISHED
  return true
}

/** The last fd of a socket is closed. */
export function sockClose(sk: Sock): void {
  sockRelease(sk)
  sockPut(sk)
}
import { sockRelease } from './socket'
import { tcpDestroy } from './tcp-output'
