// SPDX-License-Identifier: BSD-2-Clause
/** What the kernel says about an object: BPF_OBJ_GET_INFO_BY_FD, decoded. */

import { LINK_TYPE_NAMES, MAP_TYPE_NAMES, PROG_TYPE_NAMES } from '../gen/uapi-enums.gen.ts'
import { bpf_btf_info, bpf_link_info, bpf_map_info, bpf_prog_info } from '../gen/uapi-layouts.gen.ts'
import {
  BpfCall,
  decodeCString,
  encodeStruct,
  type FieldValues,
  getBigField,
  getField,
  getFieldBytes,
  type StructLayout,
} from './attr.ts'
import type { Kernel } from './kernel.ts'
import { objGetInfo } from './syscalls/object.ts'

function fetch<L extends StructLayout>(call: BpfCall, fd: number, layout: L, values: FieldValues<L> = {}): Uint8Array {
  const encode = (fields: FieldValues<L>) => encodeStruct(layout, fields, call.kernel.facts.littleEndian)
  return objGetInfo(call, fd, layout, encode, values)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What the kernel knows about a program. */
export interface ProgInfo {
  readonly id: number
  /** BPF_PROG_TYPE_*. */
  readonly type: number
  readonly typeName: string
  readonly name: string
  /** 16 hexadecimal digits: the first 8 bytes of the SHA of its instructions. */
  readonly tag: string
  readonly gplCompatible: boolean
  readonly btfId: number
  readonly mapIds: readonly number[]
  /** Bytes of the translated instructions, and themselves where asked for. */
  readonly xlatedLength: number
  readonly jitedLength: number
  readonly xlated: Uint8Array
  readonly jited: Uint8Array
  /** Nanoseconds since boot. */
  readonly loadTime: bigint
  readonly createdByUid: number
  readonly runTimeNs: bigint
  readonly runCount: bigint
  readonly recursionMisses: bigint
  readonly verifiedInsns: number
  readonly attachBtfObjId: number
  readonly attachBtfId: number
}

/** Options of {@link progInfo}. */
export interface ProgInfoOptions {
  /** Fetch the instructions as the verifier left them. */
  readonly xlated?: boolean
  /** Fetch the machine code. */
  readonly jited?: boolean
}

/** Facts about a program. */
export function progInfo(kernel: Kernel, fd: number, options: ProgInfoOptions = {}): ProgInfo {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const sizes = fetch(call, fd, bpf_prog_info)
  const size = (name: 'xlated_prog_len' | 'jited_prog_len' | 'nr_map_ids') =>
    getField(bpf_prog_info, sizes, name, little)
  const xlated = options.xlated && size('xlated_prog_len') ? call.alloc(size('xlated_prog_len')) : undefined
  const jited = options.jited && size('jited_prog_len') ? call.alloc(size('jited_prog_len')) : undefined
  const maps = size('nr_map_ids') ? call.alloc(size('nr_map_ids') * 4) : undefined
  const info = fetch(call, fd, bpf_prog_info, {
    xlated_prog_len: xlated?.length,
    xlated_prog_insns: xlated,
    jited_prog_len: jited?.length,
    jited_prog_insns: jited,
    nr_map_ids: maps ? maps.length / 4 : undefined,
    map_ids: maps,
  })
  const number = (name: keyof (typeof bpf_prog_info)['fields']) => getField(bpf_prog_info, info, name, little)
  const big = (name: keyof (typeof bpf_prog_info)['fields']) => getBigField(bpf_prog_info, info, name, little)
  const type = number('type')
  return {
    id: number('id'),
    type,
    typeName: PROG_TYPE_NAMES[type] ?? String(type),
    name: decodeCString(getFieldBytes(bpf_prog_info, info, 'name')),
    tag: hex(getFieldBytes(bpf_prog_info, info, 'tag')),
    // A bit field: the lowest bit of its unit on little endian, the highest on big endian.
    gplCompatible: ((number('gpl_compatible') >>> (little ? 0 : 31)) & 1) !== 0,
    btfId: number('btf_id'),
    mapIds: readWords(maps?.bytes, little),
    xlatedLength: number('xlated_prog_len'),
    jitedLength: number('jited_prog_len'),
    xlated: xlated?.bytes.slice() ?? new Uint8Array(),
    jited: jited?.bytes.slice() ?? new Uint8Array(),
    loadTime: big('load_time'),
    createdByUid: number('created_by_uid'),
    runTimeNs: big('run_time_ns'),
    runCount: big('run_cnt'),
    recursionMisses: big('recursion_misses'),
    verifiedInsns: number('verified_insns'),
    attachBtfObjId: number('attach_btf_obj_id'),
    attachBtfId: number('attach_btf_id'),
  }
}

function readWords(bytes: Uint8Array | undefined, little: boolean): number[] {
  if (!bytes) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(i * 4, little))
}

/** What the kernel knows about a map. */
export interface MapInfo {
  readonly id: number
  /** BPF_MAP_TYPE_*. */
  readonly type: number
  readonly typeName: string
  readonly name: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly mapExtra: bigint
  readonly ifindex: number
  readonly btfId: number
  readonly btfKeyTypeId: number
  readonly btfValueTypeId: number
  readonly btfVmlinuxValueTypeId: number
}

/** Facts about a map. */
export function mapInfo(kernel: Kernel, fd: number): MapInfo {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const info = fetch(call, fd, bpf_map_info)
  const number = (name: keyof (typeof bpf_map_info)['fields']) => getField(bpf_map_info, info, name, little)
  const type = number('type')
  return {
    id: number('id'),
    type,
    typeName: MAP_TYPE_NAMES[type] ?? String(type),
    name: decodeCString(getFieldBytes(bpf_map_info, info, 'name')),
    keySize: number('key_size'),
    valueSize: number('value_size'),
    maxEntries: number('max_entries'),
    flags: number('map_flags'),
    mapExtra: getBigField(bpf_map_info, info, 'map_extra', little),
    ifindex: number('ifindex'),
    btfId: number('btf_id'),
    btfKeyTypeId: number('btf_key_type_id'),
    btfValueTypeId: number('btf_value_type_id'),
    btfVmlinuxValueTypeId: number('btf_vmlinux_value_type_id'),
  }
}

/** What the kernel knows about type information. */
export interface BtfInfo {
  readonly id: number
  /** `vmlinux`, a module's name, or empty. */
  readonly name: string
  readonly size: number
  /** Whether it is the kernel's or a module's. */
  readonly isKernel: boolean
  /** The encoded types where asked for. */
  readonly bytes: Uint8Array
}

const BTF_NAME_SIZE = 64

/** Facts about type information; `withBytes` fetches it whole. */
export function btfInfo(kernel: Kernel, fd: number, withBytes = false): BtfInfo {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const size = withBytes ? getField(bpf_btf_info, fetch(call, fd, bpf_btf_info), 'btf_size', little) : 0
  const name = call.alloc(BTF_NAME_SIZE)
  const bytes = size ? call.alloc(size) : undefined
  const info = fetch(call, fd, bpf_btf_info, { btf: bytes, btf_size: size, name, name_len: BTF_NAME_SIZE })
  return {
    id: getField(bpf_btf_info, info, 'id', little),
    name: decodeCString(name.bytes),
    size: getField(bpf_btf_info, info, 'btf_size', little),
    isKernel: getField(bpf_btf_info, info, 'kernel_btf', little) !== 0,
    bytes: bytes?.bytes.slice(0, size) ?? new Uint8Array(),
  }
}

/** What the kernel knows about a link. */
export interface LinkInfo {
  readonly id: number
  /** BPF_LINK_TYPE_*. */
  readonly type: number
  readonly typeName: string
  readonly progId: number
  /** Facts of its kind by their kernel names without the union's, such as `cgroup_id`, `ifindex`, `attach_type`. */
  readonly details: Readonly<Record<string, number | bigint | string>>
}

/** Member of `struct bpf_link_info` by link type. */
const LINK_PARTS: Readonly<Record<number, string>> = {
  1: 'raw_tracepoint',
  2: 'tracing',
  3: 'cgroup',
  4: 'iter',
  5: 'netns',
  6: 'xdp',
  7: 'perf_event',
  8: 'kprobe_multi',
  9: 'struct_ops',
  10: 'netfilter',
  11: 'tcx',
  12: 'uprobe_multi',
  13: 'netkit',
  14: 'sockmap',
}

/** Facts about a link. */
export function linkInfo(kernel: Kernel, fd: number): LinkInfo {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  let info = fetch(call, fd, bpf_link_info)
  const type = getField(bpf_link_info, info, 'type', little)
  const part = LINK_PARTS[type]
  const nameField = part === 'raw_tracepoint' ? 'tp_name' : part === 'iter' ? 'target_name' : undefined
  const details: Record<string, number | bigint | string> = {}
  if (part && nameField) {
    const name = call.alloc(128)
    info = fetch(call, fd, bpf_link_info, { [`${part}.${nameField}`]: name, [`${part}.${nameField}_len`]: name.length })
    details[nameField] = decodeCString(name.bytes)
  }
  for (const [field, { size }] of Object.entries(bpf_link_info.fields)) {
    const [head, name, more] = field.split('.')
    if (!part || head !== part || !name || more || name.startsWith(nameField ?? '\0')) continue
    const value = size <= 8 ? getBigField(bpf_link_info, info, field as keyof typeof bpf_link_info.fields, little) : 0n
    details[name] = size === 8 ? value : Number(value)
  }
  return {
    id: getField(bpf_link_info, info, 'id', little),
    type,
    typeName: LINK_TYPE_NAMES[type] ?? String(type),
    progId: getField(bpf_link_info, info, 'prog_id', little),
    details,
  }
}
