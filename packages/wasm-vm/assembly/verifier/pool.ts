// SPDX-License-Identifier: GPL-2.0-only
// Memory of one verification: size classes over chunks that are all given back at the end.
// A state is copied and dropped at every branch, so freeing must be as cheap as taking.

import { kfree, kmalloc } from '../mem/alloc'

const SMALL_MAX: usize = 2048
const SMALL_CLASSES: usize = 129
const CLASSES: usize = SMALL_CLASSES + 21
const CHUNK: usize = 64 * 1024
const CHUNK_HEADER: usize = 16

@unmanaged export class Pool {
  chunks: usize
  cur: usize
  end: usize
  /** Bytes taken from the kernel's allocator. */
  held: usize
  /** Set when there was no memory to take. */
  short: bool
}

const POOL_SIZE: usize = offsetof<Pool>() + CLASSES * sizeof<usize>()

@inline function classOf(size: usize): usize {
  if (size <= SMALL_MAX) return (size + 15) >> 4
  return SMALL_CLASSES + (21 - clz<u32>(<u32>size - 1))
}

@inline function classSize(cls: usize): usize {
  if (cls < SMALL_CLASSES) return cls << 4
  return (<usize>1) << (cls - SMALL_CLASSES + 11)
}

@inline function headOf(pool: Pool, cls: usize): usize {
  return changetype<usize>(pool) + offsetof<Pool>() + cls * sizeof<usize>()
}

export function poolCreate(): Pool {
  const p = kmalloc(POOL_SIZE)
  if (p) memory.fill(p, 0, POOL_SIZE)
  return changetype<Pool>(p)
}

export function poolDestroy(pool: Pool): void {
  let c = pool.chunks
  while (c) {
    const next = load<usize>(c)
    kfree(c)
    c = next
  }
  kfree(changetype<usize>(pool))
}

function addChunk(pool: Pool, bytes: usize): usize {
  const c = kmalloc(bytes + CHUNK_HEADER)
  if (!c) {
    pool.short = true
    return 0
  }
  store<usize>(c, pool.chunks)
  pool.chunks = c
  pool.held += bytes + CHUNK_HEADER
  return c + CHUNK_HEADER
}

/** Memory that is not zeroed; 0 when there is none. */
export function poolAlloc(pool: Pool, size: usize): usize {
  const cls = classOf(size)
  const head = headOf(pool, cls)
  const free = load<usize>(head)
  if (free) {
    store<usize>(head, load<usize>(free))
    return free
  }
  const bytes = classSize(cls)
  if (bytes > CHUNK / 4) return addChunk(pool, bytes)
  if (pool.end - pool.cur < bytes) {
    const c = addChunk(pool, CHUNK)
    if (!c) return 0
    pool.cur = c
    pool.end = c + CHUNK
  }
  const p = pool.cur
  pool.cur = p + bytes
  return p
}

export function poolZalloc(pool: Pool, size: usize): usize {
  const p = poolAlloc(pool, size)
  if (p) memory.fill(p, 0, size)
  return p
}

/** size is what was asked for. */
export function poolFree(pool: Pool, p: usize, size: usize): void {
  if (!p) return
  const head = headOf(pool, classOf(size))
  store<usize>(p, load<usize>(head))
  store<usize>(head, p)
}
