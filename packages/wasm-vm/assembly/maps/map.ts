// SPDX-License-Identifier: GPL-2.0-only
// A map. Kernel counterpart: struct bpf_map and the structs that embed it.

import { Btf } from '../btf/btf'
import { BtfRecord } from '../btf/record'

/**
 * Programs read fields of a map through its pointer, so that what comes first lies as in struct bpf_map of Linux 6.18, whose
 * layout is in the comments; pointers to other structures read as NULL.
 */
@unmanaged export class BpfMap {
  /** 0: sha[32] */
  kernelSha0: u64
  kernelSha1: u64
  kernelSha2: u64
  kernelSha3: u64
  /** 32: excl, 40: ops, 48: inner_map_meta, 56: security */
  kernelExcl: u64
  kernelOps: u64
  kernelInner: u64
  kernelSecurity: u64
  /** 64: map_type, key_size, value_size, max_entries, map_extra, map_flags, id */
  mapType: u32
  keySize: u32
  valueSize: u32
  maxEntries: u32
  mapExtra: u64
  mapFlags: u32
  id: u32
  /** 96: record, numa_node, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id */
  kernelRecord: u64
  numaNode: i32
  btfKeyTypeId: u32
  btfValueTypeId: u32
  btfVmlinuxValueTypeId: u32
  /** 120: btf, objcg */
  kernelBtf: u64
  kernelObjcg: u64
  /** 136: name, char[16], zero-terminated */
  name0: u64
  name1: u64
  refs: u32
  /** References of those that may change it: fds, pins, programs in arrays. */
  usercnt: u32
  btf: Btf
  ifindex: u32
  frozen: bool
  /** Whether the creator lacked the capability that lifts speculation checks. */
  bypassSpecV1: bool
  freeAfterMultRcuGp: bool
  sleepableRefs: bool
  /** Writable mappings and operations under way that write. */
  writeCnt: u32
  record: BtfRecord
  innerMapMeta: BpfMap
  /** First program that was put into a prog array, cpumap or devmap: type, whether compiled, what it may use. */
  ownerType: u32
  ownerJited: bool
  ownerXdpHasFrags: bool
  ownerSet: bool
  ownerExpectedAttachType: u32
  ownerAttachFuncProto: usize
  ownerStorage0: usize
  ownerStorage1: usize
  /** SHA-256 of the only program that may use the map, or zeros. */
  exclProgSha0: u64
  exclProgSha1: u64
  exclProgSha2: u64
  exclProgSha3: u64
  /** Bytes of one value in the map: valueSize rounded up to 8. */
  elemSize: u32
  /** Elements that are counted by creation (BPF_MAP_TYPE: info.memlock follows Linux's formula). */
  memUsage: u64
  // data of each type
  /** Array: elements. Hash: buckets. Others as their file says. */
  values: usize
  /** Number of elements now. */
  count: u32
  indexMask: u32
  aux0: usize
  aux1: usize
  aux2: usize
  aux3: usize
  aux4: usize
  aux5: usize
  /** Bytes of memory that the map holds for its values, to unmap and to count. */
  areaSize: u64
}

/** Address of the map's name. */
@inline export function mapName(m: BpfMap): usize {
  return changetype<usize>(m) + offsetof<BpfMap>('name0')
}
