// SPDX-License-Identifier: GPL-2.0-only
// Room between the headers of a packet: bpf_skb_adjust_room and bpf_skb_change_proto. Kernel counterpart:
// net/core/filter.c.

import { EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import { BPF_PROG_TYPE_SK_SKB } from '../gen/uapi-enums.gen'
import { Skb, skbHeadroom, skbMakeRoom, skbPull, skbPush } from '../world/skb'
import { resetUnnecessary } from './checksum'
import { asResult, errno, progType } from './given'
import { asSkb } from './skb-bytes'
import { isGso, SKB_MAX_LEN, skSkbAdjustRoom } from './skb-size'

const P_IP: u32 = 0x0008
const P_IPV6: u32 = 0xdd86
const IPV4_LEN: u32 = 20
const IPV6_LEN: u32 = 40

const MODE_NET: u32 = 0
const MODE_MAC: u32 = 1

const FIXED_GSO: u64 = 1 << 0
const ENCAP_L3_IPV4: u64 = 1 << 1
const ENCAP_L3_IPV6: u64 = 1 << 2
const ENCAP_L3: u64 = ENCAP_L3_IPV4 | ENCAP_L3_IPV6
const ENCAP_L4_GRE: u64 = 1 << 3
const ENCAP_L4_UDP: u64 = 1 << 4
const NO_CSUM_RESET: u64 = 1 << 5
const ENCAP_L2_ETH: u64 = 1 << 6
const DECAP_L3_IPV4: u64 = 1 << 7
const DECAP_L3_IPV6: u64 = 1 << 8
const DECAP_L3: u64 = DECAP_L3_IPV4 | DECAP_L3_IPV6
const ENCAP_L2_SHIFT: u64 = 56
const KNOWN: u64 =
  FIXED_GSO |
  ENCAP_L3 |
  ENCAP_L4_GRE |
  ENCAP_L4_UDP |
  ENCAP_L2_ETH |
  DECAP_L3 |
  NO_CSUM_RESET |
  ((<u64>0xff) << ENCAP_L2_SHIFT)

// SKB_GSO_*
const GSO_TCPV4: u32 = 1 << 0
const GSO_DODGY: u32 = 1 << 1
const GSO_TCPV6: u32 = 1 << 4
const GSO_GRE: u32 = 1 << 6
const GSO_IPXIP4: u32 = 1 << 8
const GSO_IPXIP6: u32 = 1 << 9
const GSO_UDP_TUNNEL: u32 = 1 << 10
const GSO_UDP_L4: u32 = 1 << 17

function baseLen(skb: Skb): u32 {
  return skb.protocol == P_IP ? IPV4_LEN : IPV6_LEN
}

function changeProtocol(skb: Skb, proto: u32): void {
  skb.protocol = proto
  skb.dst = 0
}

/** `len` zero bytes behind the first `off` bytes; headers keep their places in the packet's front. */
function pushRoom(skb: Skb, off: u32, len: u32): bool {
  if (skbHeadroom(skb) < len && !skbMakeRoom(skb, len + 64, 0)) return false
  const same = skb.transport == skb.net
  skbPush(skb, <i32>len)
  const data = <usize>skb.data
  memory.copy(data, data + len, off)
  memory.fill(data + off, 0, len)
  skb.mac -= len
  skb.net -= len
  if (same) skb.transport = skb.net
  return true
}

function popRoom(skb: Skb, off: u32, len: u32): bool {
  if (off + len > skb.len) return false
  const same = skb.transport == skb.net
  const old = <usize>skb.data
  skbPull(skb, len)
  memory.copy(<usize>skb.data, old, off)
  skb.mac += len
  skb.net += len
  if (same) skb.transport = skb.net
  return true
}

/** Segmented packets of other kinds than TCP cannot change; UDP can if its segments keep their size. */
function gsoForbids(skb: Skb, flags: u64): bool {
  if (!isGso(skb) || skb.gsoType & (GSO_TCPV4 | GSO_TCPV6)) return false
  return !(skb.gsoType & GSO_UDP_L4) || !(flags & FIXED_GSO)
}

function encapCheck(skb: Skb, innerMac: u32, diff: u32, flags: u64): i32 {
  if (skb.protocol != P_IP && skb.protocol != P_IPV6) return -ENOTSUPP
  if ((flags & ENCAP_L3) == ENCAP_L3) return -EINVAL
  if (flags & ENCAP_L4_GRE && flags & ENCAP_L4_UDP) return -EINVAL
  if (flags & ENCAP_L2_ETH && innerMac < 14) return -EINVAL
  if (skb.encapsulation) return -EALREADY
  return innerMac > diff ? -EINVAL : 0
}

function gsoOfEncap(flags: u64): u32 {
  if (flags & ENCAP_L4_UDP) return GSO_UDP_TUNNEL
  if (flags & ENCAP_L4_GRE) return GSO_GRE
  if (flags & ENCAP_L3_IPV6) return GSO_IPXIP6
  return flags & ENCAP_L3_IPV4 ? GSO_IPXIP4 : 0
}

function encapApply(skb: Skb, macLen: u32, innerNet: u32, flags: u64): void {
  skb.innerNet = innerNet
  skb.encapsulation = true
  const start = skbHeadroom(skb)
  skb.net = start + macLen
  if (flags & (ENCAP_L4_GRE | ENCAP_L4_UDP)) {
    skb.transport = start + macLen + (flags & ENCAP_L3_IPV6 ? IPV6_LEN : IPV4_LEN)
    skb.transportSet = true
  }
  if (skb.protocol == P_IP && flags & ENCAP_L3_IPV6) changeProtocol(skb, P_IPV6)
  else if (skb.protocol == P_IPV6 && flags & ENCAP_L3_IPV4) changeProtocol(skb, P_IP)
}

function grow(skb: Skb, off: u32, diff: u32, flags: u64): i32 {
  const innerMac = <u32>(flags >> ENCAP_L2_SHIFT)
  const encap = (flags & ENCAP_L3) != 0
  if (gsoForbids(skb, flags)) return -ENOTSUPP
  if (encap) {
    const err = encapCheck(skb, innerMac, diff, flags)
    if (err) return err
  }
  const macLen = skb.net - skb.mac
  const netAt = skb.net
  const startAt = skbHeadroom(skb)
  if (!pushRoom(skb, off, diff)) return -ENOMEM
  // where the old network header is now: pushing may have moved the buffer
  if (encap) encapApply(skb, macLen, netAt + (skbHeadroom(skb) + diff - startAt), flags)
  if (isGso(skb)) {
    skb.gsoType |= GSO_DODGY | (encap ? gsoOfEncap(flags) : 0)
    skb.gsoSegs = 0
    if (!(flags & FIXED_GSO)) skb.gsoSize -= diff
  }
  return 0
}

function shrink(skb: Skb, off: u32, diff: u32, flags: u64): i32 {
  if (flags & ~(FIXED_GSO | DECAP_L3 | NO_CSUM_RESET)) return -EINVAL
  if (gsoForbids(skb, flags)) return -ENOTSUPP
  if (!popRoom(skb, off, diff)) return -ENOMEM
  if (skb.protocol == P_IP && flags & DECAP_L3_IPV6) changeProtocol(skb, P_IPV6)
  else if (skb.protocol == P_IPV6 && flags & DECAP_L3_IPV4) changeProtocol(skb, P_IP)
  if (isGso(skb)) {
    if (!(flags & FIXED_GSO)) skb.gsoSize += diff
    skb.gsoType |= GSO_DODGY
    skb.gsoSegs = 0
  }
  return 0
}

export function skbAdjustRoom(ctx: u64, diff: u64, mode: u64, flags: u64, r5: u64): u64 {
  if (progType() == BPF_PROG_TYPE_SK_SKB) return skSkbAdjustRoom(ctx, diff, mode, flags, r5)
  const skb = asSkb(ctx)
  const d = <i32>diff
  const n = <u32>abs<i32>(d)
  if (flags & ~KNOWN) return errno(EINVAL)
  if (n > 0xfff) return errno(EFAULT)
  if (skb.protocol != P_IP && skb.protocol != P_IPV6) return errno(ENOTSUPP)
  let off = skb.net - skb.mac
  if (<u32>mode == MODE_NET) off += baseLen(skb)
  else if (<u32>mode != MODE_MAC) return errno(ENOTSUPP)
  let lenMin = baseLen(skb)
  if (flags & DECAP_L3) {
    if (d >= 0 || (flags & DECAP_L3) == DECAP_L3) return errno(EINVAL)
    lenMin = flags & DECAP_L3_IPV4 ? IPV4_LEN : IPV6_LEN
  }
  const len = skb.len - (skb.net - skbHeadroom(skb))
  if (d < 0 ? n >= len || len - n < lenMin : skb.len + n > SKB_MAX_LEN && !isGso(skb)) return errno(ENOTSUPP)
  const err = d < 0 ? shrink(skb, off, n, flags) : grow(skb, off, n, flags)
  if (!err && !(flags & NO_CSUM_RESET)) resetUnnecessary(skb)
  return asResult(err)
}

/** bpf_skb_change_proto: between IPv4 and IPv6; the program writes the header. */
export function skbChangeProto(ctx: u64, proto: u64, flags: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const to = <u32>(<u16>proto)
  if (flags) return errno(EINVAL)
  const diff = IPV6_LEN - IPV4_LEN
  const off = skb.net - skb.mac
  if (skb.protocol == P_IP && to == P_IPV6) {
    if (!pushRoom(skb, off, diff)) return errno(ENOMEM)
    swapGso(skb, GSO_TCPV4, GSO_TCPV6)
  } else if (skb.protocol == P_IPV6 && to == P_IP) {
    if (!popRoom(skb, off, diff)) return errno(ENOMEM)
    swapGso(skb, GSO_TCPV6, GSO_TCPV4)
  } else return errno(ENOTSUPP)
  changeProtocol(skb, to)
  skb.hash = 0
  return 0
}

function swapGso(skb: Skb, from: u32, to: u32): void {
  if (!isGso(skb)) return
  if (skb.gsoType & from) skb.gsoType = (skb.gsoType & ~from) | to
  skb.gsoType |= GSO_DODGY
}
