// SPDX-License-Identifier: GPL-2.0-only
// Links of struct_ops maps. No subsystem of the simulated kernel takes such operations, so maps of the type cannot be
// made and every fd that is given here is refused.

import { EINVAL } from '../gen/errno.gen'
import { ATTR_LINK_CREATE__map_fd } from '../gen/uapi-layouts.gen'
import { FD_MAP, fdGet, isErr } from '../syscall/fd'
import { Link } from '../syscall/link'

export function structOpsLinkCreate(attr: usize): i32 {
  const map = fdGet(load<i32>(attr, ATTR_LINK_CREATE__map_fd), FD_MAP)
  return isErr(map) ? <i32>map : -EINVAL
}

export function structOpsLinkUpdate(link: Link, attr: usize): i32 {
  return -EINVAL
}

export function structOpsLinkRelease(link: Link): void {
  link.target = 0
}
