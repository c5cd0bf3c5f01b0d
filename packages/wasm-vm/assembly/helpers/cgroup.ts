// SPDX-License-Identifier: GPL-2.0-only
// Programs of cgroups: what the hook will return, and storage of the attachment. Kernel counterpart:
// kernel/bpf/cgroup.c.

import { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE } from '../gen/uapi-enums.gen'
import { cgroupStorageSize, cgroupStorageValue } from '../maps/cgroup-storage'
import { BpfMap } from '../maps/map'
import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
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

/** Storage of a test run, which is attached to nothing. */
const TEST_ITEM: usize = memory.data(offsetof<RunItem>(), 8)

function testStorage(map: BpfMap): usize {
  return changetype<usize>(map) ? kzalloc(cgroupStorageSize(map)) : 0
}

/** A test run begins: storage of its own, zeroed. False when memory is out. */
export function testStorageBegin(prog: Prog): bool {
  const item = changetype<RunItem>(TEST_ITEM)
  item.storage0 = testStorage(prog.cgroupStorage0)
  item.storage1 = testStorage(prog.cgroupStorage1)
  const missing =
    (changetype<usize>(prog.cgroupStorage0) != 0 && !item.storage0) ||
    (changetype<usize>(prog.cgroupStorage1) != 0 && !item.storage1)
  return !missing
}
export function testStorageEnd(): void {
  const item = changetype<RunItem>(TEST_ITEM)
  kfree(item.storage0)
  kfree(item.storage1)
  item.storage0 = 0
  item.storage1 = 0
}

export function getLocalStorage(map: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  const item = changetype<RunItem>(cgItem() ? cgItem() : TEST_ITEM)
  const e = m.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? item.storage1 : item.storage0
  if (!e) return 0
  const value = cgroupStorageValue(m, e)
  giveMemory(value, m.valueSize)
  return <u64>value
}
