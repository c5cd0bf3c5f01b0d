// SPDX-License-Identifier: GPL-2.0-only
// General allocator: two-level segregated fit, constant time, neighbours merged when freed.
//
//   block:  | size and flags (4) | size of the block before it, if that is free (4) | payload … |
//
// Sizes are of payloads, multiples of 8. A free block keeps its list links in its payload. The heap ends with an empty
// block in use, so that merging never runs over the end. All state is static memory: a copy of memory is a copy of it.

const HEADER: usize = 8
const FREE: u32 = 1
const PREV_FREE: u32 = 2
const FLAGS: u32 = 7

const SL_BITS: u32 = 4
const ALL: u32 = 0xffffffff
const SL_COUNT: u32 = 16
const FL_COUNT: u32 = 26
const SMALL: u32 = 128
const PAGE: usize = 65536
/** Largest payload: what is bigger cannot fit beside anything else. */
const MAX_SIZE: usize = 0xe0000000

/** Bytes in use (payload and headers), most bytes ever in use, blocks in use, end of heap, limit in wasm pages. */
const STATS: usize = memory.data(24, 8)
/** One word of first-level bits, then the second-level bits. */
const BITMAP: usize = memory.data(4 + 26 * 4, 8)
const HEADS: usize = memory.data(26 * 16 * 4, 8)

@inline function sizeOf(block: usize): u32 {
  return load<u32>(block) & ~FLAGS
}

@inline function nextOf(block: usize): usize {
  return block + HEADER + <usize>sizeOf(block)
}

@inline function log2(size: u32): u32 {
  return 31 - clz<u32>(size)
}

@inline function firstLevel(size: u32): u32 {
  return size < SMALL ? 0 : log2(size) - 6
}

@inline function secondLevel(size: u32): u32 {
  return size < SMALL ? size >> 3 : (size >> (log2(size) - SL_BITS)) ^ SL_COUNT
}

@inline function headAddr(fl: u32, sl: u32): usize {
  return HEADS + <usize>(fl * SL_COUNT + sl) * 4
}

@inline function slAddr(fl: u32): usize {
  return BITMAP + 4 + <usize>fl * 4
}

function insert(block: usize): void {
  const size = sizeOf(block)
  const fl = firstLevel(size)
  const sl = secondLevel(size)
  const head = headAddr(fl, sl)
  const first = load<usize>(head)
  store<usize>(block, first, HEADER)
  store<usize>(block, 0, HEADER + 4)
  if (first) store<usize>(first, block, HEADER + 4)
  store<usize>(head, block)
  store<u32>(BITMAP, load<u32>(BITMAP) | (1 << fl))
  store<u32>(slAddr(fl), load<u32>(slAddr(fl)) | (1 << sl))
  const next = nextOf(block)
  store<u32>(next, load<u32>(next) | PREV_FREE)
  store<u32>(next, size, 4)
}

function remove(block: usize): void {
  const size = sizeOf(block)
  const fl = firstLevel(size)
  const sl = secondLevel(size)
  const next = load<usize>(block, HEADER)
  const prev = load<usize>(block, HEADER + 4)
  if (next) store<usize>(next, prev, HEADER + 4)
  if (prev) {
    store<usize>(prev, next, HEADER)
    return
  }
  store<usize>(headAddr(fl, sl), next)
  if (next) return
  const bits = load<u32>(slAddr(fl)) & ~(1 << sl)
  store<u32>(slAddr(fl), bits)
  if (!bits) store<u32>(BITMAP, load<u32>(BITMAP) & ~(1 << fl))
}

/** A free block of at least `size` bytes, or 0. */
function search(size: u32): usize {
  let fit = size
  if (size >= SMALL) {
    const shift = log2(size) - SL_BITS
    fit += (1 << shift) - 1
  }
  let fl = firstLevel(fit)
  if (fl >= FL_COUNT) return 0
  let bits = load<u32>(slAddr(fl)) & (ALL << secondLevel(fit))
  if (!bits) {
    const levels = fl >= 31 ? 0 : load<u32>(BITMAP) & (ALL << (fl + 1))
    if (!levels) return 0
    fl = ctz(levels)
    bits = load<u32>(slAddr(fl))
  }
  return load<usize>(headAddr(fl, ctz(bits)))
}

/** Makes the heap longer by at least `size` bytes of payload. */
function growHeap(size: u32): bool {
  let end = load<usize>(STATS, 12)
  const pages = <usize>memory.size()
  const limit = load<u32>(STATS, 16)
  let need = (<u64>size + HEADER * 3 + PAGE - 1) / PAGE
  // a block that starts within the size class of the request: room for the rounding of the search
  if (size >= SMALL) need += ((<u64>size) >> SL_BITS) / PAGE + 1
  const spare = pages >> 3
  if (need < spare && pages + spare <= 8192) need = spare
  if (<u64>pages + need > <u64>(limit ? limit : 65535)) return false
  if (memory.grow(<i32>need) < 0) return false
  const first = !end
  if (first) end = ((__heap_base + 15) & ~15) + HEADER
  const sentinel = <usize>((<u64>pages + need) * PAGE - HEADER)
  // the old end of the heap becomes the header of a free block
  let block = end - HEADER
  const flags: u32 = first ? 0 : load<u32>(block) & PREV_FREE
  store<u32>(block, (<u32>(sentinel - block - HEADER)) | flags | FREE)
  store<u32>(sentinel, 0)
  store<usize>(STATS, sentinel + HEADER, 12)
  if (flags) {
    const prev = block - HEADER - load<u32>(block, 4)
    remove(prev)
    store<u32>(prev, ((load<u32>(prev) & ~FLAGS) + <u32>(sentinel - block)) | (load<u32>(prev) & FLAGS))
    block = prev
  }
  insert(block)
  return true
}

/** `size` bytes, 8-byte aligned and not cleared; 0 when there is no memory. */
export function kmalloc(size: usize): usize {
  if (size > MAX_SIZE) return 0
  const want = size < 8 ? 8 : (<u32>size + 7) & ~7
  let block = search(want)
  if (!block) {
    if (!growHeap(want)) return 0
    block = search(want)
    if (!block) return 0
  }
  remove(block)
  const size0 = sizeOf(block)
  const flags = load<u32>(block) & PREV_FREE
  const next = nextOf(block)
  if (size0 - want >= <u32>HEADER + 8) {
    store<u32>(block, want | flags)
    const rest = block + HEADER + want
    store<u32>(rest, (size0 - want - <u32>HEADER) | FREE)
    insert(rest)
  } else {
    store<u32>(block, size0 | flags)
    store<u32>(next, load<u32>(next) & ~PREV_FREE)
  }
  const used = load<u32>(STATS) + sizeOf(block) + <u32>HEADER
  store<u32>(STATS, used)
  if (used > load<u32>(STATS, 4)) store<u32>(STATS, used, 4)
  store<u32>(STATS, load<u32>(STATS, 8) + 1, 8)
  return block + HEADER
}

/** `size` zeroed bytes, 8-byte aligned; 0 when there is no memory. */
export function kzalloc(size: usize): usize {
  const known = (<u64>memory.size()) << 16
  const p = kmalloc(size)
  if (!p || <u64>p >= known) return p
  // What the heap grew by for this is zero already: large pieces need not be touched.
  const end = <u64>p + size
  memory.fill(p, 0, <usize>((end < known ? end : known) - <u64>p))
  return p
}

/** Zeroed memory for a size computed in 64 bits. */
export function kzalloc64(size: u64): usize {
  return size > <u64>MAX_SIZE ? 0 : kzalloc(<usize>size)
}

/** Gives memory back; 0 is allowed. */
export function kfree(p: usize): void {
  if (!p) return
  let block = p - HEADER
  let size = sizeOf(block)
  store<u32>(STATS, load<u32>(STATS) - size - <u32>HEADER)
  store<u32>(STATS, load<u32>(STATS, 8) - 1, 8)
  let flags = load<u32>(block) & PREV_FREE
  const next = nextOf(block)
  if (load<u32>(next) & FREE) {
    remove(next)
    size += <u32>HEADER + sizeOf(next)
  }
  if (flags) {
    const prev = block - HEADER - load<u32>(block, 4)
    remove(prev)
    size += <u32>HEADER + sizeOf(prev)
    flags = load<u32>(prev) & PREV_FREE
    block = prev
  }
  store<u32>(block, size | flags | FREE)
  insert(block)
}

/** Usable bytes of an allocation. */
@inline export function ksize(p: usize): usize {
  return <usize>sizeOf(p - HEADER)
}

/** The same content in at least `size` bytes; 0 when there is no memory, and then the old block stays. */
export function krealloc(p: usize, size: usize): usize {
  if (!p) return kmalloc(size)
  const old = ksize(p)
  if (size <= old) return p
  const n = kmalloc(size)
  if (!n) return 0
  memory.copy(n, p, old)
  kfree(p)
  return n
}

/** Bytes in use. */
export function allocUsed(): u32 {
  return load<u32>(STATS)
}
/** The most bytes that were ever in use. */
export function allocPeak(): u32 {
  return load<u32>(STATS, 4)
}
export function allocBlocks(): u32 {
  return load<u32>(STATS, 8)
}
/** Limits linear memory to so many pages of 64 KiB; 0: as much as WebAssembly has. */
export function allocLimit(pages: u32): void {
  store<u32>(STATS, pages, 16)
}
