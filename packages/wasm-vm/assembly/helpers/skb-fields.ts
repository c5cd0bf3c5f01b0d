// SPDX-License-Identifier: GPL-2.0-only
// What the kernel keeps beside a packet's bytes: VLAN tag, hash, type, time. Kernel counterpart: net/core/filter.c,
// net/core/skbuff.c.

import { EINVAL, ENOMEM, EOPNOTSUPP } from '../gen/errno.gen'
import { flowHash } from '../world/flow'
import { Skb, skbHeadroom, skbMakeRoom, skbPull, skbPush } from '../world/skb'
import { errno } from './given'
import { asSkb } from './skb-bytes'

const P_8021Q: u32 = 0x0081
const P_8021AD: u32 = 0xa888
const P_IP: u32 = 0x0008
const P_IPV6: u32 = 0xdd86
const VLAN_HLEN: u32 = 4
const ETH_HLEN: u32 = 14
const MACS: u32 = 12

@inline function isVlan(proto: u32): bool {
  return proto == P_8021Q || proto == P_8021AD
}

function putTag(skb: Skb, proto: u32, tci: u32): void {
  skb.vlanPresent = 1
  skb.vlanProto = proto
  skb.vlanTci = tci
}

function clearTag(skb: Skb): void {
  skb.vlanPresent = 0
  skb.vlanProto = 0
  skb.vlanTci = 0
}

/** The tag beside the packet goes into it: behind the addresses. */
function insertTag(skb: Skb): bool {
  if (skbHeadroom(skb) < VLAN_HLEN && !skbMakeRoom(skb, 64, 0)) return false
  skbPush(skb, <i32>VLAN_HLEN)
  const data = <usize>skb.data
  memory.copy(data, data + VLAN_HLEN, MACS)
  store<u16>(data, <u16>skb.vlanProto, 12)
  store<u16>(data, bswap<u16>(<u16>skb.vlanTci), 14)
  skb.mac -= VLAN_HLEN
  return true
}

export function skbVlanPush(ctx: u64, proto: u64, tci: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  let p = <u32>(<u16>proto)
  if (!isVlan(p)) p = P_8021Q
  if (skb.vlanPresent) {
    if (skb.data != <u32>skb.head + skb.mac) return errno(EINVAL)
    if (!insertTag(skb)) return errno(ENOMEM)
    skb.protocol = skb.vlanProto
    skb.net -= VLAN_HLEN
  }
  putTag(skb, p, <u32>(<u16>tci))
  skb.macLen = skb.net - skb.mac
  return 0
}

/** The tag inside the packet comes out: its value, or -ENOMEM. */
function removeTag(skb: Skb): i32 {
  if (skb.len < ETH_HLEN + VLAN_HLEN) return -ENOMEM
  const data = <usize>skb.data
  const tci = <i32>bswap<u16>(load<u16>(data, 14))
  const inner = load<u16>(data, 16)
  memory.copy(data + VLAN_HLEN, data, MACS)
  skb.protocol = bswap<u16>(inner) >= 0x600 ? <u32>inner : llcProtocol(skb)
  skbPull(skb, VLAN_HLEN)
  skb.mac += VLAN_HLEN
  if (skb.net < skbHeadroom(skb) + ETH_HLEN) skb.net = skbHeadroom(skb) + ETH_HLEN
  skb.macLen = skb.net - skb.mac
  return tci
}

/** 802.3: raw IPX or 802.2. */
function llcProtocol(skb: Skb): u32 {
  return load<u16>(skb.data, 18) == 0xffff ? 0x0100 : 0x0400
}

export function skbVlanPop(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  if (skb.vlanPresent) clearTag(skb)
  else {
    if (!isVlan(skb.protocol)) return 0
    if (removeTag(skb) < 0) return errno(ENOMEM)
  }
  if (!isVlan(skb.protocol)) return 0
  // the next tag of a stack moves beside the packet
  const proto = skb.protocol
  const tci = removeTag(skb)
  if (tci < 0) return errno(ENOMEM)
  putTag(skb, proto, <u32>tci)
  return 0
}

export function getHashRecalc(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  // what is not understood has a hash too
  if (!flowHash(skb)) skb.hash = 1
  return <u64>skb.hash
}
export function setHashInvalid(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  asSkb(ctx).hash = 0
  return 0
}
export function setHash(ctx: u64, hash: u64, r3: u64, r4: u64, r5: u64): u64 {
  asSkb(ctx).hash = <u32>hash
  return 0
}

const PACKET_OTHERHOST: u32 = 3

export function skbChangeType(ctx: u64, type: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  if (skb.pktType > PACKET_OTHERHOST || <u32>type > PACKET_OTHERHOST) return errno(EINVAL)
  skb.pktType = <u32>type
  return 0
}

const CLOCK_REALTIME: u32 = 0
const CLOCK_TAI: u32 = 2

export function skbSetTstamp(ctx: u64, tstamp: u64, type: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const t = <u32>type
  if (skb.protocol != P_IP && skb.protocol != P_IPV6) return errno(EOPNOTSUPP)
  if (t > CLOCK_TAI || (t != CLOCK_REALTIME && !tstamp)) return errno(EINVAL)
  skb.tstamp = tstamp
  skb.tstampType = t
  return 0
}
