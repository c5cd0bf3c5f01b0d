// SPDX-License-Identifier: GPL-2.0-only
// At a prune point: was this state, or a more general one, explored before? If not, keep it for later.
// Counterparts: is_state_visited, clean_live_states.

import { EINVAL, ENOMEM } from '../../gen/errno.gen'
import { BPF_ITER_STATE_ACTIVE, STACK_ITER } from '../../gen/verifier-types.gen'
import { insnCode, insnSrc } from '../../insn/raw'
import { pushHistory } from '../backtrack/history'
import { markAllScalarsImprecise, propagatePrecision } from '../backtrack/precision'
import { markNotInit } from '../bounds'
import { BPF_COMPLEXITY_LIMIT_STATES, Env, auxAt, insnOf } from '../env'
import { liveQueryInit, stackSlotAlive } from '../liveness'
import { printState } from '../log/print-state'
import { verboseLinfo } from '../log/source-line'
import { verbose, verifierBug } from '../log/verbose'
import { poolFree, poolZalloc } from '../pool'
import {
  BACKEDGE_SIZE,
  BPF_REG_FP,
  Backedge,
  FuncState,
  MAX_BPF_REG,
  REG_PREFIX_FRAMENO,
  STATE_LIST_SIZE,
  StateList,
  VState,
  copyState,
  frameOf,
  frameOfReg,
  freeStateParts,
  regOf,
  sameBytes,
  setSlotTypes,
  slotCnt,
  slotType,
  spiOf,
  spilledOf,
} from '../state'
import { EXACT, NOT_EXACT, RANGE_WITHIN, statesEqual } from './equal'
import { addBackedge, incompleteMarks, maybeEnterScc, maybeFreeState, updatePeak } from './scc-visit'
import { entryOf, exploredHead, frameInsn, listAdd, listUnlink, sameCallsites } from './stack'

/** Forgets registers and slots of a frame that nothing reads any more. */
function cleanFrame(env: Env, f: FuncState, insn: i32): void {
  const live = <u32>auxAt(env, insn).liveRegs
  for (let i = 0; i < BPF_REG_FP; i++) if (!((live >> i) & 1)) markNotInit(env, regOf(f, i))
  const n = slotCnt(f)
  for (let i = 0; i < n; i++) {
    if (stackSlotAlive(env, <i32>f.frameno, i)) continue
    markNotInit(env, spilledOf(f, i))
    setSlotTypes(f, i, 0)
  }
}

/** Cleans the complete states of an instruction, so that more states compare equal. */
function cleanLiveStates(env: Env, insn: i32, cur: VState): i32 {
  const head = exploredHead(env, insn)
  for (let l = load<usize>(head); l != head; l = load<usize>(l)) {
    const st = entryOf(l)
    if (st.branches || st.insnIdx != insn || !sameCallsites(st, cur) || st.cleaned || incompleteMarks(env, st)) continue
    const err = liveQueryInit(env, st)
    if (err) return err
    st.cleaned = true
    for (let i = 0; i <= st.curframe; i++) cleanFrame(env, frameOf(st, i), frameInsn(st, i))
  }
  return 0
}

function maybeLooping(old: VState, cur: VState): bool {
  const fr = cur.curframe
  if (old.curframe != fr) return false
  const a = frameOf(old, fr)
  const b = frameOf(cur, fr)
  for (let i = 0; i < MAX_BPF_REG; i++) if (!sameBytes(regOf(a, i), regOf(b, i), REG_PREFIX_FRAMENO)) return false
  return true
}

/** Rounds of an iterator's loop are told apart by how often it was asked. */
function iterDepthsDiffer(old: VState, cur: VState): bool {
  for (let fr = old.curframe; fr >= 0; fr--) {
    const f = frameOf(old, fr)
    const n = slotCnt(f)
    for (let i = 0; i < n; i++) {
      if (slotType(f, i, 0) != STACK_ITER) continue
      const r = spilledOf(f, i)
      if (r.iterState == BPF_ITER_STATE_ACTIVE && spilledOf(frameOf(cur, fr), i).iterDepth != r.iterDepth) return true
    }
  }
  return false
}

const MISS: i32 = 0
const HIT: i32 = 1
const HIT_LOOP: i32 = 2

/** Compares with a state that is still being explored: equal means a loop. -errno when it never ends. */
function compareActive(env: Env, sl: StateList, cur: VState, insn: i32): i32 {
  const f = frameOf(sl, sl.curframe)
  if (f.inAsyncCallbackFn && f.asyncEntryCnt != frameOf(cur, cur.curframe).asyncEntryCnt) return MISS
  if (auxAt(env, insn).isIterNext) {
    if (!statesEqual(env, sl, cur, RANGE_WITHIN)) return MISS
    const it = regOf(frameOf(cur, cur.curframe), 1)
    const spi = spiOf(it.off + <i32>it.varValue)
    return spilledOf(frameOfReg(env, it), spi).iterState == BPF_ITER_STATE_ACTIVE ? HIT_LOOP : MISS
  }
  const p = insnOf(env, insn)
  if (insnCode(p) == 0xe5 && insnSrc(p) == 0) {
    if (sl.mayGotoDepth != cur.mayGotoDepth && statesEqual(env, sl, cur, RANGE_WITHIN)) return HIT_LOOP
  }
  if (auxAt(env, insn).callsCallback) return statesEqual(env, sl, cur, RANGE_WITHIN) ? HIT : MISS
  if (
    maybeLooping(sl, cur) &&
    statesEqual(env, sl, cur, EXACT) &&
    !iterDepthsDiffer(sl, cur) &&
    sl.mayGotoDepth == cur.mayGotoDepth &&
    sl.callbackUnrollDepth == cur.callbackUnrollDepth
  ) {
    verboseLinfo(env, insn)
    verbose(env, 'infinite loop detected at insn %d\n', insn)
    verbose(env, 'cur state:')
    printState(env, cur, cur.curframe, true)
    verbose(env, 'old state:')
    printState(env, sl, cur.curframe, true)
    return -EINVAL
  }
  return MISS
}

/** The current state need not be explored: what the old one relied on becomes precise on this path too. */
function takeHit(env: Env, sl: StateList, cur: VState, insn: i32, loop: bool): i32 {
  sl.hitCnt++
  if (auxAt(env, env.insnIdx).jmpPoint) {
    const err = pushHistory(env, cur, 0, 0)
    if (err) return err
  }
  let err = propagatePrecision(env, sl, cur, 0)
  if (err) return err
  if (!loop) return 1
  const p = poolZalloc(env.pool, BACKEDGE_SIZE)
  if (!p) return -ENOMEM
  const e = changetype<Backedge>(p)
  err = copyState(env, e, cur)
  if (!err) {
    e.equalState = changetype<usize>(sl)
    e.insnIdx = insn
    err = addBackedge(env, sl, e)
  }
  if (err) {
    freeStateParts(env, e)
    poolFree(env.pool, p, BACKEDGE_SIZE)
    return err
  }
  return 1
}

/** A state that is compared in vain too often leaves the list. */
function noteMiss(env: Env, sl: StateList, insn: i32, adding: bool): void {
  if (adding) sl.missCnt++
  const n: u32 = auxAt(env, insn).forceCheckpoint && sl.branches > 0 ? 64 : 3
  if (sl.missCnt <= sl.hitCnt * n + n) return
  sl.inFreeList = true
  listUnlink(sl)
  listAdd(sl, changetype<usize>(env) + offsetof<Env>('freeListNext'))
  env.freeListSize++
  env.exploredSize--
  maybeFreeState(env, sl)
}

function remember(env: Env, cur: VState, insn: i32): i32 {
  const p = poolZalloc(env.pool, STATE_LIST_SIZE)
  if (!p) return -ENOMEM
  const sl = changetype<StateList>(p)
  env.totalStates++
  env.exploredSize++
  updatePeak(env)
  env.prevJmpsProcessed = env.jmpsProcessed
  env.prevInsnProcessed = env.insnProcessed
  if (env.bpfCapable) markAllScalarsImprecise(cur)
  let err = copyState(env, sl, cur)
  sl.insnIdx = insn
  if (!err && sl.branches != 1) verifierBug(env, 'is_state_visited:branches_to_explore=%d insn %d', sl.branches, insn)
  if (!err) err = maybeEnterScc(env, sl)
  if (err) {
    freeStateParts(env, sl)
    poolFree(env.pool, p, STATE_LIST_SIZE)
    return err
  }
  cur.parent = p
  cur.firstInsnIdx = insn
  cur.dfsDepth = sl.dfsDepth + 1
  cur.histCnt = 0
  listAdd(sl, exploredHead(env, insn))
  return 0
}

/** 1: known, the path ends here; 0: go on; -errno. */
export function isStateVisited(env: Env, insn: i32): i32 {
  const cur = env.cur
  const force = env.testStateFreq || auxAt(env, insn).forceCheckpoint || cur.histCnt > 40
  let add = force || (env.jmpsProcessed - env.prevJmpsProcessed >= 2 && env.insnProcessed - env.prevInsnProcessed >= 8)
  const err = cleanLiveStates(env, insn, cur)
  if (err) return err
  let cnt = 0
  // Keeps its value from one entry to the next, as Linux's does.
  let loop = false
  const head = exploredHead(env, insn)
  for (let l = load<usize>(head), next: usize = 0; l != head; l = next) {
    next = load<usize>(l)
    const sl = entryOf(l)
    cnt++
    if (sl.insnIdx != insn) continue
    if (sl.branches) {
      const ret = compareActive(env, sl, cur, insn)
      if (ret < 0) return ret
      if (ret == HIT_LOOP) loop = true
      if (ret != MISS) return takeHit(env, sl, cur, insn, loop)
      // A loop in progress: states of every round would not help.
      if (!force && env.jmpsProcessed - env.prevJmpsProcessed < 20 && env.insnProcessed - env.prevInsnProcessed < 100)
        add = false
    } else {
      loop = incompleteMarks(env, sl)
      if (statesEqual(env, sl, cur, loop ? RANGE_WITHIN : NOT_EXACT)) return takeHit(env, sl, cur, insn, loop)
    }
    noteMiss(env, sl, insn, add)
  }
  if (env.maxStatesPerInsn < cnt) env.maxStatesPerInsn = cnt
  if (!env.bpfCapable && cnt > BPF_COMPLEXITY_LIMIT_STATES) return 0
  return add ? remember(env, cur, insn) : 0
}
