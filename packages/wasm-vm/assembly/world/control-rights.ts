// SPDX-License-Identifier: GPL-2.0-only
// What the host's world API calls for rights: user namespaces, capabilities of a task, bpf file systems that delegate.

import { EINVAL, ENOENT, ENOMEM, ESRCH } from '../gen/errno.gen'
import { bpffsMount } from '../syscall/bpffs'
import { taskByPid } from './task'
import { UserNs, userNsEnter, userNsUnshare } from './user-ns'
import { current } from './world'

/** A task (0: the calling one) makes a user namespace and is in it: its handle, 0 when memory is out. */
export function world_userns_unshare(pid: u32): usize {
  const t = pid ? taskByPid(pid) : current()
  return changetype<usize>(t) ? changetype<usize>(userNsUnshare(t)) : 0
}
/** A task comes into a user namespace (0: the first). */
export function world_userns_enter(pid: u32, ns: usize): i32 {
  const t = pid ? taskByPid(pid) : current()
  if (!changetype<usize>(t)) return -ESRCH
  userNsEnter(t, changetype<UserNs>(ns))
  return 0
}
export function world_userns_current(): usize {
  return changetype<usize>(current().userns)
}

/** Mounts an empty bpf file system at an absolute path. `options`: four u64, what it delegates. */
export function world_bpffs_mount(path: usize, ns: usize, options: usize): i32 {
  if (load<u8>(path) != 47) return -ENOENT
  if (!load<u8>(path, 1)) return -EINVAL
  const m = bpffsMount(path)
  if (!changetype<usize>(m)) return -ENOMEM
  m.userns = changetype<UserNs>(ns)
  m.cmds = load<u64>(options)
  m.maps = load<u64>(options, 8)
  m.progs = load<u64>(options, 16)
  m.attachs = load<u64>(options, 24)
  return 0
}
