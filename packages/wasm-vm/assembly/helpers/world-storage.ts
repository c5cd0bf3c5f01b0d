// SPDX-License-Identifier: GPL-2.0-only
// Local storage of sockets, tasks, inodes and cgroups. Kernel counterpart: kernel/bpf/bpf_local_storage.c and the files
// of its four maps.

import { EINVAL, ENOENT } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { storageCreate, storageDelete, storageLookup } from '../maps/storage'
import { Cgroup } from '../world/cgroup'
import { cgroupBehind, inodeBehind, sockBehind, taskBehind } from '../world/kernel-view'
import { RegularFile } from '../world/regular-file'
import { Sock } from '../world/sock'
import { Task } from '../world/task'
import { asResult, errno, giveMemory } from './given'

const F_CREATE: u64 = 1

function get(mapAddr: u64, head: usize, init: u64, flags: u64): u64 {
  const map = changetype<BpfMap>(<usize>mapAddr)
  if (flags & ~F_CREATE) return 0
  let v = storageLookup(map, head)
  if (!v && flags & F_CREATE) v = storageCreate(map, head, <usize>init)
  if (v >= <usize>-4096) return 0
  giveMemory(v, map.valueSize)
  return <u64>v
}
function remove(mapAddr: u64, head: usize): u64 {
  return asResult(storageDelete(changetype<BpfMap>(<usize>mapAddr), head))
}

export function skStorageGet(map: u64, sk: u64, init: u64, flags: u64, r5: u64): u64 {
  return sk ? get(map, <usize>sockBehind(sk) + offsetof<Sock>('storage'), init, flags) : 0
}
export function skStorageDelete(map: u64, sk: u64, r3: u64, r4: u64, r5: u64): u64 {
  return sk ? remove(map, <usize>sockBehind(sk) + offsetof<Sock>('storage')) : errno(EINVAL)
}
export function taskStorageGet(map: u64, task: u64, init: u64, flags: u64, r5: u64): u64 {
  return task ? get(map, <usize>taskBehind(task) + offsetof<Task>('storage'), init, flags) : 0
}
export function taskStorageDelete(map: u64, task: u64, r3: u64, r4: u64, r5: u64): u64 {
  return task ? remove(map, <usize>taskBehind(task) + offsetof<Task>('storage')) : errno(EINVAL)
}
export function inodeStorageGet(map: u64, inode: u64, init: u64, flags: u64, r5: u64): u64 {
  return inode ? get(map, <usize>inodeBehind(inode) + offsetof<RegularFile>('storage'), init, flags) : 0
}
export function inodeStorageDelete(map: u64, inode: u64, r3: u64, r4: u64, r5: u64): u64 {
  return inode ? remove(map, <usize>inodeBehind(inode) + offsetof<RegularFile>('storage')) : errno(EINVAL)
}
export function cgrpStorageGet(map: u64, cgroup: u64, init: u64, flags: u64, r5: u64): u64 {
  return cgroup ? get(map, <usize>cgroupBehind(cgroup) + offsetof<Cgroup>('storage'), init, flags) : 0
}
export function cgrpStorageDelete(map: u64, cgroup: u64, r3: u64, r4: u64, r5: u64): u64 {
  return cgroup ? remove(map, <usize>cgroupBehind(cgroup) + offsetof<Cgroup>('storage')) : errno(ENOENT)
}
