// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of XDP programs. Kernel counterpart: bpf_prog_test_run_xdp of net/bpf/test_run.c.

import { E2BIG, EFAULT, EINVAL, ENODEV, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_TEST__batch_size,
  ATTR_TEST__ctx_out,
  ATTR_TEST__data_in,
  ATTR_TEST__data_out,
  ATTR_TEST__flags,
  xdp_md__SIZE,
  xdp_md__data,
  xdp_md__data_end,
  xdp_md__data_meta,
  xdp_md__egress_ifindex,
  xdp_md__ingress_ifindex,
  xdp_md__rx_queue_index,
} from '../gen/uapi-layouts.gen'
import { BPF_XDP_CPUMAP, BPF_XDP_DEVMAP } from '../gen/uapi-enums.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { copyFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { deviceByIndex, NetDevice } from '../world/device'
import { PACKET_XDP, runCtx } from '../world/hook'
import { netifReceiveAfterXdp, softirqRun } from '../world/receive'
import { ETH_HLEN, ethTypeTrans, skbOf } from '../world/skb'
import { XdpBuff } from '../world/xdp-buff'
import { xdpGeneric } from '../world/xdp'
import { isErr } from './fd'
import {
  clearTrap,
  contextIn,
  contextOut,
  dataIn,
  field,
  field64,
  finish,
  givenSize,
  PAGE_SIZE,
  repeats,
  SHARED_INFO,
  startClock,
  stopClock,
  TestRun,
} from './test-run'

const F_LIVE_FRAMES: u32 = 1 << 1
const LOOPBACK: u32 = 1
const HEADROOM: u32 = 256
/** sizeof(struct xdp_frame) and of struct xdp_page_head, which live in the headroom. */
const XDP_FRAME_SIZE: u32 = 40
const PAGE_HEAD_SIZE: u32 = 192
const MAX_BATCH: u32 = 256
const MAX_FRAGS: u32 = 17
/** Bits of XdpBuff.flags: XDP_FLAGS_HAS_FRAGS. */
const HAS_FRAGS: u32 = 1

/** Sizes and places of one run. */
@unmanaged class Frame {
  ctx: usize
  meta: u32
  headroom: u32
  linear: u32
  maxLinear: u32
  live: bool
  dev: NetDevice
  queue: u32
}
const FRAME: usize = memory.data(64, 8)

function checkFlags(prog: Prog, t: TestRun, live: bool): i32 {
  if (prog.expectedAttachType == BPF_XDP_DEVMAP || prog.expectedAttachType == BPF_XDP_CPUMAP) return -EINVAL
  if (field(t, ATTR_TEST__flags) & ~F_LIVE_FRAMES || prog.devBound) return -EINVAL
  const batch = field(t, ATTR_TEST__batch_size)
  if (live) return batch > MAX_BATCH ? -E2BIG : 0
  return batch ? -EINVAL : 0
}

/** What the context says about metadata and size. */
function takeSizes(t: TestRun, f: Frame): i32 {
  f.headroom = HEADROOM
  f.meta = 0
  f.linear = givenSize(t)
  const ctx = f.ctx
  if (ctx) {
    const data = load<u32>(ctx + xdp_md__data)
    const end = load<u32>(ctx + xdp_md__data_end)
    if (load<u32>(ctx + xdp_md__data_meta) || end > givenSize(t) || data > end) return -EINVAL
    if (f.live && (field64(t, ATTR_TEST__data_out) || field64(t, ATTR_TEST__ctx_out))) return -EINVAL
    // xdp_metalen_invalid: whole words, at most 255 bytes
    if (data & 3 || data > 255 || data > HEADROOM - XDP_FRAME_SIZE) return -EINVAL
    f.meta = data
    f.headroom -= data
    f.linear = end
  }
  if (f.live) f.headroom += PAGE_HEAD_SIZE
  f.maxLinear = PAGE_SIZE - f.headroom - SHARED_INFO
  if (f.linear > f.maxLinear) f.linear = f.maxLinear
  if (f.live && givenSize(t) > f.linear) return -EINVAL
  return givenSize(t) - f.meta < ETH_HLEN ? -EINVAL : 0
}

/** The device that the frame is said to come from. */
function takeDevice(f: Frame): i32 {
  f.dev = deviceByIndex(LOOPBACK)
  f.queue = 0
  const ctx = f.ctx
  if (!ctx) return 0
  if (load<u32>(ctx + xdp_md__egress_ifindex)) return -EINVAL
  const ifindex = load<u32>(ctx + xdp_md__ingress_ifindex)
  f.queue = load<u32>(ctx + xdp_md__rx_queue_index)
  if (!ifindex) return f.queue ? -EINVAL : 0
  f.dev = deviceByIndex(ifindex)
  if (!changetype<usize>(f.dev)) return -ENODEV
  // Every device here has one queue.
  return f.queue ? -EINVAL : 0
}

export function testRunXdp(prog: Prog, t: TestRun): i32 {
  const live = (field(t, ATTR_TEST__flags) & F_LIVE_FRAMES) != 0
  const bad = checkFlags(prog, t, live)
  if (bad) return bad
  const ctx = contextIn(t, xdp_md__SIZE)
  if (isErr(ctx)) return <i32>ctx
  const f = changetype<Frame>(FRAME)
  f.ctx = ctx
  f.live = live
  let err = takeSizes(t, f)
  if (!err) err = withData(prog, t, f)
  kfree(ctx)
  return err
}

function withData(prog: Prog, t: TestRun, f: Frame): i32 {
  const block = dataIn(t, f.linear, f.maxLinear, f.headroom, SHARED_INFO)
  if (isErr(block)) return <i32>block
  let err = takeDevice(f)
  if (!err) err = f.live ? runLive(prog, t, f, block) : runBuff(prog, t, f, block)
  kfree(block)
  return err
}

/** What does not fit into the first page. */
function takeFrags(t: TestRun, xdp: XdpBuff, from: u32): i32 {
  const size = givenSize(t)
  xdp.frags = 0
  xdp.fragsLen = 0
  if (size <= from) return 0
  const rest = size - from
  if ((rest + PAGE_SIZE - 1) / PAGE_SIZE > MAX_FRAGS) return -ENOMEM
  // Whole pages, as Linux has them: a program may grow the last one.
  xdp.frags = kmalloc(<usize>((rest + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)))
  if (!xdp.frags) return -ENOMEM
  if (!copyFromUser(xdp.frags, field64(t, ATTR_TEST__data_in) + <u64>from, <usize>rest)) return -EFAULT
  xdp.fragsLen = rest
  xdp.flags = HAS_FRAGS
  return 0
}

function runBuff(prog: Prog, t: TestRun, f: Frame, block: usize): i32 {
  const xdp = changetype<XdpBuff>(kzalloc(offsetof<XdpBuff>()))
  if (!changetype<usize>(xdp)) return -ENOMEM
  const start = <u32>block
  xdp.hardStart = start
  xdp.hardEnd = start + PAGE_SIZE - SHARED_INFO
  xdp.dataMeta = start + f.headroom
  xdp.data = xdp.dataMeta + f.meta
  xdp.dataEnd = xdp.dataMeta + f.linear
  xdp.dev = f.dev
  xdp.ingressIfindex = <u32>f.dev.ifindex
  xdp.rxQueueIndex = f.queue
  let err = takeFrags(t, xdp, f.linear)
  if (!err) {
    const n = repeats(t)
    clearTrap()
    const from = startClock()
    for (let i: u32 = 0; i < n; i++) t.retval = <u32>runCtx(prog, changetype<usize>(xdp), xdp_md__SIZE, PACKET_XDP, 0)
    err = stopClock(t, from, n)
  }
  if (f.ctx) {
    store<u32>(f.ctx + xdp_md__data, xdp.data - xdp.dataMeta)
    store<u32>(f.ctx + xdp_md__data_end, xdp.dataEnd - xdp.dataMeta)
  }
  if (!err) err = finish(t, xdp.dataMeta, xdp.dataEnd - xdp.dataMeta + xdp.fragsLen, xdp.frags, xdp.fragsLen)
  if (!err) err = contextOut(t, f.ctx, xdp_md__SIZE)
  kfree(xdp.frags)
  kfree(changetype<usize>(xdp))
  return err
}

/** Live frames: each is treated as one that the device received. */
function runLive(prog: Prog, t: TestRun, f: Frame, block: usize): i32 {
  const n = repeats(t)
  clearTrap()
  const from = startClock()
  for (let i: u32 = 0; i < n; i++) {
    const skb = skbOf(block + <usize>(f.headroom + f.meta), f.linear - f.meta, HEADROOM, 0)
    if (!changetype<usize>(skb)) return -ENOMEM
    ethTypeTrans(skb, f.dev)
    if (xdpGeneric(prog, skb)) netifReceiveAfterXdp(skb)
    softirqRun()
  }
  const trapped = stopClock(t, from, n)
  return trapped ? trapped : finish(t, 0, 0, 0, 0)
}
