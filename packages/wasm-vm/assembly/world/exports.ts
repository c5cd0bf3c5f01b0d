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
import {
  mayBind,
  mayConnect,
  mayListen,
  mayName,
  mayOpenPerf,
  mayOption,
  mayReceive,
  maySend,
  mayShutdown,
} from './security'
import {
  NR_ACCEPT4,
  NR_BIND,
  NR_CONNECT,
  NR_GETSOCKOPT,
  NR_IOCTL,
  NR_LISTEN,
  NR_MKDIR,
  NR_OPENAT,
  NR_PERF_EVENT_OPEN,
  NR_READ,
  NR_RECVFROM,
  NR_RMDIR,
  NR_SENDTO,
  NR_SETSOCKOPT,
  NR_SHUTDOWN,
  NR_SOCKET,
  NR_SOCKETPAIR,
  NR_UNLINK,
  NR_WRITE,
  traceReturn,
  traceSyscall,
} from './syscall-trace'
import { vfsMkdir, vfsOpen, vfsUnlink } from './vfs'

/** What every system call ends with: packets under way arrive, memory is given back. */
function leave(ret: i32): i32 {
  return traceReturn(settle(ret))
}

/** The same of a call that is not traced. */
function settle(ret: i32): i32 {
  softirqRun()
  if (!kernel().active) rcuFlush()
  return ret
}

export function sys_socket(domain: i32, type: i32, protocol: i32): i32 {
  if (traceSyscall(NR_SOCKET, domain, type, protocol)) return leave(0)
  return leave(sockOpen(domain, type, protocol))
}
export function sys_socketpair(domain: i32, type: i32, protocol: i32, out: usize): i32 {
  if (traceSyscall(NR_SOCKETPAIR, domain, type, protocol)) return leave(0)
  if (!userOk(out, 8)) return leave(-EFAULT)
  return leave(sockPair(domain, type, protocol, out))
}
export function sys_bind(fd: i32, addr: usize, len: u32): i32 {
  if (traceSyscall(NR_BIND, fd, addr, len)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (!userOk(addr, len)) return leave(-EFAULT)
  const denied = mayBind(changetype<Sock>(p), addr, len)
  return leave(denied ? denied : sockBind(changetype<Sock>(p), addr, len))
}
export function sys_connect(fd: i32, addr: usize, len: u32): i32 {
  if (traceSyscall(NR_CONNECT, fd, addr, len)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (!userOk(addr, len)) return leave(-EFAULT)
  const denied = mayConnect(changetype<Sock>(p), addr, len)
  return leave(denied ? denied : sockConnect(changetype<Sock>(p), addr, len))
}
export function sys_listen(fd: i32, backlog: i32): i32 {
  if (traceSyscall(NR_LISTEN, fd, backlog, 0)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  const denied = mayListen(changetype<Sock>(p), backlog)
  return leave(denied ? denied : sockListen(changetype<Sock>(p), backlog))
}
export function sys_accept4(fd: i32, flags: u32): i32 {
  if (traceSyscall(NR_ACCEPT4, fd, 0, flags)) return leave(0)
  const p = sockFromFd(fd)
  return leave(isErr(p) ? <i32>p : sockAccept(changetype<Sock>(p), flags))
}
export function sys_accept(fd: i32): i32 {
  return sys_accept4(fd, 0)
}
export function sys_shutdown(fd: i32, how: u32): i32 {
  if (traceSyscall(NR_SHUTDOWN, fd, how, 0)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  const denied = mayShutdown(changetype<Sock>(p), how)
  return leave(denied ? denied : sockShutdown(changetype<Sock>(p), how))
}
export function sys_getsockopt(fd: i32, level: i32, name: i32, value: usize, len: i32): i32 {
  if (traceSyscall(NR_GETSOCKOPT, fd, level, name)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (len > 0 && !userOk(value, len)) return leave(-EFAULT)
  const denied = mayOption(changetype<Sock>(p), false, level, name)
  if (denied) return leave(denied)
  return leave(sockGetsockopt(changetype<Sock>(p), level, name, value, len))
}
export function sys_setsockopt(fd: i32, level: i32, name: i32, value: usize, len: i32): i32 {
  if (traceSyscall(NR_SETSOCKOPT, fd, level, name)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (len > 0 && !userOk(value, len)) return leave(-EFAULT)
  const denied = mayOption(changetype<Sock>(p), true, level, name)
  if (denied) return leave(denied)
  return leave(sockSetsockopt(changetype<Sock>(p), level, name, value, len))
}
export function sys_sendto(fd: i32, data: usize, len: u32, flags: u32, addr: usize, addrLen: u32): i32 {
  if (traceSyscall(NR_SENDTO, fd, data, len)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (!userOk(data, len) || !userOk(addr, addrLen)) return leave(-EFAULT)
  const denied = maySend(changetype<Sock>(p), len)
  if (denied) return leave(denied)
  return leave(sockSend(changetype<Sock>(p), data, len, flags, addrLen ? addr : 0, addrLen))
}
export function sys_recvfrom(fd: i32, data: usize, len: u32, flags: u32): i32 {
  if (traceSyscall(NR_RECVFROM, fd, data, len)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (!userOk(data, len)) return leave(-EFAULT)
  const denied = mayReceive(changetype<Sock>(p), len, flags)
  if (denied) return leave(denied)
  return leave(sockRecv(changetype<Sock>(p), data, len, flags, 0, 0))
}
/** The same with room for the sender's address (128 bytes), and for its length. */
export function sys_recvfrom_address(fd: i32, data: usize, len: u32, flags: u32, addr: usize, addrLen: usize): i32 {
  if (traceSyscall(NR_RECVFROM, fd, data, len)) return leave(0)
  const p = sockFromFd(fd)
  if (isErr(p)) return leave(<i32>p)
  if (!userOk(data, len) || !userOk(addr, 128) || !userOk(addrLen, 4)) return leave(-EFAULT)
  store<u32>(addrLen, 0)
  const denied = mayReceive(changetype<Sock>(p), len, flags)
  if (denied) return leave(denied)
  return leave(sockRecv(changetype<Sock>(p), data, len, flags, addr, addrLen))
}
/** getsockname, getpeername: the length of the address at `to` (128 bytes). */
export function sys_sockname(fd: i32, peer: i32, to: usize): i32 {
  const p = sockFromFd(fd)
  if (isErr(p)) return <i32>p
  if (!userOk(to, 128)) return -EFAULT
  const denied = mayName(changetype<Sock>(p), peer != 0)
  if (denied) return denied
  return settle(sockName(changetype<Sock>(p), peer != 0, to))
}

export function sys_open(path: usize, flags: u32, mode: u32): i32 {
  if (traceSyscall(NR_OPENAT, -100, path, flags)) return leave(0)
  return leave(vfsOpen(path, flags, mode))
}
export function sys_mkdir(path: usize, mode: u32): i32 {
  if (traceSyscall(NR_MKDIR, path, mode, 0)) return leave(0)
  return leave(vfsMkdir(path, mode))
}
export function sys_unlink(path: usize): i32 {
  if (traceSyscall(NR_UNLINK, path, 0, 0)) return leave(0)
  return leave(vfsUnlink(path, false))
}
export function sys_rmdir(path: usize): i32 {
  if (traceSyscall(NR_RMDIR, path, 0, 0)) return leave(0)
  return leave(vfsUnlink(path, true))
}
export function sys_read(fd: i32, data: usize, len: u32): i32 {
  if (traceSyscall(NR_READ, fd, data, len)) return leave(0)
  if (!userOk(data, len)) return leave(-EFAULT)
  return leave(fileRead(fd, data, len))
}
export function sys_write(fd: i32, data: usize, len: u32): i32 {
  if (traceSyscall(NR_WRITE, fd, data, len)) return leave(0)
  if (!userOk(data, len)) return leave(-EFAULT)
  return leave(fileWrite(fd, data, len))
}
export function sys_perf_event_open(attr: usize, pid: i32, cpu: i32, group: i32, flags: u32): i32 {
  if (traceSyscall(NR_PERF_EVENT_OPEN, attr, pid, cpu)) return leave(0)
  const denied = mayOpenPerf(<i32>load<u32>(attr))
  if (denied) return leave(denied)
  return leave(perfOpen(attr, pid, cpu, group, flags))
}
export function sys_ioctl(fd: i32, request: u32, arg: usize): i32 {
  if (traceSyscall(NR_IOCTL, fd, request, arg)) return leave(0)
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
