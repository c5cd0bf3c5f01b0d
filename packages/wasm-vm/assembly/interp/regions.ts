// SPDX-License-Identifier: GPL-2.0-only
// What a program on the checked engine may touch: its stack, its context, and a table of further pieces (the packet,
// values of its maps, memory that helpers returned). Anything else is a trap: in an accepted program, a defect of the
// verifier.

import { kmalloc } from '../mem/alloc'
import { LEVEL_SIZE, levelBase, Run } from './run-state'

const CAPACITY: u32 = 1024

@unmanaged class Region {
  start: u32
  end: u32
  writable: u32
  pad: u32
}

@inline function regionAt(run: Run, i: u32): Region {
  return changetype<Region>(run.regions + <usize>i * offsetof<Region>())
}

/** Allows [start, start + size) until the run ends; when the table is full the oldest entry goes. */
export function addRegion(run: Run, start: usize, size: u32, writable: bool): void {
  if (!run.regions) {
    run.regions = kmalloc(<usize>CAPACITY * offsetof<Region>())
    if (!run.regions) return
  }
  for (let i: u32 = 0; i < run.regionCnt; i++) {
    const r = regionAt(run, i)
    if (allows(r, <u64>start, <u64>start + size, writable)) return
    if (r.start != <u32>start) continue
    r.end = <u32>start + size
    r.writable = u32(writable)
    return
  }
  const at = run.regionCnt < CAPACITY ? run.regionCnt++ : run.regionNext++ % CAPACITY
  const r = regionAt(run, at)
  r.start = <u32>start
  r.end = <u32>start + size
  r.writable = u32(writable)
}

export function removeRegion(run: Run, start: usize): void {
  for (let i: u32 = 0; i < run.regionCnt; i++) {
    const r = regionAt(run, i)
    if (r.start == <u32>start) r.end = r.start
  }
}

export function clearRegions(run: Run): void {
  run.regionCnt = 0
  run.regionNext = 0
  run.regionHit = 0
}

@inline function inside(at: u64, end: u64, low: usize, high: usize): bool {
  return at >= <u64>low && end <= <u64>high
}

/** Whether the program may read or write `size` bytes at `at`. */
export function mayAccess(run: Run, at: u64, size: u32, write: bool): bool {
  const end = at + <u64>size
  if (inside(at, end, run.stackLow, levelBase(run) + LEVEL_SIZE)) return true
  if (inside(at, end, run.ctx, run.ctx + run.ctxSize)) return true
  if (run.regionHit < run.regionCnt && allows(regionAt(run, run.regionHit), at, end, write)) return true
  for (let i: u32 = 0; i < run.regionCnt; i++) {
    if (!allows(regionAt(run, i), at, end, write)) continue
    run.regionHit = i
    return true
  }
  if (onOuterStack(run, at, end) || inPacket(run, at, end)) return true
  run.trapAddr = at
  return false
}

@inline function allows(r: Region, at: u64, end: u64, write: bool): bool {
  return at >= <u64>r.start && end <= <u64>r.end && (!write || r.writable != 0)
}

/** A callback may touch the stack of the program that passed it a pointer. */
function onOuterStack(run: Run, at: u64, end: u64): bool {
  return run.depth > 1 && inside(at, end, run.levels, levelBase(run))
}

/** Between the data pointers of the context, which helpers may have moved. */
function inPacket(run: Run, at: u64, end: u64): bool {
  if (!run.packetFields) return false
  const fields = run.packetFields
  const low = load<u32>(run.ctx + <usize>(fields & 0xff))
  const high = load<u32>(run.ctx + <usize>((fields >> 8) & 0xff))
  return inside(at, end, low, high)
}

/** Whether a probing load may read: the address exists. */
export function probeOk(at: u64, size: u32): bool {
  const end = <u64>memory.size() << 16
  return at >= 4096 && at <= end && <u64>size <= end - at
}
