// SPDX-License-Identifier: GPL-2.0-only
// Which stack slots may still be read, by call chain and instruction. Counterpart: kernel/bpf/liveness.c of 6.18.
//
// While states are walked, reads and certain writes of slots are noted for the instruction under its chain of calls.
// When a path ends, the notes are turned into "live before" by the usual data flow
//   live_after  = union of live_before of the successors
//   live_before = (live_after - must_write) + may_read
// and what a callee does to its callers' frames is carried to the call instruction of the caller.
//
//   Instance  one function under one call chain
//     frames[8]  for each frame of the chain: a Masks for each instruction of the function, made when first needed

import { ENOMEM } from '../gen/errno.gen'
import { BPF_LOG_LEVEL2, Env, auxAt, containingSubprog, subprogAt } from './env'
import { successors } from './cfg'
import { S, verbose } from './log/verbose'
import { poolZalloc } from './pool'
import { VState, frameOf } from './state'

@unmanaged class Masks {
  mayRead: u64
  mustWrite: u64
  mustWriteAcc: u64
  liveBefore: u64
}
const MASKS_SIZE: usize = 32

@unmanaged class Instance {
  next: usize
  curframe: i32
  insnCnt: i32
  updated: bool
  dropped: bool
  /** u8 for each instruction: whether its writes were noted before. */
  writeSet: usize
}
const CALLSITES: usize = 32
const STARTS: usize = 64
const FRAMES: usize = 96
const INSTANCE_SIZE: usize = 128

const BUCKETS: usize = 256
const QUERY_SIZE: usize = 48
/** A chain that is looked for: callsites[8], starts[8]. */
const CHAIN: usize = memory.data(64, 4)

@inline function u32At(p: usize, i: i32): u32 {
  return load<u32>(p + ((<usize>i) << 2))
}

@inline function setU32(p: usize, i: i32, v: u32): void {
  store<u32>(p + ((<usize>i) << 2), v)
}

@inline function callsite(inst: Instance, i: i32): u32 {
  return u32At(changetype<usize>(inst) + CALLSITES, i)
}

@inline function startOf(inst: Instance): i32 {
  return <i32>u32At(changetype<usize>(inst) + STARTS, inst.curframe)
}

@inline function framePtr(inst: Instance, frame: i32): usize {
  return u32At(changetype<usize>(inst) + FRAMES, frame)
}

export function livenessInit(env: Env): i32 {
  env.liveTable = poolZalloc(env.pool, BUCKETS * 4)
  env.liveQuery = poolZalloc(env.pool, QUERY_SIZE)
  env.liveWrite = poolZalloc(env.pool, 64)
  env.liveCur = 0
  return env.liveTable && env.liveQuery && env.liveWrite ? 0 : -ENOMEM
}

function findInstance(env: Env, curframe: i32): Instance {
  let h: u32 = <u32>curframe
  for (let i = 0; i < curframe; i++) h = (h ^ u32At(CHAIN, i)) * 0x9e3779b1
  const head = env.liveTable + <usize>((h >> 24) << 2)
  for (let p = load<usize>(head); p; p = load<usize>(p)) {
    const inst = changetype<Instance>(p)
    if (inst.curframe != curframe) continue
    let i = curframe
    while (i >= 0 && callsite(inst, i) == u32At(CHAIN, i)) i--
    if (i < 0) return inst
  }
  const p = poolZalloc(env.pool, INSTANCE_SIZE)
  if (!p) return changetype<Instance>(0)
  const inst = changetype<Instance>(p)
  const sub = containingSubprog(env, <i32>u32At(CHAIN + 32, curframe))
  inst.insnCnt = subprogAt(env, sub + 1).start - subprogAt(env, sub).start
  inst.curframe = curframe
  inst.writeSet = poolZalloc(env.pool, inst.insnCnt)
  if (!inst.writeSet) return changetype<Instance>(0)
  memory.copy(p + CALLSITES, CHAIN, 64)
  inst.next = load<usize>(head)
  store<usize>(head, p)
  return inst
}

function instanceOf(env: Env, st: VState, frameno: i32): Instance {
  memory.fill(CHAIN, 0, 64)
  for (let i = 0; i <= frameno; i++) {
    setU32(CHAIN + 32, i, subprogAt(env, <i32>frameOf(st, i).subprogno).start)
    if (i < st.curframe) setU32(CHAIN, i, frameOf(st, i + 1).callsite)
  }
  setU32(CHAIN, frameno, u32At(CHAIN + 32, frameno))
  return findInstance(env, frameno)
}

@inline function masksAt(inst: Instance, frame: i32, insn: i32): Masks {
  const f = framePtr(inst, frame)
  return changetype<Masks>(f ? f + <usize>(insn - startOf(inst)) * MASKS_SIZE : 0)
}

function makeMasks(env: Env, inst: Instance, frame: i32, insn: i32): Masks {
  if (!framePtr(inst, frame))
    setU32(changetype<usize>(inst) + FRAMES, frame, <u32>poolZalloc(env.pool, <usize>inst.insnCnt * MASKS_SIZE))
  return masksAt(inst, frame, insn)
}

export function resetLiveInstance(env: Env): void {
  env.liveCur = 0
}
function currentInstance(env: Env): Instance {
  if (!env.liveCur) env.liveCur = changetype<usize>(instanceOf(env, env.cur, env.cur.curframe))
  return changetype<Instance>(env.liveCur)
}

function noteRead(env: Env, inst: Instance, frame: i32, insn: i32, mask: u64): i32 {
  const m = makeMasks(env, inst, frame, insn)
  if (!changetype<usize>(m)) return -ENOMEM
  const all = m.mayRead | mask
  if (all != m.mayRead && (all | m.liveBefore) != m.liveBefore) inst.updated = true
  m.mayRead = all
  return 0
}

/** The instruction may read slots of a frame. */
export function markStackRead(env: Env, frame: i32, insn: i32, mask: u64): i32 {
  const inst = currentInstance(env)
  return changetype<usize>(inst) ? noteRead(env, inst, frame, insn, mask) : -ENOMEM
}

function beginWrites(env: Env, inst: Instance, insn: i32): void {
  env.liveWriteIdx = insn
  memory.fill(env.liveWrite, 0, (<usize>(inst.curframe + 1)) << 3)
}
export function resetStackWrites(env: Env, insn: i32): i32 {
  const inst = currentInstance(env)
  if (!changetype<usize>(inst)) return -ENOMEM
  beginWrites(env, inst, insn)
  return 0
}

/** The instruction certainly overwrites slots of a frame. */
export function markStackWrite(env: Env, frame: i32, mask: u64): void {
  const p = env.liveWrite + ((<usize>frame) << 3)
  store<u64>(p, load<u64>(p) | mask)
}

function commitWrites(env: Env, inst: Instance): i32 {
  if (!changetype<usize>(inst)) return 0
  const set = inst.writeSet + <usize>(env.liveWriteIdx - startOf(inst))
  const known = load<u8>(set) != 0
  for (let frame = 0; frame <= inst.curframe; frame++) {
    let mask = load<u64>(env.liveWrite + ((<usize>frame) << 3))
    if (mask == 0 && !known) continue
    const m = makeMasks(env, inst, frame, env.liveWriteIdx)
    if (!changetype<usize>(m)) return -ENOMEM
    // Linux 6.18 keeps the former writes in 32 bits here: slots below fp-256 count only at first sight.
    const old: u64 = <u64>(<u32>m.mustWrite)
    if (known) mask &= old
    if (old != mask) {
      m.mustWrite = mask
      inst.updated = true
    }
    if (old & ~mask) inst.dropped = true
  }
  store<u8>(set, 1)
  env.liveWriteIdx = 0
  return 0
}
export function commitStackWrites(env: Env): i32 {
  return commitWrites(env, changetype<Instance>(env.liveCur))
}

function printChain(env: Env, inst: Instance): void {
  verbose(env, '(')
  for (let i = 0; i <= inst.curframe; i++) verbose(env, '%s%d', S(i ? ',' : ''), callsite(inst, i))
  verbose(env, ')')
}

/** Slots of a mask as text: "-8,-16". */
export function printStackMask(env: Env, mask: u64): void {
  let first = true
  for (let i = 0; i < 64; i++) {
    if (!((mask >> i) & 1)) continue
    verbose(env, '%s%d', S(first ? '' : ','), -(i + 1) * 8)
    first = false
  }
}

function logChange(env: Env, inst: Instance, what: string, frame: i32, insn: i32, was: u64, now: u64): void {
  const diff = was ^ now
  if (!diff) return
  printChain(env, inst)
  verbose(env, ' frame %d insn %d ', frame, insn)
  if (now & diff) {
    verbose(env, '+%s ', S(what))
    printStackMask(env, now & diff)
    verbose(env, ' ')
  }
  if (~now & diff) {
    verbose(env, '-%s ', S(what))
    printStackMask(env, ~now & diff)
  }
  verbose(env, '\n')
}

function updateInsn(env: Env, inst: Instance, frame: i32, insn: i32): bool {
  const succ = memory.data(8, 4)
  const n = successors(env, insn, succ)
  if (!n) return false
  const m = masksAt(inst, frame, insn)
  let after: u64 = 0
  let acc: u64 = ~(<u64>0)
  for (let s = 0; s < n; s++) {
    const t = masksAt(inst, frame, <i32>u32At(succ, s))
    after |= t.liveBefore
    acc &= t.mustWriteAcc
  }
  acc |= m.mustWrite
  const before = (after & ~m.mustWrite) | m.mayRead
  const changed = before != m.liveBefore || acc != m.mustWriteAcc
  if (
    env.log.level & BPF_LOG_LEVEL2 &&
    (m.mayRead || m.mustWrite || insn == startOf(inst) || auxAt(env, insn).prunePoint)
  ) {
    logChange(env, inst, 'live', frame, insn, m.liveBefore, before)
    logChange(env, inst, 'written', frame, insn, m.mustWriteAcc, acc)
  }
  m.liveBefore = before
  m.mustWriteAcc = acc
  return changed
}

/** What a function does to its callers' frames becomes what the call does to them. */
function carryOut(env: Env, inst: Instance): i32 {
  const cur = inst.curframe
  memory.copy(CHAIN, changetype<usize>(inst) + CALLSITES, 64)
  const site = <i32>u32At(CHAIN, cur - 1)
  setU32(CHAIN, cur, 0)
  setU32(CHAIN + 32, cur, 0)
  setU32(CHAIN, cur - 1, u32At(CHAIN + 32, cur - 1))
  const outer = findInstance(env, cur - 1)
  if (!changetype<usize>(outer)) return -ENOMEM
  beginWrites(env, outer, site)
  for (let frame = 0; frame < cur; frame++) {
    const m = masksAt(inst, frame, startOf(inst))
    if (!changetype<usize>(m)) continue
    markStackWrite(env, frame, m.mustWriteAcc)
    const err = noteRead(env, outer, frame, site, m.liveBefore)
    if (err) return err
  }
  return commitWrites(env, outer)
}

function updateInstance(env: Env, inst: Instance): i32 {
  const start = startOf(inst)
  if (inst.dropped)
    for (let frame = 0; frame <= inst.curframe; frame++) {
      if (!framePtr(inst, frame)) continue
      for (let i = 0; i < inst.insnCnt; i++) masksAt(inst, frame, start + i).mustWriteAcc = 0
    }
  const sub = containingSubprog(env, start)
  const from = subprogAt(env, sub).postorderStart
  const to = subprogAt(env, sub + 1).postorderStart
  let rounds = 0
  let changed: bool
  do {
    rounds++
    changed = false
    for (let frame = 0; frame <= inst.curframe; frame++) {
      if (!framePtr(inst, frame)) continue
      for (let i = from; i < to; i++) if (updateInsn(env, inst, frame, <i32>u32At(env.postorder, i))) changed = true
    }
  } while (changed)
  if (env.log.level & BPF_LOG_LEVEL2) {
    printChain(env, inst)
    verbose(env, ' live stack update done in %d iterations\n', rounds)
  }
  return inst.curframe > 0 ? carryOut(env, inst) : 0
}

/** Brings the call chains of the current state up to date, innermost first. */
export function updateLiveStack(env: Env): i32 {
  env.liveCur = 0
  for (let frame = env.cur.curframe; frame >= 0; frame--) {
    const inst = instanceOf(env, env.cur, frame)
    if (!changetype<usize>(inst)) return -ENOMEM
    if (!inst.updated) continue
    const err = updateInstance(env, inst)
    if (err) return err
    inst.updated = false
    inst.dropped = false
  }
  return 0
}

// A query: instances[8], curframe, insnIdx.
export function liveQueryInit(env: Env, st: VState): i32 {
  const q = env.liveQuery
  for (let frame = 0; frame <= st.curframe; frame++) {
    const inst = changetype<usize>(instanceOf(env, st, frame))
    if (!inst) return -ENOMEM
    store<usize>(q + ((<usize>frame) << 2), inst)
  }
  store<i32>(q, st.curframe, 32)
  store<i32>(q, st.insnIdx, 36)
  return 0
}

@inline function liveBefore(inst: Instance, insn: i32, frame: i32, spi: i32): bool {
  const m = masksAt(inst, frame, insn)
  return changetype<usize>(m) != 0 && ((m.liveBefore >> spi) & 1) != 0
}

/** Whether a slot may be read by what follows the state of the query, in its function or after it returns. */
export function stackSlotAlive(env: Env, frame: i32, spi: i32): bool {
  const q = env.liveQuery
  const cur = load<i32>(q, 32)
  const top = changetype<Instance>(load<usize>(q + ((<usize>cur) << 2)))
  if (liveBefore(top, load<i32>(q, 36), frame, spi)) return true
  for (let i = frame; i < cur; i++) {
    const site = <i32>callsite(top, i)
    const inst = changetype<Instance>(load<usize>(q + ((<usize>i) << 2)))
    if (liveBefore(inst, auxAt(env, site).callsCallback ? site : site + 1, frame, spi)) return true
  }
  return false
}
