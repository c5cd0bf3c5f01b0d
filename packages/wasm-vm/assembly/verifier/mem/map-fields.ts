// SPDX-License-Identifier: GPL-2.0-only
// Loads from a map through the map's own pointer. The program knows the kernel's layout (struct bpf_map and what embeds
// it), the object has its own: a load of a member becomes a load of where the object keeps that member. Members that the
// object does not keep, or keeps in another form, are refused aloud.

import { Btf, btfVlen } from '../../btf/btf'
import { BPF_F_NO_PREALLOC } from '../../gen/uapi-enums.gen'
import {
  btfResolveSize,
  btfTypeSkipModifiers,
  memberBitOffset,
  memberBitSize,
  memberName,
  memberType,
} from '../../btf/kinds'
import { HashMap } from '../../maps/hash'
import { BpfMap } from '../../maps/map'
import { kernel } from '../../mem/root'
import { isText } from '../btf-facts'

/** Elements for each CPU from which on the kernel counts a hash in another place. */
const COUNTER_BATCH: u32 = 32
const OUT: usize = memory.data(8, 8)

/** Where the object keeps this member of struct bpf_map; 0: it does not. All are as wide as the kernel's. */
function homeInMap(name: usize): usize {
  if (isText(name, 'map_type')) return offsetof<BpfMap>('mapType')
  if (isText(name, 'key_size')) return offsetof<BpfMap>('keySize')
  if (isText(name, 'value_size')) return offsetof<BpfMap>('valueSize')
  if (isText(name, 'max_entries')) return offsetof<BpfMap>('maxEntries')
  if (isText(name, 'map_extra')) return offsetof<BpfMap>('mapExtra')
  if (isText(name, 'map_flags')) return offsetof<BpfMap>('mapFlags')
  if (isText(name, 'id')) return offsetof<BpfMap>('id')
  if (isText(name, 'numa_node')) return offsetof<BpfMap>('numaNode')
  if (isText(name, 'btf_key_type_id')) return offsetof<BpfMap>('btfKeyTypeId')
  if (isText(name, 'btf_value_type_id')) return offsetof<BpfMap>('btfValueTypeId')
  if (isText(name, 'btf_vmlinux_value_type_id')) return offsetof<BpfMap>('btfVmlinuxValueTypeId')
  if (isText(name, 'name')) return offsetof<BpfMap>('name0')
  if (isText(name, 'frozen')) return offsetof<BpfMap>('frozen')
  return 0
}

/** The same of struct bpf_array. */
function homeInArray(name: usize): usize {
  if (isText(name, 'elem_size')) return offsetof<BpfMap>('kernelElemSize')
  if (isText(name, 'index_mask')) return offsetof<BpfMap>('indexMask')
  return 0
}

/** The same of struct bpf_htab. The kernel counts here only what it allocates one by one, and only in small maps. */
function homeInHash(map: BpfMap, name: usize): usize {
  if (isText(name, 'elem_size')) return offsetof<BpfMap>('kernelElemSize')
  if (isText(name, 'n_buckets')) return offsetof<HashMap>('nBuckets')
  const counted = map.id && map.mapFlags & BPF_F_NO_PREALLOC && map.maxEntries / 2 <= kernel().cpus * COUNTER_BATCH
  return counted && isText(name, 'count') ? offsetof<BpfMap>('count') : 0
}

/** Whether the object is laid out as its type's class says: stand-ins for inner maps say only what those have in common. */
function home(map: BpfMap, container: string, inner: bool, name: usize): usize {
  if (inner) return homeInMap(name)
  if (container == 'bpf_array') return homeInArray(name)
  return container == 'bpf_htab' ? homeInHash(map, name) : 0
}

/** Offset in the object of what a load of `size` bytes at `off` of the kernel's struct reads; 0: it has no such place. */
export function mapFieldHome(map: BpfMap, container: string, btf: Btf, id: u32, off: u32, size: u32): u32 {
  let t = btfTypeSkipModifiers(btf, id, 0)
  let inMap = container == 'bpf_map'
  let i: u32 = 0
  while (t && i < btfVlen(t)) {
    const start = memberBitOffset(t, i) >> 3
    const name = memberName(btf, t, i)
    const type = memberType(t, i)
    btfResolveSize(btf, type, OUT)
    const bytes = load<u32>(OUT)
    const bits = memberBitSize(t, i)
    i++
    if (bits || off < start || off + size > start + bytes) continue
    if (!inMap && isText(name, 'map')) {
      t = btfTypeSkipModifiers(btf, type, 0)
      off -= start
      inMap = true
      i = 0
      continue
    }
    const at = home(map, container, inMap, name)
    return at ? <u32>at + off - start : 0
  }
  return 0
}
