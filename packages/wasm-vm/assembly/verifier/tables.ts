// SPDX-License-Identifier: GPL-2.0-only
// The verifier's reader of the generated tables: helpers, who may call them, contexts.

import {
  CONTEXT_BTF_NAMES,
  CONTEXT_BTF_NAME_OFFSETS,
  CONTEXT_KINDS,
  CONTEXT_KIND_COUNT,
  CONTEXT_KIND__SIZE,
  CONTEXT_KIND__attachMask,
  CONTEXT_KIND__firstRow,
  CONTEXT_KIND__rowCount,
  CONTEXT_KIND__type,
  CONTEXT_ROWS,
  CONTEXT_ROW__SIZE,
  CONTEXT_ROW__from,
  CONTEXT_ROW__loads,
  CONTEXT_ROW__stores,
  CONTEXT_ROW__to,
  CONTEXT_ROW__type,
  CONTEXT_ROW__unit,
  CONTEXT_ROW__btf,
  LEGACY_PACKET_LOADS,
  PACKET_ACCESS,
  POINTED_STRUCTS,
  POINTED_STRUCT_COUNT,
  POINTED_STRUCT__SIZE,
} from '../gen/contexts.gen'
import {
  HELPER_AVAILABILITY,
  HELPER_AVAILABILITY_STRIDE,
  HELPER_NEEDS_CAP_BPF,
  HELPER_NEEDS_CAP_PERFMON,
  PROGRAM_KINDS,
  PROGRAM_KIND_COUNT,
  PROGRAM_KIND__SIZE,
  PROGRAM_KIND__attachMask,
  PROGRAM_KIND__hook,
  PROGRAM_KIND__sleepable,
  PROGRAM_KIND__type,
} from '../gen/helper-availability.gen'
import { HELPER_COUNT, HELPER_NAMES, HELPER_NAME_OFFSETS } from '../gen/helper-names.gen'
import {
  HELPER_ALLOW_FASTCALL,
  HELPER_GPL_ONLY,
  HELPER_MIGHT_SLEEP,
  HELPER_PKT_ACCESS,
  HELPER_PROTOS,
  HELPER_PROTO__SIZE,
  HELPER_PROTO__argExtras,
  HELPER_PROTO__args,
  HELPER_PROTO__flags,
  HELPER_PROTO__result,
  HELPER_PROTO__resultBtf,
} from '../gen/helpers.gen'
import {
  BPF_FUNC_clone_redirect,
  BPF_FUNC_l3_csum_replace,
  BPF_FUNC_l4_csum_replace,
  BPF_FUNC_lwt_push_encap,
  BPF_FUNC_lwt_seg6_action,
  BPF_FUNC_lwt_seg6_adjust_srh,
  BPF_FUNC_lwt_seg6_store_bytes,
  BPF_FUNC_msg_pop_data,
  BPF_FUNC_msg_pull_data,
  BPF_FUNC_msg_push_data,
  BPF_FUNC_skb_adjust_room,
  BPF_FUNC_skb_change_head,
  BPF_FUNC_skb_change_proto,
  BPF_FUNC_skb_change_tail,
  BPF_FUNC_skb_pull_data,
  BPF_FUNC_skb_store_bytes,
  BPF_FUNC_skb_vlan_pop,
  BPF_FUNC_skb_vlan_push,
  BPF_FUNC_store_hdr_opt,
  BPF_FUNC_tail_call,
  BPF_FUNC_xdp_adjust_head,
  BPF_FUNC_xdp_adjust_meta,
  BPF_FUNC_xdp_adjust_tail,
} from '../gen/uapi-enums.gen'
import { hookFits } from './btf/hooks'
import { Env, resolveProgType } from './env'

export const BPF_FUNC_MAX_ID: i32 = HELPER_COUNT

/** The helper's name, 0 if the number is none. */
export function helperName(id: i32): usize {
  if (id < 0 || id >= HELPER_COUNT) return 0
  return HELPER_NAMES + <usize>load<u16>(HELPER_NAME_OFFSETS + ((<usize>id) << 1))
}
const UNKNOWN: usize = memory.data<u8>([117, 110, 107, 110, 111, 119, 110, 0])
/** The name for messages. */
export function funcIdName(id: i32): i64 {
  const n = helperName(id)
  return <i64>(n ? n : UNKNOWN)
}

@inline function inMask(mask: u64, attach: u32): bool {
  return mask == ~(<u64>0) || (attach < 64 && ((mask >> attach) & 1) != 0)
}

/** Row of the kinds of programs that this one is of, -1 if none. */
function programKind(env: Env): i32 {
  const prog = env.prog
  const type = resolveProgType(prog)
  for (let i = 0; i < PROGRAM_KIND_COUNT; i++) {
    const row = PROGRAM_KINDS + <usize>i * PROGRAM_KIND__SIZE
    if (<i32>load<u8>(row + PROGRAM_KIND__type) != type) continue
    if (!inMask(load<u64>(row + PROGRAM_KIND__attachMask), prog.expectedAttachType)) continue
    const sleepable = load<u8>(row + PROGRAM_KIND__sleepable)
    if (sleepable != 2 && (sleepable == 1) != prog.sleepable) continue
    if (!hookFits(prog, <i32>load<u8>(row + PROGRAM_KIND__hook))) continue
    return i
  }
  return -1
}

/** The prototype by which this program may call a helper, 0 if it may not. */
export function helperProto(env: Env, id: i32): usize {
  if (id < 0 || id >= HELPER_COUNT) return 0
  const kind = programKind(env)
  if (kind < 0) return 0
  const cell = <u32>load<u16>(HELPER_AVAILABILITY + <usize>((kind * HELPER_AVAILABILITY_STRIDE + id) << 1))
  if (cell & HELPER_NEEDS_CAP_BPF && !env.bpfCapable) return 0
  if (cell & HELPER_NEEDS_CAP_PERFMON && !env.allowPtrLeaks) return 0
  const row = cell & ~(HELPER_NEEDS_CAP_BPF | HELPER_NEEDS_CAP_PERFMON)
  return row ? HELPER_PROTOS + <usize>row * HELPER_PROTO__SIZE : 0
}

@inline function protoFlags(p: usize): i32 {
  return <i32>load<u16>(p + HELPER_PROTO__flags)
}

@inline export function protoGplOnly(p: usize): bool {
  return (protoFlags(p) & HELPER_GPL_ONLY) != 0
}

@inline export function protoPktAccess(p: usize): bool {
  return (protoFlags(p) & HELPER_PKT_ACCESS) != 0
}

@inline export function protoMightSleep(p: usize): bool {
  return (protoFlags(p) & HELPER_MIGHT_SLEEP) != 0
}

@inline export function protoFastcall(p: usize): bool {
  return (protoFlags(p) & HELPER_ALLOW_FASTCALL) != 0
}
/** A predicate over the kernel function that the program is attached to. */
@inline export function protoPredicate(p: usize): i32 {
  return protoFlags(p) >> 4
}

@inline export function protoResult(p: usize): i32 {
  return load<i32>(p + HELPER_PROTO__result)
}

@inline export function protoResultBtf(p: usize): i32 {
  return <i32>load<u8>(p + HELPER_PROTO__resultBtf)
}

@inline export function protoArg(p: usize, i: i32): i32 {
  return load<i32>(p + HELPER_PROTO__args + ((<usize>i) << 2))
}
/** Size of fixed memory, or an index of a kernel structure. */
@inline export function protoArgExtra(p: usize, i: i32): i32 {
  return <i32>load<u8>(p + HELPER_PROTO__argExtras + <usize>i)
}

/** Whether the packet may have moved after the call. Counterpart: bpf_helper_changes_pkt_data. */
export function helperChangesPacket(id: i32): bool {
  switch (id) {
    case BPF_FUNC_clone_redirect:
    case BPF_FUNC_l3_csum_replace:
    case BPF_FUNC_l4_csum_replace:
    case BPF_FUNC_lwt_push_encap:
    case BPF_FUNC_lwt_seg6_action:
    case BPF_FUNC_lwt_seg6_adjust_srh:
    case BPF_FUNC_lwt_seg6_store_bytes:
    case BPF_FUNC_msg_pop_data:
    case BPF_FUNC_msg_pull_data:
    case BPF_FUNC_msg_push_data:
    case BPF_FUNC_skb_adjust_room:
    case BPF_FUNC_skb_change_head:
    case BPF_FUNC_skb_change_proto:
    case BPF_FUNC_skb_change_tail:
    case BPF_FUNC_skb_pull_data:
    case BPF_FUNC_skb_store_bytes:
    case BPF_FUNC_skb_vlan_pop:
    case BPF_FUNC_skb_vlan_push:
    case BPF_FUNC_store_hdr_opt:
    case BPF_FUNC_xdp_adjust_head:
    case BPF_FUNC_xdp_adjust_meta:
    case BPF_FUNC_xdp_adjust_tail:
    case BPF_FUNC_tail_call:
      return true
  }
  return false
}

function contextKind(env: Env): usize {
  const prog = env.prog
  const type = resolveProgType(prog)
  for (let i = 0; i < CONTEXT_KIND_COUNT; i++) {
    const row = CONTEXT_KINDS + <usize>i * CONTEXT_KIND__SIZE
    if (<i32>load<u8>(row + CONTEXT_KIND__type) != type) continue
    if (inMask(load<u64>(row + CONTEXT_KIND__attachMask), prog.expectedAttachType)) return row
  }
  return 0
}

function findRow(first: u32, cnt: u32, off: i32, size: i32, write: bool): usize {
  if (off < 0 || (off & (size - 1)) != 0) return 0
  for (let i: u32 = 0; i < cnt; i++) {
    const row = CONTEXT_ROWS + <usize>(first + i) * CONTEXT_ROW__SIZE
    if (off < <i32>load<u16>(row + CONTEXT_ROW__from) || off + size > <i32>load<u16>(row + CONTEXT_ROW__to)) continue
    const sizes = <i32>load<u8>(row + <usize>(write ? CONTEXT_ROW__stores : CONTEXT_ROW__loads))
    if (sizes & size) return row
  }
  return 0
}

/** Whether the types and sizes of the context come from the kernel's BTF. */
export function contextByBtf(env: Env): bool {
  return contextKind(env) == 0
}
/** The row that allows a context access, 0 if none. */
export function contextRow(env: Env, off: i32, size: i32, write: bool): usize {
  const kind = contextKind(env)
  if (!kind) return 0
  return findRow(load<u16>(kind + CONTEXT_KIND__firstRow), load<u16>(kind + CONTEXT_KIND__rowCount), off, size, write)
}

@inline export function rowType(row: usize): i32 {
  return load<i32>(row + CONTEXT_ROW__type)
}

@inline export function rowUnit(row: usize): u32 {
  return load<u8>(row + CONTEXT_ROW__unit)
}
/** Name of the kernel structure that a loaded pointer points to, 0 none. */
export function rowBtfName(row: usize): usize {
  const i = <usize>load<u8>(row + CONTEXT_ROW__btf)
  return i ? CONTEXT_BTF_NAMES + <usize>load<u16>(CONTEXT_BTF_NAME_OFFSETS + (i << 1)) : 0
}

/** The row that allows an access to what a socket pointer points to. */
export function pointedRow(type: i32, off: i32, size: i32, write: bool): usize {
  for (let i = 0; i < POINTED_STRUCT_COUNT; i++) {
    const s = POINTED_STRUCTS + <usize>i * POINTED_STRUCT__SIZE
    if (load<i32>(s) == type) return findRow(load<u16>(s, 4), load<u16>(s, 6), off, size, write)
  }
  return 0
}

/** 0: no direct packet access, 1: read, 3: read and write. */
export function packetAccess(type: i32): i32 {
  return type < 33 ? <i32>load<u8>(PACKET_ACCESS + <usize>type) : 0
}
export function legacyPacketLoads(type: i32): bool {
  return type < 33 && load<u8>(LEGACY_PACKET_LOADS + <usize>type) != 0
}
