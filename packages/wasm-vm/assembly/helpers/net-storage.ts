// SPDX-License-Identifier: GPL-2.0-only
// Local storage of sockets, tasks, cgroups and inodes. Kernel counterpart: net/core/bpf_sk_storage.c,
// kernel/bpf/bpf_task_storage.c, bpf_cgrp_storage.c, bpf_inode_storage.c.

import { EINVAL } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { storageCreate, storageDelete, storageLookup } from '../maps/storage'
import { Cgroup } from '../world/cgroup'
import { RegularFile } from '../world/regular-file'
import { Sock } from '../world/sock'
import { Task } from '../world/task'
import { asResult, errno, giveMemory } from './given'
import { sockOf } from './net-sock'

const F_CREATE: u64 = 1

function get(map: u64, head: usize, init: u64, flags: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  if (flags > F_CREATE) return 0
  let value = storageLookup(m, head)
  if (!value && flags) value = storageCreate(m, head, <usize>init)
  giveMemory(value, m.valueSize)
  return <u64>value
}
function drop(map: u64, head: usize): u64 {
  return asResult(storageDelete(changetype<BpfMap>(<usize>map), head))
}

@inline function sockHead(p: u64): usize {
  const sk = changetype<usize>(sockOf(p))
  return sk ? sk + offsetof<Sock>('storage') : 0
}
@inline function headAt(p: u64, offset: usize): usize {
  return p ? <usize>p + offset : 0
}

export function skStorageGet(map: u64, sk: u64, value: u64, flags: u64, r5: u64): u64 {
  const head = sockHead(sk)
  return head ? get(map, head, value, flags) : 0
}
export function skStorageDelete(map: u64, sk: u64, r3: u64, r4: u64, r5: u64): u64 {
  const head = sockHead(sk)
  return head ? drop(map, head) : errno(EINVAL)
}
export function taskStorageGet(map: u64, task: u64, value: u64, flags: u64, r5: u64): u64 {
  const head = headAt(task, offsetof<Task>('storage'))
  return head ? get(map, head, value, flags) : 0
}
export function taskStorageDelete(map: u64, task: u64, r3: u64, r4: u64, r5: u64): u64 {
  const head = headAt(task, offsetof<Task>('storage'))
  return head ? drop(map, head) : errno(EINVAL)
}
export function cgrpStorageGet(map: u64, cgroup: u64, value: u64, flags: u64, r5: u64): u64 {
  const head = headAt(cgroup, offsetof<Cgroup>('storage'))
  return head ? get(map, head, value, flags) : 0
}
export function cgrpStorageDelete(map: u64, cgroup: u64, r3: u64, r4: u64, r5: u64): u64 {
  const head = headAt(cgroup, offsetof<Cgroup>('storage'))
  return head ? drop(map, head) : errno(EINVAL)
}
export function inodeStorageGet(map: u64, inode: u64, value: u64, flags: u64, r5: u64): u64 {
  const head = headAt(inode, offsetof<RegularFile>('storage'))
  return head ? get(map, head, value, flags) : 0
}
export function inodeStorageDelete(map: u64, inode: u64, r3: u64, r4: u64, r5: u64): u64 {
  const head = headAt(inode, offsetof<RegularFile>('storage'))
  return head ? drop(map, head) : errno(EINVAL)
}
