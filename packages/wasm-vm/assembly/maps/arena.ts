// SPDX-License-Identifier: GPL-2.0-only
// ARENA: memory that programs and the caller share. Kernel counterpart: kernel/bpf/arena.c.
//
// The caller sees an arena at [userStart, userEnd); pointers in it are the caller's. Programs reach it through the lower
// 32 bits of such pointers. A table says where each page is, 0 while it is not there:
//
//   page n:  table[n] -> 4096 bytes          table[pages]: always 0
//
// Pages lie anywhere until the caller maps the arena; from then on they are at base + n * 4096, since a mapping is one
// piece. Without `map_extra` that is also the caller's address. An arena for which memory has no such piece stays sparse:
// its mapping can be read and written but not viewed, and has an address that linear memory does not have.
//
// WebAssembly has no faults: what the caller writes through a view of the mapping goes to a page that is not there. Such
// a page, being other than zero, counts as faulted in when a program or the allocator comes to it.

import { E2BIG, EBUSY, EFAULT, EINVAL, ENOMEM, ERANGE } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_extra,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_F_MMAPABLE, BPF_F_NO_USER_CONV, BPF_F_SEGV_ON_FAULT } from '../gen/uapi-enums.gen'
import { kfree, kmalloc, kzalloc, kzalloc64 } from '../mem/alloc'
import { Ranges, rangesClear, rangesFind, rangesFree, rangesHave, rangesSet } from './arena-ranges'
import { PAGE_SIZE } from './attr'
import { BpfMap } from './map'

export const PAGE_SHIFT: u32 = 12
const PAGE_BYTES: usize = 4096
const SZ_4G: u64 = (<u64>1) << 32
const PAGE_MASK: u64 = <u64>PAGE_SIZE - 1
/** Where sparse arenas are for their callers, by number of the map. */
const SPARSE_START: u64 = 0x7000_0000_0000

@unmanaged export class Arena {
  userStart: u64
  userEnd: u64
  /** u32[pages + 1]: address of each page, or 0. */
  table: usize
  pages: u32
  /** The memory that a mapping shows, once there is one: allocation, first page, pages. */
  area: usize
  base: usize
  basePages: u32
  /** Mappings of the caller. */
  mappings: u32
  segvOnFault: bool
  sparse: bool
  /** Pages that can be given out. */
  free: Ranges
}

@inline export function arenaOf(map: BpfMap): Arena {
  return changetype<Arena>(map.aux0)
}

@inline function slotOf(a: Arena, page: u32): usize {
  return a.table + ((<usize>page) << 2)
}

export function arenaAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const pages = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  const start = load<u64>(attr, ATTR_MAP_CREATE__map_extra)
  if (load<u32>(attr, ATTR_MAP_CREATE__key_size) || load<u32>(attr, ATTR_MAP_CREATE__value_size) || !pages)
    return -EINVAL
  if (!(flags & BPF_F_MMAPABLE) || flags & ~(BPF_F_SEGV_ON_FAULT | BPF_F_MMAPABLE | BPF_F_NO_USER_CONV)) return -EINVAL
  if (start & PAGE_MASK) return -EINVAL
  const range = <u64>pages * PAGE_SIZE
  if (range > SZ_4G) return -E2BIG
  return start >> 32 != (start + range - 1) >> 32 ? -ERANGE : 0
}

export function arenaAlloc(map: BpfMap): i32 {
  const a = changetype<Arena>(kzalloc(offsetof<Arena>()))
  if (!changetype<usize>(a)) return -ENOMEM
  map.aux0 = changetype<usize>(a)
  a.free = changetype<Ranges>(kzalloc(offsetof<Ranges>()))
  a.pages = map.maxEntries
  a.table = kzalloc64((<u64>a.pages + 1) * 4)
  a.segvOnFault = (map.mapFlags & BPF_F_SEGV_ON_FAULT) != 0
  a.userStart = map.mapExtra
  if (a.userStart) a.userEnd = a.userStart + <u64>a.pages * PAGE_SIZE
  if (!a.table || !changetype<usize>(a.free) || rangesSet(a.free, 0, a.pages)) {
    arenaFree(map)
    return -ENOMEM
  }
  return 0
}

export function arenaFree(map: BpfMap): void {
  const a = arenaOf(map)
  if (!changetype<usize>(a)) return
  if (a.table && !a.base) for (let i: u32 = 0; i < a.pages; i++) kfree(load<usize>(slotOf(a, i)))
  if (changetype<usize>(a.free)) rangesFree(a.free)
  kfree(changetype<usize>(a.free))
  kfree(a.table)
  kfree(a.area)
  kfree(changetype<usize>(a))
  map.aux0 = 0
}

export function arenaMemUsage(map: BpfMap): u64 {
  return 0
}

/** What the kernel's choice of an address for a mapping says first. */
function checkPlace(a: Arena, hint: u64, length: u64): i32 {
  if (length > SZ_4G) return -E2BIG
  if (!a.userStart) return 0
  if (length > a.userEnd - a.userStart) return -E2BIG
  return length != a.userEnd - a.userStart || hint != a.userStart ? -EINVAL : 0
}

/** A mapping may be larger than the arena was made. */
function growTable(a: Arena, pages: u32): i32 {
  if (pages <= a.pages) return 0
  const table = kzalloc64((<u64>pages + 1) * 4)
  if (!table) return -ENOMEM
  memory.copy(table, a.table, (<usize>a.pages) << 2)
  kfree(a.table)
  a.table = table
  a.pages = pages
  return 0
}

/** One piece of memory for all pages, if there is one; those that are there already move into it. */
function makeArea(a: Arena, pages: u32): i32 {
  const err = growTable(a, pages)
  if (err) return err
  const area = kzalloc64(<u64>pages * PAGE_SIZE + PAGE_SIZE)
  if (!area) {
    a.sparse = true
    return 0
  }
  a.area = area
  a.base = (area + <usize>PAGE_MASK) & ~(<usize>PAGE_MASK)
  a.basePages = pages
  for (let i: u32 = 0; i < a.pages; i++) {
    const page = load<usize>(slotOf(a, i))
    if (!page) continue
    const to = a.base + ((<usize>i) << PAGE_SHIFT)
    memory.copy(to, page, PAGE_BYTES)
    kfree(page)
    store<usize>(slotOf(a, i), to)
  }
  return 0
}

/** A mapping of the caller: where its bytes are (of a sparse arena, what stands for it), or -errno. */
export function arenaMmap(map: BpfMap, length: u64, offset: u64, hint: u64, taken: bool): usize {
  const a = arenaOf(map)
  const size = (length + PAGE_MASK) & ~PAGE_MASK
  if (offset) return -EINVAL
  const err = checkPlace(a, hint, size)
  if (err) return err
  // What is mapped there already makes Linux choose another place, which is not the arena's.
  if (taken) return -EBUSY
  if (!a.base && !a.sparse) {
    const e = makeArea(a, max<u32>(map.maxEntries, <u32>(size >> PAGE_SHIFT)))
    if (e) return e
  }
  if (!a.userStart) {
    a.userStart = a.sparse ? SPARSE_START + ((<u64>map.id) << 32) : <u64>a.base
    a.userEnd = a.userStart + size
  }
  a.mappings++
  map.areaSize = size
  return a.sparse ? a.table : a.base
}

/** Whether two arenas are at the same place for the caller. */
export function arenasOverlap(one: BpfMap, two: BpfMap): bool {
  const a = arenaOf(one)
  const b = arenaOf(two)
  return a.userStart < b.userEnd && b.userStart < a.userEnd
}

export function arenaUnmap(map: BpfMap): void {
  arenaOf(map).mappings--
}

function isBlank(page: usize): bool {
  for (let i: usize = 0; i < PAGE_BYTES; i += 8) if (load<u64>(page + i)) return false
  return true
}

/** Puts a zeroed page where none is; false: there is no memory. */
function makePage(a: Arena, page: u32): bool {
  let at: usize
  if (a.base) {
    at = a.base + ((<usize>page) << PAGE_SHIFT)
    if (!isBlank(at)) memory.fill(at, 0, PAGE_BYTES)
  } else {
    at = kzalloc(PAGE_BYTES)
    if (!at) return false
  }
  store<usize>(slotOf(a, page), at)
  return true
}

function dropPage(a: Arena, page: u32): void {
  const at = load<usize>(slotOf(a, page))
  store<usize>(slotOf(a, page), 0)
  if (a.base) memory.fill(a.base + ((<usize>page) << PAGE_SHIFT), 0, PAGE_BYTES)
  else kfree(at)
}

/** Notes a page that the caller wrote to through its view as faulted in. Whether the page is there now. */
function pageIsThere(a: Arena, page: u32): bool {
  if (load<usize>(slotOf(a, page))) return true
  if (!a.base || page >= a.basePages || a.segvOnFault) return false
  const at = a.base + ((<usize>page) << PAGE_SHIFT)
  if (isBlank(at) || rangesClear(a.free, page, 1)) return false
  store<usize>(slotOf(a, page), at)
  return true
}

/** A page that the caller touches: its address, 0 for a fault that kills. */
function faultIn(a: Arena, page: u32): usize {
  if (!pageIsThere(a, page)) {
    if (a.segvOnFault || rangesClear(a.free, page, 1)) return 0
    if (a.base) store<usize>(slotOf(a, page), a.base + ((<usize>page) << PAGE_SHIFT))
    else if (!makePage(a, page)) return 0
  }
  return load<usize>(slotOf(a, page))
}

/** The caller reads or writes bytes of its mapping: 0, or -EFAULT for a fault that kills. */
export function arenaCopy(map: BpfMap, offset: u64, buf: usize, length: u32, write: bool): i32 {
  const a = arenaOf(map)
  if (offset + length > map.areaSize) return -EFAULT
  for (let done: u32 = 0; done < length;) {
    const at = offset + done
    const page = faultIn(a, <u32>(at >> PAGE_SHIFT))
    if (!page) return -EFAULT
    const on = <usize>(at & PAGE_MASK)
    const n = min<u32>(length - done, <u32>PAGE_BYTES - <u32>on)
    if (write) memory.copy(page + on, buf + done, n)
    else memory.copy(buf + done, page + on, n)
    done += n
  }
  return 0
}

/**
 * Where `size` bytes at `address` (lower half of a pointer, with the displacement) are: 0 where a page is not there. Pages
 * of an access that goes over the end of one need not lie side by side; then only whether they are there is said.
 */
export function arenaAddress(map: BpfMap, address: u64, size: u32): usize {
  const a = arenaOf(map)
  const d = address - <u64>(<u32>a.userStart)
  const page = d >> PAGE_SHIFT
  if (page >= <u64>a.pages || !pageIsThere(a, <u32>page)) return 0
  const last = (d + size - 1) >> PAGE_SHIFT
  if (last != page && (last >= <u64>a.pages || !pageIsThere(a, <u32>last))) return 0
  return load<usize>(slotOf(a, <u32>page)) + <usize>(d & PAGE_MASK)
}

/** Whether an access goes over the end of a page, and pages may lie anywhere. */
export function arenaSplit(map: BpfMap, address: u64, size: u32): bool {
  const a = arenaOf(map)
  return !a.base && ((address - <u64>(<u32>a.userStart)) & PAGE_MASK) + size > PAGE_SIZE
}

@inline function pageOffset(a: Arena, address: u64): u32 {
  return (<u32>address - <u32>a.userStart) >> PAGE_SHIFT
}

/** A run of free pages, where the caller wants it or best, taken out of the free ones: its number, or -errno. */
function takePages(a: Arena, address: u64, cnt: u32): i64 {
  while (true) {
    const page = address ? <i64>pageOffset(a, address) : rangesFind(a.free, cnt)
    if (page < 0) return page
    const err = rangesHave(a.free, <u32>page, cnt)
    if (err) return err
    // pages that the caller wrote to are not free, which may show only now
    let touched = false
    for (let i: u32 = 0; i < cnt; i++) if (pageIsThere(a, <u32>page + i)) touched = true
    if (touched) continue
    const full = rangesClear(a.free, <u32>page, cnt)
    return full ? full : page
  }
}

/** bpf_arena_alloc_pages: the caller's address of the first page, or 0. */
export function arenaAllocPages(map: BpfMap, address: u64, cnt: u32): u64 {
  const a = arenaOf(map)
  const most = <i64>((a.userEnd - a.userStart) >> PAGE_SHIFT)
  if (<i64>cnt > most || address & PAGE_MASK) return 0
  if (address && <i64>pageOffset(a, address) > most - cnt) return 0
  const first = takePages(a, address, cnt)
  if (first < 0) return 0
  for (let i: u32 = 0; i < cnt; i++) {
    if (makePage(a, <u32>first + i)) continue
    while (i > 0) dropPage(a, <u32>first + --i)
    rangesSet(a.free, <u32>first, cnt)
    return 0
  }
  return (a.userStart & ~(<u64>0xffffffff)) + <u64>(<u32>a.userStart + ((<u32>first) << PAGE_SHIFT))
}

/** bpf_arena_free_pages. */
export function arenaFreePages(map: BpfMap, address: u64, cnt: u32): void {
  const a = arenaOf(map)
  const start = (a.userStart & ~(<u64>0xffffffff)) + (address & 0xffffffff & ~PAGE_MASK)
  if (start < a.userStart) return
  const end = min<u64>(a.userEnd, start + ((<u64>cnt) << PAGE_SHIFT))
  if (start >= end) return
  const first = <u32>((start - a.userStart) >> PAGE_SHIFT)
  const pages = <u32>((end - start) >> PAGE_SHIFT)
  rangesSet(a.free, first, pages)
  for (let i: u32 = 0; i < pages; i++) if (load<usize>(slotOf(a, first + i))) dropPage(a, first + i)
}

/** bpf_arena_reserve_pages: 0, or -errno. */
export function arenaReservePages(map: BpfMap, address: u64, cnt: u32): i32 {
  const a = arenaOf(map)
  if (address & PAGE_MASK) return 0
  const first = pageOffset(a, address)
  if (<u64>first + cnt > (a.userEnd - a.userStart) >> PAGE_SHIFT) return -EINVAL
  if (cnt == 1) pageIsThere(a, first)
  return rangesHave(a.free, first, cnt) ? -EBUSY : rangesClear(a.free, first, cnt)
}
