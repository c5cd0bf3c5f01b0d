// SPDX-License-Identifier: GPL-2.0-only
// Programs of cgroups: what the hook will return, and storage of the attachment. Kernel counterpart:
// kernel/bpf/cgroup.c.

import { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE } from '../gen/uapi-enums.gen'
import { cgroupStorageValue } from '../maps/cgroup-storage'
import { BpfMap } from '../maps/map'
import { cgItem, cgRetval, cgSetRetval } from '../world/cgroup-run'
import { RunItem } from '../world/run-array'
import { asResult, giveMemory } from './given'

export function getRetval(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return asResult(cgRetval())
}
export function setRetval(value: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  cgSetRetval(<i32>value)
  return 0
}

export function getLocalStorage(map: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  const item = changetype<RunItem>(cgItem())
  if (!changetype<usize>(item)) return 0
  const e = m.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? item.storage1 : item.storage0
  if (!e) return 0
  const value = cgroupStorageValue(m, e)
  giveMemory(value, m.valueSize)
  return <u64>value
}
