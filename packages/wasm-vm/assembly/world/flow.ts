// SPDX-License-Identifier: GPL-2.0-only
// What a packet's headers say of its flow. Kernel counterpart: net/core/flow_dissector.c.

import { ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6 } from '../gen/system.gen'
import { keyHash } from '../maps/jhash'
import { Prog } from '../prog/prog'
import { runSkb } from './hook'
import { RunArray, runItem } from './run-array'
import { Skb, skbNet } from './skb'

/** struct bpf_flow_keys: 56 bytes. */
export const FLOW_KEYS: usize = memory.data(56, 8)
const BPF_OK: u32 = 0
const DISSECTOR_CONTINUE: u32 = 129

const NHOFF: usize = 0
const THOFF: usize = 2
const ADDR_PROTO: usize = 4
const IP_PROTO: usize = 9
const N_PROTO: usize = 10
const SPORT: usize = 12
const ADDRS: usize = 16

@inline function be(n: i32): u16 {
  return bswap<u16>(<u16>n)
}

/** Fills FLOW_KEYS from the network header on; whether the packet could be understood. */
export function dissect(skb: Skb): bool {
  memory.fill(FLOW_KEYS, 0, 56)
  const ns = changetype<usize>(skb.dev) ? skb.dev.netns.flowDissector : changetype<RunArray>(0)
  if (changetype<usize>(ns) && ns.count) {
    const ret = runDissector(runItem(ns, 0).prog, skb, skb.net - (skb.data - <u32>skb.head), <u16>skb.protocol)
    if (ret != DISSECTOR_CONTINUE) return ret == BPF_OK
    memory.fill(FLOW_KEYS, 0, 56)
  }
  return dissectPlain(skbNet(skb), <usize>skb.dataEnd, <u16>skb.protocol, <u32>(skbNet(skb) - <usize>skb.data))
}

/** Runs a flow dissector program: offsets are relative to data, and clamped as Linux does. */
export function runDissector(prog: Prog, skb: Skb, nhoff: u32, proto: u16): u32 {
  memory.fill(FLOW_KEYS, 0, 56)
  store<u16>(FLOW_KEYS, <u16>nhoff, NHOFF)
  store<u16>(FLOW_KEYS, <u16>nhoff, THOFF)
  store<u16>(FLOW_KEYS, proto, N_PROTO)
  const saved = skb.flowKeys
  skb.flowKeys = <u64>FLOW_KEYS
  const ret = runSkb(prog, skb)
  skb.flowKeys = saved
  const nh = <u32>load<u16>(FLOW_KEYS, NHOFF)
  const th = <u32>load<u16>(FLOW_KEYS, THOFF)
  const hlen = skb.len
  const nhClamped = nh < nhoff ? nhoff : nh > hlen ? hlen : nh
  store<u16>(FLOW_KEYS, <u16>nhClamped, NHOFF)
  store<u16>(FLOW_KEYS, <u16>(th < nhClamped ? nhClamped : th > hlen ? hlen : th), THOFF)
  return ret
}

/** The kernel's own dissection. */
function dissectPlain(net: usize, end: usize, proto: u16, base: u32): bool {
  let p = net
  let kind = proto
  for (let tags = 0; tags < 3 && (kind == be(ETH_P_8021Q) || kind == be(ETH_P_8021AD)); tags++) {
    if (p + 4 > end) return false
    kind = load<u16>(p, 2)
    p += 4
  }
  store<u16>(FLOW_KEYS, <u16>(base + <u32>(p - net)), NHOFF)
  store<u16>(FLOW_KEYS, kind, N_PROTO)
  let ip: u32
  let transport: usize
  if (kind == be(ETH_P_IP)) {
    if (p + 20 > end) return false
    const ihl = (<usize>(load<u8>(p) & 15)) << 2
    if (ihl < 20) return false
    ip = <u32>load<u8>(p, 9)
    store<u16>(FLOW_KEYS, <u16>ETH_P_IP, ADDR_PROTO)
    store<u64>(FLOW_KEYS, load<u64>(p, 12), ADDRS)
    transport = p + ihl
    if (load<u16>(p, 6) & 0xff3f) {
      store<u8>(FLOW_KEYS, 1, 6)
      if (load<u16>(p, 6) & 0xff1f) {
        store<u8>(FLOW_KEYS, <u8>ip, IP_PROTO)
        return true
      }
      store<u8>(FLOW_KEYS, 1, 7)
    }
  } else if (kind == be(ETH_P_IPV6)) {
    if (p + 40 > end) return false
    ip = <u32>load<u8>(p, 6)
    store<u16>(FLOW_KEYS, <u16>ETH_P_IPV6, ADDR_PROTO)
    memory.copy(FLOW_KEYS + ADDRS, p + 8, 32)
    store<u32>(FLOW_KEYS, load<u32>(p) & 0xffff0f00, 52)
    transport = p + 40
  } else return false
  store<u16>(FLOW_KEYS, <u16>(base + <u32>(transport - net)), THOFF)
  store<u8>(FLOW_KEYS, <u8>ip, IP_PROTO)
  if ((ip == 6 || ip == 17 || ip == 132 || ip == 33) && transport + 4 <= end) {
    store<u32>(FLOW_KEYS, load<u32>(transport), SPORT)
  }
  return true
}

/** skb_get_hash: of addresses and ports, kept with the packet; never 0 for a packet that is understood. */
export function flowHash(skb: Skb): u32 {
  if (skb.hash) return skb.hash
  if (!dissect(skb)) return 0
  store<u16>(FLOW_KEYS, 0, NHOFF)
  store<u16>(FLOW_KEYS, 0, THOFF)
  store<u16>(FLOW_KEYS, 0, ADDR_PROTO)
  const h = keyHash(FLOW_KEYS, 56, 0x5bd1e995)
  skb.hash = h ? h : 1
  return skb.hash
}

/** Bytes from data to the payload (skb_get_poff). */
export function payloadOffset(skb: Skb): u32 {
  if (!dissect(skb)) return 0
  const th = <u32>load<u16>(FLOW_KEYS, THOFF)
  const p = <usize>skb.data + <usize>th
  switch (<u32>load<u8>(FLOW_KEYS, IP_PROTO)) {
    case 6:
      return p + 13 > <usize>skb.dataEnd ? th : th + max<u32>(20, (<u32>(load<u8>(p, 12) >> 4)) << 2)
    case 17:
      return th + 8
    case 1:
      return th + 8
    case 58:
      return th + 8
    default:
      return th
  }
}
