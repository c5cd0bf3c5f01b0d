// SPDX-License-Identifier: GPL-2.0-only
// The control flow graph: reachability, points where states are compared, postorder, strongly connected components.
// Counterparts: check_cfg, compute_postorder, compute_scc, bpf_insn_successors.

import { E2BIG, EINVAL, ENOMEM } from '../gen/errno.gen'
import { insnClass, insnCode, insnImm, insnOff, insnSrc, jumpDistance } from '../insn/raw'
import { isIterNextKfunc, kfuncMightSleep, kfuncChangesPacket } from './call/kfunc-add'
import { isAsyncCallbackCall, isSyncCallbackCall } from './call/kinds'
import { Env, auxAt, containingSubprog, insnOf, subprogAt } from './env'
import { verboseLinfo } from './log/source-line'
import { reject, verifierBug } from './log/verbose'
import { poolZalloc } from './pool'
import { CODE_LD_IMM64, isHelperCall, isPseudoFunc } from './subprogs'
import { helperChangesPacket, helperProto, protoMightSleep } from './tables'

const DISCOVERED: i32 = 0x10
const EXPLORED: i32 = 0x20
const FALLTHROUGH: i32 = 1
const BRANCH: i32 = 2
const DONE: i32 = 0
const KEEP: i32 = 1

@inline function at(p: usize, i: i32): i32 {
  return load<i32>(p + ((<usize>i) << 2))
}

@inline function put(p: usize, i: i32, v: i32): void {
  store<i32>(p + ((<usize>i) << 2), v)
}

@inline export function insnWidth(p: usize): i32 {
  return insnCode(p) == CODE_LD_IMM64 ? 2 : 1
}

/** Successors of an instruction within its subprogram: their number; they are stored at out. */
export function successors(env: Env, i: i32, out: usize): i32 {
  const p = insnOf(env, i)
  const cls = insnClass(p)
  let falls = true
  let jumps = false
  if (cls == 5 || cls == 6) {
    const op = insnCode(p) & 0xf0
    if (op == 0x90) falls = false
    else if (op == 0) {
      falls = false
      jumps = true
    } else if (op != 0x80 && op <= 0xe0) jumps = true
  }
  let n = 0
  if (falls) put(out, n++, i + insnWidth(p))
  if (jumps) put(out, n++, i + jumpDistance(p) + 1)
  return n
}

function pushInsn(env: Env, t: i32, w: i32, e: i32): i32 {
  const state = env.insnState
  if (e == FALLTHROUGH && at(state, t) >= (DISCOVERED | FALLTHROUGH)) return DONE
  if (e == BRANCH && at(state, t) >= (DISCOVERED | BRANCH)) return DONE
  if (w < 0 || w >= env.len) {
    verboseLinfo(env, t, t)
    return reject(env, -EINVAL, 'jump out of range from insn %d to %d\n', t, w)
  }
  if (e == BRANCH) {
    auxAt(env, w).prunePoint = true
    auxAt(env, w).jmpPoint = true
  }
  const s = at(state, w)
  if (s == 0) {
    put(state, t, DISCOVERED | e)
    put(state, w, DISCOVERED)
    if (env.curStack >= env.len) return -E2BIG
    put(env.insnStack, env.curStack++, w)
    return KEEP
  }
  if ((s & 0xf0) == DISCOVERED) {
    if (env.bpfCapable) return DONE
    verboseLinfo(env, t, t)
    verboseLinfo(env, w, w)
    return reject(env, -EINVAL, 'back-edge from insn %d to %d\n', t, w)
  }
  if (s != EXPLORED) return verifierBug(env, 'insn state internal bug')
  put(state, t, DISCOVERED | e)
  return DONE
}

function visitCall(env: Env, t: i32, callee: bool): i32 {
  const p = insnOf(env, t)
  const next = t + insnWidth(p)
  let ret = pushInsn(env, t, next, FALLTHROUGH)
  if (ret) return ret
  auxAt(env, next).prunePoint = true
  auxAt(env, next).jmpPoint = true
  if (!callee) return ret
  const w = t + insnImm(p) + 1
  auxAt(env, t).prunePoint = true
  const from = subprogAt(env, containingSubprog(env, t))
  const to = subprogAt(env, containingSubprog(env, w))
  if (to.changesPktData) from.changesPktData = true
  if (to.mightSleep) from.mightSleep = true
  ret = pushInsn(env, t, w, BRANCH)
  return ret
}

function noteCallEffects(env: Env, t: i32, p: usize): void {
  const aux = auxAt(env, t)
  // A state before the call keeps asynchronous callbacks from being queued again and again.
  if (isAsyncCallbackCall(p)) aux.prunePoint = true
  if (isSyncCallbackCall(p)) {
    aux.callsCallback = true
    aux.forceCheckpoint = true
    aux.prunePoint = true
    aux.jmpPoint = true
  }
  const sub = subprogAt(env, containingSubprog(env, t))
  if (isHelperCall(p)) {
    const proto = helperProto(env, insnImm(p))
    if (proto && protoMightSleep(proto)) sub.mightSleep = true
    if (helperChangesPacket(insnImm(p))) sub.changesPktData = true
  } else if (insnSrc(p) == 2) {
    if (isIterNextKfunc(env, p)) {
      aux.prunePoint = true
      aux.forceCheckpoint = true
    }
    if (kfuncMightSleep(env, p)) sub.mightSleep = true
    if (kfuncChangesPacket(env, p)) sub.changesPktData = true
  }
}

function visitInsn(env: Env, t: i32): i32 {
  const p = insnOf(env, t)
  if (isPseudoFunc(p)) return visitCall(env, t, true)
  const cls = insnClass(p)
  if (cls != 5 && cls != 6) return pushInsn(env, t, t + insnWidth(p), FALLTHROUGH)
  const code = insnCode(p)
  switch (code & 0xf0) {
    case 0x90:
      return DONE
    case 0x80:
      noteCallEffects(env, t, p)
      return visitCall(env, t, insnSrc(p) == 1)
    case 0: {
      if (code & 8) return -EINVAL
      const to = t + (cls == 5 ? insnOff(p) : insnImm(p)) + 1
      const ret = pushInsn(env, t, to, FALLTHROUGH)
      if (ret) return ret
      auxAt(env, to).prunePoint = true
      auxAt(env, to).jmpPoint = true
      return ret
    }
  }
  auxAt(env, t).prunePoint = true
  if (code == 0xe5 && insnSrc(p) == 0) auxAt(env, t).forceCheckpoint = true
  const ret = pushInsn(env, t, t + 1, FALLTHROUGH)
  if (ret) return ret
  return pushInsn(env, t, t + insnOff(p) + 1, BRANCH)
}

function walk(env: Env): i32 {
  while (env.curStack > 0) {
    const t = at(env.insnStack, env.curStack - 1)
    const ret = visitInsn(env, t)
    if (ret == DONE) {
      put(env.insnState, t, EXPLORED)
      env.curStack--
    } else if (ret != KEEP) return ret > 0 ? verifierBug(env, 'visit_insn internal bug') : ret
  }
  return 0
}

export function checkCfg(env: Env): i32 {
  const bytes = (<usize>env.len) << 2
  env.insnState = poolZalloc(env.pool, bytes)
  env.insnStack = poolZalloc(env.pool, bytes)
  if (!env.insnState || !env.insnStack) return -ENOMEM
  put(env.insnState, 0, DISCOVERED)
  env.curStack = 1
  let ret = walk(env)
  if (ret < 0) return ret
  if (env.exceptionCb) {
    const beg = subprogAt(env, env.exceptionCb).start
    if (at(env.insnState, beg) != EXPLORED) {
      put(env.insnState, beg, DISCOVERED)
      put(env.insnStack, 0, beg)
      env.curStack = 1
      ret = walk(env)
      if (ret < 0) return ret
    }
  }
  for (let i = 0; i < env.len; i++) {
    if (at(env.insnState, i) != EXPLORED) return reject(env, -EINVAL, 'unreachable insn %d\n', i)
    if (insnCode(insnOf(env, i)) == CODE_LD_IMM64) {
      if (at(env.insnState, i + 1) != 0) return reject(env, -EINVAL, 'jump into the middle of ldimm64 insn %d\n', i)
      i++
    }
  }
  return 0
}

export function computePostorder(env: Env): i32 {
  const bytes = (<usize>env.len) << 2
  const order = poolZalloc(env.pool, bytes)
  const state = poolZalloc(env.pool, bytes)
  const stack = poolZalloc(env.pool, bytes)
  const succ = memory.data(8, 4)
  if (!order || !state || !stack) return -ENOMEM
  let cur = 0
  for (let s = 0; s < env.subprogCnt; s++) {
    subprogAt(env, s).postorderStart = cur
    put(stack, 0, subprogAt(env, s).start)
    let n = 1
    do {
      const top = at(stack, n - 1)
      put(state, top, at(state, top) | DISCOVERED)
      if (at(state, top) & EXPLORED) {
        put(order, cur++, top)
        n--
        continue
      }
      const cnt = successors(env, top, succ)
      for (let j = 0; j < cnt; j++) {
        const to = at(succ, j)
        if (!at(state, to)) {
          put(stack, n++, to)
          put(state, to, DISCOVERED)
        }
      }
      put(state, top, at(state, top) | EXPLORED)
    } while (n)
  }
  subprogAt(env, env.subprogCnt).postorderStart = cur
  env.postorder = order
  env.curPostorder = cur
  return 0
}

/**
 * Strongly connected components, Tarjan's algorithm without recursion (the form of Pearce):
 *   visit w: low[w] = pre[w] = next number; push w
 *     for each successor s: visit it first if it is new; low[w] = min(low[w], low[s])
 *     if low[w] == pre[w]: pop down to w; those are a component
 * A component of one instruction without an edge to itself gets number 0.
 */
export function computeScc(env: Env): i32 {
  const n = env.len
  const bytes = (<usize>n) << 2
  const stack = poolZalloc(env.pool, bytes)
  const pre = poolZalloc(env.pool, bytes)
  const low = poolZalloc(env.pool, bytes)
  const dfs = poolZalloc(env.pool, bytes)
  const succ = memory.data(8, 4)
  if (!stack || !pre || !low || !dfs) return -ENOMEM
  let nextPre: u32 = 1
  let nextScc: u32 = 1
  for (let i = 0; i < n; i++) {
    if (at(pre, i)) continue
    let stackSz = 0
    let dfsSz = 1
    put(dfs, 0, i)
    while (dfsSz) {
      const w = at(dfs, dfsSz - 1)
      if (at(pre, w) == 0) {
        put(low, w, <i32>nextPre)
        put(pre, w, <i32>nextPre)
        nextPre++
        put(stack, stackSz++, w)
      }
      // The second half of a 64-bit load comes up as a root of its own; what follows it may be outside.
      const cnt = successors(env, w, succ)
      let deeper = false
      for (let j = 0; j < cnt; j++) {
        const s = at(succ, j)
        if (s >= n) continue
        if (at(pre, s)) {
          if (<u32>at(low, s) < <u32>at(low, w)) put(low, w, at(low, s))
        } else {
          put(dfs, dfsSz++, s)
          deeper = true
          break
        }
      }
      if (deeper) continue
      if (<u32>at(low, w) < <u32>at(pre, w)) {
        dfsSz--
        continue
      }
      let assign = at(stack, stackSz - 1) != w
      for (let j = 0; j < cnt; j++) if (at(succ, j) == w) assign = true
      let t: i32
      do {
        t = at(stack, --stackSz)
        put(low, t, -1)
        if (assign) auxAt(env, t).scc = nextScc
      } while (t != w)
      if (assign) nextScc++
      dfsSz--
    }
  }
  env.sccInfo = poolZalloc(env.pool, (<usize>nextScc) << 2)
  if (!env.sccInfo) return -ENOMEM
  env.sccCnt = <i32>nextScc
  return 0
}
