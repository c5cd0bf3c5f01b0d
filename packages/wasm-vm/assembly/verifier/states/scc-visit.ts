// SPDX-License-Identifier: GPL-2.0-only
// Loops being explored: while a strongly connected component is not done, states that ended in an equal one wait as
// back edges, and precision is carried over them when the component is left.
// Counterparts: maybe_enter_scc, maybe_exit_scc, add_scc_backedge, propagate_backedges.
//
//   env.sccInfo[scc] -> list of Visit: one for each chain of calls that leads into the component

import { ENOMEM } from '../../gen/errno.gen'
import { markAllScalarsPrecise, propagatePrecision } from '../backtrack/precision'
import { BPF_LOG_LEVEL2, Env, auxAt } from '../env'
import { verbose, verifierBug } from '../log/verbose'
import { poolFree, poolZalloc } from '../pool'
import { BACKEDGE_SIZE, Backedge, StateList, VState, freeStateParts } from '../state'
import { frameInsn, listUnlink } from './stack'

@unmanaged class Visit {
  next: usize
  entry: usize
  edges: usize
  edgeCnt: i32
}
const VISIT_CHAIN: usize = 16
const CHAIN_SIZE: usize = 36
const VISIT_SIZE: usize = 56
const MAX_ROUNDS: i32 = 64

export function updatePeak(env: Env): void {
  env.peakStates = max<i32>(env.peakStates, env.exploredSize + env.freeListSize + env.numBackedges)
}

/** Chain of the outermost frame that is within a component, at env.callchain: callsites[8], component. */
function computeChain(env: Env, st: VState): bool {
  const c = env.callchain
  memory.fill(c, 0, CHAIN_SIZE)
  for (let i = 0; i <= st.curframe; i++) {
    const insn = frameInsn(st, i)
    const scc = auxAt(env, insn).scc
    if (scc) {
      store<u32>(c, scc, 32)
      return true
    }
    if (i == st.curframe) return false
    store<i32>(c + ((<usize>i) << 2), insn)
  }
  return true
}

function sameChain(a: usize, b: usize): bool {
  for (let i: usize = 0; i < CHAIN_SIZE; i += 4) if (load<u32>(a + i) != load<u32>(b + i)) return false
  return true
}

function lookup(env: Env): Visit {
  let p = load<usize>(env.sccInfo + ((<usize>load<u32>(env.callchain, 32)) << 2))
  while (p && !sameChain(p + VISIT_CHAIN, env.callchain)) p = load<usize>(p)
  return changetype<Visit>(p)
}

function printChain(env: Env, what: string): void {
  if (!(env.log.level & BPF_LOG_LEVEL2)) return
  verbose(env, what)
  verbose(env, ' (')
  for (let i = 0; i < 8; i++) {
    const site = load<u32>(env.callchain + (i << 2))
    if (!site) break
    verbose(env, '%u,', site)
  }
  verbose(env, '%u)\n', load<u32>(env.callchain, 32))
}

export function maybeEnterScc(env: Env, st: VState): i32 {
  if (!computeChain(env, st)) return 0
  let v = lookup(env)
  if (!changetype<usize>(v)) {
    const p = poolZalloc(env.pool, VISIT_SIZE)
    if (!p) return -ENOMEM
    v = changetype<Visit>(p)
    memory.copy(p + VISIT_CHAIN, env.callchain, CHAIN_SIZE)
    const head = env.sccInfo + ((<usize>load<u32>(env.callchain, 32)) << 2)
    v.next = load<usize>(head)
    store<usize>(head, p)
  }
  if (!v.entry) {
    v.entry = changetype<usize>(st)
    printChain(env, 'SCC enter')
  }
  return 0
}

function freeEdges(env: Env, v: Visit): void {
  let p = v.edges
  while (p) {
    const e = changetype<Backedge>(p)
    const next = e.edgeNext
    freeStateParts(env, e)
    poolFree(env.pool, p, BACKEDGE_SIZE)
    p = next
  }
  v.edges = 0
}

function propagateBackedges(env: Env, v: Visit): i32 {
  const changed = memory.data(8, 1)
  let round = 0
  do {
    if (round++ > MAX_ROUNDS) {
      if (env.log.level & BPF_LOG_LEVEL2) verbose(env, 'propagate_backedges: too many iterations\n')
      for (let p = v.edges; p; p = changetype<Backedge>(p).edgeNext) markAllScalarsPrecise(env, changetype<VState>(p))
      break
    }
    store<bool>(changed, false)
    for (let p = v.edges; p; p = changetype<Backedge>(p).edgeNext) {
      const st = changetype<VState>(p)
      const err = propagatePrecision(env, changetype<VState>(st.equalState), st, changed)
      if (err) return err
    }
  } while (load<bool>(changed))
  freeEdges(env, v)
  return 0
}

export function maybeExitScc(env: Env, st: VState): i32 {
  if (!computeChain(env, st)) return 0
  const v = lookup(env)
  if (!changetype<usize>(v)) return st.speculative ? 0 : verifierBug(env, 'scc exit: no visit info for call chain')
  if (v.entry != changetype<usize>(st)) return 0
  printChain(env, 'SCC exit')
  v.entry = 0
  env.numBackedges -= v.edgeCnt
  v.edgeCnt = 0
  updatePeak(env)
  return propagateBackedges(env, v)
}

export function addBackedge(env: Env, st: VState, e: Backedge): i32 {
  if (!computeChain(env, st))
    return verifierBug(env, 'add backedge: no SCC in verification path, insn_idx %d', st.insnIdx)
  const v = lookup(env)
  if (!changetype<usize>(v)) return verifierBug(env, 'add backedge: no visit info for call chain')
  printChain(env, 'SCC backedge')
  e.edgeNext = v.edges
  v.edges = changetype<usize>(e)
  v.edgeCnt++
  env.numBackedges++
  updatePeak(env)
  return 0
}

/** The state is in a loop of which not all paths are explored: its marks may still change. */
export function incompleteMarks(env: Env, st: VState): bool {
  if (!computeChain(env, st)) return false
  const v = lookup(env)
  return changetype<usize>(v) != 0 && v.edges != 0
}

/** Drops a state that nothing needs any more. */
export function maybeFreeState(env: Env, sl: StateList): void {
  if (!sl.inFreeList || sl.branches != 0 || incompleteMarks(env, sl)) return
  listUnlink(sl)
  freeStateParts(env, sl)
  poolFree(env.pool, changetype<usize>(sl), offsetof<StateList>())
  env.freeListSize--
}

/** Drops all visits, at the end of a walk. */
export function freeSccVisits(env: Env): void {
  for (let i = 0; i < env.sccCnt; i++) {
    const slot = env.sccInfo + ((<usize>i) << 2)
    let p = load<usize>(slot)
    store<usize>(slot, 0)
    while (p) {
      const v = changetype<Visit>(p)
      const next = v.next
      freeEdges(env, v)
      poolFree(env.pool, p, VISIT_SIZE)
      p = next
    }
  }
}

/** A path has ended: its states have one branch less; those without any are complete. */
export function updateBranchCounts(env: Env, from: VState): i32 {
  let p = changetype<usize>(from)
  let listed: usize = 0
  while (p) {
    const st = changetype<VState>(p)
    st.branches--
    if (st.branches < 0) return verifierBug(env, 'update_branch_counts:branches_to_explore=%d', st.branches)
    if (st.branches) break
    const err = maybeExitScc(env, st)
    if (err) return err
    const parent = st.parent
    if (listed) maybeFreeState(env, changetype<StateList>(listed))
    p = parent
    listed = parent
  }
  return 0
}
