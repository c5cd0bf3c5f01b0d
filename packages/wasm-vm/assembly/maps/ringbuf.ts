// SPDX-License-Identifier: GPL-2.0-only
// RINGBUF and USER_RINGBUF. Kernel counterpart: kernel/bpf/ringbuf.c.
//
//   page 0: the map | page 1: consumer position u64 | page 2: producer position u64 | data | room for records that wrap
//
// Linux maps the data pages twice. Here the second half is real memory: a record that begins before the end runs on into
// it, and since a record is only ever reached from its beginning, nobody looks for its tail at the front.

import { EAGAIN, EINVAL, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_F_NUMA_NODE } from '../gen/uapi-enums.gen'
import { kfree, kmalloc } from '../mem/alloc'
import { PAGE_SIZE } from './attr'
import { BpfMap } from './map'

const PAGE: usize = 4096
export const RINGBUF_DATA: usize = 3 * 4096
export const RINGBUF_HDR: u32 = 8
export const RINGBUF_BUSY: u32 = 1 << 31
export const RINGBUF_DISCARD: u32 = 1 << 30
const MAX_RECORD: u64 = 0xffffffff / 4
export const RB_NO_WAKEUP: u64 = 1
export const RB_FORCE_WAKEUP: u64 = 2
/** Pages besides the data that Linux counts: its own and both positions. */
const KERNEL_PAGES: u64 = 3

@unmanaged export class RingMap extends BpfMap {
  /** The block of memory in which the pages lie aligned. */
  block: usize
  mask: u32
  /** Oldest record that may still be busy. */
  pending: u64
  /** Wake-ups that readers have not seen. */
  wakeups: u32
  /** A program drains the user's ring. */
  busy: bool
}

@inline export function ring(map: BpfMap): RingMap {
  return changetype<RingMap>(map)
}

@inline export function consumerPos(r: RingMap): usize {
  return r.values + PAGE
}

@inline export function producerPos(r: RingMap): usize {
  return r.values + 2 * PAGE
}

@inline export function ringData(r: RingMap): usize {
  return r.values + RINGBUF_DATA
}

export function ringbufAllocCheck(attr: usize): i32 {
  if (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~BPF_F_NUMA_NODE) return -EINVAL
  const size = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  if (load<u32>(attr, ATTR_MAP_CREATE__key_size) || load<u32>(attr, ATTR_MAP_CREATE__value_size)) return -EINVAL
  return !size || size & (size - 1) || size & (<u32>(PAGE_SIZE - 1)) ? -EINVAL : 0
}

export function ringbufAlloc(map: BpfMap): i32 {
  const r = ring(map)
  const bytes = RINGBUF_DATA + <u64>map.maxEntries * 2 + PAGE_SIZE
  if (bytes > 0xe0000000) return -ENOMEM
  r.block = kmalloc(<usize>bytes)
  if (!r.block) return -ENOMEM
  memory.fill(r.block, 0, <usize>bytes)
  r.values = (r.block + PAGE - 1) & ~(PAGE - 1)
  store<usize>(r.values, changetype<usize>(map))
  r.mask = map.maxEntries - 1
  r.areaSize = bytes
  return 0
}

export function ringbufFree(map: BpfMap): void {
  kfree(ring(map).block)
}

/** sizeof(struct bpf_ringbuf_map) and the pages, with the page pointers that map the data twice. */
export function ringbufMemUsage(map: BpfMap): u64 {
  const data = <u64>map.maxEntries
  return 264 + (KERNEL_PAGES << 12) + data + (KERNEL_PAGES + 2 * (data >> 12)) * 8
}

/** Bytes that wait for the consumer. */
export function ringAvail(r: RingMap): u64 {
  return load<u64>(producerPos(r)) - load<u64>(consumerPos(r))
}

/** Address of a new record's data, or 0. */
export function ringReserve(r: RingMap, size: u64): usize {
  if (size > MAX_RECORD) return 0
  const len = (size + RINGBUF_HDR + 7) & ~7
  const mask = <u64>r.mask
  if (len > mask + 1) return 0
  const cons = load<u64>(consumerPos(r))
  const prod = load<u64>(producerPos(r))
  while (r.pending < prod) {
    const h = load<u32>(ringData(r) + <usize>(r.pending & mask))
    if (h & RINGBUF_BUSY) break
    r.pending += (<u64>(h & ~RINGBUF_DISCARD) + RINGBUF_HDR + 7) & ~7
  }
  if (prod + len - cons > mask || prod + len - r.pending > mask) return 0
  const hdr = ringData(r) + <usize>(prod & mask)
  store<u32>(hdr, (<u32>size) | RINGBUF_BUSY)
  store<u32>(hdr, <u32>((hdr - r.values) >> 12), 4)
  store<u64>(producerPos(r), prod + len)
  return hdr + RINGBUF_HDR
}

/** Ends a record: the consumer sees it, or (discard) skips it. */
export function ringCommit(sample: usize, flags: u64, discard: bool): void {
  const hdr = sample - RINGBUF_HDR
  const base = (hdr & ~(PAGE - 1)) - ((<usize>load<u32>(hdr, 4)) << 12)
  const r = changetype<RingMap>(load<usize>(base))
  let len = load<u32>(hdr) ^ RINGBUF_BUSY
  if (discard) len |= RINGBUF_DISCARD
  store<u32>(hdr, len)
  const at = <u64>(hdr - ringData(r))
  const cons = load<u64>(consumerPos(r)) & (<u64>r.mask)
  if (flags & RB_FORCE_WAKEUP || (cons == at && !(flags & RB_NO_WAKEUP))) r.wakeups++
}

export function ringOutput(map: BpfMap, data: usize, size: u64, flags: u64): i64 {
  if (flags & ~(RB_NO_WAKEUP | RB_FORCE_WAKEUP)) return -EINVAL
  const rec = ringReserve(ring(map), size)
  if (!rec) return -EAGAIN
  memory.copy(rec, data, <usize>size)
  ringCommit(rec, flags, false)
  return 0
}

export function ringQuery(map: BpfMap, what: u64): u64 {
  const r = ring(map)
  switch (<u32>min<u64>(what, 4)) {
    case 0:
      return ringAvail(r)
    case 1:
      return <u64>r.mask + 1
    case 2:
      return load<u64>(consumerPos(r))
    case 3:
      return load<u64>(producerPos(r))
    default:
      return 0
  }
}

/** mmap: address of the bytes at `offset`, or an errno. */
export function ringMmap(map: BpfMap, length: u64, offset: u64, write: bool, user: bool): usize {
  const r = ring(map)
  // of a kernel ring only the consumer's page may be written, of a user ring all but that
  if (write && !user && (offset != 0 || length != PAGE_SIZE)) return -1
  if (write && user && offset == 0) return -1
  if (offset + length > RINGBUF_DATA - PAGE_SIZE + <u64>map.maxEntries * 2) return -EINVAL
  return r.values + PAGE + <usize>offset
}

export function ringNoElem(): i32 {
  return -ENOTSUPP
}
