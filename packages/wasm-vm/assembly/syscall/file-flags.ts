// SPDX-License-Identifier: GPL-2.0-only
// Access modes of map files. Kernel counterpart: bpf_get_file_flag, map_get_sys_perms.

import { EINVAL } from '../gen/errno.gen'
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { MODE_RDWR, MODE_READ, MODE_WRITE } from './fd'

/** The mode that flags ask for, or -EINVAL. */
export function fileFlagMode(flags: u32): i32 {
  const both = BPF_F_RDONLY | BPF_F_WRONLY
  if ((flags & both) == both) return -EINVAL
  if (flags & BPF_F_RDONLY) return <i32>MODE_READ
  return <i32>(flags & BPF_F_WRONLY ? MODE_WRITE : MODE_RDWR)
}

/** What a system call may do to a map through a file of this mode. */
export function sysPerms(map: BpfMap, mode: u32): u32 {
  return map.frozen ? mode & ~MODE_WRITE : mode
}
