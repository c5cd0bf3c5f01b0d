// SPDX-License-Identifier: GPL-2.0-only
// The environment of one verification and what is kept for each instruction and each subprogram.
// Counterparts: bpf_verifier_env, bpf_insn_aux_data, bpf_subprog_info of include/linux/bpf_verifier.h.

import { Btf } from '../btf/btf'
import { BPF_PROG_TYPE_EXT } from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { Pool } from './pool'
import { RegState, VState } from './state'

export const BPF_COMPLEXITY_LIMIT_INSNS: i32 = 1000000
export const BPF_COMPLEXITY_LIMIT_JMP_SEQ: i32 = 8192
export const BPF_COMPLEXITY_LIMIT_STATES: i32 = 64
export const BPF_MAX_SUBPROGS: i32 = 256
export const MAX_USED_MAPS: i32 = 64
export const MAX_USED_BTFS: i32 = 64
export const MAX_BPF_STACK: i32 = 512
export const BPF_MAX_VAR_OFF: i32 = 1 << 29
export const BPF_MAX_VAR_SIZ: i32 = 1 << 29

@unmanaged export class Aux {
  /** Register type of the pointer that a load or store goes through; of what a 64-bit load yields. */
  ptrType: i32
  mapPtr: usize
  /** Of a load through a map's own pointer: where the object keeps what it reads; 0: it is no such load. */
  mapHome: u32
  mapIndex: u32
  mapOff: u32
  mapKeyState: u64
  aluLimit: u32
  loopSubprog: u32
  ctxFieldSize: u32
  seen: u32
  scc: u32
  origIdx: u32
  /** Memory of a kernel variable behind a 64-bit load; its type if it is a structure. */
  memSize: u32
  varBtf: usize
  varId: u32
  liveRegs: u16
  aluState: u8
  mapUnpriv: bool
  mapPoison: bool
  loopInit: bool
  loopFit: bool
  nospec: bool
  nospecResult: bool
  zextDst: bool
  /** A 64-bit operation on a pointer into an arena: becomes one of 32 bits. */
  needsZext: bool
  isIterNext: bool
  fastcallPattern: bool
  fastcallSpills: u8
  jmpPoint: bool
  prunePoint: bool
  forceCheckpoint: bool
  callsCallback: bool
  /** For the compiler: BASE_* of the pointer of a memory access, BASE_MIXED when paths differ. */
  baseKind: u8
  /** Register of a kernel function's argument that the kernel fills in with the program (__prog), 0: none. */
  argProg: u8
}
export const AUX_SIZE: usize = 88

export const NO_PRIV_STACK: u8 = 1
export const PRIV_STACK_ADAPTIVE: u8 = 2

@unmanaged export class SubprogInfo {
  start: i32
  linfoIdx: u32
  postorderStart: i32
  stackDepth: u16
  fastcallStackOff: i16
  privStackMode: u8
  argCnt: u8
  hasTailCall: bool
  tailCallReachable: bool
  hasLdAbs: bool
  isCb: bool
  isAsyncCb: bool
  isExceptionCb: bool
  argsCached: bool
  keepFastcallStack: bool
  changesPktData: bool
  mightSleep: bool
  // bpf_func_info_aux
  linkage: u16
  unreliable: bool
  called: bool
  verified: bool
}
const SUBPROG_ARGS: usize = 48
export const SUBPROG_SIZE: usize = SUBPROG_ARGS + 5 * 8

export const BTF_FUNC_STATIC: u16 = 0
export const BTF_FUNC_GLOBAL: u16 = 1

@inline export function argTypeOf(sub: SubprogInfo, i: i32): i32 {
  return load<i32>(changetype<usize>(sub) + SUBPROG_ARGS + ((<usize>i) << 3))
}
/** Size of the memory, or the BTF id. */
@inline export function argSizeOf(sub: SubprogInfo, i: i32): u32 {
  return load<u32>(changetype<usize>(sub) + SUBPROG_ARGS + ((<usize>i) << 3), 4)
}

@inline export function setArg(sub: SubprogInfo, i: i32, type: i32, size: u32): void {
  const p = changetype<usize>(sub) + SUBPROG_ARGS + ((<usize>i) << 3)
  store<i32>(p, type)
  store<u32>(p, size, 4)
}

@unmanaged export class Log {
  level: u32
  lenTotal: u32
  lenMax: u32
  startPos: u64
  endPos: u64
  ubuf: u64
  /** Where a message is put together. */
  kbuf: usize
}

export const BPF_LOG_LEVEL1: u32 = 1
export const BPF_LOG_LEVEL2: u32 = 2
export const BPF_LOG_LEVEL: u32 = 3
export const BPF_LOG_STATS: u32 = 4
export const BPF_LOG_FIXED: u32 = 8

@unmanaged export class Env {
  prog: Prog
  pool: Pool
  insns: usize
  len: i32
  aux: usize
  subprogs: usize
  subprogCnt: i32
  exceptionCb: i32
  insnIdx: i32
  prevInsnIdx: i32
  cur: VState
  /** Stack of branches to explore: a StackElem. */
  head: usize
  stackSize: i32
  /** Heads of the state lists, 8 bytes each; the list of states that are only parents. */
  explored: usize
  freeListNext: usize
  freeListPrev: usize
  freeListSize: i32
  exploredSize: i32
  numBackedges: i32
  curHist: usize
  idGen: u32
  passCnt: u32
  insnProcessed: i32
  prevInsnProcessed: i32
  jmpsProcessed: i32
  prevJmpsProcessed: i32
  maxStatesPerInsn: i32
  totalStates: i32
  peakStates: i32
  // capabilities and flags
  allowPtrLeaks: bool
  allowUninitStack: bool
  bypassSpecV1: bool
  bypassSpecV4: bool
  bpfCapable: bool
  strictAlignment: bool
  testStateFreq: bool
  testRegInvariants: bool
  exploreAluLimits: bool
  seenDirectWrite: bool
  seenException: bool
  /** Set when a rule needs what the virtual kernel does not have; the errno is then ENOTSUPP whatever comes after. */
  unsupported: bool
  usedMaps: usize
  usedMapCnt: i32
  usedBtfs: usize
  usedBtfCnt: i32
  fdArray: u64
  // control flow
  insnStack: usize
  insnState: usize
  curStack: i32
  postorder: usize
  curPostorder: i32
  sccInfo: usize
  sccCnt: i32
  callchain: usize
  // liveness of stack slots
  liveTable: usize
  liveCur: usize
  liveWriteIdx: i32
  liveQuery: usize
  liveWrite: usize
  // precision
  btFrame: i32
  btRegs: usize
  btStack: usize
  idmap: usize
  idmapTmp: u32
  fake0: RegState
  fake1: RegState
  fake2: RegState
  unboundReg: RegState
  /** Arguments and findings of the helper call that is being checked. */
  meta: usize
  log: Log
  tmpStr: usize
  scratchedRegs: u32
  scratchedStack: u64
  prevLogPos: u64
  prevInsnPrintPos: u32
  prevLinfo: usize
  btf: Btf
  maxCtxOffset: u32
  maxTpAccess: u32
  maxPktOffset: u32
  attr: usize
  /** The caller's attr, for what is written back when it is refused. */
  uattr: u64
  hiddenSubprogCnt: i32
}

@inline export function auxAt(env: Env, i: i32): Aux {
  return changetype<Aux>(env.aux + <usize>i * AUX_SIZE)
}

@inline export function curAux(env: Env): Aux {
  return auxAt(env, env.insnIdx)
}

@inline export function subprogAt(env: Env, i: i32): SubprogInfo {
  return changetype<SubprogInfo>(env.subprogs + <usize>i * SUBPROG_SIZE)
}

@inline export function insnOf(env: Env, i: i32): usize {
  return env.insns + ((<usize>i) << 3)
}

/** Subprogram that holds an instruction: its number, or -1. */
export function containingSubprog(env: Env, off: i32): i32 {
  if (off >= env.len || off < 0 || env.subprogCnt == 0) return -1
  let l = 0
  let r = env.subprogCnt - 1
  while (l < r) {
    const m = l + (r - l + 1) / 2
    if (subprogAt(env, m).start <= off) l = m
    else r = m - 1
  }
  return l
}

/** Number of the subprogram that starts exactly there, or -1. */
export function findSubprog(env: Env, off: i32): i32 {
  const i = containingSubprog(env, off)
  return i < 0 || subprogAt(env, i).start != off ? -1 : i
}

@inline export function subprogIsGlobal(env: Env, i: i32): bool {
  return env.prog.funcInfo != 0 && subprogAt(env, i).linkage == BTF_FUNC_GLOBAL
}

@inline export function inSleepable(env: Env): bool {
  return env.prog.sleepable || (changetype<usize>(env.cur) != 0 && env.cur.inSleepable)
}

@inline export function inRcuCs(env: Env): bool {
  return env.cur.activeRcuLock || env.cur.activeLocks != 0 || !inSleepable(env)
}

/** The program type whose rules apply: of the program that an extension replaces a part of. */
export function resolveProgType(prog: Prog): i32 {
  return prog.type == BPF_PROG_TYPE_EXT && prog.savedDstType ? <i32>prog.savedDstType : <i32>prog.type
}

@inline export function markRegScratched(env: Env, i: i32): void {
  env.scratchedRegs |= 1 << i
}

@inline export function markSlotScratched(env: Env, spi: i32): void {
  env.scratchedStack |= (<u64>1) << spi
}

@inline export function markStateClean(env: Env): void {
  env.scratchedRegs = 0
  env.scratchedStack = 0
}

@inline export function markStateScratched(env: Env): void {
  env.scratchedRegs = 0xffffffff
  env.scratchedStack = ~(<u64>0)
}
