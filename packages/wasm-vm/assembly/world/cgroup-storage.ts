// SPDX-License-Identifier: GPL-2.0-only
// Local storage of cgroups: what the maps of programs keep for them.

import { BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE } from '../gen/uapi-enums.gen'
import { cgroupStorageAttach, cgroupStorageDetach, cgroupStorageForget } from '../maps/cgroup-storage'
import { BpfMap } from '../maps/map'
import { storageDestroy } from '../maps/storage'
import { idFind, idNext } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { Attached, attachedProg, Cgroup } from './cgroup'

/** Finds or makes the storage that a program's CGROUP_STORAGE maps keep for this attachment; false: no memory. */
export function storageForAttach(cg: Cgroup, type: u32, prog: Prog, a: Attached): bool {
  const old0 = a.storage0
  const old1 = a.storage1
  const oldProg = attachedProg(a)
  if (changetype<usize>(prog.cgroupStorage0)) {
    a.storage0 = cgroupStorageAttach(prog.cgroupStorage0, cg.id, type)
    if (!a.storage0) return false
  } else a.storage0 = 0
  if (changetype<usize>(prog.cgroupStorage1)) {
    a.storage1 = cgroupStorageAttach(prog.cgroupStorage1, cg.id, type)
    if (!a.storage1) return false
  } else a.storage1 = 0
  if (old0) cgroupStorageDetach(oldProg.cgroupStorage0, old0)
  if (old1) cgroupStorageDetach(oldProg.cgroupStorage1, old1)
  return true
}

/** An attachment ends. */
export function storageUnlink(a: Attached): void {
  const prog = attachedProg(a)
  if (a.storage0) cgroupStorageDetach(prog.cgroupStorage0, a.storage0)
  if (a.storage1) cgroupStorageDetach(prog.cgroupStorage1, a.storage1)
}

/** A cgroup goes: maps forget it. */
export function cgroupStorageGone(cg: Cgroup): void {
  const maps = kernel().maps
  for (let id = idNext(maps, 1); id; id = idNext(maps, id + 1)) {
    const map = changetype<BpfMap>(idFind(maps, id))
    if (map.mapType == BPF_MAP_TYPE_CGROUP_STORAGE || map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE) {
      cgroupStorageForget(map, cg.id)
    }
  }
  storageDestroy(changetype<usize>(cg) + offsetof<Cgroup>('storage'))
}
