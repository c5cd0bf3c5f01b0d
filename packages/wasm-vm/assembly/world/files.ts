// SPDX-License-Identifier: GPL-2.0-only
// The registry of the world's files: what an fd can be besides a BPF object. A new kind of file is a number here, a line
// in fileGet and one in filePut.

import { EBADF, EINVAL } from '../gen/errno.gen'
import { fdGet, fdKind, FD_FREE, fdObject, isErr } from '../syscall/fd'
import { Iterator, iteratorPut } from '../syscall/iter'
import { Directory, directoryPut } from '../syscall/bpffs'
import { Cgroup, cgroupGet, cgroupPut } from './cgroup'
import { PerfEvent, perfGet, perfPut } from './perf-event'
import { RegularFile, regularPut } from './regular-file'
import { Sock, sockClose, sockGet } from './sock'
import { Task, taskGet, taskPut } from './task'

export const FILE_SOCK: u32 = 16
export const FILE_CGROUP: u32 = 17
export const FILE_PERF: u32 = 18
/** A directory of the bpf file system. */
export const FILE_DIR: u32 = 19
export const FILE_PIDFD: u32 = 20
export const FILE_TRACE_PIPE: u32 = 21
export const FILE_ITER: u32 = 22
export const FILE_REGULAR: u32 = 23
export const FILE_NETNS: u32 = 24

export function fileGet(kind: u32, obj: usize): void {
  switch (kind) {
    case FILE_SOCK:
      sockGet(changetype<Sock>(obj))
      break
    case FILE_CGROUP:
      cgroupGet(changetype<Cgroup>(obj))
      break
    case FILE_PERF:
      perfGet(changetype<PerfEvent>(obj))
      break
    case FILE_PIDFD:
      taskGet(changetype<Task>(obj))
      break
    default:
      break
  }
}

export function filePut(kind: u32, obj: usize): void {
  switch (kind) {
    case FILE_CGROUP:
      cgroupPut(changetype<Cgroup>(obj))
      break
    case FILE_PERF:
      perfPut(changetype<PerfEvent>(obj))
      break
    case FILE_PIDFD:
      taskPut(changetype<Task>(obj))
      break
    case FILE_ITER:
      iteratorPut(changetype<Iterator>(obj))
      break
    case FILE_DIR:
      directoryPut(changetype<Directory>(obj))
      break
    case FILE_REGULAR:
      regularPut(changetype<RegularFile>(obj))
      break
    default:
      break
  }
}

/** The last fd of a file is closed. */
export function fileRelease(kind: u32, obj: usize, mode: u32): void {
  if (kind == FILE_SOCK) sockClose(changetype<Sock>(obj))
  else filePut(kind, obj)
}

/** The perf event of an fd, with a reference, or an errno. */
export function perfFromFd(fd: i32): usize {
  const p = fdGet(fd, FILE_PERF)
  if (isErr(p)) return fdKind(fd) == FD_FREE ? -EBADF : -EINVAL
  perfGet(changetype<PerfEvent>(p))
  return p
}

/** The cgroup of an fd, with a reference, or an errno. */
export function cgroupFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FILE_CGROUP) return -EBADF
  const p = fdObject(fd)
  cgroupGet(changetype<Cgroup>(p))
  return p
}

/** The list word of local storage of an fd's inode, or an errno. */
export function inodeFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind == FILE_REGULAR) return fdObject(fd) + offsetof<RegularFile>('storage')
  return -EBADF
}
