// SPDX-License-Identifier: GPL-2.0-only
// bpf_check_mtu. Kernel counterpart: net/core/filter.c.

import { EINVAL, ENODEV } from '../gen/errno.gen'
import { BPF_PROG_TYPE_XDP } from '../gen/uapi-enums.gen'
import { deviceByIndex, NetDevice } from '../world/device'
import { Skb } from '../world/skb'
import { XdpBuff } from '../world/xdp-buff'
import { errno, progType } from './given'
import { isGso } from './skb-size'

const SEGS: u64 = 1
const RET_SUCCESS: u64 = 0
const RET_FRAG_NEEDED: u64 = 1
const RET_SEGS_TOOBIG: u64 = 2
const HARD_HEADER: i32 = 14
const IPV4_MIN: i32 = 40

function deviceOf(own: NetDevice, ifindex: u32): NetDevice {
  return ifindex ? deviceByIndex(ifindex) : own
}

export function checkMtu(ctx: u64, ifindex: u64, mtuLen: u64, diff: u64, flags: u64): u64 {
  return progType() == BPF_PROG_TYPE_XDP
    ? xdpCheckMtu(ctx, <u32>ifindex, <usize>mtuLen, <i32>diff, flags)
    : skbCheckMtu(ctx, <u32>ifindex, <usize>mtuLen, <i32>diff, flags)
}

function xdpCheckMtu(ctx: u64, ifindex: u32, mtuLen: usize, diff: i32, flags: u64): u64 {
  const x = changetype<XdpBuff>(<usize>ctx)
  if (flags) return errno(EINVAL)
  const dev = deviceOf(x.dev, ifindex)
  if (!changetype<usize>(dev)) return errno(ENODEV)
  let len = <i32>(x.dataEnd - x.data)
  const asked = load<i32>(mtuLen)
  if (asked) len = asked + HARD_HEADER
  len += diff
  store<u32>(mtuLen, dev.mtu)
  return len > <i32>dev.mtu + HARD_HEADER ? RET_FRAG_NEEDED : RET_SUCCESS
}

function skbCheckMtu(ctx: u64, ifindex: u32, mtuLen: usize, diff: i32, flags: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const asked = load<i32>(mtuLen)
  if (flags & ~SEGS || (flags & SEGS && (diff || asked))) return errno(EINVAL)
  const dev = deviceOf(skb.dev, ifindex)
  if (!changetype<usize>(dev)) return errno(ENODEV)
  const len = (asked ? asked + HARD_HEADER : <i32>skb.len) + diff
  let ret = RET_FRAG_NEEDED
  if (len <= <i32>dev.mtu + HARD_HEADER) ret = RET_SUCCESS
  else if (isGso(skb)) {
    ret = RET_SUCCESS
    if (flags & SEGS) {
      if (!skb.transportSet) return errno(EINVAL)
      if (<i32>skb.gsoSize + IPV4_MIN > <i32>dev.mtu) ret = RET_SEGS_TOOBIG
    }
  }
  store<u32>(mtuLen, dev.mtu)
  return ret
}
