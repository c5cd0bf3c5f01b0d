// SPDX-License-Identifier: GPL-2.0-only
// Layout of what the verifier knows at one point of a program, and the only place that copies it.
// Counterparts: bpf_reg_state, bpf_stack_state, bpf_func_state, bpf_verifier_state, bpf_reference_state.
//
//   RegState  112 bytes; the order matters: states are compared by prefixes of it.
//     0 type  4 off  8 union of 16 bytes  24 var_off (value, mask)  40 64-bit bounds  72 32-bit bounds
//     88 id  92 ref_obj_id  96 frameno  100 subreg_def  104 precise
//   StackSlot 120 bytes: a RegState and a type for each of the eight bytes.
//   FuncState scalars, then eleven RegStates; the stack slots are apart, since they grow.

import { ENOMEM } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { SCALAR_VALUE, STACK_DYNPTR, STACK_IRQ_FLAG, STACK_ITER, STACK_SPILL } from '../gen/verifier-types.gen'
import { Env, SubprogInfo, subprogAt } from './env'
import { poolAlloc, poolFree, poolZalloc } from './pool'

export const MAX_BPF_REG: i32 = 11
export const BPF_REG_FP: i32 = 10
export const BPF_REG_SIZE: i32 = 8
export const MAX_CALL_FRAMES: i32 = 8
/** Flags of an id: a copy plus a constant, added in 64 or in 32 bits. */
export const BPF_ADD_CONST64: u32 = 0x80000000
export const BPF_ADD_CONST32: u32 = 0x40000000
export const BPF_ADD_CONST: u32 = 0xc0000000
export const BPF_MAIN_FUNC: i32 = -1
export const AT_PKT_END: i32 = -1
export const BEYOND_PKT_END: i32 = -2

@unmanaged export class RegState {
  type: i32
  off: i32
  u0: u32
  u1: u32
  u2: u32
  u3: u32
  varValue: u64
  varMask: u64
  smin: i64
  smax: i64
  umin: u64
  umax: u64
  s32min: i32
  s32max: i32
  u32min: u32
  u32max: u32
  id: u32
  refObjId: u32
  frameno: u32
  subregDef: i32
  precise: bool

  // The union: which of these holds depends on type (and, for stack slots, on the slot types).
  @inline get range(): i32 {
    return <i32>this.u0
  }

  @inline set range(v: i32) {
    this.u0 = <u32>v
  }

  @inline get map(): BpfMap {
    return changetype<BpfMap>(<usize>this.u0)
  }

  @inline set map(v: BpfMap) {
    this.u0 = <u32>changetype<usize>(v)
  }

  @inline get mapUid(): u32 {
    return this.u1
  }

  @inline set mapUid(v: u32) {
    this.u1 = v
  }

  @inline get btf(): usize {
    return <usize>this.u0
  }

  @inline set btf(v: usize) {
    this.u0 = <u32>v
  }

  @inline get btfId(): u32 {
    return this.u1
  }

  @inline set btfId(v: u32) {
    this.u1 = v
  }

  @inline get memSize(): u32 {
    return this.u0
  }

  @inline set memSize(v: u32) {
    this.u0 = v
  }

  @inline get dynptrId(): u32 {
    return this.u1
  }

  @inline set dynptrId(v: u32) {
    this.u1 = v
  }

  @inline get dynptrType(): i32 {
    return <i32>this.u0
  }

  @inline set dynptrType(v: i32) {
    this.u0 = <u32>v
  }

  @inline get firstSlot(): bool {
    return this.u1 != 0
  }

  @inline set firstSlot(v: bool) {
    this.u1 = <u32>v
  }

  @inline get iterState(): i32 {
    return <i32>this.u2
  }

  @inline set iterState(v: i32) {
    this.u2 = <u32>v
  }

  @inline get iterDepth(): u32 {
    return this.u3
  }

  @inline set iterDepth(v: u32) {
    this.u3 = v
  }

  @inline get irqClass(): u32 {
    return this.u0
  }

  @inline set irqClass(v: u32) {
    this.u0 = v
  }

  @inline get subprogno(): u32 {
    return this.u0
  }

  @inline set subprogno(v: u32) {
    this.u0 = v
  }

  @inline get varOff(): usize {
    return changetype<usize>(this) + offsetof<RegState>('varValue')
  }
}

export const REG_SIZE: usize = 112
export const REG_PREFIX_VAR_OFF: usize = 24
export const REG_PREFIX_ID: usize = 88
export const REG_PREFIX_FRAMENO: usize = 96
export const SLOT_SIZE: usize = 120
const SLOT_TYPES: usize = 112

@unmanaged export class FuncState {
  callsite: i32
  frameno: u32
  subprogno: u32
  asyncEntryCnt: u32
  cbRetMin: i32
  cbRetMax: i32
  callbackDepth: u32
  inCallbackFn: bool
  inAsyncCallbackFn: bool
  inExceptionCallbackFn: bool
  allocatedStack: i32
  /** Slots that the array at stack has room for. */
  stackCap: i32
  stack: usize
}

const FUNC_REGS: usize = 64
export const FUNC_SIZE: usize = FUNC_REGS + 11 * REG_SIZE

@inline export function regOf(f: FuncState, i: i32): RegState {
  return changetype<RegState>(changetype<usize>(f) + FUNC_REGS + <usize>i * REG_SIZE)
}

@inline export function slotOf(f: FuncState, spi: i32): usize {
  return f.stack + <usize>spi * SLOT_SIZE
}

@inline export function spilledOf(f: FuncState, spi: i32): RegState {
  return changetype<RegState>(f.stack + <usize>spi * SLOT_SIZE)
}

@inline export function slotType(f: FuncState, spi: i32, byte: i32): i32 {
  return <i32>load<u8>(f.stack + <usize>spi * SLOT_SIZE + <usize>byte, SLOT_TYPES)
}

@inline export function setSlotType(f: FuncState, spi: i32, byte: i32, t: i32): void {
  store<u8>(f.stack + <usize>spi * SLOT_SIZE + <usize>byte, <u8>t, SLOT_TYPES)
}
/** The eight types of a slot at once. */
@inline export function slotTypes(f: FuncState, spi: i32): u64 {
  return load<u64>(f.stack + <usize>spi * SLOT_SIZE, SLOT_TYPES)
}

@inline export function setSlotTypes(f: FuncState, spi: i32, t: i32): void {
  store<u64>(f.stack + <usize>spi * SLOT_SIZE, <u64>t * 0x0101010101010101, SLOT_TYPES)
}

@inline export function slotCnt(f: FuncState): i32 {
  return f.allocatedStack >> 3
}

@inline export function isSpilledReg(f: FuncState, spi: i32): bool {
  return slotType(f, spi, 7) == STACK_SPILL
}

@inline export function isSpilledScalar(f: FuncState, spi: i32): bool {
  return slotType(f, spi, 7) == STACK_SPILL && spilledOf(f, spi).type == SCALAR_VALUE
}

@inline export function isSpilledScalar64(f: FuncState, spi: i32): bool {
  return slotType(f, spi, 0) == STACK_SPILL && spilledOf(f, spi).type == SCALAR_VALUE
}
export function isSpecialSlot(f: FuncState, spi: i32): bool {
  const t = slotType(f, spi, 7)
  return t == STACK_SPILL || t == STACK_DYNPTR || t == STACK_ITER || t == STACK_IRQ_FLAG
}

@inline export function spiOf(off: i32): i32 {
  return (-off - 1) / BPF_REG_SIZE
}

@inline export function copyReg(dst: RegState, src: RegState): void {
  memory.copy(changetype<usize>(dst), changetype<usize>(src), REG_SIZE)
}

@inline export function sameBytes(a: RegState, b: RegState, n: usize): bool {
  const p = changetype<usize>(a)
  const q = changetype<usize>(b)
  for (let i: usize = 0; i < n; i += 8) if (load<u64>(p + i) != load<u64>(q + i)) return false
  return true
}

export const REF_TYPE_PTR: i32 = 2
export const REF_TYPE_IRQ: i32 = 4
export const REF_TYPE_LOCK: i32 = 8
export const REF_TYPE_RES_LOCK: i32 = 16
export const REF_TYPE_RES_LOCK_IRQ: i32 = 32
export const REF_TYPE_LOCK_MASK: i32 = 56

@unmanaged export class RefState {
  type: i32
  id: u32
  insnIdx: i32
  ptr: usize
}

/** One remembered step of a path: a jump, a stack access or registers that share an id. */
@unmanaged export class Hist {
  idx: u32
  prevIdx: u32
  flags: u32
  pad: u32
  linkedRegs: u64
}

export const INSN_F_FRAMENO_MASK: u32 = 7
export const INSN_F_SPI_MASK: u32 = 63
export const INSN_F_SPI_SHIFT: u32 = 3
export const INSN_F_STACK_ACCESS: u32 = 512
export const INSN_F_DST_REG_STACK: u32 = 1024
export const INSN_F_SRC_REG_STACK: u32 = 2048

@unmanaged export class VState {
  f0: usize
  f1: usize
  f2: usize
  f3: usize
  f4: usize
  f5: usize
  f6: usize
  f7: usize
  parent: usize
  equalState: usize
  refs: usize
  refsCap: i32
  hist: usize
  histCap: i32
  branches: i32
  insnIdx: i32
  curframe: i32
  acquiredRefs: i32
  activeLocks: u32
  activePreemptLocks: u32
  activeIrqId: u32
  activeLockId: u32
  activeLockPtr: usize
  activeRcuLock: bool
  speculative: bool
  inSleepable: bool
  cleaned: bool
  firstInsnIdx: i32
  lastInsnIdx: i32
  histCnt: i32
  dfsDepth: u32
  callbackUnrollDepth: u32
  mayGotoDepth: u32
}

export const VSTATE_SIZE: usize = offsetof<VState>()

@inline export function frameOf(st: VState, i: i32): FuncState {
  return changetype<FuncState>(load<usize>(changetype<usize>(st) + ((<usize>i) << 2)))
}

@inline export function setFrame(st: VState, i: i32, f: usize): void {
  store<usize>(changetype<usize>(st) + ((<usize>i) << 2), f)
}

@inline export function curFrame(env: Env): FuncState {
  return frameOf(env.cur, env.cur.curframe)
}

@inline export function curReg(env: Env, i: i32): RegState {
  return regOf(curFrame(env), i)
}
/** The frame that a stack pointer points into. */
@inline export function frameOfReg(env: Env, reg: RegState): FuncState {
  return frameOf(env.cur, <i32>reg.frameno)
}

@inline export function refOf(st: VState, i: i32): RefState {
  return changetype<RefState>(st.refs + <usize>i * offsetof<RefState>())
}

@inline export function histOf(st: VState, i: i32): Hist {
  return changetype<Hist>(st.hist + <usize>i * offsetof<Hist>())
}

/** A state in the list of an instruction; the state comes first so that a parent pointer is a list entry too. */
@unmanaged export class StateList extends VState {
  next: usize
  prev: usize
  missCnt: u32
  hitCnt: u32
  inFreeList: bool
}
export const STATE_LIST_SIZE: usize = offsetof<StateList>()

/** A state that waits on the stack of branches. */
@unmanaged export class StackElem extends VState {
  elemNext: usize
  elemInsnIdx: i32
  elemPrevInsnIdx: i32
  logPos: u64
}
export const STACK_ELEM_SIZE: usize = offsetof<StackElem>()

@unmanaged export class Backedge extends VState {
  edgeNext: usize
}
export const BACKEDGE_SIZE: usize = offsetof<Backedge>()

export function freeFunc(env: Env, f: usize): void {
  if (!f) return
  const fs = changetype<FuncState>(f)
  if (fs.stack) poolFree(env.pool, fs.stack, <usize>fs.stackCap * SLOT_SIZE)
  poolFree(env.pool, f, FUNC_SIZE)
}

/** Gives back what a state holds, not the state itself. */
export function freeStateParts(env: Env, st: VState): void {
  for (let i = 0; i <= st.curframe; i++) {
    freeFunc(env, changetype<usize>(frameOf(st, i)))
    setFrame(st, i, 0)
  }
  if (st.refs) poolFree(env.pool, st.refs, <usize>st.refsCap * offsetof<RefState>())
  if (st.hist) poolFree(env.pool, st.hist, <usize>st.histCap * offsetof<Hist>())
  st.refs = 0
  st.refsCap = 0
  st.hist = 0
  st.histCap = 0
  st.histCnt = 0
}

export function newFunc(env: Env): usize {
  return poolZalloc(env.pool, FUNC_SIZE)
}

function reserveStack(env: Env, f: FuncState, n: i32, keep: i32): bool {
  if (f.stackCap >= n) return true
  let cap = f.stackCap ? f.stackCap : 2
  while (cap < n) cap <<= 1
  const p = poolAlloc(env.pool, <usize>cap * SLOT_SIZE)
  if (!p) return false
  if (keep) memory.copy(p, f.stack, <usize>keep * SLOT_SIZE)
  if (f.stack) poolFree(env.pool, f.stack, <usize>f.stackCap * SLOT_SIZE)
  f.stack = p
  f.stackCap = cap
  return true
}

/** Makes the known stack of a frame at least size bytes deep and records the function's deepest use. */
export function growStack(env: Env, f: FuncState, size: i32): i32 {
  const old = slotCnt(f)
  const bytes = (size + 7) & ~7
  const n = bytes >> 3
  if (old >= n) return 0
  if (!reserveStack(env, f, n, old)) return -ENOMEM
  memory.fill(f.stack + <usize>old * SLOT_SIZE, 0, <usize>(n - old) * SLOT_SIZE)
  f.allocatedStack = bytes
  const sub: SubprogInfo = subprogAt(env, <i32>f.subprogno)
  if (<i32>sub.stackDepth < bytes) sub.stackDepth = <u16>bytes
  return 0
}

function copyFunc(env: Env, dst: FuncState, src: FuncState): bool {
  const stack = dst.stack
  const cap = dst.stackCap
  memory.copy(changetype<usize>(dst), changetype<usize>(src), FUNC_SIZE)
  dst.stack = stack
  dst.stackCap = cap
  const n = slotCnt(src)
  if (!n) return true
  if (!reserveStack(env, dst, n, 0)) return false
  memory.copy(dst.stack, src.stack, <usize>n * SLOT_SIZE)
  return true
}

export function reserveRefs(env: Env, st: VState, n: i32, keep: i32): bool {
  if (st.refsCap >= n) return true
  let cap = st.refsCap ? st.refsCap : 2
  while (cap < n) cap <<= 1
  const p = poolAlloc(env.pool, <usize>cap * offsetof<RefState>())
  if (!p) return false
  if (keep) memory.copy(p, st.refs, <usize>keep * offsetof<RefState>())
  if (st.refs) poolFree(env.pool, st.refs, <usize>st.refsCap * offsetof<RefState>())
  st.refs = p
  st.refsCap = cap
  return true
}

export function reserveHist(env: Env, st: VState, n: i32, keep: i32): bool {
  if (st.histCap >= n) return true
  let cap = st.histCap ? st.histCap : 4
  while (cap < n) cap <<= 1
  const p = poolAlloc(env.pool, <usize>cap * offsetof<Hist>())
  if (!p) return false
  if (keep) memory.copy(p, st.hist, <usize>keep * offsetof<Hist>())
  if (st.hist) poolFree(env.pool, st.hist, <usize>st.histCap * offsetof<Hist>())
  st.hist = p
  st.histCap = cap
  return true
}

/** Copies a state into one that may hold another already. insn_idx is not part of the copy. */
export function copyState(env: Env, dst: VState, src: VState): i32 {
  if (src.histCnt) {
    if (!reserveHist(env, dst, src.histCnt, 0)) return -ENOMEM
    memory.copy(dst.hist, src.hist, <usize>src.histCnt * offsetof<Hist>())
  }
  dst.histCnt = src.histCnt
  for (let i = src.curframe + 1; i <= dst.curframe; i++) {
    freeFunc(env, changetype<usize>(frameOf(dst, i)))
    setFrame(dst, i, 0)
  }
  if (src.acquiredRefs) {
    if (!reserveRefs(env, dst, src.acquiredRefs, 0)) return -ENOMEM
    memory.copy(dst.refs, src.refs, <usize>src.acquiredRefs * offsetof<RefState>())
  }
  dst.acquiredRefs = src.acquiredRefs
  dst.activeLocks = src.activeLocks
  dst.activePreemptLocks = src.activePreemptLocks
  dst.activeRcuLock = src.activeRcuLock
  dst.activeIrqId = src.activeIrqId
  dst.activeLockId = src.activeLockId
  dst.activeLockPtr = src.activeLockPtr
  dst.speculative = src.speculative
  dst.inSleepable = src.inSleepable
  dst.cleaned = src.cleaned
  dst.curframe = src.curframe
  dst.branches = src.branches
  dst.parent = src.parent
  dst.firstInsnIdx = src.firstInsnIdx
  dst.lastInsnIdx = src.lastInsnIdx
  dst.dfsDepth = src.dfsDepth
  dst.callbackUnrollDepth = src.callbackUnrollDepth
  dst.mayGotoDepth = src.mayGotoDepth
  dst.equalState = src.equalState
  for (let i = 0; i <= src.curframe; i++) {
    let f = changetype<usize>(frameOf(dst, i))
    if (!f) {
      f = newFunc(env)
      if (!f) return -ENOMEM
      setFrame(dst, i, f)
    }
    if (!copyFunc(env, changetype<FuncState>(f), frameOf(src, i))) return -ENOMEM
  }
  return 0
}
