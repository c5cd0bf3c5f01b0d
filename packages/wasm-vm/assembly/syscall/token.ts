// SPDX-License-Identifier: GPL-2.0-only
// BPF_TOKEN_CREATE: rights handed on through a bpf file system that was mounted with delegation. Ours is mounted in the
// first user namespace, where Linux gives no tokens.

import { EBADF, EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import { ATTR_TOKEN_CREATE__bpffs_fd, ATTR_TOKEN_CREATE__flags } from '../gen/uapi-layouts.gen'
import { FILE_DIR } from '../world/files'
import { FD_FREE, fdKind } from './fd'

/** What a command says of the token that it was given: there are none, so it is another file or none at all. */
export function tokenFromFd(fd: i32): i32 {
  return fdKind(fd) == FD_FREE ? -EBADF : -EINVAL
}

export function tokenCreate(attr: usize): i32 {
  if (load<u32>(attr, ATTR_TOKEN_CREATE__flags)) return -EINVAL
  const kind = fdKind(load<i32>(attr, ATTR_TOKEN_CREATE__bpffs_fd))
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_DIR ? -EOPNOTSUPP : -EINVAL
}
