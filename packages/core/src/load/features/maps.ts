// SPDX-License-Identifier: BSD-2-Clause
/** Which map types a kernel has. */
import { BtfBuilder, type BtfType } from '../../btf/index.ts'
import { ENOTSUPP, SyscallError } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { isMapInMap } from '../../object/legacy-maps.ts'
import type { Kernel } from '../kernel.ts'
import { type MapCreateParams, mapCreate } from '../syscalls/map.ts'
import { tryBtfLoad } from '../syscalls/object.ts'

type Shape = Partial<MapCreateParams>

const STORAGE: Shape = { valueSize: 8, maxEntries: 0, flags: U.BPF_F_NO_PREALLOC, btfKeyTypeId: 1, btfValueTypeId: 3 }

/** What a type wants other than a key and a value of 4 bytes and one entry. */
function shapes(kernel: Kernel): Readonly<Record<number, Shape>> {
  const ring: Shape = { keySize: 0, valueSize: 0, maxEntries: kernel.facts.pageSize }
  const cgroupStorage: Shape = { keySize: 16, valueSize: 8, maxEntries: 0 }
  return {
    [U.BPF_MAP_TYPE_STACK_TRACE]: { valueSize: 8 },
    [U.BPF_MAP_TYPE_LPM_TRIE]: { keySize: 8, valueSize: 8, flags: U.BPF_F_NO_PREALLOC },
    [U.BPF_MAP_TYPE_CGROUP_STORAGE]: cgroupStorage,
    [U.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: cgroupStorage,
    [U.BPF_MAP_TYPE_QUEUE]: { keySize: 0 },
    [U.BPF_MAP_TYPE_STACK]: { keySize: 0 },
    [U.BPF_MAP_TYPE_BLOOM_FILTER]: { keySize: 0 },
    [U.BPF_MAP_TYPE_SK_STORAGE]: STORAGE,
    [U.BPF_MAP_TYPE_INODE_STORAGE]: STORAGE,
    [U.BPF_MAP_TYPE_TASK_STORAGE]: STORAGE,
    [U.BPF_MAP_TYPE_CGRP_STORAGE]: STORAGE,
    [U.BPF_MAP_TYPE_RINGBUF]: ring,
    [U.BPF_MAP_TYPE_USER_RINGBUF]: ring,
    [U.BPF_MAP_TYPE_STRUCT_OPS]: { btfVmlinuxValueTypeId: 1 },
    [U.BPF_MAP_TYPE_ARENA]: { keySize: 0, valueSize: 0, flags: U.BPF_F_MMAPABLE },
  }
}

/** `int`, a lock, and a struct of both: local storage takes typed values only. */
function storageTypes(kernel: Kernel): number {
  const builder = new BtfBuilder({ littleEndian: kernel.facts.littleEndian })
  const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset, bitSize: 0 })
  const int: BtfType = { kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 }
  builder.add(int)
  const lock = [member('val', 1, 0)]
  builder.add({ kind: 'STRUCT', name: 'bpf_spin_lock', size: 4, kindFlag: false, members: lock })
  const value = [member('cnt', 1, 0), member('l', 2, 32)]
  builder.add({ kind: 'STRUCT', name: 'val', size: 8, kindFlag: false, members: value })
  return tryBtfLoad(kernel, builder.finish()).result
}

/** Whether the kernel has the map type. */
export function hasMapType(kernel: Kernel, type: number): boolean {
  const shape = shapes(kernel)[type] ?? {}
  const opened: number[] = []
  const open = (fd: number): number => {
    if (fd >= 0) opened.push(fd)
    return fd
  }
  try {
    const base = { type, keySize: 4, valueSize: 4, maxEntries: 1, ...shape }
    const btfFd = shape.btfKeyTypeId ? open(storageTypes(kernel)) : undefined
    const inner = { type: U.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 1 }
    const innerMapFd = isMapInMap(type) ? open(mapCreate(kernel, inner)) : undefined
    const params = {
      ...base,
      ...(btfFd === undefined ? {} : { btfFd }),
      ...(innerMapFd === undefined ? {} : { innerMapFd }),
    }
    open(mapCreate(kernel, params))
    return true
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    // BTF id 1 is no struct_ops value, which only a kernel that knows the type can tell.
    return type === U.BPF_MAP_TYPE_STRUCT_OPS && error.errno === ENOTSUPP
  } finally {
    for (const fd of opened) kernel.close(fd)
  }
}

/** By name, whether the kernel has the map type. */
export function mapTypeFeatures(kernel: Kernel): Map<string, boolean> {
  const types = U.MAP_TYPE_NAMES.map((name, type) => [name, type] as const).filter(([, type]) => type !== 0)
  return new Map(types.map(([name, type]) => [name, hasMapType(kernel, type)]))
}
