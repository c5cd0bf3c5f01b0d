// SPDX-License-Identifier: GPL-2.0-only
// What the world exports: the system calls beside bpf(2). Addresses are the caller's memory.

import { EBADF, EFAULT, EINVAL } from '../gen/errno.gen'
import { tracePipeRead } from '../helpers/trace'
import { rcuFlush } from '../mem/rcu'
import { kernel } from '../mem/root'
import { userOk } from '../mem/user'
import { fdKind, fdObject, FD_FREE, FD_WORLD, isErr } from '../syscall/fd'
import { fileIoctl, fileMmap, fileRead, fileWrite } from './files'
import { perfOpen } from './perf-event'
import { Sock, sockFromFd } from './sock'
import { sockGetsockopt, sockSetsockopt } from './sockopt'
import {
  sockAccept,
  sockBind,
  sockConnect,
  sockListen,
  sockName,
  sockOpen,
  sockPair,
  sockRecv,
  sockSend,
  sockShutdown,
} from './socket'
import { softirqRun } from './receive'
import { traceSyscall } from './syscall-trace'
import { vfsMkdir, vfsOpen, vfsUnlink } from './vfs'

// Numbers of x86-64, as tracepoints of system calls report them.
const NR_READ: u32 = 0
const NR_WRITE: u32 = 1
const NR_IOCTL: u32 = 16
const NR_SOCKET: u32 = 41
const NR_CONNECT: u32 = 42
const NR_ACCEPT4: u32 = 288
const NR_SENDTO: u32 = 44
const NR_RECVFROM: u32 = 45
const NR_SHUTDOWN: u32 = 48
const NR_BIND: u32 = 49
const NR_LISTEN: u32 = 50
const NR_SOCKETPAIR: u32 = 53
const NR_SETSOCKOPT: u32 = 54
const NR_GETSOCKOPT: u32 = 55
const NR_MKDIR: u32 = 83
const NR_RMDIR: u32 = 84
const NR_UNLINK: u32 = 87
const NR_OPENAT: u32 = 257
const NR_PERF_EVENT_OPEN: u32 = 298

/** What every system call ends with: packets under way arrive, memory is given back. */
function leave(ret: i32): i32 {
  softirqRun()
  if (!kernel().active) rcuFlush()
  return ret
}

export function sys_socket(domain: i32, type: i32, protocol: i32): i32 {
  traceSyscall(NR_SOCKET, domain, type, protocol)
  return leave(sockOpen(domain, type, protocol))
}
export function sys_socketpair(domain: i32, type: i32, protocol: i32, out: usize): i32 {
  traceSyscall(NR_SOCKETPAIR, domain, type, protocol)
  if (!userOk(out, 8)) return -EFAULT
  return leave(sockPair(domain, type, protocol, out))
}
export function sys_bind(fd: i32, addr: usize, len: u32): i32 {
  traceSyscall(NR_BIND, fd, addr, len)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(addr, len)) return -EFAULT
  return leave(sockBind(changetype<Sock>(p), addr, len))
}
export function sys_connect(fd: i32, addr: usize, len: u32): i32 {
  traceSyscall(NR_CONNECT, fd, addr, len)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(addr, len)) return -EFAULT
  return leave(sockConnect(changetype<Sock>(p), addr, len))
}
export function sys_listen(fd: i32, backlog: i32): i32 {
  traceSyscall(NR_LISTEN, fd, backlog, 0)
  const p = sockFromFd(fd)
  return isErr(p) ? <i32>p : leave(sockListen(changetype<Sock>(p), backlog))
}
export function sys_accept4(fd: i32, flags: u32): i32 {
  traceSyscall(NR_ACCEPT4, fd, 0, flags)
  const p = sockFromFd(fd)
  return isErr(p) ? <i32>p : leave(sockAccept(changetype<Sock>(p), flags))
}
export function sys_accept(fd: i32): i32 {
  return sys_accept4(fd, 0)
}
export function sys_shutdown(fd: i32, how: u32): i32 {
  traceSyscall(NR_SHUTDOWN, fd, how, 0)
  const p = sockFromFd(fd)
  return isErr(p) ? <i32>p : leave(sockShutdown(changetype<Sock>(p), how))
}
export function sys_getsockopt(fd: i32, level: i32, name: i32, value: usize, len: i32): i32 {
  traceSyscall(NR_GETSOCKOPT, fd, level, name)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (len > 0 && !userOk(value, len)) return -EFAULT
  return leave(sockGetsockopt(changetype<Sock>(p), level, name, value, len))
}
export function sys_setsockopt(fd: i32, level: i32, name: i32, value: usize, len: i32): i32 {
  traceSyscall(NR_SETSOCKOPT, fd, level, name)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (len > 0 && !userOk(value, len)) return -EFAULT
  return leave(sockSetsockopt(changetype<Sock>(p), level, name, value, len))
}
export function sys_sendto(fd: i32, data: usize, len: u32, flags: u32, addr: usize, addrLen: u32): i32 {
  traceSyscall(NR_SENDTO, fd, data, len)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(data, len) || !userOk(addr, addrLen)) return -EFAULT
  return leave(sockSend(changetype<Sock>(p), data, len, flags, addrLen ? addr : 0, addrLen))
}
export function sys_recvfrom(fd: i32, data: usize, len: u32, flags: u32): i32 {
  traceSyscall(NR_RECVFROM, fd, data, len)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(data, len)) return -EFAULT
  return leave(sockRecv(changetype<Sock>(p), data, len, flags, 0, 0))
}
/** The same with room for the sender's address (128 bytes), and for its length. */
export function sys_recvfrom_address(fd: i32, data: usize, len: u32, flags: u32, addr: usize, addrLen: usize): i32 {
  traceSyscall(NR_RECVFROM, fd, data, len)
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(data, len) || !userOk(addr, 128) || !userOk(addrLen, 4)) return -EFAULT
  store<u32>(addrLen, 0)
  return leave(sockRecv(changetype<Sock>(p), data, len, flags, addr, addrLen))
}
/** getsockname, getpeername: the length of the address at `to` (128 bytes). */
export function sys_sockname(fd: i32, peer: i32, to: usize): i32 {
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(to, 128)) return -EFAULT
  return leave(sockName(changetype<Sock>(p), peer != 0, to))
}

export function sys_open(path: usize, flags: u32, mode: u32): i32 {
  traceSyscall(NR_OPENAT, -100, path, flags)
  return leave(vfsOpen(path, flags, mode))
}
export function sys_mkdir(path: usize, mode: u32): i32 {
  traceSyscall(NR_MKDIR, path, mode, 0)
  return leave(vfsMkdir(path, mode))
}
export function sys_unlink(path: usize): i32 {
  traceSyscall(NR_UNLINK, path, 0, 0)
  return leave(vfsUnlink(path, false))
}
export function sys_rmdir(path: usize): i32 {
  traceSyscall(NR_RMDIR, path, 0, 0)
  return leave(vfsUnlink(path, true))
}
export function sys_read(fd: i32, data: usize, len: u32): i32 {
  traceSyscall(NR_READ, fd, data, len)
  if (!userOk(data, len)) return -EFAULT
  return leave(fileRead(fd, data, len))
}
export function sys_write(fd: i32, data: usize, len: u32): i32 {
  traceSyscall(NR_WRITE, fd, data, len)
  if (!userOk(data, len)) return -EFAULT
  return leave(fileWrite(fd, data, len))
}
export function sys_perf_event_open(attr: usize, pid: i32, cpu: i32, group: i32, flags: u32): i32 {
  traceSyscall(NR_PERF_EVENT_OPEN, attr, pid, cpu)
  return leave(perfOpen(attr, pid, cpu, group, flags))
}
export function sys_ioctl(fd: i32, request: u32, arg: usize): i32 {
  traceSyscall(NR_IOCTL, fd, request, arg)
  return leave(fileIoctl(fd, request, arg))
}

/** mmap at an offset beyond 4 GiB, as AF_XDP numbers its rings: an address, or an errno. */
export function sys_mmap_wide(fd: i32, length: u32, offset: u64, prot: i32): i32 {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (!length || offset & 4095) return -EINVAL
  return kind >= FD_WORLD ? <i32>fileMmap(kind, fdObject(fd), <u64>length, offset, prot) : -EINVAL
}

/** Text of the trace pipe: bytes written to `buf`. */
export function trace_pipe_read(buf: usize, len: u32): i32 {
  if (!userOk(buf, len)) return -EFAULT
  return <i32>tracePipeRead(buf, len)
}
