// SPDX-License-Identifier: GPL-2.0-only
// What a program on the checked engine may touch: its stack, its context, and a table of further pieces (the packet,
// values of its maps, memory that helpers returned). Anything else is a trap: in an accepted program, a defect of the
// verifier.

import { kmalloc } from '../mem/alloc'
import { Decoded, RECORD_SHIFT } from '../insn/record'
import { ANNOT_MEM, ANNOT_MEM_MAP_VALUE, ANNOT_MEM_OTHER, ANNOT_SIZE, Prog } from '../prog/prog'
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

/** Whether the instruction at `pc` may read or write `size` bytes at `at`. */
export function mayAccess(run: Run, at: u64, size: u32, write: bool, pc: usize): bool {
  const end = at + <u64>size
  if (inside(at, end, run.stackLow, levelBase(run) + LEVEL_SIZE)) return true
  if (inside(at, end, run.ctx, run.ctx + run.ctxSize)) return true
  if (run.regionHit < run.regionCnt && allows(regionAt(run, run.regionHit), at, end, write)) return true
  for (let i: u32 = 0; i < run.regionCnt; i++) {
    if (!allows(regionAt(run, i), at, end, write)) continue
    run.regionHit = i
    return true
  }
  if (onOuterStack(run, at, end) || inPacket(run, at, end) || inObject(run, at, end, pc)) return true
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

/** Between the data pointers of the context, which helpers may have moved; and in what lies before them as metadata. */
function inPacket(run: Run, at: u64, end: u64): bool {
  const fields = run.packetFields
  if (!fields) return false
  const dataOff = <usize>(fields & 0xff)
  const data = load<u32>(run.ctx + dataOff)
  const meta = load<u32>(run.ctx + (dataOff == XDP_DATA ? XDP_DATA_META : SKB_DATA_META))
  const low = run.ctxSize > SKB_DATA || dataOff == XDP_DATA ? min(data, meta ? meta : data) : data
  return inside(at, end, low, load<u32>(run.ctx + <usize>((fields >> 8) & 0xff)))
}

// Offsets in struct xdp_md and struct __sk_buff
const XDP_DATA: usize = 0
const XDP_DATA_META: usize = 8
const SKB_DATA: u32 = 76
const SKB_DATA_META: usize = 140

/**
 * Objects of the kernel that the verifier knows by type (sockets, flow keys, tasks), and values that a callback gets: no
 * table lists them, so the address must only be in the heap.
 */
function inObject(run: Run, at: u64, end: u64, pc: usize): bool {
  const decoded = changetype<Decoded>(run.decoded)
  const prog = changetype<Prog>(decoded.owner)
  if (!changetype<usize>(prog) || !prog.annot) return false
  const insn = (pc - decoded.records) >> RECORD_SHIFT
  const kind = load<u8>(prog.annot + insn * ANNOT_SIZE, ANNOT_MEM)
  if (kind != ANNOT_MEM_OTHER && !(kind == ANNOT_MEM_MAP_VALUE && run.depth > 1)) return false
  return at >= <u64>__heap_base && end <= (<u64>memory.size()) << 16
}

/** Whether a probing load may read: the address exists. */
export function probeOk(at: u64, size: u32): bool {
  const end = (<u64>memory.size()) << 16
  return at >= 4096 && at <= end && <u64>size <= end - at
}

/** Memory that the next outermost run may touch beside its own: address, bytes; 0: none. */
const GRANT: usize = memory.data(8, 4)

/** Lets a program that is entered next use memory which it gets through its context. */
export function grantRegion(run: Run, address: usize, size: u32): void {
  store<usize>(GRANT, address)
  store<u32>(GRANT, size, 4)
  if (run.depth) addRegion(run, address, size, true)
}

/** Adds what was granted. */
export function takeGrant(run: Run): void {
  if (load<u32>(GRANT, 4)) addRegion(run, load<usize>(GRANT), load<u32>(GRANT, 4), true)
  store<u32>(GRANT, 0, 4)
}
