// SPDX-License-Identifier: GPL-2.0-only
// Links of struct_ops maps: the structure is registered for as long as the link is there. Kernel counterpart:
// bpf_struct_ops_link_create of kernel/bpf/bpf_struct_ops.c.

import { EINVAL, ENOLINK, ENOMEM, EPERM } from '../gen/errno.gen'
import { BPF_F_REPLACE } from '../gen/uapi-defines.gen'
import { BPF_F_LINK, BPF_LINK_TYPE_STRUCT_OPS, BPF_MAP_TYPE_STRUCT_OPS, BPF_STRUCT_OPS } from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__map_fd,
  ATTR_LINK_UPDATE__flags,
  ATTR_LINK_UPDATE__new_map_fd,
  ATTR_LINK_UPDATE__old_map_fd,
} from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { mapGet, mapPut } from '../maps/refs'
import { STATE_READY, structOpsKind, structOpsState } from '../maps/struct-ops'
import { Prog } from '../prog/prog'
import { FD_MAP, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle } from '../syscall/link'
import { structOpsRegister, structOpsReplace, structOpsUnregister } from './struct-ops-types'

/** Whether a map has a value and waits for a link to register it. */
function isReady(map: BpfMap): bool {
  return (
    map.mapType == BPF_MAP_TYPE_STRUCT_OPS && (map.mapFlags & BPF_F_LINK) != 0 && structOpsState(map) == STATE_READY
  )
}

export function structOpsLinkCreate(attr: usize): i32 {
  const p = fdGet(load<i32>(attr, ATTR_LINK_CREATE__map_fd), FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  if (!isReady(map)) return -EINVAL
  const link = linkNew(BPF_LINK_TYPE_STRUCT_OPS, changetype<Prog>(0), BPF_STRUCT_OPS)
  if (!changetype<usize>(link)) return -ENOMEM
  const err = structOpsRegister(structOpsKind(map), map)
  if (err) {
    linkCancel(link)
    return err
  }
  mapGet(map)
  link.target = p
  return linkSettle(link)
}

/** Another map of the same structure takes the place of the one that a link holds. */
export function structOpsLinkUpdate(link: Link, attr: usize): i32 {
  const p = fdGet(load<i32>(attr, ATTR_LINK_UPDATE__new_map_fd), FD_MAP)
  if (isErr(p)) return <i32>p
  let expected: usize = 0
  if (load<u32>(attr, ATTR_LINK_UPDATE__flags) & BPF_F_REPLACE) {
    expected = fdGet(load<i32>(attr, ATTR_LINK_UPDATE__old_map_fd), FD_MAP)
    if (isErr(expected)) return <i32>expected
  } else if (load<u32>(attr, ATTR_LINK_UPDATE__old_map_fd)) return -EINVAL
  const map = changetype<BpfMap>(p)
  if (!isReady(map)) return -EINVAL
  if (!link.target) return -ENOLINK
  if (expected && link.target != expected) return -EPERM
  const old = changetype<BpfMap>(link.target)
  if (structOpsKind(map) != structOpsKind(old)) return -EINVAL
  const err = structOpsReplace(structOpsKind(map), map, old)
  if (err) return err
  mapGet(map)
  link.target = p
  mapPut(old)
  return 0
}

export function structOpsLinkRelease(link: Link): void {
  if (!link.target) return
  const map = changetype<BpfMap>(link.target)
  link.target = 0
  structOpsUnregister(structOpsKind(map), map)
  mapPut(map)
}
