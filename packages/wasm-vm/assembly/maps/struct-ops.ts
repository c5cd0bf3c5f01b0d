// SPDX-License-Identifier: GPL-2.0-only
// BPF_MAP_TYPE_STRUCT_OPS: one value, a structure of functions of the kernel whose members are programs. Kernel
// counterpart: kernel/bpf/bpf_struct_ops.c.
//
//   aux0  type id of the structure          aux1  the value as the caller gave it, programs as ids
//   aux2  u32[members]: Prog or 0           aux3  which structure (world/struct-ops-types.ts)
//   values  the value as the kernel uses it: struct bpf_struct_ops_common_value, then the structure

import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../btf/btf'
import {
  btfResolveSize,
  btfTypeSkipModifiers,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_PTR,
  KIND_STRUCT,
  memberBitOffset,
  memberName,
  memberType,
} from '../btf/kinds'
import { btfGet, btfPut } from '../btf/refs'
import { E2BIG, EBUSY, EINPROGRESS, EINVAL, ENOENT, ENOMEM, ENOTSUPP, EOPNOTSUPP } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__btf_vmlinux_value_type_id,
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_type_btf_obj_fd,
} from '../gen/uapi-layouts.gen'
import { BPF_F_LINK, BPF_F_VTYPE_BTF_OBJ_FD, BPF_PROG_TYPE_STRUCT_OPS } from '../gen/uapi-enums.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrIs, isZero } from '../mem/bytes'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_BTF, FD_PROG, fdGet, isErr } from '../syscall/fd'
import {
  structOpsByName,
  structOpsInitMember,
  structOpsOfValue,
  structOpsRegister,
  structOpsUnregister,
  structOpsValidate,
} from '../world/struct-ops-types'
import { BpfMap } from './map'
import { mapGet, mapPut } from './refs'

export const STATE_INIT: u32 = 0
export const STATE_INUSE: u32 = 1
export const STATE_TOBEFREE: u32 = 2
export const STATE_READY: u32 = 3

const SIZE: usize = memory.data(4, 4)

export function structOpsAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const good =
    load<u32>(attr, ATTR_MAP_CREATE__key_size) == 4 &&
    load<u32>(attr, ATTR_MAP_CREATE__max_entries) == 1 &&
    !(flags & ~(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD)) &&
    load<u32>(attr, ATTR_MAP_CREATE__btf_vmlinux_value_type_id) != 0
  return good ? 0 : -EINVAL
}

@inline function typesOf(map: BpfMap): Btf {
  return changetype<Btf>(map.aux4)
}

@inline function structOf(map: BpfMap): usize {
  return btfTypeById(typesOf(map), <u32>map.aux0)
}

@inline export function structOpsKind(map: BpfMap): u32 {
  return <u32>map.aux3
}
/** struct bpf_struct_ops_common_value: a count, then the state. */
@inline export function structOpsState(map: BpfMap): u32 {
  return load<u32>(map.values, 4)
}

export function structOpsAlloc(map: BpfMap, attr: usize): i32 {
  if (map.mapFlags & BPF_F_VTYPE_BTF_OBJ_FD) {
    const p = fdGet(load<i32>(attr, ATTR_MAP_CREATE__value_type_btf_obj_fd), FD_BTF)
    // no module has such structures, and other type information is not the kernel's
    return isErr(p) ? <i32>p : -EINVAL
  }
  const btf = changetype<Btf>(kernel().vmlinux)
  if (!changetype<usize>(btf)) return -ENOTSUPP
  const valueId = load<u32>(attr, ATTR_MAP_CREATE__btf_vmlinux_value_type_id)
  const id = structOpsOfValue(btf, valueId)
  if (!id) return -ENOTSUPP
  const size = btfSize(btfTypeById(btf, valueId))
  if (map.valueSize != size) return -EINVAL
  const t = btfTypeById(btf, id)
  btfGet(btf)
  map.aux4 = changetype<usize>(btf)
  map.aux0 = <usize>id
  map.aux3 = <usize>structOpsByName(btfNameOf(btf, t))
  map.btfVmlinuxValueTypeId = valueId
  map.values = kzalloc(size)
  map.aux1 = kzalloc(size)
  map.aux2 = kzalloc(<usize>btfVlen(t) * 4)
  return map.values && map.aux1 && map.aux2 ? 0 : -ENOMEM
}

function putProgs(map: BpfMap): void {
  const n = btfVlen(structOf(map))
  for (let i: u32 = 0; i < n; i++) {
    const at = map.aux2 + ((<usize>i) << 2)
    const p = load<usize>(at)
    store<usize>(at, 0)
    if (p) progPut(changetype<Prog>(p))
  }
}

export function structOpsFree(map: BpfMap): void {
  if (!map.aux4) return
  if (map.aux2) putProgs(map)
  btfPut(typesOf(map))
  kfree(map.values)
  kfree(map.aux1)
  kfree(map.aux2)
}

/** The program of a member, or 0. */
@inline export function structOpsProg(map: BpfMap, member: u32): usize {
  return load<usize>(map.aux2 + ((<usize>member) << 2))
}

/** Number of the member with this name, -1 if there is none. */
export function structOpsMember(map: BpfMap, name: string): i32 {
  const t = structOf(map)
  const n = <i32>btfVlen(t)
  for (let i = 0; i < n; i++) if (cstrIs(memberName(typesOf(map), t, <u32>i), name)) return i
  return -1
}

/** Address of a member in the kernel's value. */
export function structOpsMemberAt(map: BpfMap, member: u32): usize {
  return map.values + <usize>dataOffset(map) + <usize>(memberBitOffset(structOf(map), member) >> 3)
}

/** Where the structure begins in the value: its second member. */
function dataOffset(map: BpfMap): u32 {
  return memberBitOffset(btfTypeById(typesOf(map), map.btfVmlinuxValueTypeId), 1) >> 3
}

/** What lies between the members must be zero. */
function zeroHoles(btf: Btf, t: usize, data: usize): bool {
  let end: u32 = 0
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const at = memberBitOffset(t, i) >> 3
    if (at > end && !isZero(data + <usize>end, <usize>(at - end))) return false
    btfResolveSize(btf, memberType(t, i), SIZE)
    end = at + load<u32>(SIZE)
  }
  const size = btfSize(t)
  return size <= end || isZero(data + <usize>end, <usize>(size - end))
}

const POINTEE: usize = memory.data(4, 4)

/** The type that a member points to, 0 if it is no pointer. */
function pointee(btf: Btf, id: u32): usize {
  const t = btfTypeSkipModifiers(btf, id, 0)
  return t && btfKind(t) == KIND_PTR ? btfTypeSkipModifiers(btf, btfType(t), POINTEE) : 0
}

function isModule(btf: Btf, t: usize): bool {
  const kind = btfKind(t)
  return (kind == KIND_STRUCT || kind == KIND_FWD) && cstrIs(btfNameOf(btf, t), 'module')
}

export function structOpsUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags) return -EINVAL
  if (load<u32>(key)) return -E2BIG
  const btf = typesOf(map)
  const offset = <usize>dataOffset(map)
  if (!zeroHoles(btf, btfTypeById(btf, map.btfVmlinuxValueTypeId), value)) return -EINVAL
  if (!zeroHoles(btf, structOf(map), value + offset)) return -EINVAL
  if (load<u32>(value) || load<u32>(value, 4)) return -EINVAL
  if (structOpsState(map) != STATE_INIT) return -EBUSY
  memory.copy(map.aux1, value, map.valueSize)
  let err = takeMembers(map, offset)
  if (!err) err = structOpsValidate(structOpsKind(map), map)
  if (!err && map.mapFlags & BPF_F_LINK) {
    store<u32>(map.values, STATE_READY, 4)
    return 0
  }
  if (!err) err = structOpsRegister(structOpsKind(map), map)
  if (!err) {
    mapGet(map)
    store<u32>(map.values, STATE_INUSE, 4)
    return 0
  }
  putProgs(map)
  memory.fill(map.aux1, 0, map.valueSize)
  memory.fill(map.values, 0, map.valueSize)
  // a module that owns it is refused with what the member before it gave: not an errno
  return err == MODULE_GIVEN ? 1 : err
}

/** Marks that the caller named a module. */
const MODULE_GIVEN: i32 = 4000

function takeMembers(map: BpfMap, offset: usize): i32 {
  const btf = typesOf(map)
  const t = structOf(map)
  const udata = map.aux1 + offset
  const kdata = map.values + offset
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const at = <usize>(memberBitOffset(t, i) >> 3)
    const target = pointee(btf, memberType(t, i))
    if (target && isModule(btf, target)) {
      if (load<u64>(udata + at)) return MODULE_GIVEN
      continue
    }
    const taken = structOpsInitMember(structOpsKind(map), memberName(btf, t, i), kdata + at, udata + at)
    if (taken < 0) return taken
    if (taken) continue
    if (!target || btfKind(target) != KIND_FUNC_PROTO) {
      btfResolveSize(btf, memberType(t, i), SIZE)
      if (!isZero(udata + at, <usize>load<u32>(SIZE))) return -EINVAL
      continue
    }
    const err = takeProg(map, i, udata + at)
    if (err) return err
  }
  return 0
}

/** The program whose fd is at `at`, where its id takes the place of the fd. */
function takeProg(map: BpfMap, member: u32, at: usize): i32 {
  const fd = load<i32>(at)
  if (!fd) return 0
  const p = fdGet(fd, FD_PROG)
  if (isErr(p)) return <i32>p
  const prog = changetype<Prog>(p)
  const fits =
    prog.type == BPF_PROG_TYPE_STRUCT_OPS && prog.attachBtfId == <u32>map.aux0 && prog.expectedAttachType == member
  if (!fits) return -EINVAL
  progGet(prog)
  store<usize>(map.aux2 + ((<usize>member) << 2), p)
  store<u64>(at, <u64>prog.id)
  return 0
}

export function structOpsDelete(map: BpfMap): i32 {
  if (map.mapFlags & BPF_F_LINK) return -EOPNOTSUPP
  switch (structOpsState(map)) {
    case STATE_INUSE:
      store<u32>(map.values, STATE_TOBEFREE, 4)
      structOpsUnregister(structOpsKind(map), map)
      mapPut(map)
      return 0
    case STATE_TOBEFREE:
      return -EINPROGRESS
    default:
      return -ENOENT
  }
}

/** The value for the caller: its own, with the state and how many use it. */
export function structOpsCopy(map: BpfMap, key: usize, to: usize): i32 {
  if (load<u32>(key)) return -ENOENT
  const state = structOpsState(map)
  if (state == STATE_INIT) {
    memory.fill(to, 0, map.valueSize)
    return 0
  }
  memory.copy(to, map.aux1, map.valueSize)
  store<u32>(to, state, 4)
  store<i32>(to, max<i32>(<i32>map.refs - <i32>map.usercnt, 0))
  return 0
}

export function structOpsNextKey(key: usize, next: usize): i32 {
  if (key && !load<u32>(key)) return -ENOENT
  store<u32>(next, 0)
  return 0
}
