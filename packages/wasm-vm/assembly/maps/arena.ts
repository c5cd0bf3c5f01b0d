// SPDX-License-Identifier: GPL-2.0-only
// ARENA: memory that a program and the caller share. Kernel counterpart: kernel/bpf/arena.c. Programs reach it through
// kfuncs only, which need the kernel's own types; the caller maps it and the pages are there from the first touch on.

import { E2BIG, EINVAL, ENOMEM, ERANGE } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_extra,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_F_MMAPABLE, BPF_F_NO_USER_CONV, BPF_F_SEGV_ON_FAULT } from '../gen/uapi-enums.gen'
import { kfree, kzalloc64 } from '../mem/alloc'
import { PAGE_SIZE } from './attr'
import { BpfMap } from './map'

export function arenaAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const pages = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  const start = load<u64>(attr, ATTR_MAP_CREATE__map_extra)
  if (load<u32>(attr, ATTR_MAP_CREATE__key_size) || load<u32>(attr, ATTR_MAP_CREATE__value_size) || !pages)
    return -EINVAL
  if (!(flags & BPF_F_MMAPABLE) || flags & ~(BPF_F_SEGV_ON_FAULT | BPF_F_MMAPABLE | BPF_F_NO_USER_CONV)) return -EINVAL
  if (start & (PAGE_SIZE - 1)) return -EINVAL
  const range = <u64>pages * PAGE_SIZE
  if (range > (<u64>1) << 32) return -E2BIG
  return start >> 32 != (start + range - 1) >> 32 ? -ERANGE : 0
}

export function arenaAlloc(map: BpfMap): i32 {
  return 0
}

/** Takes the memory, when the caller maps it: address of `offset`, or an errno. */
export function arenaMmap(map: BpfMap, length: u64, offset: u64): usize {
  const size = <u64>map.maxEntries * PAGE_SIZE
  if (offset || length > size) return -EINVAL
  // an arena has one place, at which a caller of mmap that lets the kernel choose does not find it again
  if (map.aux0) return -EINVAL
  map.aux0 = kzalloc64(size + PAGE_SIZE)
  if (!map.aux0) return -ENOMEM
  map.values = (map.aux0 + <usize>PAGE_SIZE - 1) & ~(<usize>PAGE_SIZE - 1)
  map.areaSize = size
  return map.values
}

export function arenaFree(map: BpfMap): void {
  kfree(map.aux0)
}

export function arenaMemUsage(map: BpfMap): u64 {
  return 0
}
