// SPDX-License-Identifier: GPL-2.0-only
// What creation attributes of several map types have in common.

import { ATTR_MAP_CREATE__map_flags, ATTR_MAP_CREATE__numa_node } from '../gen/uapi-layouts.gen'
import {
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
} from '../gen/uapi-enums.gen'

export const PAGE_SIZE: u64 = 4096
/** PCPU_MIN_UNIT_SIZE: bound of a per-CPU value. */
export const PCPU_MAX: u32 = 32768
/** KMALLOC_MAX_SIZE of x86-64. */
export const KMALLOC_MAX: u64 = 4 << 20

export const ACCESS_MASK: u32 = BPF_F_RDONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY | BPF_F_WRONLY_PROG

/** A program may not be kept from both reading and writing. */
@inline export function accessOk(flags: u32): bool {
  return (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) != (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)
}

/** -1: none asked for. */
@inline export function numaNode(attr: usize): i32 {
  return load<u32>(attr, ATTR_MAP_CREATE__map_flags) & BPF_F_NUMA_NODE
    ? load<i32>(attr, ATTR_MAP_CREATE__numa_node)
    : -1
}
