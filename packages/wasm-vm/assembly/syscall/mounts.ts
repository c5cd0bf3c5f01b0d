// SPDX-License-Identifier: GPL-2.0-only
// Mounts of bpf file systems beside the one at /sys/fs/bpf, each with a user namespace and what it delegates there.

import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { cstrlen } from '../mem/bytes'
import { kernel } from '../mem/root'
import { UserNs } from '../world/user-ns'

@unmanaged export class Mount {
  next: Mount
  /** Zero-terminated, without a slash at its end. */
  path: usize
  len: usize
  /** Root directory (syscall/bpffs.ts). */
  root: usize
  userns: UserNs
  /** Mount options delegate_cmds, _maps, _progs, _attachs. */
  cmds: u64
  maps: u64
  progs: u64
  attachs: u64
}

/** A mount at a path, newest first; 0 when memory is out. */
export function mountNew(path: usize, root: usize): Mount {
  let len = cstrlen(path)
  while (len > 1 && load<u8>(path + len - 1) == 47) len--
  const m = changetype<Mount>(kzalloc(offsetof<Mount>()))
  const text = kmalloc(len + 1)
  if (!changetype<usize>(m) || !text) {
    kfree(text)
    kfree(changetype<usize>(m))
    return changetype<Mount>(0)
  }
  memory.copy(text, path, len)
  store<u8>(text + len, 0)
  m.path = text
  m.len = len
  m.root = root
  m.next = changetype<Mount>(kernel().mounts)
  kernel().mounts = changetype<usize>(m)
  return m
}

/** The mount that a path is in, or 0. */
export function mountOf(path: usize): Mount {
  for (let m = changetype<Mount>(kernel().mounts); changetype<usize>(m); m = m.next) {
    if (memory.compare(path, m.path, m.len) != 0) continue
    const c = load<u8>(path + m.len)
    if (c == 0 || c == 47) return m
  }
  return changetype<Mount>(0)
}
