// SPDX-License-Identifier: GPL-2.0-only
// Beginning and end of a verification's environment: one pool holds all of it.

import { Btf } from '../btf/btf'
import { btfPut } from '../btf/refs'
import { ATTR_PROG_LOAD__fd_array } from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { mapPut } from '../maps/refs'
import { Prog } from '../prog/prog'
import { CAP_BPF, CAP_PERFMON, tokenCapable } from '../syscall/caps'
import { markUnknownImprecise } from './bounds'
import { KFUNC_META_SIZE } from './call/kfunc-meta'
import { AUX_SIZE, BPF_MAX_SUBPROGS, Env, Log, MAX_USED_BTFS, MAX_USED_MAPS, SUBPROG_SIZE, auxAt } from './env'
import { KBUF_SIZE } from './log/buffer'
import { poolCreate, poolDestroy, poolZalloc } from './pool'
import { REG_SIZE, RegState } from './state'
import { IDMAP_SIZE } from './states/ids'

const TMP_STR_LEN: usize = 320
const CHAIN_SIZE: usize = 48
const MASKS_OF_FRAMES: usize = 8
const NONE: usize = 0

/** A list head that points to itself in both directions. */
@inline function emptyList(head: usize): void {
  store<usize>(head, head)
  store<usize>(head, head, 4)
}
export function emptyExplored(env: Env): void {
  for (let i = 0; i < env.len; i++) emptyList(env.explored + ((<usize>i) << 3))
  emptyList(changetype<usize>(env) + offsetof<Env>('freeListNext'))
}

function allocParts(env: Env): bool {
  const pool = env.pool
  const n = <usize>env.len
  env.aux = poolZalloc(pool, n * AUX_SIZE)
  env.subprogs = poolZalloc(pool, <usize>(BPF_MAX_SUBPROGS + 2) * SUBPROG_SIZE)
  env.explored = poolZalloc(pool, n * 8)
  const log = poolZalloc(pool, offsetof<Log>())
  const kbuf = poolZalloc(pool, KBUF_SIZE + 8)
  env.tmpStr = poolZalloc(pool, TMP_STR_LEN)
  env.callchain = poolZalloc(pool, CHAIN_SIZE)
  env.btRegs = poolZalloc(pool, 4 * MASKS_OF_FRAMES)
  env.btStack = poolZalloc(pool, 8 * MASKS_OF_FRAMES)
  env.idmap = poolZalloc(pool, IDMAP_SIZE + 16)
  env.meta = poolZalloc(pool, KFUNC_META_SIZE)
  env.usedMaps = poolZalloc(pool, <usize>MAX_USED_MAPS * 4)
  env.usedBtfs = poolZalloc(pool, <usize>MAX_USED_BTFS * 4)
  const regs = poolZalloc(pool, 4 * REG_SIZE)
  if (!env.aux || !env.subprogs || !env.explored || !log || !kbuf || !env.tmpStr || !env.callchain || !env.btRegs)
    return false
  if (!env.btStack || !env.idmap || !env.meta || !env.usedMaps || !env.usedBtfs || !regs) return false
  env.log = changetype<Log>(log)
  env.log.kbuf = kbuf
  env.fake0 = changetype<RegState>(regs)
  env.fake1 = changetype<RegState>(regs + REG_SIZE)
  env.fake2 = changetype<RegState>(regs + 2 * REG_SIZE)
  env.unboundReg = changetype<RegState>(regs + 3 * REG_SIZE)
  markUnknownImprecise(env.unboundReg)
  return true
}

/** 0 when memory is short. */
export function createEnv(prog: Prog, attr: usize): Env {
  const pool = poolCreate()
  if (!changetype<usize>(pool)) return changetype<Env>(NONE)
  const env = changetype<Env>(poolZalloc(pool, offsetof<Env>()))
  if (changetype<usize>(env)) {
    env.pool = pool
    env.prog = prog
    env.insns = prog.insns
    env.len = <i32>prog.len
  }
  if (!changetype<usize>(env) || !allocParts(env)) {
    poolDestroy(pool)
    return changetype<Env>(NONE)
  }
  for (let i = 0; i < env.len; i++) auxAt(env, i).origIdx = <u32>i
  emptyExplored(env)
  env.attr = attr
  env.fdArray = load<u64>(attr + ATTR_PROG_LOAD__fd_array)
  env.bpfCapable = tokenCapable(prog.token, CAP_BPF)
  const perfmon = tokenCapable(prog.token, CAP_PERFMON)
  env.allowPtrLeaks = perfmon
  env.allowUninitStack = perfmon
  env.bypassSpecV1 = perfmon
  env.bypassSpecV4 = perfmon
  return env
}

export function destroyEnv(env: Env): void {
  for (let i = 0; i < env.usedMapCnt; i++) mapPut(changetype<BpfMap>(load<usize>(env.usedMaps + ((<usize>i) << 2))))
  for (let i = 0; i < env.usedBtfCnt; i++) btfPut(changetype<Btf>(load<usize>(env.usedBtfs + ((<usize>i) << 2))))
  poolDestroy(env.pool)
}
