// SPDX-License-Identifier: GPL-2.0-only
// XSKMAP: AF_XDP sockets to redirect frames to. Kernel counterpart: net/xdp/xskmap.c. A socket leaves when it is closed.

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP } from '../gen/errno.gen'
import { AF_XDP } from '../gen/system.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY, BPF_NOEXIST } from '../gen/uapi-enums.gen'
import { kfree, kzalloc64 } from '../mem/alloc'
import { isErr } from '../syscall/fd'
import { Sock, sockFromFd, sockGet, sockPut } from '../world/sock'
import { BpfMap } from './map'

const KERNEL_SIZE: u64 = 272

export function xskmapAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  if (!load<u32>(attr, ATTR_MAP_CREATE__max_entries) || load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4) return -EINVAL
  if (load<u32>(attr, ATTR_MAP_CREATE__value_size) != 4) return -EINVAL
  return flags & ~(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY) ? -EINVAL : 0
}

export function xskmapAlloc(map: BpfMap): i32 {
  map.values = kzalloc64(<u64>map.maxEntries * 4)
  return map.values ? 0 : -ENOMEM
}

function drop(slot: usize): void {
  const sk = load<usize>(slot)
  store<usize>(slot, 0)
  if (sk) sockPut(changetype<Sock>(sk))
}

export function xskmapFree(map: BpfMap): void {
  if (map.values) for (let i: u32 = 0; i < map.maxEntries; i++) drop(map.values + ((<usize>i) << 2))
  kfree(map.values)
}

export function xskmapLookup(map: BpfMap, key: usize): usize {
  const i = load<u32>(key)
  return i < map.maxEntries ? load<usize>(map.values + ((<usize>i) << 2)) : 0
}

export function xskmapUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  const i = load<u32>(key)
  if (i >= map.maxEntries) return -E2BIG
  const sk = sockFromFd(load<i32>(value))
  if (isErr(sk)) return <i32>sk
  if (changetype<Sock>(sk).family != AF_XDP) return -EOPNOTSUPP
  const slot = map.values + ((<usize>i) << 2)
  const old = load<usize>(slot)
  if (old == sk) return 0
  if (old && flags == <u64>BPF_NOEXIST) return -EEXIST
  if (!old && flags == <u64>BPF_EXIST) return -ENOENT
  drop(slot)
  sockGet(changetype<Sock>(sk))
  store<usize>(slot, sk)
  return 0
}

export function xskmapDelete(map: BpfMap, key: usize): i32 {
  const i = load<u32>(key)
  if (i >= map.maxEntries) return -EINVAL
  drop(map.values + ((<usize>i) << 2))
  return 0
}

/** A socket is closed: it leaves the map. */
export function xskmapForget(map: BpfMap, sk: Sock): void {
  for (let i: u32 = 0; i < map.maxEntries; i++) {
    const slot = map.values + ((<usize>i) << 2)
    if (load<usize>(slot) == changetype<usize>(sk)) drop(slot)
  }
}

export function xskmapMemUsage(map: BpfMap): u64 {
  return KERNEL_SIZE + <u64>map.maxEntries * 8
}
