// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of programs on packets. Kernel counterpart: bpf_prog_test_run_skb of net/bpf/test_run.c.

import { EBADMSG, EINVAL, ENODEV, ENOMEM } from '../gen/errno.gen'
import { AF_INET, AF_INET6, ETH_P_IP, ETH_P_IPV6 } from '../gen/system.gen'
import { ATTR_TEST__batch_size, ATTR_TEST__cpu, ATTR_TEST__flags, __sk_buff__SIZE } from '../gen/uapi-layouts.gen'
import { BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_SCHED_CLS } from '../gen/uapi-enums.gen'
import { csumFold, csumPartial } from '../helpers/checksum'
import { kfree } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { deviceByIndex } from '../world/device'
import { testStorageBegin, testStorageEnd } from '../helpers/cgroup'
import { runSkb } from '../world/hook'
import {
  CHECKSUM_COMPLETE,
  ETH_HLEN,
  ethTypeTrans,
  Skb,
  skbFree,
  skbMakeRoom,
  skbOf,
  skbPush,
  skbResetNet,
  skbSetOwner,
} from '../world/skb'
import { Sock, sockNew, sockPut } from '../world/sock'
import { world } from '../world/world'
import { isErr } from './fd'
import {
  clearTrap,
  contextIn,
  contextOut,
  dataIn,
  field,
  finish,
  givenSize,
  repeats,
  SHARED_INFO,
  startClock,
  stopClock,
  TestRun,
} from './test-run'

const F_CHECKSUM_COMPLETE: u32 = 1 << 2
/** NET_SKB_PAD + NET_IP_ALIGN of x86-64. */
const HEADROOM: u32 = 64
const LOOPBACK: u32 = 1
const IPV4_HEADER: u32 = 20
const IPV6_HEADER: u32 = 40
const GSO_MAX_SEGS: u32 = 65535
const GSO_LEGACY_MAX_SIZE: u32 = 65536

// The parts of struct __sk_buff that a caller may fill: mark, priority, the two interfaces, cb, then from tstamp on.
const MARK: u32 = 8
const PRIORITY: u32 = 32
const INGRESS_IFINDEX: u32 = 36
const IFINDEX: u32 = 40
const CB: u32 = 48
const CB_SIZE: u32 = 20
const TSTAMP: u32 = 152
const WIRE_LEN: u32 = 160
const GSO_SEGS: u32 = 164
const SK: u32 = 168
const GSO_SIZE: u32 = 176
const HWTSTAMP: u32 = 184

function isZero(ctx: usize, from: u32, to: u32): bool {
  for (let i = from; i < to; i++) {
    if (load<u8>(ctx + <usize>i)) return false
  }
  return true
}

/** convert___skb_to_skb */
function takeContext(skb: Skb, ctx: usize): i32 {
  if (!isZero(ctx, 0, MARK) || !isZero(ctx, MARK + 4, PRIORITY) || !isZero(ctx, IFINDEX + 4, CB)) return -EINVAL
  if (!isZero(ctx, CB + CB_SIZE, TSTAMP) || !isZero(ctx, SK, GSO_SIZE) || !isZero(ctx, GSO_SIZE + 4, HWTSTAMP))
    return -EINVAL
  const wireLen = load<u32>(ctx + WIRE_LEN)
  if (wireLen && (wireLen < skb.len || wireLen > GSO_LEGACY_MAX_SIZE)) return -EINVAL
  if (load<u32>(ctx + GSO_SEGS) > GSO_MAX_SEGS) return -EINVAL
  skb.mark = load<u32>(ctx + MARK)
  skb.priority = load<u32>(ctx + PRIORITY)
  skb.ingressIfindex = load<u32>(ctx + INGRESS_IFINDEX)
  skb.tstamp = load<u64>(ctx + TSTAMP)
  memory.copy(changetype<usize>(skb) + CB, ctx + CB, CB_SIZE)
  if (wireLen) skb.wireLen = wireLen
  skb.gsoSegs = load<u32>(ctx + GSO_SEGS)
  skb.gsoSize = load<u32>(ctx + GSO_SIZE)
  skb.hwtstamp = load<u64>(ctx + HWTSTAMP)
  return 0
}

/** convert_skb_to___skb */
function giveContext(skb: Skb, ctx: usize): void {
  const from = changetype<usize>(skb)
  store<u32>(ctx + MARK, skb.mark)
  store<u32>(ctx + PRIORITY, skb.priority)
  store<u32>(ctx + INGRESS_IFINDEX, skb.ingressIfindex)
  store<u32>(ctx + IFINDEX, <u32>skb.dev.ifindex)
  store<u64>(ctx + TSTAMP, skb.tstamp)
  memory.copy(ctx + CB, from + CB, CB_SIZE)
  store<u32>(ctx + WIRE_LEN, skb.wireLen)
  store<u32>(ctx + GSO_SEGS, skb.gsoSegs)
  store<u64>(ctx + HWTSTAMP, skb.hwtstamp)
}

/** The packet's own socket gets the addresses of its IP header. */
function fillSock(sk: Sock, skb: Skb): i32 {
  const proto = bswap<u16>(<u16>skb.protocol)
  const ip = <usize>skb.data
  if (proto == ETH_P_IP) {
    if (skb.len < IPV4_HEADER) return -EINVAL
    sk.family = AF_INET
    sk.srcIp4 = load<u32>(ip, 12)
    sk.dstIp4 = load<u32>(ip, 16)
  } else if (proto == ETH_P_IPV6) {
    if (skb.len < IPV6_HEADER) return -EINVAL
    sk.family = AF_INET6
    memory.copy(changetype<usize>(sk) + offsetof<Sock>('srcIp60'), ip + 8, 16)
    memory.copy(changetype<usize>(sk) + offsetof<Sock>('dstIp60'), ip + 24, 16)
  }
  return 0
}

function networkSum(skb: Skb): u32 {
  const from = skb.head + <usize>skb.net
  return csumPartial(from, skb.dataEnd - <u32>from, 0)
}

/** Runs it on a packet that stands ready; -errno. */
function runPacket(prog: Prog, t: TestRun, skb: Skb, ctx: usize): i32 {
  const isL2 = prog.type == BPF_PROG_TYPE_SCHED_CLS || prog.type == BPF_PROG_TYPE_SCHED_ACT
  const complete = (field(t, ATTR_TEST__flags) & F_CHECKSUM_COMPLETE) != 0
  if (isL2) skbPush(skb, ETH_HLEN)
  if (ctx) {
    const bad = takeContext(skb, ctx)
    if (bad) return bad
  }
  if (complete) {
    skb.csum = networkSum(skb)
    skb.ipSummed = CHECKSUM_COMPLETE
  }
  const n = repeats(t)
  if (!testStorageBegin(prog)) {
    testStorageEnd()
    return -ENOMEM
  }
  clearTrap()
  const from = startClock()
  for (let i: u32 = 0; i < n; i++) t.retval = runSkb(prog, skb)
  const trapped = stopClock(t, from, n)
  testStorageEnd()
  if (trapped) return trapped
  if (!isL2) {
    const wireLen = skb.wireLen
    if (!skbMakeRoom(skb, ETH_HLEN, 0)) return -ENOMEM
    skbPush(skb, ETH_HLEN)
    skb.wireLen = wireLen
    memory.fill(skb.data, 0, ETH_HLEN)
  }
  if (complete && csumFold(skb.csum) != csumFold(networkSum(skb))) return -EBADMSG
  if (ctx) giveContext(skb, ctx)
  const err = finish(t, skb.data, skb.len, 0, 0)
  return err ? err : contextOut(t, ctx, __sk_buff__SIZE)
}

export function testRunSkb(prog: Prog, t: TestRun): i32 {
  if (field(t, ATTR_TEST__flags) & ~F_CHECKSUM_COMPLETE || field(t, ATTR_TEST__cpu) || field(t, ATTR_TEST__batch_size))
    return -EINVAL
  const size = givenSize(t)
  if (size < ETH_HLEN) return -EINVAL
  const data = dataIn(t, size, size, HEADROOM, SHARED_INFO)
  if (isErr(data)) return <i32>data
  const ctx = contextIn(t, __sk_buff__SIZE)
  if (isErr(ctx)) {
    kfree(data)
    return <i32>ctx
  }
  const skb = skbOf(data + HEADROOM, size, HEADROOM, 0)
  kfree(data)
  if (!changetype<usize>(skb)) {
    kfree(ctx)
    return -ENOMEM
  }
  const err = prepare(prog, t, skb, ctx)
  skbFree(skb)
  kfree(ctx)
  return err
}

function prepare(prog: Prog, t: TestRun, skb: Skb, ctx: usize): i32 {
  let dev = deviceByIndex(LOOPBACK)
  if (ctx && load<u32>(ctx + IFINDEX) > 1) {
    dev = deviceByIndex(load<u32>(ctx + IFINDEX))
    if (!changetype<usize>(dev)) return -ENODEV
  }
  const sk = sockNew(world().netns, 0, 0, 0)
  if (!changetype<usize>(sk)) return -ENOMEM
  skbSetOwner(skb, changetype<usize>(sk))
  sockPut(sk)
  ethTypeTrans(skb, dev)
  skb.ifindex = <u32>dev.ifindex
  skbResetNet(skb)
  const bad = fillSock(sk, skb)
  return bad ? bad : runPacket(prog, t, skb, ctx)
}
