// SPDX-License-Identifier: GPL-2.0-only
// Kernel functions that give out the pages of an arena. Kernel counterpart: bpf_arena_*_pages of kernel/bpf/arena.c.

import { EINVAL } from '../gen/errno.gen'
import { BPF_MAP_TYPE_ARENA } from '../gen/uapi-enums.gen'
import { asResult, errno } from '../helpers/given'
import { arenaAllocPages, arenaFreePages, arenaReservePages } from '../maps/arena'
import { BpfMap } from '../maps/map'

const NUMA_NO_NODE: i32 = -1

@inline function isArena(map: u64): bool {
  return changetype<BpfMap>(<usize>map).mapType == BPF_MAP_TYPE_ARENA
}

/** There is one node, number 0. */
export function arenaAlloc(map: u64, address: u64, cnt: u64, node: u64, flags: u64): u64 {
  const wanted = <i32>node
  if (!isArena(map) || flags || !(<u32>cnt) || (wanted != NUMA_NO_NODE && wanted != 0)) return 0
  return arenaAllocPages(changetype<BpfMap>(<usize>map), address, <u32>cnt)
}

export function arenaFree(map: u64, address: u64, cnt: u64, r4: u64, r5: u64): u64 {
  if (isArena(map) && <u32>cnt && address) arenaFreePages(changetype<BpfMap>(<usize>map), address, <u32>cnt)
  return 0
}

export function arenaReserve(map: u64, address: u64, cnt: u64, r4: u64, r5: u64): u64 {
  if (!isArena(map)) return errno(EINVAL)
  if (!(<u32>cnt)) return 0
  return asResult(arenaReservePages(changetype<BpfMap>(<usize>map), address, <u32>cnt))
}
