// SPDX-License-Identifier: GPL-2.0-only
// The host's entries: memory for the caller, settings, the system calls that belong to no other room.

import { EACCES, EBADF, EINVAL, ENODEV, ENOMEM, ENOTSUPP, EPERM } from '../gen/errno.gen'
import {
  BPF_F_MMAPABLE,
  BPF_F_RDONLY_PROG,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_USER_RINGBUF,
} from '../gen/uapi-enums.gen'
import { currentRun } from '../interp/run-state'
import { arenaCopy, arenaMmap, arenaOf, arenasOverlap, arenaUnmap } from '../maps/arena'
import { BpfMap } from '../maps/map'
import { mapGet, mapPut } from '../maps/refs'
import { ring, ringAvail, ringMmap } from '../maps/ringbuf'
import { allocBlocks, allocLimit, allocUsed, kfree, kmalloc, krealloc, kzalloc } from '../mem/alloc'
import { initRoot, kernel } from '../mem/root'
import { fileMmap, filePoll } from '../world/files'
import { worldInit } from '../world/world'
import { bpffsInit } from './bpffs'
import { sysBpf } from './bpf'
import {
  FD_BTF,
  FD_FREE,
  FD_LINK,
  FD_MAP,
  FD_PROG,
  FD_STATS,
  FD_TOKEN,
  FD_WORLD,
  fdClose,
  fdKind,
  fdMode,
  fdObject,
  isErr,
  MODE_READ,
  MODE_WRITE,
} from './fd'
import { NR_BPF, traceReturn, traceSyscall } from '../world/syscall-trace'

const PROT_WRITE: u32 = 2

/** Zeroed memory of the caller, 8-byte aligned; 0 when there is none. */
export function user_alloc(size: usize): usize {
  return kzalloc(size)
}
export function user_free(p: usize): void {
  kfree(p)
}

/** Brings the kernel up. Called once. */
export function kernel_init(): void {
  initRoot()
  if (!bpffsInit() || !worldInit()) unreachable()
}

export function sys_bpf(cmd: i32, attr: usize, size: u32): i32 {
  if (traceSyscall(NR_BPF, cmd, attr, size)) return traceReturn(0)
  return traceReturn(sysBpf(cmd, attr, size))
}
export function sys_close(fd: i32): i32 {
  return fdClose(fd)
}

// settings: numbers shared with the host
const OPT_CAPS: u32 = 1
const OPT_CPUS: u32 = 2
const OPT_CPU: u32 = 3
const OPT_ENGINE: u32 = 4
const OPT_UNPRIV: u32 = 5
const OPT_SEED: u32 = 6
const OPT_VIRTUAL_CLOCK: u32 = 7
const OPT_NOW: u32 = 8
const OPT_BOOT_OFFSET: u32 = 9
const OPT_REAL_OFFSET: u32 = 10
const OPT_MAX_FDS: u32 = 11
const OPT_JIT_AFTER: u32 = 12
const OPT_MEMORY_PAGES: u32 = 13
const OPT_BUDGET: u32 = 14
/** Only to read: bytes and blocks of kernel memory in use. */
const OPT_USED: u32 = 64
const OPT_BLOCKS: u32 = 65

export function set_option(id: u32, value: u64): void {
  const k = kernel()
  switch (id) {
    case OPT_CAPS:
      k.caps = value
      break
    case OPT_CPUS:
      // per-CPU values have a slot for each CPU that there was at their making
      if (k.maps.cnt) break
      k.cpus = value ? <u32>value : 1
      if (k.currentCpu >= k.cpus) k.currentCpu = 0
      break
    case OPT_CPU:
      if (value < <u64>k.cpus) k.currentCpu = <u32>value
      break
    case OPT_ENGINE:
      k.engine = <u32>value
      break
    case OPT_UNPRIV:
      k.unprivDisabled = <u32>value
      break
    case OPT_SEED:
      k.randomSeed = value
      k.randomState = value
      break
    case OPT_VIRTUAL_CLOCK:
      k.virtualClock = value != 0
      break
    case OPT_NOW:
      k.now = value
      break
    case OPT_BOOT_OFFSET:
      k.bootOffset = value
      break
    case OPT_REAL_OFFSET:
      k.realOffset = value
      break
    case OPT_MAX_FDS:
      k.maxFds = <u32>value
      break
    case OPT_JIT_AFTER:
      currentRun().jitAfter = <i32>value
      break
    case OPT_MEMORY_PAGES:
      allocLimit(<u32>value)
      break
    case OPT_BUDGET:
      currentRun().budgetLimit = <i64>value
      break
    default:
      break
  }
}

export function get_option(id: u32): u64 {
  const k = kernel()
  switch (id) {
    case OPT_CAPS:
      return k.caps
    case OPT_CPUS:
      return k.cpus
    case OPT_CPU:
      return k.currentCpu
    case OPT_ENGINE:
      return k.engine
    case OPT_UNPRIV:
      return k.unprivDisabled
    case OPT_SEED:
      return k.randomSeed
    case OPT_VIRTUAL_CLOCK:
      return k.virtualClock ? 1 : 0
    case OPT_NOW:
      return k.now
    case OPT_BOOT_OFFSET:
      return k.bootOffset
    case OPT_REAL_OFFSET:
      return k.realOffset
    case OPT_MAX_FDS:
      return k.maxFds
    case OPT_JIT_AFTER:
      return <u64>currentRun().jitAfter
    case OPT_BUDGET:
      return <u64>currentRun().budgetLimit
    case OPT_USED:
      return allocUsed()
    case OPT_BLOCKS:
      return allocBlocks()
    default:
      return 0
  }
}

// mappings: pairs of address and map, so that a mapping holds its map

const MAPPINGS: usize = memory.data(12, 4)

function noteMapping(address: usize, map: BpfMap, write: bool): bool {
  const cnt = load<u32>(MAPPINGS, 4)
  const cap = load<u32>(MAPPINGS, 8)
  if (cnt == cap) {
    const more = cap ? cap * 2 : 8
    const list = cap ? krealloc(load<usize>(MAPPINGS), <usize>more * 12) : kmalloc(<usize>more * 12)
    if (!list) return false
    store<usize>(MAPPINGS, list)
    store<u32>(MAPPINGS, more, 8)
  }
  const at = load<usize>(MAPPINGS) + <usize>cnt * 12
  store<usize>(at, address)
  store<usize>(at, changetype<usize>(map), 4)
  store<u32>(at, write ? 1 : 0, 8)
  store<u32>(MAPPINGS, cnt + 1, 4)
  mapGet(map)
  if (write) map.writeCnt++
  return true
}

/** mmap: where the bytes are, or -errno. `hint`: the address that the caller would like. */
export function sys_mmap(fd: i32, length: u64, offset: u32, prot: u32, hint: u64): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (!length || offset & 4095) return -EINVAL
  if (kind >= FD_WORLD) return <i32>fileMmap(kind, fdObject(fd), length, <u64>offset, <i32>prot)
  if (kind != FD_MAP) return -ENODEV
  const map = changetype<BpfMap>(fdObject(fd))
  const write = (prot & PROT_WRITE) != 0
  const mode = fdMode(fd)
  if (!(mode & MODE_READ) || (write && !(mode & MODE_WRITE))) return -EACCES
  const address = mapMmap(map, length, <u64>offset, write, hint)
  if (isErr(address)) return <i32>address
  return noteMapping(address, map, write) ? <i32>address : -ENOMEM
}

function mapMmap(map: BpfMap, length: u64, offset: u64, write: bool, hint: u64): usize {
  const array = map.mapType == BPF_MAP_TYPE_ARRAY && (map.mapFlags & BPF_F_MMAPABLE) != 0
  const rings = map.mapType == BPF_MAP_TYPE_RINGBUF || map.mapType == BPF_MAP_TYPE_USER_RINGBUF
  if ((!array && !rings && map.mapType != BPF_MAP_TYPE_ARENA) || changetype<usize>(map.record)) return -ENOTSUPP
  if (write && map.frozen) return -EPERM
  if (write && map.mapFlags & BPF_F_RDONLY_PROG && array && map.frozen) return -EACCES
  if (rings) return ringMmap(map, length, offset, write, map.mapType == BPF_MAP_TYPE_USER_RINGBUF)
  if (map.mapType == BPF_MAP_TYPE_ARENA) {
    return arenaMmap(map, length, offset, hint, isPlaceTaken(map))
  }
  const room = (map.areaSize + 4095) & ~4095
  if (offset + ((length + 4095) & ~4095) > room) return -EINVAL
  return map.values + <usize>offset
}

/** The note of the mapping whose bytes begin at `address`, or 0. */
function findMapping(address: usize): usize {
  const list = load<usize>(MAPPINGS)
  const cnt = load<u32>(MAPPINGS, 4)
  for (let i: u32 = 0; i < cnt; i++) if (load<usize>(list + <usize>i * 12) == address) return list + <usize>i * 12
  return 0
}

/** The address that a mapping has for its caller: an arena's may be one that linear memory does not have. */
export function mapping_address(address: usize): u64 {
  const at = findMapping(address)
  if (!at) return <u64>address
  const map = changetype<BpfMap>(load<usize>(at, 4))
  return map.mapType == BPF_MAP_TYPE_ARENA ? arenaOf(map).userStart : <u64>address
}

/** Whether a mapping's bytes lie in one piece at its address. */
export function mapping_plain(address: usize): bool {
  const at = findMapping(address)
  if (!at) return true
  const map = changetype<BpfMap>(load<usize>(at, 4))
  return map.mapType != BPF_MAP_TYPE_ARENA || !arenaOf(map).sparse
}

/** Reads or writes bytes of a mapping, as its caller does: 0, or -EFAULT for a fault that kills. */
export function mapping_copy(address: usize, offset: u64, buf: usize, length: u32, write: bool): i32 {
  const at = findMapping(address)
  const map = changetype<BpfMap>(at ? load<usize>(at, 4) : 0)
  if (at && map.mapType == BPF_MAP_TYPE_ARENA) return arenaCopy(map, offset, buf, length, write)
  if (write) memory.copy(address + <usize>offset, buf, length)
  else memory.copy(buf, address + <usize>offset, length)
  return 0
}

/** Whether the caller has another arena where this one must lie. */
function isPlaceTaken(arena: BpfMap): bool {
  const list = load<usize>(MAPPINGS)
  const cnt = load<u32>(MAPPINGS, 4)
  for (let i: u32 = 0; i < cnt; i++) {
    const map = changetype<BpfMap>(load<usize>(list + <usize>i * 12, 4))
    if (map.mapType == BPF_MAP_TYPE_ARENA && arenasOverlap(map, arena)) return true
  }
  return false
}

export function sys_munmap(address: usize): i32 {
  const list = load<usize>(MAPPINGS)
  const cnt = load<u32>(MAPPINGS, 4)
  for (let i: u32 = 0; i < cnt; i++) {
    const at = list + <usize>i * 12
    if (load<usize>(at) != address) continue
    const map = changetype<BpfMap>(load<usize>(at, 4))
    if (load<u32>(at, 8)) map.writeCnt--
    if (map.mapType == BPF_MAP_TYPE_ARENA) arenaUnmap(map)
    memory.copy(at, list + <usize>(cnt - 1) * 12, 12)
    store<u32>(MAPPINGS, cnt - 1, 4)
    if (cnt == 1) {
      kfree(list)
      store<u32>(MAPPINGS, 0, 8)
    }
    mapPut(map)
    return 0
  }
  return -EINVAL
}

/** Whether a read would not block: 1, 0 or -EBADF. */
export function sys_poll(fd: i32): i32 {
  const kind = fdKind(fd)
  switch (kind) {
    case FD_FREE:
      return -EBADF
    case FD_MAP: {
      const map = changetype<BpfMap>(fdObject(fd))
      if (map.mapType == BPF_MAP_TYPE_RINGBUF) return ringAvail(ring(map)) ? 1 : 0
      return map.mapType == BPF_MAP_TYPE_USER_RINGBUF ? 0 : 1
    }
    case FD_PROG:
    case FD_BTF:
    case FD_LINK:
    case FD_STATS:
    case FD_TOKEN:
      return 0
    default:
      return filePoll(fd)
  }
}
