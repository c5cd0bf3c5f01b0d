// SPDX-License-Identifier: GPL-2.0-only
// Programs of light-weight tunnels put headers in front of the packet. Kernel counterpart: net/core/filter.c,
// net/core/lwt_bpf.c, net/ipv6/seg6_iptunnel.c. The packet's data is at its network header.

import { EBADMSG, EFAULT, EINVAL, ENOMEM } from '../gen/errno.gen'
import { AF_INET6 } from '../gen/system.gen'
import { NetDevice } from '../world/device'
import { Addr, addrOfDevice, addrWords } from '../world/netns'
import {
  findHeader,
  NEXT_IPV6,
  NEXT_ROUTING,
  seg6,
  seg6HasValid,
  seg6Lookup,
  seg6Update,
  SRH_SIZE,
  srhValid,
} from '../world/seg6'
import { Skb, skbHeadroom, skbMakeRoom, skbNet, skbPull, skbPush, skbResetNet } from '../world/skb'
import { world } from '../world/world'
import { csumFold, csumPartial } from './checksum'
import { asResult, errno } from './given'
import { asSkb } from './skb-bytes'

const P_IP: u32 = 0x0008
const P_IPV6: u32 = 0xdd86
const ENCAP_SEG6: u32 = 0
const ENCAP_SEG6_INLINE: u32 = 1
const ENCAP_IP: u32 = 2
const MAX_ENCAP: u32 = 256
const IP6_HLEN: u32 = 40

function room(skb: Skb, len: u32): bool {
  return skbHeadroom(skb) >= len || skbMakeRoom(skb, len + 64, 0)
}

function pushIp(skb: Skb, hdr: usize, len: u32): i32 {
  if (len < 20 || len > MAX_ENCAP) return -EINVAL
  const version = load<u8>(hdr) >> 4
  if (version == 4 ? len < ((<u32>load<u8>(hdr)) & 15) * 4 : version != 6 || len < IP6_HLEN) return -EINVAL
  if (!room(skb, len + skb.macLen)) return -ENOMEM
  skb.innerNet = skb.net
  skb.encapsulation = true
  skbPush(skb, <i32>len)
  skbResetNet(skb)
  memory.copy(<usize>skb.data, hdr, len)
  skb.hash = 0
  skb.protocol = version == 4 ? P_IP : P_IPV6
  const ip = <usize>skb.data
  if (version == 4 && !load<u16>(ip, 10))
    store<u16>(ip, csumFold(csumPartial(ip, ((<u32>load<u8>(ip)) & 15) * 4, 0)), 10)
  return 0
}

/** The header goes between the IPv6 header and what follows it; the old destination becomes the last segment. */
function pushInline(skb: Skb, srh: usize, len: u32): i32 {
  if (!room(skb, len)) return -ENOMEM
  skbPush(skb, <i32>len)
  const ip = <usize>skb.data
  memory.copy(ip, ip + len, IP6_HLEN)
  const at = ip + IP6_HLEN
  memory.copy(at, srh, len)
  store<u8>(at, load<u8>(ip, 6))
  store<u8>(ip, <u8>NEXT_ROUTING, 6)
  memory.copy(at + 8, ip + 24, 16)
  memory.copy(ip + 24, at + 8 + ((<usize>load<u8>(srh, 4)) << 4), 16)
  return 0
}

/** The source of what is put around a packet: an address of the device that it leaves by. */
function takeSource(skb: Skb, inner: usize, to: usize): void {
  const own = skb.dst ? addrOfDevice(changetype<NetDevice>(skb.dst), AF_INET6) : changetype<Addr>(0)
  if (changetype<usize>(own)) memory.copy(to, addrWords(own), 16)
  else if (inner) memory.copy(to, inner + 8, 16)
}

/** A new IPv6 header and the routing header before the packet. */
function pushOuter(skb: Skb, srh: usize, len: u32): i32 {
  if (!room(skb, len + IP6_HLEN)) return -ENOMEM
  const inner = skbNet(skb)
  const v6 = skb.protocol == P_IPV6
  const flow: u32 = v6 ? load<u32>(inner) : 0x60
  const hops: u8 = v6 ? load<u8>(inner, 7) : 64
  skbPush(skb, <i32>(len + IP6_HLEN))
  const ip = <usize>skb.data
  memory.fill(ip, 0, IP6_HLEN)
  store<u32>(ip, flow)
  store<u8>(ip, <u8>NEXT_ROUTING, 6)
  store<u8>(ip, hops, 7)
  const at = ip + IP6_HLEN
  memory.copy(at, srh, len)
  store<u8>(at, <u8>NEXT_IPV6)
  takeSource(skb, v6 ? inner : 0, ip + 8)
  memory.copy(ip + 24, at + 8 + ((<usize>load<u8>(srh, 4)) << 4), 16)
  skb.innerNet = skb.net
  skb.encapsulation = true
  skb.protocol = P_IPV6
  return 0
}

/** bpf_push_seg6_encap: the header, and where the packet goes then. */
function pushSeg6(skb: Skb, type: u32, srh: usize, len: u32): i32 {
  if (!srhValid(srh, len, false)) return -EINVAL
  if (type == ENCAP_SEG6_INLINE && skb.protocol != P_IPV6) return -EBADMSG
  const err = type == ENCAP_SEG6_INLINE ? pushInline(skb, srh, len) : pushOuter(skb, srh, len)
  if (err) return err
  skbResetNet(skb)
  fixLength(skb)
  skb.transport = skb.net + IP6_HLEN
  return lookupNextHop(skb, 0, 0)
}

function fixLength(skb: Skb): void {
  store<u16>(skbNet(skb), bswap<u16>(<u16>(skb.dataEnd - <u32>skbNet(skb) - IP6_HLEN)), 4)
}

/** The route to the destination or to `via`: where the packet goes when the program says so. */
function lookupNextHop(skb: Skb, via: usize, table: u32): i32 {
  const dev = skb.dev
  const err = seg6Lookup(changetype<usize>(dev) ? dev.netns : world().netns, skb, via, table)
  const route = seg6().route
  skb.dst = changetype<usize>(route) ? changetype<usize>(route.dev) : 0
  return err
}

export function lwtPushEncap(ctx: u64, type: u64, hdr: u64, len: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  switch (<u32>type) {
    case ENCAP_SEG6:
    case ENCAP_SEG6_INLINE:
      return asResult(pushSeg6(skb, <u32>type, <usize>hdr, <u32>len))
    case ENCAP_IP:
      return asResult(pushIp(skb, <usize>hdr, <u32>len))
    default:
      return errno(EINVAL)
  }
}

const ACTION_END_X: u32 = 2
const ACTION_END_T: u32 = 3
const ACTION_END_DT6: u32 = 7
const ACTION_END_B6: u32 = 9
const ACTION_END_B6_ENCAP: u32 = 10

/** What a segment asks for; the packet then goes where the action says, if the program returns BPF_REDIRECT. */
export function lwtSeg6Action(ctx: u64, action: u64, param: u64, len: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const p = <usize>param
  const n = <u32>len
  switch (<u32>action) {
    case ACTION_END_X:
      if (!seg6HasValid()) return errno(EBADMSG)
      return n == 16 ? asResult(lookupNextHop(skb, p, 0)) : errno(EINVAL)
    case ACTION_END_T:
      if (!seg6HasValid()) return errno(EBADMSG)
      return n == 4 ? asResult(lookupNextHop(skb, 0, load<u32>(p))) : errno(EINVAL)
    case ACTION_END_DT6:
      if (!seg6HasValid()) return errno(EBADMSG)
      return n == 4 ? asResult(decapsulate(skb, load<u32>(p))) : errno(EINVAL)
    case ACTION_END_B6:
      return asResult(pushBehind(skb, ENCAP_SEG6_INLINE, p, n))
    case ACTION_END_B6_ENCAP:
      return asResult(pushBehind(skb, ENCAP_SEG6, p, n))
    default:
      return errno(EINVAL)
  }
}

/** The packet within becomes the packet. */
function decapsulate(skb: Skb, table: u32): i32 {
  const at = findHeader(skb, NEXT_IPV6, true)
  if (at < 0) return -EBADMSG
  skbPull(skb, <u32>at)
  skbResetNet(skb)
  skb.encapsulation = false
  seg6Update(skb)
  return lookupNextHop(skb, 0, table)
}

function pushBehind(skb: Skb, type: u32, srh: usize, len: u32): i32 {
  if (seg6().srh && !seg6HasValid()) return -EBADMSG
  const err = pushSeg6(skb, type, srh, len)
  if (!err) seg6Update(skb)
  return err
}

/** Writes into what is free to change of the routing header: flags, tag, TLVs. */
export function lwtSeg6StoreBytes(ctx: u64, offset: u64, from: u64, len: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const s = seg6()
  const srh = s.srh
  if (!srh) return errno(EINVAL)
  const off = <u32>offset
  const n = <u32>len
  const at = <u64>skb.data + <u64>off
  // Linux counts the TLVs from 8 bytes before their start
  const tlvs = <u64>srh + <u64>((<u32>load<u8>(srh, 4) + 1) << 4)
  const end = <u64>srh + <u64>SRH_SIZE + <u64>s.hdrlen
  if (at >= tlvs && at + <u64>n <= end) s.valid = false
  else if (at < <u64>srh + 5 || at + <u64>n > <u64>srh + 8) return errno(EFAULT)
  if (off + n < off || off + n > skb.len) return errno(EFAULT)
  memory.copy(<usize>at, <usize>from, n)
  return 0
}

/** Makes the TLVs longer or shorter at a place in them. */
export function lwtSeg6AdjustSrh(ctx: u64, offset: u64, delta: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const s = seg6()
  const srh = s.srh
  if (!srh) return errno(EINVAL)
  const d = <i32>(<u32>delta)
  const off = <u32>offset
  const at = <u64>skb.data + <u64>off
  const tlvs = <u64>srh + <u64>SRH_SIZE + <u64>((<u32>load<u8>(srh, 4) + 1) << 4)
  const end = <u64>srh + <u64>SRH_SIZE + <u64>s.hdrlen
  if (at < tlvs || at > end) return errno(EFAULT)
  if (d < 0 && <i64>at - <i64>d > <i64>end) return errno(EFAULT)
  const err = d > 0 ? widen(skb, off, <u32>d) : narrow(skb, off, <u32>-d)
  if (err) return asResult(err)
  fixLength(skb)
  const again = findHeader(skb, NEXT_ROUTING, true)
  if (again < 0) return errno(EINVAL)
  s.srh = <usize>skb.data + <usize>again
  s.hdrlen += d
  s.valid = false
  return 0
}

function widen(skb: Skb, off: u32, n: u32): i32 {
  if (!room(skb, n)) return -ENOMEM
  skbPush(skb, <i32>n)
  memory.copy(skb.data, <usize>skb.data + <usize>n, off)
  memory.fill(<usize>skb.data + <usize>off, 0, n)
  skbResetNet(skb)
  return 0
}

function narrow(skb: Skb, off: u32, n: u32): i32 {
  if (!n) return 0
  memory.copy(<usize>skb.data + <usize>n, skb.data, off)
  skbPull(skb, n)
  skbResetNet(skb)
  return 0
}
