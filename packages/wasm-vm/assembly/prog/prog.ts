// SPDX-License-Identifier: GPL-2.0-only
// A loaded program. Kernel counterpart: struct bpf_prog and bpf_prog_aux.

import { BpfMap } from '../maps/map'
import { Btf } from '../btf/btf'
import { Token } from '../syscall/token'

/** What the verifier knows of one instruction, for the engines: 8 bytes at prog.annot + 8 * instruction. */
export const ANNOT_SIZE: usize = 8
/** u32: the map of a map helper call, or 0. */
export const ANNOT_MAP: usize = 0
/** u8: what a memory access touches, ANNOT_MEM_*. */
export const ANNOT_MEM: usize = 4
export const ANNOT_FLAGS: usize = 5

export const ANNOT_MEM_UNKNOWN: u8 = 0
export const ANNOT_MEM_STACK: u8 = 1
export const ANNOT_MEM_CTX: u8 = 2
export const ANNOT_MEM_PACKET: u8 = 3
export const ANNOT_MEM_MAP_VALUE: u8 = 4
export const ANNOT_MEM_OTHER: u8 = 5

@unmanaged export class Prog {
  refs: u32
  id: u32
  type: u32
  expectedAttachType: u32
  /** prog_flags of attr. */
  flags: u32
  gplCompatible: bool
  sleepable: bool
  /** Whether any helper that it calls may change the packet (invalidates packet pointers). */
  changesPktData: bool
  cbAccess: bool
  dstNeeded: bool
  kprobeOverride: bool
  enforceExpectedAttachType: bool
  callGetStack: bool
  callGetFuncIp: bool
  tstampTypeAccess: bool
  xdpHasFrags: bool
  tailCallReachable: bool
  usesTailCall: bool
  mightSleep: bool
  jitRequested: bool
  seenDirectWrite: bool
  mayThrow: bool
  /** The subprogram that gives the result when the program throws, 0: the value that is thrown is the result. */
  exceptionCb: u32
  exceptionBoundary: bool
  attachBtfTrace: bool
  attachTracingProg: bool
  funcProtoUnreliable: bool
  devBound: bool
  /** char[16], zero-terminated. */
  name0: u64
  name1: u64
  /** First eight bytes of the SHA-1 of the instructions as loaded, map references zeroed. */
  tag: u64
  /** SHA-256 of the same. */
  digest0: u64
  digest1: u64
  digest2: u64
  digest3: u64
  createdByUid: u32
  /** u32[subprogCnt]: programs in the place of its functions (prog/extension.ts), or 0; how many. */
  extProgs: usize
  extCnt: u32
  isExtended: bool
  /** An extension that was attached before. */
  wasAttached: bool
  /** By whose rights it was loaded, or 0. */
  token: Token
  /** struct bpf_insn[len]: as rewritten by the verifier, which the engines decode and info shows as xlated. */
  insns: usize
  len: u32
  /** As loaded. */
  origInsns: usize
  origLen: u32
  /** u32[]: BpfMap pointers, one reference each. */
  usedMaps: usize
  usedMapCnt: u32
  /** u32[]: Btf pointers, one reference each. */
  usedBtfs: usize
  usedBtfCnt: u32
  btf: Btf
  /** struct bpf_func_info[] (8 bytes), bpf_line_info[] (16 bytes), bpf_core_relo[] (16 bytes), record sizes normalised. */
  funcInfo: usize
  funcInfoCnt: u32
  lineInfo: usize
  lineInfoCnt: u32
  coreRelos: usize
  coreReloCnt: u32
  /** u8[funcInfoCnt]: struct bpf_func_info_aux, see the verifier. */
  funcInfoAux: usize
  /** u32[] first instructions, u16[] stack bytes, of each subprogram; the first is the program itself. */
  subprogStarts: usize
  subprogStackDepth: usize
  subprogCnt: u32
  stackDepth: u32
  /** ANNOT_SIZE bytes an instruction. */
  annot: usize
  maxCtxOffset: u32
  maxPktOffset: u32
  maxTpAccess: u32
  maxRdonlyAccess: u32
  maxRdwrAccess: u32
  /** The engines' form (insn/record.ts) and the compiled function's table index. */
  decoded: usize
  jitFn: i32
  jitedLen: u32
  attachBtfId: u32
  attachBtf: Btf
  attachProg: Prog
  attachFuncProto: usize
  attachFuncName: usize
  /** How many tracing programs are attached to its functions. */
  traced: u32
  /** Type and attach type of the program that it is attached to, kept when that one is gone. */
  savedDstType: u32
  savedDstAttachType: u32
  /** What is known of the context's words beyond their BTF: CTX_ARG_SIZE bytes each (verifier/btf/ctx-args.ts). */
  ctxArgs: usize
  ctxArgCnt: u32
  /** Offset in its structure of the member that a struct_ops program implements. */
  attachMemberOff: u32
  /** How many prog arrays hold it. */
  progArrayMembers: u64
  verifiedInsns: u32
  /** Nanoseconds since boot. */
  loadTime: u64
  runCnt: u64
  runTimeNs: u64
  recursionMisses: u64
  /** How deep it is running now. */
  active: u32
  /** cgroup storage maps that it uses: shared and per CPU. */
  cgroupStorage0: BpfMap
  cgroupStorage1: BpfMap
  /** The arena that it works in, one of the used maps. */
  arena: BpfMap
  netnsIno: u32
  ifindex: u32
  /** All programs, those without a number (classic filters) too: prog/refs.ts. */
  nextOfAll: usize
  prevOfAll: usize
  /** Streams: stdout and stderr text (helpers/stream.ts). */
  stream0: usize
  stream1: usize
}

/** Address of the program's name. */
@inline export function progName(p: Prog): usize {
  return changetype<usize>(p) + offsetof<Prog>('name0')
}

@inline export function progUsedMap(p: Prog, i: u32): BpfMap {
  return changetype<BpfMap>(load<usize>(p.usedMaps + ((<usize>i) << 2)))
}
