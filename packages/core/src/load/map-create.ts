// SPDX-License-Identifier: BSD-2-Clause
/** From a map's Spec to the arguments of BPF_MAP_CREATE. */
import { RuleError, SyscallError } from '../errors/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import type { MapSpec } from '../object/spec.ts'
import type { Kernel, KernelFacts } from './kernel.ts'
import { hasArrayMmap, hasNames, hasReadOnlyMaps } from './probe.ts'
import { type MapCreateParams, mapCreate } from './syscalls/map.ts'
import type { BpfToken } from './token.ts'

/** Types for which the kernel refuses key and value types. */
const WITHOUT_BTF: ReadonlySet<number> = new Set([
  U.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  U.BPF_MAP_TYPE_CGROUP_ARRAY,
  U.BPF_MAP_TYPE_STACK_TRACE,
  U.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  U.BPF_MAP_TYPE_HASH_OF_MAPS,
  U.BPF_MAP_TYPE_DEVMAP,
  U.BPF_MAP_TYPE_DEVMAP_HASH,
  U.BPF_MAP_TYPE_CPUMAP,
  U.BPF_MAP_TYPE_XSKMAP,
  U.BPF_MAP_TYPE_SOCKMAP,
  U.BPF_MAP_TYPE_SOCKHASH,
  U.BPF_MAP_TYPE_QUEUE,
  U.BPF_MAP_TYPE_STACK,
  U.BPF_MAP_TYPE_ARENA,
])

/** Whether a value holds a slot for every possible CPU. */
export function isPerCpu(type: number): boolean {
  return (
    type === U.BPF_MAP_TYPE_PERCPU_HASH ||
    type === U.BPF_MAP_TYPE_PERCPU_ARRAY ||
    type === U.BPF_MAP_TYPE_LRU_PERCPU_HASH ||
    type === U.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
  )
}

/** Bytes of a value as user space sees it: per-CPU values have a slot of a multiple of 8 bytes for each possible CPU. */
export function userValueSize(type: number, valueSize: number, facts: KernelFacts): number {
  return isPerCpu(type) ? Math.ceil(valueSize / 8) * 8 * facts.possibleCpus : valueSize
}

/** A ring buffer's size: a power of two of pages, at least what was asked for. */
export function ringBufferSize(size: number, pageSize: number): number {
  if (size === 0) return 0
  let pages = 1
  while (pages * pageSize < size) pages *= 2
  return pages * pageSize
}

function maxEntries(map: MapSpec, facts: KernelFacts): number {
  if (map.type === U.BPF_MAP_TYPE_PERF_EVENT_ARRAY && map.maxEntries === 0) return facts.possibleCpus
  if (map.type === U.BPF_MAP_TYPE_RINGBUF || map.type === U.BPF_MAP_TYPE_USER_RINGBUF) {
    return ringBufferSize(map.maxEntries, facts.pageSize)
  }
  return map.maxEntries
}

/** Flags that say how it may be used, dropped where the kernel does not know them. */
function supportedFlags(kernel: Kernel, map: MapSpec, token: BpfToken | undefined): number {
  let { flags } = map
  if (map.origin !== 'data' && map.origin !== 'rodata' && map.origin !== 'bss' && map.origin !== 'kconfig') return flags
  if (flags & U.BPF_F_MMAPABLE && !hasArrayMmap(kernel, token)) flags &= ~U.BPF_F_MMAPABLE
  if (flags & U.BPF_F_RDONLY_PROG && !hasReadOnlyMaps(kernel, token)) flags &= ~U.BPF_F_RDONLY_PROG
  return flags
}

/** What comes from the rest of the object. */
export interface MapContext {
  readonly name: string
  /** fd of the object's types, undefined where they are not loaded. */
  readonly btfFd: number | undefined
  readonly innerFd?: number | undefined
  readonly vmlinuxValueTypeId?: number | undefined
  readonly valueTypeBtfFd?: number | undefined
  readonly valueSize?: number | undefined
  /** Replaces the definition's. */
  readonly mapExtra?: bigint | undefined
  readonly token?: BpfToken | undefined
}

function createParams(kernel: Kernel, map: MapSpec, context: MapContext): MapCreateParams {
  const typed =
    context.btfFd !== undefined && !WITHOUT_BTF.has(map.type) && (map.keyTypeId !== 0 || map.valueTypeId !== 0)
  const structOps = context.vmlinuxValueTypeId !== undefined
  return {
    type: map.type,
    keySize: map.keySize,
    valueSize: context.valueSize ?? map.valueSize,
    maxEntries: maxEntries(map, kernel.facts),
    flags: supportedFlags(kernel, map, context.token) | (context.valueTypeBtfFd ? U.BPF_F_VTYPE_BTF_OBJ_FD : 0),
    ...(hasNames(kernel, context.token) ? { name: context.name } : {}),
    ...(context.innerFd === undefined ? {} : { innerMapFd: context.innerFd }),
    numaNode: map.numaNode,
    tokenFd: context.token?.fd,
    mapExtra: context.mapExtra ?? map.mapExtra,
    ...(map.ifindex ? { ifindex: map.ifindex } : {}),
    ...(structOps
      ? {
          btfFd: context.btfFd ?? 0,
          btfVmlinuxValueTypeId: context.vmlinuxValueTypeId!,
          ...(context.valueTypeBtfFd ? { valueTypeBtfObjFd: context.valueTypeBtfFd } : {}),
        }
      : typed
        ? { btfFd: context.btfFd!, btfKeyTypeId: map.keyTypeId, btfValueTypeId: map.valueTypeId }
        : {}),
  }
}

/** A new map's fd. Where the kernel refuses its types, it is created without them, as libbpf does. */
export function createMap(kernel: Kernel, map: MapSpec, context: MapContext): number {
  if (map.type === 0) throw new RuleError(`create map '${map.name}': its type is missing`)
  const params = createParams(kernel, map, context)
  try {
    return mapCreate(kernel, params)
  } catch (error) {
    const typed = (params.btfKeyTypeId ?? 0) !== 0 || (params.btfValueTypeId ?? 0) !== 0
    if (!(error instanceof SyscallError) || !typed) throw error
    const { btfFd: _fd, btfKeyTypeId: _key, btfValueTypeId: _value, ...untyped } = params
    return mapCreate(kernel, untyped)
  }
}
