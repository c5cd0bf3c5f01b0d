// SPDX-License-Identifier: GPL-2.0-only
// LSM programs of cgroups: each hook that has any takes one of a few slots behind those of the attach types. Kernel
// counterpart: bpf_cgroup_atype_get and bpf_trampoline_link_cgroup_shim.

import { E2BIG, EFAULT, EINVAL, ENOSPC } from '../gen/errno.gen'
import { BPF_F_QUERY_EFFECTIVE } from '../gen/uapi-defines.gen'
import { BPF_LSM_CGROUP } from '../gen/uapi-enums.gen'
import {
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__prog_attach_flags,
  ATTR_QUERY__prog_cnt,
  ATTR_QUERY__prog_ids,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__revision,
} from '../gen/uapi-layouts.gen'
import { kzalloc } from '../mem/alloc'
import { cstrEquals } from '../mem/bytes'
import { putUser32, putUser64 } from '../mem/user'
import { Prog } from '../prog/prog'
import {
  Attached,
  attachedProg,
  Cgroup,
  CGROUP_LSM_SLOTS,
  CGROUP_LSM_START,
  cgroupEffective,
  cgroupFirst,
  cgroupFlags,
} from './cgroup'
import { runItem } from './run-array'
import { world } from './world'

/** { BTF id of the hook u32, programs attached u32, name of the hook u32 } for each slot. */
const SLOT: usize = 12

function slots(): usize {
  const w = world()
  if (!w.lsmSlots) w.lsmSlots = kzalloc(<usize>CGROUP_LSM_SLOTS * SLOT)
  return w.lsmSlots
}

@inline function slotAt(i: u32): usize {
  return slots() + <usize>i * SLOT
}

/** Where in a cgroup the programs of an attach type stand: the attach type itself, or the slot of the hook; or an errno. */
export function cgroupSlotFor(type: u32, prog: Prog): i32 {
  if (type != BPF_LSM_CGROUP) return <i32>type
  if (!changetype<usize>(prog)) return -EINVAL
  for (let i: u32 = 0; i < CGROUP_LSM_SLOTS; i++) {
    if (load<u32>(slotAt(i)) == prog.attachBtfId) return <i32>(CGROUP_LSM_START + i)
  }
  for (let i: u32 = 0; i < CGROUP_LSM_SLOTS; i++) {
    const s = slotAt(i)
    if (load<u32>(s, 4)) continue
    store<u32>(s, prog.attachBtfId)
    store<usize>(s, prog.attachFuncName, 8)
    return <i32>(CGROUP_LSM_START + i)
  }
  return -E2BIG
}

/** A program is attached to a slot (by 1) or taken away (by -1). */
export function cgroupSlotCount(slot: u32, by: i32): void {
  if (slot < CGROUP_LSM_START) return
  const s = slotAt(slot - CGROUP_LSM_START)
  store<u32>(s, load<u32>(s, 4) + <u32>by, 4)
  world().lsmCount += <u32>by
}

/** The slot of the hook of this name if programs of cgroups are attached to it, 0 if not. */
export function cgroupLsmSlot(name: usize): u32 {
  if (!world().lsmCount) return 0
  for (let i: u32 = 0; i < CGROUP_LSM_SLOTS; i++) {
    const s = slotAt(i)
    if (load<u32>(s, 4) && cstrEquals(load<usize>(s, 8), name)) return CGROUP_LSM_START + i
  }
  return 0
}

function listLength(cg: Cgroup, slot: u32): u32 {
  let n: u32 = 0
  for (let a = cgroupFirst(cg, slot); changetype<usize>(a); a = a.next) if (changetype<usize>(attachedProg(a))) n++
  return n
}

/** BPF_PROG_QUERY: those of all hooks, one after the other. */
export function lsmCgroupQuery(cg: Cgroup, attr: usize, uattr: u64): i32 {
  const effective = (load<u32>(attr, ATTR_QUERY__query_flags) & BPF_F_QUERY_EFFECTIVE) != 0
  let perProg = load<u64>(attr, ATTR_QUERY__prog_attach_flags)
  let ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  const room = load<u32>(attr, ATTR_QUERY__prog_cnt)
  if (effective && perProg) return -EINVAL
  if (!effective && room && ids && !perProg) return -EINVAL
  let total: u32 = 0
  for (let i: u32 = 0; i < CGROUP_LSM_SLOTS; i++) total += countOf(cg, CGROUP_LSM_START + i, effective)
  if (!putUser32(uattr + ATTR_QUERY__attach_flags, 0)) return -EFAULT
  if (!putUser32(uattr + ATTR_QUERY__prog_cnt, total)) return -EFAULT
  if (!putUser64(uattr + ATTR_QUERY__revision, 0)) return -EFAULT
  if (!room || !ids || !total) return 0
  let left = min(room, total)
  for (let i: u32 = 0; i < CGROUP_LSM_SLOTS && left; i++) {
    const slot = CGROUP_LSM_START + i
    const n = min(countOf(cg, slot, effective), left)
    if (!copyIds(cg, slot, n, effective, ids, perProg)) return -EFAULT
    ids += <u64>n * 4
    if (perProg) perProg += <u64>n * 4
    left -= n
  }
  return room < total ? -ENOSPC : 0
}

function countOf(cg: Cgroup, slot: u32, effective: bool): u32 {
  if (!effective) return listLength(cg, slot)
  const array = cgroupEffective(cg, slot)
  return changetype<usize>(array) ? array.count : 0
}

function copyIds(cg: Cgroup, slot: u32, n: u32, effective: bool, ids: u64, perProg: u64): bool {
  const array = cgroupEffective(cg, slot)
  let a: Attached = cgroupFirst(cg, slot)
  for (let i: u32 = 0; i < n; i++) {
    const id = effective ? runItem(array, i).prog.id : attachedProg(a).id
    if (!putUser32(ids + <u64>i * 4, id)) return false
    if (perProg && !putUser32(perProg + <u64>i * 4, cgroupFlags(cg, slot))) return false
    if (!effective) a = a.next
  }
  return true
}
