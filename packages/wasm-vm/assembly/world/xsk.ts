// SPDX-License-Identifier: GPL-2.0-only
// AF_XDP: rings that the caller maps. Kernel counterpart: net/xdp/xsk.c. Copy mode; the memory of frames (UMEM) is the
// caller's, rings are the kernel's.
//
//   ring:  | producer u32 … | consumer u32 at 128 | flags u32 at 196 | descriptors from 320 |

import { EBUSY, EINVAL, ENODEV, ENOBUFS, ENOMEM, ENOPROTOOPT, ENOSPC, ENXIO, ENETDOWN, EFAULT } from '../gen/errno.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { userOk } from '../mem/user'
import { deviceIn } from './device'
import { Skb, skbFree, SKB_HEADROOM, skbOf } from './skb'
import { Sock } from './sock'
import { devSendFrame } from './transmit'

export const SOL_XDP: i32 = 283
const XDP_MMAP_OFFSETS: i32 = 1
const XDP_RX_RING: i32 = 2
const XDP_TX_RING: i32 = 3
const XDP_UMEM_REG: i32 = 4
const XDP_UMEM_FILL_RING: i32 = 5
const XDP_UMEM_COMPLETION_RING: i32 = 6
const XDP_STATISTICS: i32 = 7
const XDP_OPTIONS: i32 = 8

const PRODUCER: usize = 0
const CONSUMER: usize = 128
const FLAGS: usize = 196
const DESC: usize = 320
/** Offsets of mmap: RX, TX, fill, completion. */
const PGOFF_TX: u64 = 0x80000000
const PGOFF_FILL: u64 = 0x100000000
const PGOFF_COMPLETION: u64 = 0x180000000

@unmanaged export class Xsk {
  umem: u64
  umemLen: u64
  chunk: u32
  headroom: u32
  ifindex: u32
  queue: u32
  bound: bool
  rx: usize
  rxSize: u32
  tx: usize
  txSize: u32
  fill: usize
  fillSize: u32
  comp: usize
  compSize: u32
  dropped: u64
}

export function xskOf(sk: Sock): Xsk {
  if (!sk.xsk) sk.xsk = kzalloc(offsetof<Xsk>())
  return changetype<Xsk>(sk.xsk)
}

export function xskRelease(sk: Sock): void {
  if (!sk.xsk) return
  const x = changetype<Xsk>(sk.xsk)
  kfree(x.rx)
  kfree(x.tx)
  kfree(x.fill)
  kfree(x.comp)
  kfree(sk.xsk)
  sk.xsk = 0
}

function newRing(n: u32, desc: u32): usize {
  return kzalloc(DESC + <usize>n * desc)
}

export function xskSetsockopt(sk: Sock, name: i32, value: usize, len: u32): i32 {
  const x = xskOf(sk)
  if (name == XDP_UMEM_REG) return regUmem(x, value, len)
  if (name < XDP_RX_RING || name > XDP_UMEM_COMPLETION_RING) return -ENOPROTOOPT
  if (len < 4) return -EINVAL
  const n = load<u32>(value)
  if (!n || n & (n - 1)) return -EINVAL
  const desc: u32 = name == XDP_RX_RING || name == XDP_TX_RING ? 16 : 8
  const at = changetype<usize>(x) + ringField(name)
  if (load<usize>(at)) return -EINVAL
  if (desc == 8 && !x.umem) return -EINVAL
  const ring = newRing(n, desc)
  if (!ring) return -ENOMEM
  store<usize>(at, ring)
  store<u32>(at, n, 4)
  return 0
}
function ringField(name: i32): usize {
  switch (name) {
    case XDP_RX_RING:
      return offsetof<Xsk>('rx')
    case XDP_TX_RING:
      return offsetof<Xsk>('tx')
    case XDP_UMEM_FILL_RING:
      return offsetof<Xsk>('fill')
    default:
      return offsetof<Xsk>('comp')
  }
}

function regUmem(x: Xsk, value: usize, len: u32): i32 {
  if (len < 24) return -EINVAL
  if (x.umem) return -EBUSY
  const addr = load<u64>(value)
  const size = load<u64>(value, 8)
  const chunk = load<u32>(value, 16)
  const headroom = load<u32>(value, 20)
  if (chunk < 2048 || chunk > 4096 || chunk & (chunk - 1)) return -EINVAL
  if (addr & 4095 || !size || size / <u64>chunk == 0) return -EINVAL
  if (headroom >= chunk - 256) return -EINVAL
  if (!userOk(addr, size)) return -EFAULT
  x.umem = addr
  x.umemLen = size
  x.chunk = chunk
  x.headroom = headroom
  return 0
}

export function xskGetsockopt(sk: Sock, name: i32, value: usize, len: u32): i32 {
  const x = xskOf(sk)
  if (name == XDP_MMAP_OFFSETS) {
    const each: u32 = len >= 128 ? 32 : 24
    if (len < each * 4) return -EINVAL
    for (let i: u32 = 0; i < 4; i++) {
      const p = value + <usize>(i * each)
      store<u64>(p, PRODUCER)
      store<u64>(p, CONSUMER, 8)
      store<u64>(p, DESC, 16)
      if (each == 32) store<u64>(p, FLAGS, 24)
    }
    return <i32>(each * 4)
  }
  if (name == XDP_STATISTICS) {
    const n = min<u32>(len, 48)
    if (n < 24) return -EINVAL
    memory.fill(value, 0, n)
    store<u64>(value, x.dropped)
    return <i32>n
  }
  if (name == XDP_OPTIONS) {
    if (len < 4) return -EINVAL
    store<u32>(value, 0)
    return 4
  }
  return -ENOPROTOOPT
}

/** bind to a struct sockaddr_xdp { family u16, flags u16, ifindex u32, queue u32, shared fd u32 }. */
export function xskBind(sk: Sock, addr: usize, len: u32): i32 {
  if (len < 16 || load<u16>(addr) != 44) return -EINVAL
  const x = xskOf(sk)
  if (x.bound) return -EBUSY
  if (!x.rx && !x.tx) return -EINVAL
  if (!x.umem || !x.fill || !x.comp) return -EINVAL
  const dev = deviceIn(sk.netns, load<i32>(addr, 4))
  if (!changetype<usize>(dev)) return -ENODEV
  const queue = load<u32>(addr, 8)
  if (queue >= dev.rxQueues) return -EINVAL
  x.ifindex = load<u32>(addr, 4)
  x.queue = queue
  x.bound = true
  return 0
}

/** mmap of a ring: its address, or an errno. */
export function xskMmap(sk: Sock, length: u64, offset: u64): usize {
  const x = xskOf(sk)
  let ring = x.rx
  let room = DESC + <u64>x.rxSize * 16
  if (offset == PGOFF_TX) {
    ring = x.tx
    room = DESC + <u64>x.txSize * 16
  } else if (offset == PGOFF_FILL) {
    ring = x.fill
    room = DESC + <u64>x.fillSize * 8
  } else if (offset == PGOFF_COMPLETION) {
    ring = x.comp
    room = DESC + <u64>x.compSize * 8
  } else if (offset) return -EINVAL
  if (!ring) return -EINVAL
  return length > ((room + 4095) & ~4095) ? -EINVAL : ring
}

/** Gives a frame (data at the link header) to the socket of an XSKMAP entry. 0 or an errno, and the packet stays. */
export function xskDeliver(target: usize, skb: Skb): i32 {
  if (!target) return -EINVAL
  const sk = changetype<Sock>(target)
  const x = xskOf(sk)
  if (!x.bound || !x.rx || x.ifindex != <u32>skb.dev.ifindex) return -EINVAL
  if (skb.len > x.chunk - x.headroom - 256) {
    x.dropped++
    return -ENOSPC
  }
  const cons = load<u32>(x.fill, CONSUMER)
  if (cons == load<u32>(x.fill, PRODUCER)) {
    x.dropped++
    return -ENOSPC
  }
  const prod = load<u32>(x.rx, PRODUCER)
  if (prod - load<u32>(x.rx, CONSUMER) >= x.rxSize) {
    x.dropped++
    return -ENOBUFS
  }
  const given = load<u64>(x.fill + DESC + <usize>(cons & (x.fillSize - 1)) * 8)
  store<u32>(x.fill, cons + 1, CONSUMER)
  const chunk = given & ~(<u64>x.chunk - 1)
  const at = chunk + <u64>x.headroom + 256
  if (chunk + <u64>x.chunk > x.umemLen) return -EINVAL
  memory.copy(<usize>(x.umem + at), skb.data, skb.len)
  const d = x.rx + DESC + <usize>(prod & (x.rxSize - 1)) * 16
  store<u64>(d, at)
  store<u32>(d, skb.len, 8)
  store<u32>(d, 0, 12)
  store<u32>(x.rx, prod + 1, PRODUCER)
  skbFree(skb)
  return 0
}

export function xskReady(sk: Sock): bool {
  if (!sk.xsk) return false
  const x = changetype<Xsk>(sk.xsk)
  return x.rx != 0 && load<u32>(x.rx, PRODUCER) != load<u32>(x.rx, CONSUMER)
}

/** sendto without data: frames of the TX ring go out. */
export function xskSend(sk: Sock): i32 {
  const x = xskOf(sk)
  if (!x.bound || !x.tx) return -ENXIO
  const dev = deviceIn(sk.netns, <i32>x.ifindex)
  if (!changetype<usize>(dev)) return -ENXIO
  if (!dev.up) return -ENETDOWN
  while (load<u32>(x.tx, CONSUMER) != load<u32>(x.tx, PRODUCER)) {
    const cons = load<u32>(x.tx, CONSUMER)
    const d = x.tx + DESC + <usize>(cons & (x.txSize - 1)) * 16
    const addr = load<u64>(d)
    const len = load<u32>(d, 8)
    store<u32>(x.tx, cons + 1, CONSUMER)
    if (addr + <u64>len > x.umemLen) continue
    devSendFrame(dev, skbOf(<usize>(x.umem + addr), len, SKB_HEADROOM, 0))
    const p = load<u32>(x.comp, PRODUCER)
    if (p - load<u32>(x.comp, CONSUMER) >= x.compSize) continue
    store<u64>(x.comp + DESC + <usize>(p & (x.compSize - 1)) * 8, addr)
    store<u32>(x.comp, p + 1, PRODUCER)
  }
  return 0
}
