// SPDX-License-Identifier: GPL-2.0-only
// Whether a program may be in a map that holds programs: all of them must be like the first.
// Kernel counterpart: bpf_prog_map_compatible.

import {
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACING,
} from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { Prog } from './prog'

/** For programs that are put into the map. */
export function progMapCompatible(map: BpfMap, p: Prog): bool {
  return p.devBound ? false : compatible(map, p)
}

/** For programs that use the map (tail calls), when they are loaded. */
export function progUsesCompatible(map: BpfMap, p: Prog): bool {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_CPUMAP:
      return compatible(map, p)
    default:
      return true
  }
}

function compatible(map: BpfMap, p: Prog): bool {
  if (p.kprobeOverride) return false
  const s0 = changetype<usize>(p.cgroupStorage0)
  const s1 = changetype<usize>(p.cgroupStorage1)
  if (!map.ownerSet) {
    map.ownerSet = true
    map.ownerType = p.type
    map.ownerXdpHasFrags = p.xdpHasFrags
    map.ownerExpectedAttachType = p.expectedAttachType
    map.ownerAttachFuncProto = p.attachFuncProto
    map.ownerStorage0 = s0
    map.ownerStorage1 = s1
    return true
  }
  if (map.ownerType != p.type || map.ownerXdpHasFrags != p.xdpHasFrags) return false
  if (map.mapType == BPF_MAP_TYPE_PROG_ARRAY && map.ownerExpectedAttachType != p.expectedAttachType) return false
  if ((s0 && map.ownerStorage0 != s0) || (s1 && map.ownerStorage1 != s1)) return false
  if (map.ownerAttachFuncProto == p.attachFuncProto) return true
  switch (p.type) {
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_EXT:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return false
    default:
      return true
  }
}
