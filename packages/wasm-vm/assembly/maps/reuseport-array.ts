// SPDX-License-Identifier: GPL-2.0-only
// REUSEPORT_SOCKARRAY: sockets to choose from. Kernel counterpart: kernel/bpf/reuseport_array.c. A socket leaves the array
// when it is closed; the array holds no reference.

import { E2BIG, EBUSY, EEXIST, EINVAL, ENOENT, ENOSPC, ENOTSUPP } from '../gen/errno.gen'
import { AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_STREAM } from '../gen/system.gen'
import { ATTR_MAP_CREATE__value_size } from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_NOEXIST } from '../gen/uapi-enums.gen'
import { kfree } from '../mem/alloc'
import { isErr } from '../syscall/fd'
import { Sock, sockCookie, sockFromFd, sockHashed } from '../world/sock'
import { arrayAlloc, arrayAllocCheck } from './array'
import { BpfMap } from './map'

export function reuseportAllocCheck(attr: usize): i32 {
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  return size != 4 && size != 8 ? -EINVAL : arrayAllocCheck(attr)
}
export function reuseportAlloc(map: BpfMap): i32 {
  return arrayAlloc(map, 8)
}

@inline function slotOf(map: BpfMap, i: u32): usize {
  return map.values + ((<usize>i) << 3)
}

export function reuseportFree(map: BpfMap): void {
  if (map.values) for (let i: u32 = 0; i < map.maxEntries; i++) drop(slotOf(map, i))
  kfree(map.values)
}

function drop(slot: usize): bool {
  const sk = changetype<Sock>(load<usize>(slot))
  if (!changetype<usize>(sk)) return false
  sk.reuseSlot = 0
  store<usize>(slot, 0)
  return true
}

/** A socket that is in an array is closed. */
export function reuseportDetach(sk: Sock): void {
  if (sk.reuseSlot) drop(sk.reuseSlot)
}

export function reuseportLookup(map: BpfMap, key: usize): usize {
  const i = load<u32>(key)
  return i < map.maxEntries ? load<usize>(slotOf(map, i)) : 0
}

/** The caller's lookup: the socket's cookie. */
export function reuseportCopy(map: BpfMap, key: usize, to: usize): i32 {
  if (map.valueSize != 8) return -ENOSPC
  const sk = reuseportLookup(map, key)
  if (!sk) return -ENOENT
  store<u64>(to, sockCookie(changetype<Sock>(sk)))
  return 0
}

export function reuseportUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  const i = load<u32>(key)
  if (i >= map.maxEntries) return -E2BIG
  if (map.valueSize == 8 && load<u64>(value) > 0x7fffffff) return -EINVAL
  const p = sockFromFd(load<i32>(value))
  if (isErr(p)) return <i32>p
  const sk = changetype<Sock>(p)
  const slot = slotOf(map, i)
  const old = load<usize>(slot)
  if (old && flags == <u64>BPF_NOEXIST) return -EEXIST
  if (!old && flags == <u64>BPF_EXIST) return -ENOENT
  if (sk.protocol != IPPROTO_UDP && sk.protocol != IPPROTO_TCP) return -ENOTSUPP
  if (sk.family != AF_INET && sk.family != AF_INET6) return -ENOTSUPP
  if (sk.type != SOCK_STREAM && sk.type != SOCK_DGRAM) return -ENOTSUPP
  if (!sockHashed(sk) || !sk.reuseport) return -EINVAL
  if (sk.reuseSlot) return -EBUSY
  drop(slot)
  store<usize>(slot, p)
  sk.reuseSlot = slot
  return 0
}

export function reuseportDelete(map: BpfMap, key: usize): i32 {
  const i = load<u32>(key)
  if (i >= map.maxEntries) return -E2BIG
  return drop(slotOf(map, i)) ? 0 : -ENOENT
}
