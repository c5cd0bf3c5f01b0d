// SPDX-License-Identifier: BSD-2-Clause
/** Commands of bpf(2) about maps. Each raises SyscallError where the kernel refuses. */
import { ENOENT, SyscallError } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { ATTR_MAP_BATCH, ATTR_MAP_CREATE, ATTR_MAP_ELEM } from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, encodeCString, getField } from '../attr.ts'
import type { Kernel } from '../kernel.ts'
import { elemCall } from './elem.ts'
import { tokenFlag } from './object.ts'

/** Arguments of BPF_MAP_CREATE. */
export interface MapCreateParams {
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags?: number
  /** Cut to 15 bytes; characters that the kernel refuses must be gone already. */
  readonly name?: string
  readonly innerMapFd?: number
  readonly numaNode?: number
  readonly ifindex?: number
  readonly btfFd?: number
  readonly btfKeyTypeId?: number
  readonly btfValueTypeId?: number
  readonly btfVmlinuxValueTypeId?: number
  readonly mapExtra?: bigint
  readonly valueTypeBtfObjFd?: number
  /** Stands in for capabilities. */
  readonly tokenFd?: number | undefined
}

/** A new map's fd. */
export function mapCreate(kernel: Kernel, params: MapCreateParams): number {
  using call = new BpfCall(kernel)
  const values = {
    map_type: params.type,
    key_size: params.keySize,
    value_size: params.valueSize,
    max_entries: params.maxEntries,
    map_flags: (params.flags ?? 0) | tokenFlag(params.tokenFd),
    inner_map_fd: params.innerMapFd,
    numa_node: params.numaNode,
    map_name: objectName(params.name),
    map_ifindex: params.ifindex,
    btf_fd: params.btfFd,
    btf_key_type_id: params.btfKeyTypeId,
    btf_value_type_id: params.btfValueTypeId,
    btf_vmlinux_value_type_id: params.btfVmlinuxValueTypeId,
    map_extra: params.mapExtra,
    value_type_btf_obj_fd: params.valueTypeBtfObjFd,
    map_token_fd: params.tokenFd,
  }
  return call.run(
    'BPF_MAP_CREATE',
    U.BPF_MAP_CREATE,
    ATTR_MAP_CREATE,
    values,
    params.name ? `'${params.name}'` : undefined,
  )
}

/** Bytes of a name for a 16-byte field, NUL included. */
export function objectName(name: string | undefined): Uint8Array | undefined {
  return name ? encodeCString(name).subarray(0, 15) : undefined
}

/** The value at `key` into `value`; false if there is none. */
export function mapLookupElem(kernel: Kernel, fd: number, key: Uint8Array, value: Uint8Array, flags = 0): boolean {
  return readElem(kernel, 'BPF_MAP_LOOKUP_ELEM', U.BPF_MAP_LOOKUP_ELEM, fd, key, value, flags)
}

/** Takes the value at `key` out of the map into `value`; false if there is none. Queues and stacks take no key. */
export function mapLookupAndDeleteElem(
  kernel: Kernel,
  fd: number,
  key: Uint8Array,
  value: Uint8Array,
  flags = 0,
): boolean {
  const name = 'BPF_MAP_LOOKUP_AND_DELETE_ELEM'
  return readElem(kernel, name, U.BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, flags)
}

function readElem(
  kernel: Kernel,
  name: string,
  command: number,
  fd: number,
  key: Uint8Array,
  value: Uint8Array,
  flags: number,
): boolean {
  return found(name, elemCall(kernel, { command, fd, key, value, flags, out: true }))
}

/** Whether there was an element; any other refusal is raised. */
function found(name: string, result: number): boolean {
  if (result === -ENOENT) return false
  if (result < 0) throw new SyscallError(name, -result)
  return true
}

/** Stores; `flags` are BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK. */
export function mapUpdateElem(kernel: Kernel, fd: number, key: Uint8Array, value: Uint8Array, flags = 0): void {
  const result = elemCall(kernel, { command: U.BPF_MAP_UPDATE_ELEM, fd, key, value, flags, out: false })
  if (result < 0) throw new SyscallError('BPF_MAP_UPDATE_ELEM', -result)
}

/** Deletes; false if there was nothing at `key`. */
export function mapDeleteElem(kernel: Kernel, fd: number, key: Uint8Array, flags = 0): boolean {
  const call = { command: U.BPF_MAP_DELETE_ELEM, fd, key, value: undefined, flags, out: false }
  return found('BPF_MAP_DELETE_ELEM', elemCall(kernel, call))
}

/** The key after `key` (undefined: the first) into `next`; false at the end. */
export function mapGetNextKey(kernel: Kernel, fd: number, key: Uint8Array | undefined, next: Uint8Array): boolean {
  const call = { command: U.BPF_MAP_GET_NEXT_KEY, fd, key, value: next, flags: 0, out: true }
  return found('BPF_MAP_GET_NEXT_KEY', elemCall(kernel, call))
}

/** Makes the map read-only for user space. */
export function mapFreeze(kernel: Kernel, fd: number): void {
  using call = new BpfCall(kernel)
  call.run('BPF_MAP_FREEZE', U.BPF_MAP_FREEZE, ATTR_MAP_ELEM, { map_fd: fd })
}

/** Sizes of one batch. */
export interface BatchShape {
  readonly fd: number
  readonly keySize: number
  /** Bytes of a value as user space sees it (per-CPU maps: all slots). */
  readonly valueSize: number
  /** Bytes of the cursor between calls: the key's size, at least 4. */
  readonly cursorSize: number
}

/** What a batch lookup brought. */
export interface BatchResult {
  readonly keys: Uint8Array
  readonly values: Uint8Array
  readonly count: number
  /** Where to go on; undefined at the end of the map. */
  readonly cursor: Uint8Array | undefined
}

/** Up to `count` elements from `cursor` (undefined: the start); `remove` takes them out of the map. */
export function mapLookupBatch(
  kernel: Kernel,
  shape: BatchShape,
  count: number,
  cursor: Uint8Array | undefined,
  remove = false,
  elemFlags = 0,
): BatchResult {
  using call = new BpfCall(kernel)
  const keys = call.alloc(shape.keySize * count)
  const values = call.alloc(shape.valueSize * count)
  const out = call.alloc(shape.cursorSize)
  const command = remove ? U.BPF_MAP_LOOKUP_AND_DELETE_BATCH : U.BPF_MAP_LOOKUP_BATCH
  const name = remove ? 'BPF_MAP_LOOKUP_AND_DELETE_BATCH' : 'BPF_MAP_LOOKUP_BATCH'
  const fields = { in_batch: cursor ? call.copy(cursor) : 0, out_batch: out, keys, values, count, map_fd: shape.fd }
  const { result, attr } = call.attempt(command, ATTR_MAP_BATCH, { ...fields, elem_flags: elemFlags })
  if (result < 0 && result !== -ENOENT) throw new SyscallError(name, -result)
  const got = getField(ATTR_MAP_BATCH, attr, 'count', kernel.facts.littleEndian)
  return {
    keys: keys.bytes.slice(0, got * shape.keySize),
    values: values.bytes.slice(0, got * shape.valueSize),
    count: got,
    cursor: result === -ENOENT ? undefined : out.bytes.slice(0, shape.cursorSize),
  }
}

/** Stores `count` elements that lie one behind the other; the number stored. */
export function mapUpdateBatch(
  kernel: Kernel,
  fd: number,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  elemFlags = 0,
): number {
  using call = new BpfCall(kernel)
  const fields = { keys: call.copy(keys), values: call.copy(values), count, map_fd: fd, elem_flags: elemFlags }
  const { result, attr } = call.attempt(U.BPF_MAP_UPDATE_BATCH, ATTR_MAP_BATCH, fields)
  const done = getField(ATTR_MAP_BATCH, attr, 'count', kernel.facts.littleEndian)
  if (result < 0) throw new SyscallError('BPF_MAP_UPDATE_BATCH', -result, `after ${done} of ${count} elements`)
  return done
}

/** Deletes the elements of `count` keys that lie one behind the other; the number deleted. */
export function mapDeleteBatch(kernel: Kernel, fd: number, keys: Uint8Array, count: number, elemFlags = 0): number {
  using call = new BpfCall(kernel)
  const fields = { keys: call.copy(keys), count, map_fd: fd, elem_flags: elemFlags }
  const { result, attr } = call.attempt(U.BPF_MAP_DELETE_BATCH, ATTR_MAP_BATCH, fields)
  const done = getField(ATTR_MAP_BATCH, attr, 'count', kernel.facts.littleEndian)
  if (result < 0) throw new SyscallError('BPF_MAP_DELETE_BATCH', -result, `after ${done} of ${count} elements`)
  return done
}
