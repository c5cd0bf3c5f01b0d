// SPDX-License-Identifier: GPL-2.0-only
// Kernel functions that give out the pages of an arena. Kernel counterpart: bpf_arena_*_pages of kernel/bpf/arena.c.

import { EINVAL } from '../gen/errno.gen'
import { BPF_MAP_TYPE_ARENA } from '../gen/uapi-enums.gen'
import { asResult, errno } from '../helpers/given'
import { arenaAllocPages, arenaFreePages, arenaReservePages } from '../maps/arena'
import { BpfMap } from '../maps/map'
import { mapBehind } from '../world/kernel-view'

const NUMA_NO_NODE: i32 = -1

/** The arena that a pointer to a map is, or null: programs have such pointers from iterators too. */
function arenaBehind(map: u64): BpfMap {
  const m = changetype<BpfMap>(<usize>mapBehind(map))
  return m.mapType == BPF_MAP_TYPE_ARENA ? m : changetype<BpfMap>(0)
}

/** There is one node, number 0. */
export function arenaAlloc(map: u64, address: u64, cnt: u64, node: u64, flags: u64): u64 {
  const arena = arenaBehind(map)
  const wanted = <i32>node
  if (!changetype<usize>(arena) || flags || !(<u32>cnt) || (wanted != NUMA_NO_NODE && wanted != 0)) return 0
  return arenaAllocPages(arena, address, <u32>cnt)
}

export function arenaFree(map: u64, address: u64, cnt: u64, r4: u64, r5: u64): u64 {
  const arena = arenaBehind(map)
  if (changetype<usize>(arena) && <u32>cnt && address) arenaFreePages(arena, address, <u32>cnt)
  return 0
}

export function arenaReserve(map: u64, address: u64, cnt: u64, r4: u64, r5: u64): u64 {
  const arena = arenaBehind(map)
  if (!changetype<usize>(arena)) return errno(EINVAL)
  if (!(<u32>cnt)) return 0
  return asResult(arenaReservePages(arena, address, <u32>cnt))
}
