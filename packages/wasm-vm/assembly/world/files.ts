// SPDX-License-Identifier: GPL-2.0-only
// The registry of the world's files: what an fd can be besides a BPF object. A new kind of file is a number here and a
// line in each of the functions below that it answers.

import { EBADF, EINVAL, ENODEV, ENOTTY } from '../gen/errno.gen'
import {
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_ID,
  PERF_EVENT_IOC_PAUSE_OUTPUT,
  PERF_EVENT_IOC_PERIOD,
  PERF_EVENT_IOC_QUERY_BPF,
  PERF_EVENT_IOC_REFRESH,
  PERF_EVENT_IOC_RESET,
  PERF_EVENT_IOC_SET_BPF,
  PERF_EVENT_IOC_SET_FILTER,
  PERF_EVENT_IOC_SET_OUTPUT,
} from '../gen/system.gen'
import { tracePipeRead, tracePipeSize } from '../helpers/trace'
import { Prog } from '../prog/prog'
import { Directory, directoryPut } from '../syscall/bpffs'
import { fdGet, fdKind, FD_FREE, FD_PROG, fdMode, fdObject, isErr, MODE_READ, MODE_WRITE } from '../syscall/fd'
import { iteratorPut } from '../syscall/iter'
import { Cgroup, cgroupGet, cgroupPut } from './cgroup'
import { CgroupFile, cgroupFilePut, cgroupFileRead, cgroupFileWrite } from './cgroup-file'
import { deviceIoctl } from './device-ioctl'
import { Iterator, iterRead } from './iter-seq'
import { lircTake } from './lirc'
import {
  PerfEvent,
  perfDisable,
  perfEnable,
  perfGet,
  perfMmap,
  perfPut,
  perfRead,
  perfReady,
  TYPE_TRACEPOINT,
} from './perf-event'
import { perfSetProg } from './perf-link'
import { RegularFile, regularPut, regularRead } from './regular-file'
import { Sock, sockClose, sockGet } from './sock'
import { sockReady, sockRecv, sockSend } from './socket'
import { SysctlFile, sysctlPut, sysctlRead, sysctlWrite } from './sysctl'
import { Task, taskGet, taskPut } from './task'
import { xskMmap } from './xsk'

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
export const FILE_LIRC: u32 = 25
export const FILE_SYSCTL: u32 = 26
/** /dev/null and /dev/zero: the object is the minor number. */
export const FILE_DEV: u32 = 27
/** cgroup.procs and other files of a cgroup. */
export const FILE_CGROUP_FILE: u32 = 28

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
    case FILE_SYSCTL:
      sysctlPut(changetype<SysctlFile>(obj))
      break
    case FILE_CGROUP_FILE:
      cgroupFilePut(changetype<CgroupFile>(obj))
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
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FILE_PERF) return -EINVAL
  const p = fdObject(fd)
  perfGet(changetype<PerfEvent>(p))
  return p
}

/** The cgroup of an fd, with a reference, or an errno. */
export function cgroupFromFd(fd: i32): usize {
  if (fdKind(fd) != FILE_CGROUP) return -EBADF
  const p = fdObject(fd)
  cgroupGet(changetype<Cgroup>(p))
  return p
}

/** The list word of local storage of an fd's inode, or an errno. */
export function inodeFromFd(fd: i32): usize {
  if (fdKind(fd) == FILE_REGULAR) return fdObject(fd) + offsetof<RegularFile>('storage')
  return -EBADF
}

/** read(2). */
export function fileRead(fd: i32, to: usize, len: u32): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (!(fdMode(fd) & MODE_READ)) return -EBADF
  const obj = fdObject(fd)
  switch (kind) {
    case FILE_SOCK:
      return sockRecv(changetype<Sock>(obj), to, len, 0, 0, 0)
    case FILE_PERF:
      return perfRead(changetype<PerfEvent>(obj), to, len)
    case FILE_ITER:
      return iterRead(changetype<Iterator>(obj), to, len)
    case FILE_REGULAR:
      return regularRead(changetype<RegularFile>(obj), to, len)
    case FILE_SYSCTL:
      return sysctlRead(changetype<SysctlFile>(obj), to, len)
    case FILE_CGROUP_FILE:
      return cgroupFileRead(changetype<CgroupFile>(obj), to, len)
    case FILE_TRACE_PIPE: {
      const n = tracePipeRead(to, len)
      return n ? <i32>n : -11
    }
    case FILE_DEV:
      // null ends at once, zero never
      if (obj == 3) return 0
      memory.fill(to, 0, len)
      return <i32>len
    case FILE_LIRC:
      if (len < 32) return -EINVAL
      return lircTake(to) ? 32 : -11
    default:
      return -EINVAL
  }
}

/** write(2). */
export function fileWrite(fd: i32, data: usize, len: u32): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (!(fdMode(fd) & MODE_WRITE)) return -EBADF
  const obj = fdObject(fd)
  switch (kind) {
    case FILE_SOCK:
      return sockSend(changetype<Sock>(obj), data, len, 0, 0, 0)
    case FILE_SYSCTL:
      return sysctlWrite(changetype<SysctlFile>(obj), data, len)
    case FILE_CGROUP_FILE:
      return cgroupFileWrite(changetype<CgroupFile>(obj), data, len)
    case FILE_DEV:
      return <i32>len
    default:
      return -EINVAL
  }
}

/** Whether a read would give something: 1, 0 or -EBADF. */
export function filePoll(fd: i32): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  const obj = fdObject(fd)
  switch (kind) {
    case FILE_SOCK:
      return sockReady(changetype<Sock>(obj)) ? 1 : 0
    case FILE_PERF:
      return perfReady(changetype<PerfEvent>(obj)) ? 1 : 0
    case FILE_TRACE_PIPE:
      return tracePipeSize() ? 1 : 0
    case FILE_PIDFD:
      return changetype<Task>(obj).exited ? 1 : 0
    case FILE_CGROUP:
    case FILE_NETNS:
    case FILE_LIRC:
      return 0
    default:
      return 1
  }
}

/** mmap(2): an address, or an errno. */
export function fileMmap(kind: u32, obj: usize, length: u64, offset: u64, prot: i32): usize {
  if (kind == FILE_PERF) return perfMmap(changetype<PerfEvent>(obj), length, offset)
  if (kind == FILE_SOCK && changetype<Sock>(obj).family == 44) return xskMmap(changetype<Sock>(obj), length, offset)
  return -ENODEV
}

/** ioctl(2). `arg` is a number, or the address of what the request reads or writes. */
export function fileIoctl(fd: i32, request: u32, arg: usize): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind == FILE_SOCK) return deviceIoctl(changetype<Sock>(fdObject(fd)), request, arg)
  return kind == FILE_PERF ? perfIoctl(changetype<PerfEvent>(fdObject(fd)), request, arg) : -ENOTTY
}

function perfIoctl(e: PerfEvent, request: u32, arg: usize): i32 {
  switch (request) {
    case <u32>PERF_EVENT_IOC_ENABLE:
      perfEnable(e)
      return 0
    case <u32>PERF_EVENT_IOC_DISABLE:
      perfDisable(e)
      return 0
    case <u32>PERF_EVENT_IOC_RESET:
      e.count = 0
      return 0
    case <u32>PERF_EVENT_IOC_REFRESH:
      perfEnable(e)
      return 0
    case <u32>PERF_EVENT_IOC_PERIOD: {
      const period = load<u64>(arg)
      if (!period) return -EINVAL
      e.samplePeriod = period
      return 0
    }
    case PERF_EVENT_IOC_ID:
      store<u64>(arg, e.id)
      return 0
    case <u32>PERF_EVENT_IOC_PAUSE_OUTPUT:
      if (!e.ring) return -EINVAL
      e.paused = arg != 0
      return 0
    case <u32>PERF_EVENT_IOC_SET_OUTPUT: {
      if (<i32>arg == -1) {
        e.output = changetype<PerfEvent>(0)
        return 0
      }
      const p = fdGet(<i32>arg, FILE_PERF)
      if (isErr(p)) return -EBADF
      e.output = changetype<PerfEvent>(p)
      return 0
    }
    case <u32>PERF_EVENT_IOC_SET_FILTER:
      return e.type == TYPE_TRACEPOINT ? 0 : -EINVAL
    case <u32>PERF_EVENT_IOC_SET_BPF: {
      const p = fdGet(<i32>arg, FD_PROG)
      if (isErr(p)) return <i32>p
      return perfSetProg(e, changetype<Prog>(p), 0)
    }
    case PERF_EVENT_IOC_QUERY_BPF: {
      // struct perf_event_query_bpf { ids_len, prog_cnt, ids[] }
      if (e.type != TYPE_TRACEPOINT) return -EINVAL
      const room = load<u32>(arg)
      const n: u32 = changetype<usize>(e.prog) ? 1 : 0
      store<u32>(arg, n, 4)
      if (room && n) store<u32>(arg, e.prog.id, 8)
      return room < n ? -28 : 0
    }
    default:
      return -ENOTTY
  }
}
