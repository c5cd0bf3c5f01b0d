// SPDX-License-Identifier: GPL-2.0-only
// BPF tokens: rights handed on through a bpf file system that was mounted with delegation into a user namespace. Kernel
// counterpart: kernel/bpf/token.c.

import { EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import { ATTR_INFO__info_len, ATTR_TOKEN_CREATE__bpffs_fd, ATTR_TOKEN_CREATE__flags } from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { copyToUser, putUser32 } from '../mem/user'
import { FILE_DIR } from '../world/files'
import { UserNs } from '../world/user-ns'
import { Directory } from './bpffs'
import { CAP_BPF, currentUserNs, nsCapable } from './caps'
import { FD_FREE, FD_TOKEN, fdInstall, fdKind, fdObject, MODE_RDWR } from './fd'
import { Mount } from './mounts'

@unmanaged export class Token {
  /** struct bpf_token_info: bit n allows command, map type, program type, attach type n. */
  cmds: u64
  maps: u64
  progs: u64
  attachs: u64
  userns: UserNs
  refs: u32
}

const INFO_SIZE: u32 = 32

export function tokenGet(t: Token): void {
  if (changetype<usize>(t)) t.refs++
}
export function tokenPut(t: Token): void {
  if (changetype<usize>(t) && !--t.refs) kfree(changetype<usize>(t))
}

/** The token of an fd, or an errno. No reference is taken. */
export function tokenFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FD_TOKEN ? fdObject(fd) : -EINVAL
}

export function tokenAllowsCmd(t: Token, cmd: u32): bool {
  return changetype<usize>(t) != 0 && cmd < 64 && ((t.cmds >> cmd) & 1) != 0
}
export function tokenAllowsMap(t: Token, type: u32): bool {
  return changetype<usize>(t) != 0 && type < 64 && ((t.maps >> type) & 1) != 0
}
export function tokenAllowsProg(t: Token, type: u32, attachType: u32): bool {
  if (!changetype<usize>(t) || type >= 64 || attachType >= 64) return false
  return ((t.progs >> type) & 1) != 0 && ((t.attachs >> attachType) & 1) != 0
}

export function tokenCreate(attr: usize): i32 {
  if (load<u32>(attr, ATTR_TOKEN_CREATE__flags)) return -EINVAL
  const fd = load<i32>(attr, ATTR_TOKEN_CREATE__bpffs_fd)
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FILE_DIR) return -EINVAL
  const dir = changetype<Directory>(fdObject(fd))
  if (changetype<usize>(dir.parent)) return -EINVAL
  const mount = changetype<Mount>(dir.mount)
  const ns = dir.mount ? mount.userns : changetype<UserNs>(0)
  if (changetype<usize>(currentUserNs()) != changetype<usize>(ns)) return -EPERM
  if (!nsCapable(ns, CAP_BPF)) return -EPERM
  if (!changetype<usize>(ns)) return -EOPNOTSUPP
  if (!(mount.cmds | mount.maps | mount.progs | mount.attachs)) return -ENOENT
  const t = changetype<Token>(kzalloc(offsetof<Token>()))
  if (!changetype<usize>(t)) return -ENOMEM
  t.refs = 1
  t.userns = ns
  t.cmds = mount.cmds
  t.maps = mount.maps
  t.progs = mount.progs
  t.attachs = mount.attachs
  const made = fdInstall(FD_TOKEN, changetype<usize>(t), MODE_RDWR)
  if (made < 0) tokenPut(t)
  return made
}

/** struct bpf_token_info: as much as the caller has room for. */
export function tokenInfo(t: Token, to: u64, len: u32, uattr: u64): i32 {
  const n = min(len, INFO_SIZE)
  if (!copyToUser(to, changetype<usize>(t), n)) return -EFAULT
  return putUser32(uattr + <u64>ATTR_INFO__info_len, n) ? 0 : -EFAULT
}
