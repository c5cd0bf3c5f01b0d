// SPDX-License-Identifier: GPL-2.0-only
// User namespaces: a task in one has all capabilities there and none above. The first is the null pointer.

import { kzalloc } from '../mem/alloc'
import { Task } from './task'

@unmanaged export class UserNs {
  parent: UserNs
  /** The user who made it, as the namespace above counts. */
  owner: u32
}

/** unshare(CLONE_NEWUSER) of a task; 0 when memory is out. Namespaces stay for as long as the kernel. */
export function userNsUnshare(t: Task): UserNs {
  const ns = changetype<UserNs>(kzalloc(offsetof<UserNs>()))
  if (!changetype<usize>(ns)) return ns
  ns.parent = t.userns
  ns.owner = t.uid
  userNsEnter(t, ns)
  return ns
}

/** setns: whoever comes into a namespace other than the first has all capabilities there. */
export function userNsEnter(t: Task, ns: UserNs): void {
  t.userns = ns
  t.capsDropped = 0
}
