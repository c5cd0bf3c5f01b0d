// SPDX-License-Identifier: GPL-2.0-only
// A map. Kernel counterpart: struct bpf_map and the structs that embed it.

import { Btf } from '../btf/btf'
import { BtfRecord } from '../btf/record'

@unmanaged export class BpfMap {
  refs: u32
  /** References of those that may change it: fds, pins, programs in arrays. */
  usercnt: u32
  id: u32
  mapType: u32
  keySize: u32
  valueSize: u32
  maxEntries: u32
  mapFlags: u32
  mapExtra: u64
  /** char[16], zero-terminated. */
  name0: u64
  name1: u64
  btf: Btf
  btfKeyTypeId: u32
  btfValueTypeId: u32
  btfVmlinuxValueTypeId: u32
  numaNode: i32
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
  /** What the kernel calls an element's size where programs can read it: of an array, of a hash. */
  kernelElemSize: u32
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
