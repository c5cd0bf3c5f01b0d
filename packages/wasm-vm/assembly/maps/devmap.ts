// SPDX-License-Identifier: GPL-2.0-only
// DEVMAP and DEVMAP_HASH: devices to redirect frames to. Kernel counterpart: kernel/bpf/devmap.c.
//
//   entry:  | value as programs see it: ifindex u32, program id u32 | program | device | next (hash) | index |

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_EXIST,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_NOEXIST,
  BPF_PROG_TYPE_XDP,
  BPF_XDP_DEVMAP,
} from '../gen/uapi-enums.gen'
import { kfree, kzalloc, kzalloc64 } from '../mem/alloc'
import { progMapCompatible } from '../prog/compatible'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_PROG, fdGet, isErr } from '../syscall/fd'
import { deviceByIndex, deviceGet, devicePut, NetDevice } from '../world/device'
import { arrayNextKey } from './array'
import { BpfMap } from './map'

const FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY
const PROG: usize = 8
const DEVICE: usize = 12
const NEXT: usize = 16
const INDEX: usize = 20
const ENTRY: usize = 24
/** sizeof(struct bpf_dtab), sizeof(struct bpf_dtab_netdev). */
const KERNEL_SIZE: u64 = 320
const KERNEL_ENTRY: u64 = 64

@unmanaged export class DevMap extends BpfMap {
  hash: bool
  nBuckets: u32
}

@inline function dtab(map: BpfMap): DevMap {
  return changetype<DevMap>(map)
}

export function devmapAllocCheck(attr: usize): i32 {
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const entries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  if (!entries || load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4 || (size != 4 && size != 8)) return -EINVAL
  if (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~FLAGS) return -EINVAL
  return load<u32>(attr, ATTR_MAP_CREATE__map_type) == BPF_MAP_TYPE_DEVMAP_HASH && entries > 1 << 31 ? -EINVAL : 0
}

export function devmapAlloc(map: BpfMap): i32 {
  const d = dtab(map)
  map.mapFlags |= BPF_F_RDONLY_PROG
  d.hash = map.mapType == BPF_MAP_TYPE_DEVMAP_HASH
  d.nBuckets = d.hash && map.maxEntries > 1 ? (<u32>1) << (32 - clz(map.maxEntries - 1)) : map.maxEntries
  map.values = kzalloc64(<u64>d.nBuckets * 4)
  return map.values ? 0 : -ENOMEM
}

function freeEntry(e: usize): void {
  if (!e) return
  const p = load<usize>(e, PROG)
  if (p) progPut(changetype<Prog>(p))
  devicePut(changetype<NetDevice>(load<usize>(e, DEVICE)))
  kfree(e)
}

export function devmapFree(map: BpfMap): void {
  const d = dtab(map)
  if (map.values) {
    for (let i: u32 = 0; i < d.nBuckets; i++) {
      let e = load<usize>(map.values + ((<usize>i) << 2))
      while (e) {
        const next = load<usize>(e, NEXT)
        freeEntry(e)
        e = next
      }
    }
  }
  kfree(map.values)
}

/** The slot that holds (or would hold) the entry for an index. */
function slotOf(d: DevMap, index: u32): usize {
  if (!d.hash) return d.values + ((<usize>index) << 2)
  let slot = d.values + ((<usize>(index & (d.nBuckets - 1))) << 2)
  for (let e = load<usize>(slot); e && load<u32>(e, INDEX) != index; e = load<usize>(slot)) slot = e + NEXT
  return slot
}

export function devmapLookup(map: BpfMap, key: usize): usize {
  return devmapEntry(map, load<u32>(key))
}
export function devmapEntry(map: BpfMap, index: u32): usize {
  const d = dtab(map)
  return !d.hash && index >= map.maxEntries ? 0 : load<usize>(slotOf(d, index))
}
export function devmapDevice(entry: usize): NetDevice {
  return changetype<NetDevice>(load<usize>(entry, DEVICE))
}
export function devmapProg(entry: usize): usize {
  return load<usize>(entry, PROG)
}

/** Calls for each entry: the next one at or behind position `pos` (bucket number), for broadcasts. */
export function devmapNextEntry(map: BpfMap, after: usize): usize {
  const d = dtab(map)
  let bucket: u32 = 0
  if (after) {
    const next = load<usize>(after, NEXT)
    if (next) return next
    bucket = (d.hash ? load<u32>(after, INDEX) & (d.nBuckets - 1) : load<u32>(after, INDEX)) + 1
  }
  for (; bucket < d.nBuckets; bucket++) {
    const e = load<usize>(map.values + ((<usize>bucket) << 2))
    if (e) return e
  }
  return 0
}

function newEntry(map: BpfMap, index: u32, ifindex: u32, fd: i32): usize {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -EINVAL
  let prog: usize = 0
  if (fd > 0) {
    prog = fdGet(fd, FD_PROG)
    if (isErr(prog)) return -EINVAL
    const p = changetype<Prog>(prog)
    if (p.type != BPF_PROG_TYPE_XDP || p.expectedAttachType != BPF_XDP_DEVMAP || !progMapCompatible(map, p))
      return -EINVAL
  }
  const e = kzalloc(ENTRY)
  if (!e) return -ENOMEM
  store<u32>(e, ifindex)
  store<u32>(e, index, INDEX)
  store<usize>(e, changetype<usize>(dev), DEVICE)
  deviceGet(dev)
  if (prog) {
    progGet(changetype<Prog>(prog))
    store<u32>(e, changetype<Prog>(prog).id, 4)
    store<usize>(e, prog, PROG)
  }
  return e
}

export function devmapUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  const d = dtab(map)
  const index = load<u32>(key)
  const ifindex = load<u32>(value)
  const fd = map.valueSize == 8 ? load<i32>(value, 4) : 0
  if (flags > <u64>BPF_EXIST || (d.hash && !ifindex)) return -EINVAL
  if (!d.hash) {
    if (index >= map.maxEntries) return -E2BIG
    if (flags == <u64>BPF_NOEXIST) return -EEXIST
    if (!ifindex && fd > 0) return -EINVAL
  }
  const slot = slotOf(d, index)
  const old = load<usize>(slot)
  if (d.hash && old && flags & (<u64>BPF_NOEXIST)) return -EEXIST
  let e: usize = 0
  if (ifindex) {
    e = newEntry(map, index, ifindex, fd)
    if (isErr(e)) return <i32>e
  }
  if (d.hash && !old && map.count >= map.maxEntries) {
    freeEntry(e)
    return -E2BIG
  }
  if (!old) map.count++
  if (d.hash) {
    // also one that replaces another comes first in its bucket
    if (old) store<usize>(slot, load<usize>(old, NEXT))
    const bucket = d.values + ((<usize>(index & (d.nBuckets - 1))) << 2)
    store<usize>(e, load<usize>(bucket), NEXT)
    store<usize>(bucket, e)
  } else store<usize>(slot, e)
  freeEntry(old)
  return 0
}

export function devmapDelete(map: BpfMap, key: usize): i32 {
  const d = dtab(map)
  const index = load<u32>(key)
  if (!d.hash && index >= map.maxEntries) return -EINVAL
  const slot = slotOf(d, index)
  const old = load<usize>(slot)
  if (!old) return d.hash ? -ENOENT : 0
  store<usize>(slot, load<usize>(old, NEXT))
  map.count--
  freeEntry(old)
  return 0
}

export function devmapNextKey(map: BpfMap, key: usize, next: usize): i32 {
  const d = dtab(map)
  if (!d.hash) return arrayNextKey(map, key, next)
  const from = key ? devmapEntry(map, load<u32>(key)) : 0
  const e = devmapNextEntry(map, from)
  if (!e) return -ENOENT
  store<u32>(next, load<u32>(e, INDEX))
  return 0
}

/** The caller's lookup. */
export function devmapCopy(map: BpfMap, key: usize, to: usize): i32 {
  const e = devmapLookup(map, key)
  if (!e) return -ENOENT
  memory.copy(to, e, map.valueSize)
  return 0
}

/** A device goes away: it leaves the map. */
export function devmapForget(map: BpfMap, dev: NetDevice): void {
  const d = dtab(map)
  for (let i: u32 = 0; i < d.nBuckets; i++) {
    let slot = map.values + ((<usize>i) << 2)
    for (let e = load<usize>(slot); e; e = load<usize>(slot)) {
      if (load<usize>(e, DEVICE) == changetype<usize>(dev)) {
        store<usize>(slot, load<usize>(e, NEXT))
        map.count--
        freeEntry(e)
      } else slot = e + NEXT
    }
  }
}

export function devmapMemUsage(map: BpfMap): u64 {
  return KERNEL_SIZE + <u64>dtab(map).nBuckets * 8 + <u64>map.count * KERNEL_ENTRY
}
