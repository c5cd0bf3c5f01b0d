// SPDX-License-Identifier: GPL-2.0-only
// What is known of a program beside its instructions: prototypes of helpers, notes of the verifier. Calls that need no
// call become instructions of the compiler's own.

import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_FUNC_get_smp_processor_id,
  BPF_FUNC_loop,
  BPF_FUNC_map_lookup_elem,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import {
  HELPER_PROTO__args,
  HELPER_PROTO__id,
  HELPER_PROTO__result,
  HELPER_PROTO__SIZE,
  HELPER_PROTO_COUNT,
  HELPER_PROTOS,
} from '../gen/helpers.gen'
import { RET_INTEGER, RET_VOID } from '../gen/verifier-types.gen'
import {
  ALU_MOV,
  isAtomic,
  OP_ALU32_K,
  OP_ALU64_K,
  OP_CALL,
  OP_CALL_LOCAL,
  OP_LD_IMM64,
  OP_LDX_W,
  OP_SLOT2,
  OP_ST_B,
  OP_STX_DW,
} from '../insn/ops'
import { Decoded, FuncRef } from '../insn/record'
import { BpfMap } from '../maps/map'
import { kernel, Kernel } from '../mem/root'
import { ANNOT_MAP, ANNOT_MEM, ANNOT_MEM_CTX, ANNOT_SIZE, Prog } from '../prog/prog'
import { Block, blockAt, Fn, Ins, insAt, INS_PTR, OP_ARRAY_LOOKUP, OP_LOAD_KERNEL32, OP_LOOP } from './ir'

const MAX_ARGS: u8 = 5
/** Low bits of bpf_return_type that tell the kind. */
const BASE_TYPE: i32 = 0xff

/** Facts of a helper, by id: 0 unknown, else arguments + 1, and this bit if it gives a pointer (or null). */
const FACT_POINTER: u8 = 0x80
const FACTS: usize = memory.data(256)

/** Reads the prototypes once; the table says the same for ever. */
function readFacts(): void {
  if (load<u8>(FACTS + BPF_FUNC_map_lookup_elem)) return
  for (let row: i32 = 1; row < HELPER_PROTO_COUNT; row++) {
    const p = HELPER_PROTOS + <usize>(row * HELPER_PROTO__SIZE)
    const id = <usize>load<u16>(p, HELPER_PROTO__id)
    if (id > 255) continue
    let args: u8 = 0
    while (args < MAX_ARGS && load<u32>(p + HELPER_PROTO__args + ((<usize>args) << 2))) args++
    const result = load<i32>(p + HELPER_PROTO__result) & BASE_TYPE
    const old = load<u8>(FACTS + id)
    const pointer = result != RET_INTEGER && result != RET_VOID && (!old || (old & FACT_POINTER) != 0)
    // Variants of one helper differ in types; the most arguments and the least promise hold for all
    store<u8>(FACTS + id, max<u8>(args + 1, old & ~FACT_POINTER) | (pointer ? FACT_POINTER : 0))
  }
}

/** While instructions and records still correspond. */
export function annotate(fn: Fn, decoded: Decoded): void {
  readFacts()
  for (let b: i32 = 0; b < <i32>fn.blockCnt; b++) annotateBlock(fn, decoded, blockAt(fn, b))
}

function annotateBlock(fn: Fn, decoded: Decoded, block: Block): void {
  const prog = changetype<Prog>(decoded.owner)
  const annot = fn.verified ? prog.annot : 0
  for (let i = block.first; i < block.end; i++) {
    const ins = insAt(fn, i)
    const note = annot ? annot + <usize>ins.insn * ANNOT_SIZE : 0
    if (ins.op == <u16>OP_CALL) {
      annotateCall(prog, ins, note)
      if (fn.verified && ins.off == BPF_FUNC_loop) inlineLoop(fn, decoded, block, i)
    } else if (ins.op == <u16>OP_CALL_LOCAL) ins.src = MAX_ARGS
    else if (note && ins.op == <u16>OP_LDX_W && isPacketPointer(prog, ins, note)) ins.flags |= INS_PTR
  }
}

/** ins.src: how many arguments are passed. */
function annotateCall(prog: Prog, ins: Ins, note: usize): void {
  const id = ins.off
  const facts = id > 0 && id < 256 ? load<u8>(FACTS + <usize>id) : 0
  ins.src = facts ? (facts & ~FACT_POINTER) - 1 : MAX_ARGS
  if (!note) return
  if (facts & FACT_POINTER) ins.flags |= INS_PTR
  if (id == BPF_FUNC_map_lookup_elem) {
    const map = load<usize>(note, ANNOT_MAP)
    if (map && uses(prog, map) && isFlatArray(changetype<BpfMap>(map))) {
      ins.op = <u16>OP_ARRAY_LOOKUP
      ins.imm = <i64>map
    }
  } else if (id == BPF_FUNC_get_smp_processor_id) {
    ins.op = <u16>OP_LOAD_KERNEL32
    ins.imm = <i64>(changetype<usize>(kernel()) + offsetof<Kernel>('currentCpu'))
  }
}

/** The instruction of the block that sets r`reg` to a constant which it still holds at call `i`, or null. */
function constantBefore(fn: Fn, block: Block, i: u32, reg: u8): Ins {
  const none = changetype<Ins>(0)
  for (let k = i; k > block.first;) {
    const ins = insAt(fn, --k)
    const op = <i32>ins.op
    if ((op == OP_LD_IMM64 || op == OP_ALU64_K + ALU_MOV || op == OP_ALU32_K + ALU_MOV) && ins.dst == reg) return ins
    // Calls and atomics write other registers than dst; nothing of the kind is looked across
    if (isAtomic(op) || op >= OP_CALL) {
      if (op != OP_SLOT2) return none
      continue
    }
    const writes = op < OP_ST_B || op > OP_STX_DW
    if (writes && ins.dst == reg) return none
  }
  return none
}

/** bpf_loop whose callback and flags are known. */
function inlineLoop(fn: Fn, decoded: Decoded, block: Block, i: u32): void {
  const callback = constantBefore(fn, block, i, 2)
  const flags = constantBefore(fn, block, i, 4)
  if (!changetype<usize>(callback) || !changetype<usize>(flags) || flags.imm != 0) return
  const at = <usize>callback.imm - decoded.funcs
  const index = <u32>(at / offsetof<FuncRef>())
  if (callback.op != <u16>OP_LD_IMM64 || index >= decoded.funcCnt || at % offsetof<FuncRef>()) return
  const ins = insAt(fn, i)
  ins.op = <u16>OP_LOOP
  ins.imm = <i64>index
}

/** Not the template of inner maps, which the verifier has in the place of a map that only running knows. */
function uses(prog: Prog, map: usize): bool {
  for (let i: u32 = 0; i < prog.usedMapCnt; i++) {
    if (load<usize>(prog.usedMaps + ((<usize>i) << 2)) == map) return true
  }
  return false
}

function isFlatArray(map: BpfMap): bool {
  return map.mapType == BPF_MAP_TYPE_ARRAY || map.mapType == BPF_MAP_TYPE_PERCPU_ARRAY
}

/** data, data_end and data_meta of struct __sk_buff and struct xdp_md. */
function isPacketPointer(prog: Prog, ins: Ins, note: usize): bool {
  if (load<u8>(note, ANNOT_MEM) != ANNOT_MEM_CTX) return false
  if (prog.type == BPF_PROG_TYPE_XDP) return ins.off >= 0 && ins.off <= 8
  return hasSkb(prog.type) && (ins.off == 76 || ins.off == 80 || ins.off == 140)
}

/** Program types whose context is an __sk_buff: socket filter, tc, cgroup skb, LWT, sk_skb, flow dissector. */
function hasSkb(type: u32): bool {
  const mask: u32 =
    (1 << 1) | (1 << 3) | (1 << 4) | (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 14) | (1 << 19) | (1 << 22)
  return type < 32 && ((mask >> type) & 1) != 0
}
