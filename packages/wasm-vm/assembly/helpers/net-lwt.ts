// SPDX-License-Identifier: GPL-2.0-only
// Programs of light-weight tunnels: headers in front of the packet, segment routing. Kernel counterpart:
// net/core/filter.c, net/core/lwt_bpf.c, net/ipv6/seg6_local.c. The packet's data is at its network header.

import { EBADMSG, EFAULT, EINVAL, ENOMEM } from '../gen/errno.gen'
import { routeOutput } from '../world/ip'
import { srhOf } from '../world/lwt'
import { Skb, skbHeadroom, skbMakeRoom, skbNet, skbPull, skbPush, skbResetNet, skbResetTransport } from '../world/skb'
import { csumFold, csumPartial } from './checksum'
import { asResult, errno } from './given'
import { asSkb, writable } from './skb-bytes'

const P_IP: u32 = 0x0008
const P_IPV6: u32 = 0xdd86
const AF_INET6: u32 = 10
const ENCAP_SEG6: u32 = 0
const ENCAP_SEG6_INLINE: u32 = 1
const ENCAP_IP: u32 = 2
const MAX_ENCAP: u32 = 256
const IP6_HLEN: u32 = 40
const NEXT_ROUTING: u8 = 43
const NEXT_IPV6: u8 = 41

function room(skb: Skb, len: u32): bool {
  return skbHeadroom(skb) >= len || skbMakeRoom(skb, len + 64, 0)
}

function pushIp(skb: Skb, hdr: usize, len: u32): i32 {
  if (len < 20 || len > MAX_ENCAP) return -EINVAL
  const version = load<u8>(hdr) >> 4
  if (version == 4 ? len < (<u32>load<u8>(hdr) & 15) * 4 : version != 6 || len < IP6_HLEN) return -EINVAL
  if (!room(skb, len + skb.macLen)) return -ENOMEM
  skb.innerNet = skb.net
  skb.encapsulation = true
  skbPush(skb, <i32>len)
  skbResetNet(skb)
  memory.copy(<usize>skb.data, hdr, len)
  skb.hash = 0
  skb.protocol = version == 4 ? P_IP : P_IPV6
  const ip = <usize>skb.data
  if (version == 4 && !load<u16>(ip, 10)) store<u16>(ip, csumFold(csumPartial(ip, (<u32>load<u8>(ip) & 15) * 4, 0)), 10)
  return 0
}

/** seg6_validate_srh: type, length and counts of a segment routing header agree. */
function srhValid(srh: usize, len: u32): bool {
  if (len < 8 || load<u8>(srh, 2) != 4) return false
  const size = (<u32>load<u8>(srh, 1) + 1) << 3
  if (size != len) return false
  const first = <u32>load<u8>(srh, 4)
  if (<u32>load<u8>(srh, 3) > first) return false
  return ((first + 1) << 4) + 8 <= size
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
  store<u8>(ip, NEXT_ROUTING, 6)
  memory.copy(at + 8, ip + 24, 16)
  memory.copy(ip + 24, at + 8 + (<usize>load<u8>(srh, 4) << 4), 16)
  return 0
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
  store<u8>(ip, NEXT_ROUTING, 6)
  store<u8>(ip, hops, 7)
  const at = ip + IP6_HLEN
  memory.copy(at, srh, len)
  store<u8>(at, NEXT_IPV6)
  if (v6) memory.copy(ip + 8, inner + 8, 16)
  memory.copy(ip + 24, at + 8 + (<usize>load<u8>(srh, 4) << 4), 16)
  skb.innerNet = skb.net
  skb.encapsulation = true
  skb.protocol = P_IPV6
  return 0
}

function pushSeg6(skb: Skb, type: u32, srh: usize, len: u32): i32 {
  if (!srhValid(srh, len)) return -EINVAL
  if (type == ENCAP_SEG6_INLINE && skb.protocol != P_IPV6) return -EBADMSG
  const err = type == ENCAP_SEG6_INLINE ? pushInline(skb, srh, len) : pushOuter(skb, srh, len)
  if (err) return err
  skbResetNet(skb)
  fixLength(skb)
  skb.transport = skb.net + IP6_HLEN
  return lookupNextHop(skb, 0)
}

function fixLength(skb: Skb): void {
  store<u16>(skbNet(skb), bswap<u16>(<u16>(skb.dataEnd - <u32>skbNet(skb) - IP6_HLEN)), 4)
}

/** The route to the destination or to `via`: where the packet goes when the program says so. */
function lookupNextHop(skb: Skb, via: usize): i32 {
  const dev = skb.dev
  if (!changetype<usize>(dev)) return 0
  const out = routeOutput(dev.netns, AF_INET6, via ? via : skbNet(skb) + 24, 0)
  if (!changetype<usize>(out)) return -EINVAL
  skb.dst = changetype<usize>(out)
  return 0
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

@inline function srhEnd(srh: usize): usize {
  return srh + ((<usize>load<u8>(srh, 1) + 1) << 3)
}
@inline function tlvsOf(srh: usize): usize {
  return srh + 8 + ((<usize>load<u8>(srh, 4) + 1) << 4)
}

/** Flags, tag and the options behind the segments may be written. */
export function lwtSeg6StoreBytes(ctx: u64, offset: u64, from: u64, len: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const n = <u32>len
  const srh = srhOf(skb)
  if (!srh) return errno(EINVAL)
  if (<u32>offset > skb.len) return errno(EFAULT)
  const ptr = <usize>skb.data + <u32>offset
  const inOptions = ptr >= tlvsOf(srh) && ptr + n <= srhEnd(srh)
  if (!inOptions && (ptr < srh + 5 || ptr + n > srh + 8)) return errno(EFAULT)
  if (!writable(skb, <u32>offset + n)) return errno(EFAULT)
  memory.copy(ptr, <usize>from, n)
  return 0
}

/** Room for options, or less of them. */
export function lwtSeg6AdjustSrh(ctx: u64, offset: u64, diff: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const off = <u32>offset
  const d = <i32>diff
  const srh = srhOf(skb)
  if (!srh) return errno(EINVAL)
  const ptr = <usize>skb.data + off
  if (off > skb.len || ptr < tlvsOf(srh) || ptr > srhEnd(srh)) return errno(EFAULT)
  if (d < 0 && ptr + <usize>-d > srhEnd(srh)) return errno(EFAULT)
  const srhOff = <u32>(srh - <usize>skb.data)
  if (d > 0) {
    const n = <u32>d
    if (!room(skb, n)) return errno(ENOMEM)
    skbPush(skb, d)
    memory.copy(<usize>skb.data, <usize>skb.data + n, off)
    memory.fill(<usize>skb.data + off, 0, n)
    skb.net -= n
    skb.mac -= n
  } else if (d < 0) {
    const n = <u32>-d
    const old = <usize>skb.data
    skbPull(skb, n)
    memory.copy(<usize>skb.data, old, off)
    skb.net += n
    skb.mac += n
  }
  store<u16>(<usize>skb.data, bswap<u16>(<u16>(skb.len - IP6_HLEN)), 4)
  const now = <usize>skb.data + srhOff
  store<u8>(now, <u8>(<i32>load<u8>(now, 1) + (d >> 3)), 1)
  return 0
}

const END_X: u32 = 2
const END_T: u32 = 3
const END_DT6: u32 = 7
const END_B6: u32 = 9
const END_B6_ENCAP: u32 = 10

function decapsulate(skb: Skb): i32 {
  const srh = srhOf(skb)
  const inner = srh ? srhEnd(srh) : <usize>skb.data + IP6_HLEN
  if (load<u8>(srh ? srh : <usize>skb.data + 6) != NEXT_IPV6) return -EBADMSG
  skbPull(skb, <u32>(inner - <usize>skb.data))
  skbResetNet(skb)
  skbResetTransport(skb)
  skb.encapsulation = false
  return 0
}

export function lwtSeg6Action(ctx: u64, action: u64, param: u64, len: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const n = <u32>len
  const srh = srhOf(skb)
  const valid = srh && srhValid(srh, <u32>(srhEnd(srh) - srh))
  switch (<u32>action) {
    case END_X:
      if (!valid) return errno(EBADMSG)
      return n != 16 ? errno(EINVAL) : asResult(lookupNextHop(skb, <usize>param))
    case END_T:
      if (!valid) return errno(EBADMSG)
      return n != 4 ? errno(EINVAL) : asResult(lookupNextHop(skb, 0))
    case END_DT6: {
      if (!valid) return errno(EBADMSG)
      if (n != 4) return errno(EINVAL)
      const err = decapsulate(skb)
      return asResult(err ? err : lookupNextHop(skb, 0))
    }
    case END_B6:
    case END_B6_ENCAP:
      if (srh && !valid) return errno(EBADMSG)
      return asResult(pushSeg6(skb, <u32>action == END_B6 ? ENCAP_SEG6_INLINE : ENCAP_SEG6, <usize>param, n))
    default:
      return errno(EINVAL)
  }
}
