// SPDX-License-Identifier: GPL-2.0-only
// Paths: /sys/fs/bpf is a bpf file system (others may be mounted), /sys/fs/cgroup (or /sys/fs/cgroup/unified) the cgroup tree, and a few files of
// tracefs and procfs exist. Directories in bpffs are nodes; everything else about a path is found by its text.

import { ENAMETOOLONG, ENOENT, EFAULT } from '../gen/errno.gen'
import { stringFromUser } from '../mem/user'
import { cstrlen } from '../mem/bytes'
import { kernel } from '../mem/root'
import { mountOf } from './mounts'

export const PATH_MAX: usize = 4096
const BUFFER: usize = memory.data(4104, 8)

export const ROOT_NONE: i32 = 0
export const ROOT_BPF: i32 = 1
export const ROOT_CGROUP: i32 = 2

/** A path from the caller's memory: address of a buffer that the next call overwrites, or an errno. */
export function pathFromUser(addr: u64): usize {
  const n = stringFromUser(BUFFER, addr, PATH_MAX)
  if (n < 0) return -EFAULT
  if (n >= <i32>PATH_MAX) return -ENAMETOOLONG
  return n == 0 ? -ENOENT : BUFFER
}

/** Length of the prefix if `p` is the directory `text` or something in it, else 0. */
function under(p: usize, text: string): usize {
  const n = <usize>text.length
  for (let i: usize = 0; i < n; i++) {
    if (<u32>load<u8>(p + i) != <u32>load<u16>(changetype<usize>(text) + (i << 1))) return 0
  }
  const c = load<u8>(p + n)
  return c == 0 || c == 47 ? n : 0
}

/** What tree a path is in; the rest of it is at p + pathRest. */
export function pathRoot(p: usize): i32 {
  if (under(p, '/sys/fs/bpf') || (kernel().mounts && changetype<usize>(mountOf(p)))) return ROOT_BPF
  return under(p, '/sys/fs/cgroup') ? ROOT_CGROUP : ROOT_NONE
}

/** Address of the path within its tree. */
export function pathRest(p: usize): usize {
  if (kernel().mounts) {
    const m = mountOf(p)
    if (changetype<usize>(m)) return p + m.len
  }
  let n = under(p, '/sys/fs/bpf')
  if (n) return p + n
  n = under(p, '/sys/fs/cgroup/unified')
  if (!n) n = under(p, '/sys/fs/cgroup')
  return p + n
}

/** Length of the next component; *at is moved to its start. 0: there is none. */
export function component(at: usize): usize {
  let p = load<usize>(at)
  while (load<u8>(p) == 47) p++
  store<usize>(at, p)
  let n: usize = 0
  while (load<u8>(p + n) && load<u8>(p + n) != 47) n++
  return n
}

/** Whether nothing but slashes is left. */
export function isLast(p: usize): bool {
  while (load<u8>(p) == 47) p++
  return load<u8>(p) == 0
}

export function pathLength(p: usize): usize {
  return cstrlen(p)
}
