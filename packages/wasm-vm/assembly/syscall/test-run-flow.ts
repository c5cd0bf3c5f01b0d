// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of flow dissectors. Kernel counterpart: bpf_prog_test_run_flow_dissector of net/bpf/test_run.c and
// bpf_flow_dissect of net/core/flow_dissector.c.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  __sk_buff__SIZE,
  __sk_buff__data,
  __sk_buff__data_end,
  __sk_buff__flow_keys,
  bpf_flow_keys__SIZE,
  bpf_flow_keys__flags,
  bpf_flow_keys__n_proto,
  bpf_flow_keys__nhoff,
  bpf_flow_keys__thoff,
} from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { PACKET_SKB, runCtx } from '../world/hook'
import { ETH_HLEN } from '../world/skb'
import { isErr } from './fd'
import { Skb } from '../world/skb'
import {
  clearTrap,
  contextIn,
  contextOut,
  dataIn,
  finish,
  givenSize,
  hasExtras,
  repeats,
  startClock,
  stopClock,
  TestRun,
} from './test-run'

/**
 * Runs a dissector on a packet at `data`, whose network header is at `nhoff` and which is `len` bytes long, filling the
 * flow keys at `keys`. `ctx` is a zeroed struct __sk_buff.
 */
export function flowDissect(
  prog: Prog,
  ctx: usize,
  keys: usize,
  data: usize,
  len: u32,
  proto: u16,
  nhoff: u32,
  flags: u32,
): u32 {
  memory.fill(keys, 0, bpf_flow_keys__SIZE)
  store<u16>(keys + bpf_flow_keys__n_proto, proto)
  store<u16>(keys + bpf_flow_keys__nhoff, <u16>nhoff)
  store<u16>(keys + bpf_flow_keys__thoff, <u16>nhoff)
  store<u32>(keys + bpf_flow_keys__flags, flags)
  store<u32>(ctx + __sk_buff__data, <u32>data)
  store<u32>(ctx + __sk_buff__data_end, <u32>data + len)
  store<u64>(ctx + __sk_buff__flow_keys, <u64>keys)
  const ret = <u32>runCtx(prog, ctx, __sk_buff__SIZE, PACKET_SKB, 0)
  clampOffset(keys + bpf_flow_keys__nhoff, nhoff, len)
  clampOffset(keys + bpf_flow_keys__thoff, <u32>load<u16>(keys + bpf_flow_keys__nhoff), len)
  return ret
}

function clampOffset(at: usize, low: u32, high: u32): void {
  const value = <u32>load<u16>(at)
  store<u16>(at, <u16>(value < low ? low : value > high ? high : value))
}

/** Only the flags may be given. */
function fitsContext(ctx: usize): bool {
  for (let i: i32 = 0; i < bpf_flow_keys__SIZE; i++) {
    const isFlag = i >= bpf_flow_keys__flags && i < bpf_flow_keys__flags + 4
    if (!isFlag && load<u8>(ctx + <usize>i)) return false
  }
  return true
}

export function testRunFlowDissector(prog: Prog, t: TestRun): i32 {
  if (hasExtras(t)) return -EINVAL
  const size = givenSize(t)
  if (size < ETH_HLEN) return -EINVAL
  const data = dataIn(t, size, size, 0, 0)
  if (isErr(data)) return <i32>data
  const ctx = contextIn(t, bpf_flow_keys__SIZE)
  if (isErr(ctx)) {
    kfree(data)
    return <i32>ctx
  }
  const err = ctx && !fitsContext(ctx) ? -EINVAL : dissect(prog, t, data, size, ctx)
  kfree(data)
  kfree(ctx)
  return err
}

function dissect(prog: Prog, t: TestRun, data: usize, size: u32, ctx: usize): i32 {
  // all of a Skb, so that helpers see that it has no packet
  const block = kzalloc(offsetof<Skb>() + bpf_flow_keys__SIZE)
  if (!block) return -ENOMEM
  const keys = block + offsetof<Skb>()
  const flags = ctx ? load<u32>(ctx + bpf_flow_keys__flags) : 0
  const proto = load<u16>(data, 12)
  const n = repeats(t)
  clearTrap()
  const from = startClock()
  for (let i: u32 = 0; i < n; i++) t.retval = flowDissect(prog, block, keys, data, size, proto, ETH_HLEN, flags)
  let err = stopClock(t, from, n)
  if (!err) err = finish(t, keys, bpf_flow_keys__SIZE, 0, 0)
  if (!err) err = contextOut(t, ctx, bpf_flow_keys__SIZE)
  kfree(block)
  return err
}
