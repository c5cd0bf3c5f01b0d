// SPDX-License-Identifier: GPL-2.0-only
// The structures of functions that programs may take the place of, and what their owners say to that: the simulated
// kernel's struct bpf_struct_ops. Kernel counterparts: net/ipv4/bpf_tcp_ca.c, net/bpf/bpf_dummy_struct_ops.c.

import { Btf, btfKind, btfNameOf, btfTypeById } from '../btf/btf'
import { btfFindByNameKind, KIND_STRUCT } from '../btf/kinds'
import { EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { cstrIs, cstrlen, cstrPut } from '../mem/bytes'
import { objName } from '../syscall/name'
import { controlRegister, controlUnregister, controlUpdate, controlValidate } from './tcp-control-list'

export const OPS_NONE: u32 = 0
export const OPS_TCP_CONGESTION: u32 = 1
export const OPS_DUMMY: u32 = 2

/** TCP_CONG_NON_RESTRICTED and TCP_CONG_NEEDS_ECN. */
const TCP_CONG_MASK: u32 = 3
const PREFIX_LEN: usize = 15
const TEXT: usize = memory.data(64, 8)

/** Which structure a type of the kernel's BTF is, by its name. */
export function structOpsByName(name: usize): u32 {
  if (cstrIs(name, 'tcp_congestion_ops')) return OPS_TCP_CONGESTION
  return cstrIs(name, 'bpf_dummy_ops') ? OPS_DUMMY : OPS_NONE
}

/** Type id of the structure that a map's value type (bpf_struct_ops_NAME) holds, 0 if it is none. */
export function structOpsOfValue(btf: Btf, valueId: u32): u32 {
  const t = btfTypeById(btf, valueId)
  if (!t || btfKind(t) != KIND_STRUCT) return 0
  const name = btfNameOf(btf, t)
  cstrPut(TEXT, 'bpf_struct_ops_')
  if (cstrlen(name) <= PREFIX_LEN || memory.compare(name, TEXT, PREFIX_LEN) != 0) return 0
  if (!structOpsByName(name + PREFIX_LEN)) return 0
  return btfFindByNameKind(btf, name + PREFIX_LEN, KIND_STRUCT)
}

/**
 * init_member: 1 if the owner took the member's value over from `from` to `to` (both the member), 0 if it has no
 * opinion, or an errno.
 */
export function structOpsInitMember(kind: u32, member: usize, to: usize, from: usize): i32 {
  if (kind == OPS_DUMMY) return -EOPNOTSUPP
  if (cstrIs(member, 'flags')) {
    const flags = load<u32>(from)
    if (flags & ~TCP_CONG_MASK) return -EINVAL
    store<u32>(to, flags)
    return 1
  }
  if (cstrIs(member, 'name')) return objName(to, from) > 0 ? 1 : -EINVAL
  return 0
}

export function structOpsValidate(kind: u32, map: BpfMap): i32 {
  return kind == OPS_TCP_CONGESTION ? controlValidate(map) : 0
}

export function structOpsRegister(kind: u32, map: BpfMap): i32 {
  return kind == OPS_TCP_CONGESTION ? controlRegister(map) : -EOPNOTSUPP
}

export function structOpsUnregister(kind: u32, map: BpfMap): void {
  if (kind == OPS_TCP_CONGESTION) controlUnregister(map)
}

/** Puts a map into the place of another one. */
export function structOpsReplace(kind: u32, map: BpfMap, old: BpfMap): i32 {
  return kind == OPS_TCP_CONGESTION ? controlUpdate(map, old) : -EOPNOTSUPP
}
