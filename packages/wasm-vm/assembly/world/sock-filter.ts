// SPDX-License-Identifier: GPL-2.0-only
// Filters of sockets: attaching, and running them on what arrives. Kernel counterpart: sk_filter_trim_cap and
// sk_attach_* of net/core/filter.c.

import { EBADF, EFAULT, EINVAL, ENOENT, EPERM } from '../gen/errno.gen'
import { BPF_CGROUP_INET_INGRESS, BPF_PROG_TYPE_SK_REUSEPORT, BPF_PROG_TYPE_SOCKET_FILTER } from '../gen/uapi-enums.gen'
import { userOk } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_FREE, FD_PROG, fdKind, fdObject } from '../syscall/fd'
import { cgRunSkb } from './cgroup-run'
import { classicToProg } from './classic'
import { runSkbSaveCb } from './hook'
import { reuseAttach } from './reuseport'
import { Skb, skbTrim } from './skb'
import { Sock } from './sock'
import { fillSkbSock } from './sock-context'

/** The socket filter of an fd, or an errno. */
function filterFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FD_PROG) return -EINVAL
  const p = fdObject(fd)
  return changetype<Prog>(p).type == BPF_PROG_TYPE_SOCKET_FILTER ? p : -EINVAL
}

function setFilter(sk: Sock, prog: Prog): void {
  if (changetype<usize>(sk.filter)) progPut(sk.filter)
  sk.filter = prog
}

/** SO_ATTACH_BPF. */
export function attachBpf(sk: Sock, fd: i32): i32 {
  if (sk.filterLocked) return -EPERM
  const p = filterFromFd(fd)
  if (p >= <usize>-4096) return <i32>p
  progGet(changetype<Prog>(p))
  setFilter(sk, changetype<Prog>(p))
  return 0
}

/** SO_ATTACH_FILTER: a struct sock_fprog at `fprog`. */
export function attachClassic(sk: Sock, fprog: usize, len: u32): i32 {
  if (len != 16) return -EINVAL
  if (sk.filterLocked) return -EPERM
  const p = classicFromFprog(fprog)
  if (p >= <usize>-4096) return <i32>p
  setFilter(sk, changetype<Prog>(p))
  return 0
}

/** A program made of a struct sock_fprog { u16 len, pointer at 8 }, or an errno. */
export function classicFromFprog(fprog: usize): usize {
  const count = <u32>load<u16>(fprog)
  const insns = load<u64>(fprog, 8)
  if (!count || count > 4096 || !insns) return -EINVAL
  if (!userOk(insns, <u64>count * 8)) return -EFAULT
  return classicToProg(<usize>insns, count)
}

/** SO_DETACH_FILTER, SO_DETACH_BPF. */
export function detachFilter(sk: Sock): i32 {
  if (sk.filterLocked) return -EPERM
  if (!changetype<usize>(sk.filter)) return -ENOENT
  setFilter(sk, changetype<Prog>(0))
  return 0
}

/** SO_ATTACH_REUSEPORT_EBPF. */
export function attachReuseBpf(sk: Sock, fd: i32): i32 {
  if (sk.filterLocked) return -EPERM
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FD_PROG) return -EINVAL
  const prog = changetype<Prog>(fdObject(fd))
  if (prog.type != BPF_PROG_TYPE_SOCKET_FILTER && prog.type != BPF_PROG_TYPE_SK_REUSEPORT) return -EINVAL
  progGet(prog)
  const err = reuseAttach(sk, prog)
  if (err) progPut(prog)
  return err
}

export function attachReuseClassic(sk: Sock, fprog: usize, len: u32): i32 {
  if (len != 16) return -EINVAL
  if (sk.filterLocked) return -EPERM
  const p = classicFromFprog(fprog)
  if (p >= <usize>-4096) return <i32>p
  const err = reuseAttach(sk, changetype<Prog>(p))
  if (err) progPut(changetype<Prog>(p))
  return err
}

/**
 * Lets the cgroup and the filter of the receiving socket see a packet, which may become shorter, but not than `cap`.
 * 0, or an errno: the packet is dropped.
 */
export function sockFilter(sk: Sock, skb: Skb, cap: u32): i32 {
  const err = cgRunSkb(sk, skb, BPF_CGROUP_INET_INGRESS)
  if (err) return err
  if (!changetype<usize>(sk.filter)) return 0
  const saved = skb.sk
  skb.sk = <u64>changetype<usize>(sk)
  fillSkbSock(skb, sk)
  const keep = runSkbSaveCb(sk.filter, skb)
  skb.sk = saved
  if (!keep) return -EPERM
  skbTrim(skb, max(cap, keep))
  return 0
}
