// SPDX-License-Identifier: GPL-2.0-only
// Arrays that take fds and hold objects: PROG_ARRAY, PERF_EVENT_ARRAY, CGROUP_ARRAY, ARRAY_OF_MAPS. The caller reads ids
// back, where the type has any. Kernel counterpart: kernel/bpf/arraymap.c, kernel/bpf/map_in_map.c.
//
// A slot is 8 bytes: object u32, fd of the map through which it was put u32 (perf events leave with it).

import { EBUSY, E2BIG, EINVAL, ENOENT, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import { ATTR_MAP_CREATE__map_flags, ATTR_MAP_CREATE__value_size } from '../gen/uapi-layouts.gen'
import {
  BPF_ANY,
  BPF_F_INNER_MAP,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY_PROG,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_PROG_TYPE_EXT,
  BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_STRUCT_OPS,
} from '../gen/uapi-enums.gen'
import { btfPut } from '../btf/refs'
import { recordEqual, recordGet, recordPut } from '../btf/parse-fields'
import { kfree } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { progMapCompatible } from '../prog/compatible'
import { progGet, progPut } from '../prog/refs'
import { FD_MAP, FD_PROG, fdGet, isErr } from '../syscall/fd'
import { cgroupFromFd, FILE_CGROUP, FILE_PERF, filePut, perfFromFd } from '../world/files'
import { arrayAllocCheck } from './array'
import { BpfMap } from './map'
import { mapGet, mapNew, mapPut } from './refs'

export function fdArrayAllocCheck(attr: usize): i32 {
  if (load<u32>(attr, ATTR_MAP_CREATE__value_size) != 4) return -EINVAL
  if (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) return -EINVAL
  return arrayAllocCheck(attr)
}

@inline function slotOf(map: BpfMap, index: u32): usize {
  return map.values + ((<usize>index) << 3)
}

/** The object that an fd stands for, with a reference, or an errno. */
export function objectFromFd(map: BpfMap, fd: i32): usize {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PROG_ARRAY:
      return progFromFd(map, fd)
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return perfFromFd(fd)
    case BPF_MAP_TYPE_CGROUP_ARRAY:
      return cgroupFromFd(fd)
    default:
      return innerFromFd(map, fd)
  }
}

function progFromFd(map: BpfMap, fd: i32): usize {
  const p = fdGet(fd, FD_PROG)
  if (isErr(p)) return p
  const prog = changetype<Prog>(p)
  if (prog.type == BPF_PROG_TYPE_EXT || !progMapCompatible(map, prog)) return -EINVAL
  if (prog.isExtended) return -EBUSY
  prog.progArrayMembers++
  progGet(prog)
  return p
}

function innerFromFd(map: BpfMap, fd: i32): usize {
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return p
  const inner = changetype<BpfMap>(p)
  if (!metaEqual(map.innerMapMeta, inner)) return -EINVAL
  mapGet(inner)
  return p
}

/** Gives back what a slot held. */
export function putObject(map: BpfMap, obj: usize): void {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PROG_ARRAY:
      changetype<Prog>(obj).progArrayMembers--
      progPut(changetype<Prog>(obj))
      break
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      filePut(FILE_PERF, obj)
      break
    case BPF_MAP_TYPE_CGROUP_ARRAY:
      filePut(FILE_CGROUP, obj)
      break
    default:
      mapPut(changetype<BpfMap>(obj))
  }
}

export function fdArrayUpdate(map: BpfMap, mapFd: i32, key: usize, value: usize, flags: u64): i32 {
  if (flags != <u64>BPF_ANY) return -EINVAL
  const index = load<u32>(key)
  if (index >= map.maxEntries) return -E2BIG
  const obj = objectFromFd(map, load<i32>(value))
  if (isErr(obj)) return <i32>obj
  const slot = slotOf(map, index)
  const old = load<usize>(slot)
  store<usize>(slot, obj)
  store<i32>(slot, mapFd, 4)
  if (old) putObject(map, old)
  return 0
}

export function fdArrayDelete(map: BpfMap, key: usize): i32 {
  const index = load<u32>(key)
  if (index >= map.maxEntries) return -E2BIG
  const slot = slotOf(map, index)
  const old = load<usize>(slot)
  if (!old) return -ENOENT
  store<u64>(slot, 0)
  putObject(map, old)
  return 0
}

/** The object in a slot, or 0: for programs. */
export function fdArrayObject(map: BpfMap, index: u32): usize {
  return index < map.maxEntries ? load<usize>(slotOf(map, index)) : 0
}

/** The caller's lookup: an id. */
export function fdArrayCopy(map: BpfMap, key: usize, to: usize): i32 {
  if (map.mapType != BPF_MAP_TYPE_PROG_ARRAY && map.mapType != BPF_MAP_TYPE_ARRAY_OF_MAPS) return -ENOTSUPP
  const obj = fdArrayObject(map, load<u32>(key))
  if (!obj) return -ENOENT
  store<u32>(to, map.mapType == BPF_MAP_TYPE_PROG_ARRAY ? changetype<Prog>(obj).id : changetype<BpfMap>(obj).id)
  return 0
}

/** Empties all slots. */
export function fdArrayClear(map: BpfMap): void {
  if (!map.values) return
  for (let i: u32 = 0; i < map.maxEntries; i++) {
    const slot = slotOf(map, i)
    const old = load<usize>(slot)
    store<u64>(slot, 0)
    if (old) putObject(map, old)
  }
}

export function fdArrayFree(map: BpfMap): void {
  fdArrayClear(map)
  kfree(map.values)
}

/** Perf events leave the array with the file of the map through which they came, unless the map keeps them. */
export function fdArrayReleaseFile(map: BpfMap, fd: i32): void {
  if (map.mapType != BPF_MAP_TYPE_PERF_EVENT_ARRAY || map.mapFlags & BPF_F_PRESERVE_ELEMS) return
  for (let i: u32 = 0; i < map.maxEntries; i++) {
    const slot = slotOf(map, i)
    const old = load<usize>(slot)
    if (!old || load<i32>(slot, 4) != fd) continue
    store<u64>(slot, 0)
    putObject(map, old)
  }
}

// inner maps

/** Types that cannot be inside a map. */
function hasNoMeta(type: u32): bool {
  switch (type) {
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
    case BPF_MAP_TYPE_STRUCT_OPS:
      return true
    default:
      return false
  }
}

/** What inner maps must be like, taken from the one that was given at creation; or an errno. */
export function innerMeta(fd: i32): usize {
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return p
  const inner = changetype<BpfMap>(p)
  if (changetype<usize>(inner.innerMapMeta)) return -EINVAL
  if (hasNoMeta(inner.mapType)) return -ENOTSUPP
  const meta = mapNew()
  if (!changetype<usize>(meta)) return -ENOMEM
  meta.mapType = inner.mapType
  meta.keySize = inner.keySize
  meta.valueSize = inner.valueSize
  meta.mapFlags = inner.mapFlags
  meta.maxEntries = inner.maxEntries
  meta.mapExtra = inner.mapExtra
  meta.btf = inner.btf
  if (changetype<usize>(meta.btf)) meta.btf.refs++
  meta.bypassSpecV1 = inner.bypassSpecV1
  meta.indexMask = inner.indexMask
  meta.elemSize = inner.elemSize
  meta.record = inner.record
  if (changetype<usize>(meta.record)) recordGet(meta.record)
  return changetype<usize>(meta)
}

export function innerMetaFree(meta: BpfMap): void {
  if (!changetype<usize>(meta)) return
  if (changetype<usize>(meta.record)) recordPut(meta.record)
  if (changetype<usize>(meta.btf)) btfPut(meta.btf)
  kfree(changetype<usize>(meta))
}

export function metaEqual(a: BpfMap, b: BpfMap): bool {
  if (hasNoMeta(b.mapType)) return false
  if (a.mapType != b.mapType || a.keySize != b.keySize || a.valueSize != b.valueSize || a.mapFlags != b.mapFlags)
    return false
  if (!recordEqual(a.record, b.record)) return false
  if (a.mapType == BPF_MAP_TYPE_ARRAY) {
    return (a.mapFlags & BPF_F_INNER_MAP) != 0 || a.maxEntries == b.maxEntries
  }
  if (a.mapType == BPF_MAP_TYPE_XSKMAP) return a.maxEntries == b.maxEntries
  return true
}
