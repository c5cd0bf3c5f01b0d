// SPDX-License-Identifier: GPL-2.0-only
// CPUMAP: CPUs to hand XDP frames to. Kernel counterpart: kernel/bpf/cpumap.c.
//
//   entry:  | value as programs see it: queue size u32, program id u32 | program |

import { E2BIG, EEXIST, EINVAL, ENODEV, ENOENT, ENOMEM, EOVERFLOW } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_F_NUMA_NODE, BPF_NOEXIST, BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP } from '../gen/uapi-enums.gen'
import { kfree, kzalloc, kzalloc64 } from '../mem/alloc'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { progMapCompatible } from '../prog/compatible'
import { progGet, progPut } from '../prog/refs'
import { FD_PROG, fdGet, isErr } from '../syscall/fd'
import { BpfMap } from './map'

/** CONFIG_NR_CPUS of the kernel that is followed. */
const NR_CPUS: u32 = 256
const PROG: usize = 8
const KERNEL_SIZE: u64 = 264

export function cpumapAllocCheck(attr: usize): i32 {
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const entries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  if (!entries || load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4 || (size != 4 && size != 8)) return -EINVAL
  if (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~BPF_F_NUMA_NODE) return -EINVAL
  return entries > NR_CPUS ? -E2BIG : 0
}

export function cpumapAlloc(map: BpfMap): i32 {
  map.values = kzalloc64(<u64>map.maxEntries * 4)
  return map.values ? 0 : -ENOMEM
}

function freeEntry(e: usize): void {
  if (!e) return
  const p = load<usize>(e, PROG)
  if (p) progPut(changetype<Prog>(p))
  kfree(e)
}

export function cpumapFree(map: BpfMap): void {
  if (map.values) for (let i: u32 = 0; i < map.maxEntries; i++) freeEntry(load<usize>(map.values + ((<usize>i) << 2)))
  kfree(map.values)
}

export function cpumapLookup(map: BpfMap, key: usize): usize {
  const i = load<u32>(key)
  return i < map.maxEntries ? load<usize>(map.values + ((<usize>i) << 2)) : 0
}

/** The program that runs on a CPU's frames, or 0. */
export function cpumapProg(entry: usize): usize {
  return load<usize>(entry, PROG)
}

export function cpumapUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  const cpu = load<u32>(key)
  const qsize = load<u32>(value)
  const fd = map.valueSize == 8 ? load<i32>(value, 4) : 0
  if (flags > <u64>BPF_EXIST) return -EINVAL
  if (cpu >= map.maxEntries) return -E2BIG
  if (flags == <u64>BPF_NOEXIST) return -EEXIST
  if (qsize > 16384) return -EOVERFLOW
  if (cpu >= kernel().cpus) return -ENODEV
  let entry: usize = 0
  if (qsize) {
    entry = kzalloc(16)
    if (!entry) return -ENOMEM
    store<u32>(entry, qsize)
    // Linux tells every failure to take the program as ENOMEM
    if (fd > 0 && !takeProg(map, entry, fd)) {
      kfree(entry)
      return -ENOMEM
    }
  }
  const slot = map.values + ((<usize>cpu) << 2)
  const old = load<usize>(slot)
  store<usize>(slot, entry)
  freeEntry(old)
  return 0
}

function takeProg(map: BpfMap, entry: usize, fd: i32): bool {
  const p = fdGet(fd, FD_PROG)
  if (isErr(p)) return false
  const prog = changetype<Prog>(p)
  if (prog.type != BPF_PROG_TYPE_XDP || prog.expectedAttachType != BPF_XDP_CPUMAP || !progMapCompatible(map, prog))
    return false
  progGet(prog)
  store<u32>(entry, prog.id, 4)
  store<usize>(entry, p, PROG)
  return true
}

export function cpumapDelete(map: BpfMap, key: usize): i32 {
  const cpu = load<u32>(key)
  if (cpu >= map.maxEntries) return -EINVAL
  const slot = map.values + ((<usize>cpu) << 2)
  const old = load<usize>(slot)
  store<usize>(slot, 0)
  freeEntry(old)
  return 0
}

/** The caller's lookup. */
export function cpumapCopy(map: BpfMap, key: usize, to: usize): i32 {
  const e = cpumapLookup(map, key)
  if (!e) return -ENOENT
  memory.copy(to, e, map.valueSize)
  return 0
}

export function cpumapMemUsage(map: BpfMap): u64 {
  return KERNEL_SIZE + <u64>map.maxEntries * 8
}
