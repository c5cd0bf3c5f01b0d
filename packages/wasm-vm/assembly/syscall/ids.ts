// SPDX-License-Identifier: GPL-2.0-only
// Numbers of objects: GET_NEXT_ID and GET_FD_BY_ID of programs, maps, type information and links.

import { EFAULT, EINVAL, ENOENT, EPERM } from '../gen/errno.gen'
import {
  ATTR_GET_ID__fd_by_id_token_fd,
  ATTR_GET_ID__next_id,
  ATTR_GET_ID__open_flags,
  ATTR_GET_ID__start_id,
} from '../gen/uapi-layouts.gen'
import { BPF_BTF_GET_FD_BY_ID, BPF_F_RDONLY, BPF_F_TOKEN_FD, BPF_F_WRONLY } from '../gen/uapi-enums.gen'
import { Btf } from '../btf/btf'
import { btfGet, btfPut } from '../btf/refs'
import { BpfMap } from '../maps/map'
import { mapGetUref, mapPutUref } from '../maps/refs'
import { idFind, idNext, Ids } from '../mem/ids'
import { kernel } from '../mem/root'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { capable, CAP_SYS_ADMIN, tokenCapable } from './caps'
import { FD_BTF, FD_LINK, FD_MAP, FD_PROG, fdInstall, isErr, MODE_RDWR } from './fd'
import { fileFlagMode } from './file-flags'
import { Link, linkGet, linkPut } from './link'
import { Token, tokenAllowsCmd, tokenFromFd } from './token'
import { viewMap, viewProg } from '../world/kernel-view'
import { mayOpenMap, mayOpenProg, watched } from '../world/security'

export function nextIdCmd(attr: usize, uattr: u64, ids: Ids): i32 {
  const start = load<u32>(attr, ATTR_GET_ID__start_id)
  if (start >= 0x7fffffff) return -EINVAL
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  const id = idNext(ids, start + 1)
  if (!id) return -ENOENT
  return putUser32(uattr + <u64>ATTR_GET_ID__next_id, id) ? 0 : -EFAULT
}

export function progByIdCmd(attr: usize): i32 {
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  const p = idFind(kernel().progs, load<u32>(attr))
  if (!p) return -ENOENT
  const denied = mayOpenProg(watched() ? viewProg(changetype<Prog>(p)) : 0)
  if (denied) return denied
  progGet(changetype<Prog>(p))
  const fd = fdInstall(FD_PROG, p, MODE_RDWR)
  if (fd < 0) progPut(changetype<Prog>(p))
  return fd
}

export function mapByIdCmd(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_GET_ID__open_flags)
  if (flags & ~(BPF_F_RDONLY | BPF_F_WRONLY)) return -EINVAL
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  const mode = fileFlagMode(flags)
  if (mode < 0) return mode
  const p = idFind(kernel().maps, load<u32>(attr))
  if (!p) return -ENOENT
  const denied = mayOpenMap(watched() ? viewMap(changetype<BpfMap>(p)) : 0, <u32>mode)
  if (denied) return denied
  mapGetUref(changetype<BpfMap>(p))
  const fd = fdInstall(FD_MAP, p, <u32>mode)
  if (fd < 0) mapPutUref(changetype<BpfMap>(p))
  return fd
}

export function btfByIdCmd(attr: usize): i32 {
  if (load<u32>(attr, ATTR_GET_ID__open_flags) & ~BPF_F_TOKEN_FD) return -EINVAL
  let token = changetype<Token>(0)
  if (load<u32>(attr, ATTR_GET_ID__open_flags)) {
    const t = tokenFromFd(load<i32>(attr, ATTR_GET_ID__fd_by_id_token_fd))
    if (isErr(t)) return <i32>t
    if (tokenAllowsCmd(changetype<Token>(t), BPF_BTF_GET_FD_BY_ID)) token = changetype<Token>(t)
  }
  if (!tokenCapable(token, CAP_SYS_ADMIN)) return -EPERM
  const p = idFind(kernel().btfs, load<u32>(attr))
  // whoever has an fd of the kernel's may name its types
  if (!p || (changetype<Btf>(p).kernelBtf && kernel().vmlinux != p)) return -ENOENT
  btfGet(changetype<Btf>(p))
  const fd = fdInstall(FD_BTF, p, MODE_RDWR)
  if (fd < 0) btfPut(changetype<Btf>(p))
  return fd
}

export function linkByIdCmd(attr: usize): i32 {
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  const p = idFind(kernel().links, load<u32>(attr))
  if (!p) return -ENOENT
  linkGet(changetype<Link>(p))
  const fd = fdInstall(FD_LINK, p, MODE_RDWR)
  if (fd < 0) linkPut(changetype<Link>(p))
  return fd
}
