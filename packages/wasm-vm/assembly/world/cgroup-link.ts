// SPDX-License-Identifier: GPL-2.0-only
// Links to cgroups, and the bpf commands that name a cgroup.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  BPF_F_AFTER,
  BPF_F_ALLOW_MULTI,
  BPF_F_BEFORE,
  BPF_F_ID,
  BPF_F_PREORDER,
  BPF_F_REPLACE,
} from '../gen/uapi-defines.gen'
import { BPF_F_LINK, BPF_LINK_TYPE_CGROUP } from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__cgroup__expected_revision,
  ATTR_LINK_CREATE__cgroup__relative_fd,
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__target_fd,
  ATTR_PROG_ATTACH__attach_bpf_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__attach_type,
  ATTR_PROG_ATTACH__expected_revision,
  ATTR_PROG_ATTACH__relative_fd,
  ATTR_PROG_ATTACH__replace_bpf_fd,
  ATTR_PROG_ATTACH__target_fd,
} from '../gen/uapi-layouts.gen'
import { Prog } from '../prog/prog'
import { FD_PROG, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle } from '../syscall/link'
import { Cgroup, cgroupPut } from './cgroup'
import { cgroupAttach, cgroupDetach, cgroupLinkUpdate } from './cgroup-attach'
import { cgroupFromFd } from './files'
import { cgroupSlotFor } from './lsm-cgroup'
export { cgroupLinkUpdate }

const LINK_FLAGS: u32 = BPF_F_ID | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_PREORDER | BPF_F_LINK

export function cgroupLinkRelease(link: Link): void {
  if (!link.target) return
  const cg = changetype<Cgroup>(link.target)
  cgroupDetach(cg, 0, changetype<usize>(link), link.aux3, 0)
  link.target = 0
  cgroupPut(cg)
}

/** A program of the type that a file names, or an errno. */
export function progOfType(fd: i32, type: u32): usize {
  const p = fdGet(fd, FD_PROG)
  if (isErr(p)) return p
  return changetype<Prog>(p).type == type ? p : -EINVAL
}

export function cgroupProgAttach(attr: usize, type: u32, prog: Prog): i32 {
  const p = cgroupFromFd(load<i32>(attr, ATTR_PROG_ATTACH__target_fd))
  if (isErr(p)) return <i32>p
  const cg = changetype<Cgroup>(p)
  const flags = load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)
  let replace: usize = 0
  if (flags & BPF_F_ALLOW_MULTI && flags & BPF_F_REPLACE) {
    replace = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__replace_bpf_fd), type)
    if (isErr(replace)) {
      cgroupPut(cg)
      return <i32>replace
    }
  }
  const slot = cgroupSlotFor(load<u32>(attr, ATTR_PROG_ATTACH__attach_type), prog)
  if (slot < 0) {
    cgroupPut(cg)
    return slot
  }
  const ret = cgroupAttach(
    cg,
    changetype<usize>(prog),
    0,
    replace,
    <u32>slot,
    flags,
    load<u32>(attr, ATTR_PROG_ATTACH__relative_fd),
    load<u64>(attr, ATTR_PROG_ATTACH__expected_revision),
  )
  cgroupPut(cg)
  return ret
}

export function cgroupProgDetach(attr: usize, type: u32): i32 {
  const p = cgroupFromFd(load<i32>(attr, ATTR_PROG_ATTACH__target_fd))
  if (isErr(p)) return <i32>p
  const cg = changetype<Cgroup>(p)
  // an fd that is no such program is as good as none: exclusive attachments go without
  const prog = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd), type)
  const slot = cgroupSlotFor(load<u32>(attr, ATTR_PROG_ATTACH__attach_type), changetype<Prog>(isErr(prog) ? 0 : prog))
  const ret =
    slot < 0
      ? -EINVAL
      : cgroupDetach(cg, isErr(prog) ? 0 : prog, 0, <u32>slot, load<u64>(attr, ATTR_PROG_ATTACH__expected_revision))
  cgroupPut(cg)
  return ret
}

export function cgroupLinkCreate(attr: usize, prog: Prog): i32 {
  const flags = load<u32>(attr, ATTR_LINK_CREATE__flags)
  if (flags & ~LINK_FLAGS) return -EINVAL
  const p = cgroupFromFd(load<i32>(attr, ATTR_LINK_CREATE__target_fd))
  if (isErr(p)) return <i32>p
  const link = linkNew(BPF_LINK_TYPE_CGROUP, prog, load<u32>(attr, ATTR_LINK_CREATE__attach_type))
  if (!changetype<usize>(link)) {
    cgroupPut(changetype<Cgroup>(p))
    return -ENOMEM
  }
  const slot = cgroupSlotFor(link.attachType, prog)
  link.aux3 = <u32>slot
  const err =
    slot < 0
      ? slot
      : cgroupAttach(
          changetype<Cgroup>(p),
          0,
          changetype<usize>(link),
          0,
          <u32>slot,
          flags | BPF_F_ALLOW_MULTI,
          load<u32>(attr, ATTR_LINK_CREATE__cgroup__relative_fd),
          load<u64>(attr, ATTR_LINK_CREATE__cgroup__expected_revision),
        )
  if (err) {
    linkCancel(link)
    cgroupPut(changetype<Cgroup>(p))
    return err
  }
  link.target = p
  return linkSettle(link)
}
