// SPDX-License-Identifier: GPL-2.0-only
// Programs of light-weight tunnels put headers in front of the packet. Kernel counterpart: net/core/filter.c,
// net/core/lwt_bpf.c, net/ipv6/seg6_iptunnel.c. The packet's data is at its network header.

import { EBADMSG, EINVAL, ENOMEM } from '../gen/errno.gen'
import { routeOutput } from '../world/ip'
import { Skb, skbHeadroom, skbMakeRoom, skbNet, skbPush, skbResetNet } from '../world/skb'
import { csumFold, csumPartial } from './checksum'
import { asResult, errno } from './given'
import { asSkb } from './skb-bytes'

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
  memory.copy(ip + 24, at + 8 + ((<usize>load<u8>(srh, 4)) << 4), 16)
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
  memory.copy(ip + 24, at + 8 + ((<usize>load<u8>(srh, 4)) << 4), 16)
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
