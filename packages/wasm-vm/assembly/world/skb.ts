// SPDX-License-Identifier: GPL-2.0-only
// A packet. Kernel counterpart: struct sk_buff. The context that programs see, struct __sk_buff, comes first, so that
// an Skb is its own context; what only the kernel needs follows. Data is always in one piece:
//
//   head          data                 dataEnd        end
//   |  headroom   |  bytes of packet   |  tailroom    |

import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { DEV_LOOPBACK, NetDevice } from './device'
import { etherTyped } from './events'
import { IMAGE_SKB, imageDropOne } from './image'
import { SOCK_REFS, sockPutAddr } from './sock'

export const PACKET_HOST: u32 = 0
export const PACKET_BROADCAST: u32 = 1
export const PACKET_MULTICAST: u32 = 2
export const PACKET_OTHERHOST: u32 = 3
export const PACKET_OUTGOING: u32 = 4
export const PACKET_LOOPBACK: u32 = 5

/** NET_SKB_PAD, NET_IP_ALIGN and what a link header needs. */
export const SKB_HEADROOM: u32 = 256
/** sizeof(struct skb_shared_info) of Linux: what the end of a linear buffer is kept for. */
export const SKB_SHARED_INFO: u32 = 320
export const ETH_HLEN: u32 = 14

export const CHECKSUM_NONE: u8 = 0
export const CHECKSUM_UNNECESSARY: u8 = 1
export const CHECKSUM_COMPLETE: u8 = 2
export const CHECKSUM_PARTIAL: u8 = 3

@unmanaged export class Skb {
  // struct __sk_buff
  len: u32
  pktType: u32
  mark: u32
  queueMapping: u32
  protocol: u32
  vlanPresent: u32
  vlanTci: u32
  vlanProto: u32
  priority: u32
  ingressIfindex: u32
  ifindex: u32
  tcIndex: u32
  cb0: u32
  cb1: u32
  cb2: u32
  cb3: u32
  cb4: u32
  hash: u32
  tcClassid: u32
  data: u32
  dataEnd: u32
  napiId: u32
  family: u32
  remoteIp4: u32
  localIp4: u32
  remoteIp60: u32
  remoteIp61: u32
  remoteIp62: u32
  remoteIp63: u32
  localIp60: u32
  localIp61: u32
  localIp62: u32
  localIp63: u32
  remotePort: u32
  localPort: u32
  dataMeta: u32
  flowKeys: u64
  tstamp: u64
  wireLen: u32
  gsoSegs: u32
  /** A Sock that programs may read; the socket that owns the packet is `owner`. */
  sk: u64
  gsoSize: u32
  tstampType: u32
  hwtstamp: u64
  // the kernel's own
  refs: u32
  next: Skb
  head: usize
  end: usize
  dev: NetDevice
  /** Socket that sent it, or that it was stolen for; holds a reference. */
  owner: usize
  /** Offsets from head. */
  mac: u32
  net: u32
  transport: u32
  innerNet: u32
  macLen: u32
  metaLen: u32
  ipSummed: u8
  encapsulation: bool
  csumLevel: u8
  transportSet: bool
  /** What a classifier that redirects left: target and flags (world/redirect.ts). */
  redirected: bool
  tcAtIngress: bool
  csumStart: u32
  csumOffset: u32
  csum: u32
  /** Destination that a route decided: a Route, and its device. */
  dst: usize
  /** Tunnel metadata of the packet (helpers), if any. */
  tunnel: usize
  /** IP protocol of the transport header, once known. */
  ipProto: u32
  /** Sender's address for recvfrom of sockets without headers. */
  fromLen: u32
  from: usize
  /** Bytes already read by a stream socket. */
  consumed: u32
  gsoType: u32
  /** Receiving socket that a verdict or lookup chose. */
  chosen: usize
}

/** An empty packet with room for `len` bytes behind `headroom`; 0 when memory is out. */
export function skbAlloc(headroom: u32, len: u32): Skb {
  const skb = changetype<Skb>(kzalloc(offsetof<Skb>()))
  if (!changetype<usize>(skb)) return skb
  const size = <usize>headroom + <usize>len + <usize>SKB_SHARED_INFO
  const head = kmalloc(size)
  if (!head) {
    kfree(changetype<usize>(skb))
    return changetype<Skb>(0)
  }
  memory.fill(head, 0, size)
  skb.refs = 1
  skb.head = head
  skb.end = head + <usize>headroom + <usize>len
  skb.data = <u32>head + headroom
  skb.dataEnd = skb.data
  skb.mac = headroom
  skb.net = headroom
  skb.transport = headroom
  skbSync(skb)
  return skb
}

/** A packet of these bytes. */
export function skbOf(bytes: usize, len: u32, headroom: u32, tailroom: u32): Skb {
  const skb = skbAlloc(headroom, len + tailroom)
  if (!changetype<usize>(skb)) return skb
  memory.copy(skb.data, bytes, len)
  skb.dataEnd = skb.data + len
  skbSync(skb)
  return skb
}

export function skbOrphan(skb: Skb): void {
  const owner = skb.owner
  skb.owner = 0
  skb.sk = 0
  if (owner) sockPutAddr(owner)
}

export function skbSetOwner(skb: Skb, sk: usize): void {
  skbOrphan(skb)
  if (!sk) return
  store<u32>(sk + SOCK_REFS, load<u32>(sk + SOCK_REFS) + 1)
  skb.owner = sk
  skb.sk = <u64>sk
}

export function skbFree(skb: Skb): void {
  if (!changetype<usize>(skb) || --skb.refs) return
  skbOrphan(skb)
  kfree(skb.from)
  kfree(skb.tunnel)
  kfree(skb.head)
  imageDropOne(changetype<usize>(skb), IMAGE_SKB)
  kfree(changetype<usize>(skb))
}

/** A copy of the packet and of all that the kernel knows of it, without owner. */
export function skbClone(skb: Skb): Skb {
  const copy = changetype<Skb>(kmalloc(offsetof<Skb>()))
  if (!changetype<usize>(copy)) return copy
  memory.copy(changetype<usize>(copy), changetype<usize>(skb), offsetof<Skb>())
  const size = skb.end - skb.head + <usize>SKB_SHARED_INFO
  const head = kmalloc(size)
  if (!head) {
    kfree(changetype<usize>(copy))
    return changetype<Skb>(0)
  }
  memory.copy(head, skb.head, size)
  copy.refs = 1
  copy.next = changetype<Skb>(0)
  copy.owner = 0
  copy.sk = 0
  copy.tunnel = 0
  if (skb.tunnel) {
    copy.tunnel = kmalloc(TUNNEL_SIZE)
    if (copy.tunnel) memory.copy(copy.tunnel, skb.tunnel, TUNNEL_SIZE)
  }
  copy.from = 0
  copy.fromLen = 0
  copy.head = head
  copy.end = head + (skb.end - skb.head)
  copy.data = <u32>head + (skb.data - <u32>skb.head)
  copy.dataEnd = <u32>head + (skb.dataEnd - <u32>skb.head)
  skbSync(copy)
  return copy
}
/** Bytes of tunnel metadata (helpers/world-tunnel.ts). */
export const TUNNEL_SIZE: usize = 328

/** Brings what programs see in line after data moved. */
@inline export function skbSync(skb: Skb): void {
  skb.len = skb.dataEnd - skb.data
  skb.dataMeta = skb.data - skb.metaLen
  skb.wireLen = skb.len
}

@inline export function skbMac(skb: Skb): usize {
  return skb.head + <usize>skb.mac
}

@inline export function skbNet(skb: Skb): usize {
  return skb.head + <usize>skb.net
}

@inline export function skbTransport(skb: Skb): usize {
  return skb.head + <usize>skb.transport
}

@inline export function skbResetMac(skb: Skb): void {
  skb.mac = skb.data - <u32>skb.head
}

@inline export function skbResetNet(skb: Skb): void {
  skb.net = skb.data - <u32>skb.head
}

@inline export function skbResetTransport(skb: Skb): void {
  skb.transport = skb.data - <u32>skb.head
  skb.transportSet = true
}

/** Bytes before data. */
@inline export function skbHeadroom(skb: Skb): u32 {
  return skb.data - <u32>skb.head
}

@inline export function skbTailroom(skb: Skb): u32 {
  return <u32>skb.end - skb.dataEnd
}

/** Moves the start by `n`: outwards for a positive number. The caller knows that there is room. */
@inline export function skbPush(skb: Skb, n: i32): void {
  skb.data -= n
  skbSync(skb)
}

@inline export function skbPull(skb: Skb, n: u32): void {
  skb.data += n
  skbSync(skb)
}
/** Shortens to `len` bytes. */
@inline export function skbTrim(skb: Skb, len: u32): void {
  if (len < skb.len) {
    skb.dataEnd = skb.data + len
    skbSync(skb)
  }
}
/** Takes `n` more bytes at the end, which the caller knows to be there; their address. */
@inline export function skbPut(skb: Skb, n: u32): usize {
  const at = <usize>skb.dataEnd
  skb.dataEnd += n
  skbSync(skb)
  return at
}

/** Makes sure of `headroom` bytes before data and `tailroom` behind; false when memory is out. */
export function skbMakeRoom(skb: Skb, headroom: u32, tailroom: u32): bool {
  const front = max(headroom, skbHeadroom(skb))
  if (skbHeadroom(skb) >= headroom && skbTailroom(skb) >= tailroom) return true
  const back = max(tailroom, skbTailroom(skb))
  const size = <usize>(front + skb.len + back + SKB_SHARED_INFO)
  const head = kzalloc(size)
  if (!head) return false
  const oldRoom = skbHeadroom(skb)
  const shift = front - oldRoom
  memory.copy(head + <usize>shift, skb.head, <usize>(oldRoom + skb.len))
  const len = skb.len
  kfree(skb.head)
  skb.head = head
  skb.data = <u32>head + front
  skb.dataEnd = skb.data + len
  skb.end = <usize>(skb.dataEnd + back)
  skb.mac += shift
  skb.net += shift
  skb.transport += shift
  skb.innerNet += shift
  skb.csumStart += shift
  skbSync(skb)
  return true
}

/** eth_type_trans: the packet type, the protocol, and data behind the Ethernet header. */
export function ethTypeTrans(skb: Skb, dev: NetDevice): void {
  skb.dev = dev
  skbResetMac(skb)
  const eth = <usize>skb.data
  skbPull(skb, ETH_HLEN)
  skb.macLen = ETH_HLEN
  skb.pktType = ethPacketType(eth, dev)
  const proto = load<u16>(eth, 12)
  if (bswap<u16>(proto) >= 0x600) {
    skb.protocol = <u32>proto
    etherTyped(skb, dev)
    return
  }
  // 802.3 with a length: raw IPX or 802.2
  skb.protocol = skb.len >= 2 && load<u16>(skb.data) == 0xffff ? 0x0100 : 0x0400
}

function ethPacketType(eth: usize, dev: NetDevice): u32 {
  const lo = load<u32>(eth)
  const hi = load<u16>(eth, 4)
  if (lo == load<u32>(dev.mac) && hi == load<u16>(dev.mac, 4)) return PACKET_HOST
  if (!(lo & 1)) return PACKET_OTHERHOST
  // lo has no broadcast address
  const all = lo == 0xffffffff && hi == 0xffff && dev.kind != DEV_LOOPBACK
  return all ? PACKET_BROADCAST : PACKET_MULTICAST
}

/** Queue of packets: first and last. */
@unmanaged export class SkbQueue {
  first: Skb
  last: Skb
  count: u32
  bytes: u32
}

export function queuePut(q: SkbQueue, skb: Skb): void {
  skb.next = changetype<Skb>(0)
  if (changetype<usize>(q.last)) q.last.next = skb
  else q.first = skb
  q.last = skb
  q.count++
  q.bytes += skb.len
}

/** The first packet taken out, or 0. */
export function queueTake(q: SkbQueue): Skb {
  const skb = q.first
  if (!changetype<usize>(skb)) return skb
  q.first = skb.next
  if (!changetype<usize>(q.first)) q.last = changetype<Skb>(0)
  q.count--
  q.bytes -= skb.len
  skb.next = changetype<Skb>(0)
  return skb
}

export function queuePurge(q: SkbQueue): void {
  for (let skb = queueTake(q); changetype<usize>(skb); skb = queueTake(q)) skbFree(skb)
}
