// SPDX-License-Identifier: GPL-2.0-only
// Strings of user space, casts, and other functions of few lines.
// Kernel counterpart: bpf_copy_from_user_str, bpf_map_sum_elem_count and others of kernel/bpf.

import { EFAULT, EINVAL } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { errno, progType } from '../helpers/given'
import { readable } from '../helpers/probe'
import { BpfMap } from '../maps/map'
import { IMAGE_MAP, imageObject } from '../world/image'
import { viewSkb, viewXdp } from '../world/kernel-view'
import { Skb } from '../world/skb'
import { XdpBuff } from '../world/xdp-buff'

/** One task runs at a time: nothing is to be held off, and no lock is ever taken. */
export function nothing(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** A cast changes only what the verifier knows. */
export function sameValue(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return r1
}

const PAD_ZEROS: u64 = 1

/** The length with the final zero; what is left of the buffer is cleared if that is asked for. */
export function copyFromUserStr(dst: u64, size: u64, src: u64, flags: u64, r5: u64): u64 {
  const n = <u32>size
  const at = <usize>dst
  if (flags & ~PAD_ZEROS) return errno(EINVAL)
  if (!n) return 0
  let i: u32 = 0
  for (; i < n - 1; i++) {
    if (!readable(src + <u64>i, 1)) {
      if (flags) memory.fill(at, 0, n)
      return errno(EFAULT)
    }
    const c = load<u8>(<usize>src + i)
    if (!c) break
    store<u8>(at + i, c)
  }
  if (flags) memory.fill(at + i, 0, n - i)
  else store<u8>(at + i, 0)
  return <u64>(i + 1)
}
export function copyFromUserTaskStr(dst: u64, size: u64, src: u64, task: u64, flags: u64): u64 {
  return copyFromUserStr(dst, size, src, flags, 0)
}

/** Only tables of hashes count. */
export function mapSumElemCount(map: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  // A program holds the map itself, or an image of it that an iterator showed.
  const shown = imageObject(map, IMAGE_MAP)
  const m = changetype<BpfMap>(shown ? shown : <usize>map)
  switch (m.mapType) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return <u64>m.count
  }
  return 0
}

/** Contexts of which the kernel's own structure can be shown. */
export function hasKernelContext(type: u32): bool {
  return type == BPF_PROG_TYPE_XDP || type == BPF_PROG_TYPE_KPROBE || isPacketType(type)
}

function isPacketType(type: u32): bool {
  switch (type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
      return true
  }
  return false
}

export function castToKernCtx(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const type = progType()
  if (type == BPF_PROG_TYPE_XDP) return <u64>viewXdp(changetype<XdpBuff>(<usize>ctx))
  return isPacketType(type) ? <u64>viewSkb(changetype<Skb>(<usize>ctx)) : ctx
}
