// SPDX-License-Identifier: GPL-2.0-only
// The socket of a context, its cgroup, its numbers. Kernel counterpart: net/core/filter.c.

import { E2BIG, EAGAIN, ENOENT } from '../gen/errno.gen'
import {
  BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_LWT_IN, BPF_PROG_TYPE_LWT_OUT, BPF_PROG_TYPE_LWT_XMIT, BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SK_LOOKUP, BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SK_SKB, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SOCK_OPS,
} from '../gen/uapi-enums.gen'
import {
  bpf_sk_lookup__sk, bpf_sock_addr__sk, bpf_sock_ops__sk, bpf_sockopt__sk, sk_msg_md__sk, sk_reuseport_md__sk,
} from '../gen/uapi-layouts.gen'
import { fdArrayObject } from '../maps/fd-array'
import { BpfMap } from '../maps/map'
import { Cgroup, cgroupAncestor } from '../world/cgroup'
import { Netns } from '../world/netns'
import { Skb } from '../world/skb'
import { Sock, sockCookie, TCP_LISTEN } from '../world/sock'
import { current, world } from '../world/world'
import { errno, progType } from './given'

const NONE: usize = 0
const OVERFLOW_UID: u64 = 65534
/** sizeof(struct bpf_sock): where a socket's struct bpf_tcp_sock begins. */
export const TCP_SOCK: usize = 80

function isNetns(p: usize): bool {
  for (let ns = world().netns; changetype<usize>(ns); ns = ns.next) if (changetype<usize>(ns) == p) return true
  return false
}

/** The socket that a pointer of a program stands for: to the socket, or to the TCP part that bpf_tcp_sock gave. */
export function sockOf(p: u64): Sock {
  const at = <usize>p
  if (!at || isNetns(load<usize>(at + offsetof<Sock>('netns')))) return changetype<Sock>(at)
  return changetype<Sock>(at - TCP_SOCK)
}

/** Socket of the context of the program that runs, or 0. */
export function contextSock(ctx: u64): Sock {
  const p = <usize>ctx
  switch (progType()) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_SK_SKB:
      return changetype<Sock>(<usize>changetype<Skb>(p).sk)
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return changetype<Sock>(load<usize>(p, bpf_sock_addr__sk))
    case BPF_PROG_TYPE_SOCK_OPS:
      return changetype<Sock>(load<usize>(p, bpf_sock_ops__sk))
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return changetype<Sock>(load<usize>(p, bpf_sockopt__sk))
    case BPF_PROG_TYPE_SK_MSG:
      return changetype<Sock>(load<usize>(p, sk_msg_md__sk))
    case BPF_PROG_TYPE_SK_REUSEPORT:
      return changetype<Sock>(load<usize>(p, sk_reuseport_md__sk))
    case BPF_PROG_TYPE_SK_LOOKUP:
      return changetype<Sock>(load<usize>(p, bpf_sk_lookup__sk))
    case BPF_PROG_TYPE_CGROUP_SOCK:
      return changetype<Sock>(p)
    default:
      return sockOf(ctx)
  }
}

export function getSocketCookie(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = contextSock(ctx)
  return changetype<usize>(sk) ? sockCookie(sk) : 0
}

export function getSocketUid(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = contextSock(ctx)
  return changetype<usize>(sk) ? <u64>sk.uid : OVERFLOW_UID
}

/** Of the context's namespace; without context, of the first one. */
export function getNetnsCookie(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  let ns: Netns = world().netns
  if (ctx) {
    const sk = contextSock(ctx)
    if (changetype<usize>(sk)) ns = sk.netns
    else if (progType() == BPF_PROG_TYPE_SCHED_CLS || progType() == BPF_PROG_TYPE_SCHED_ACT) {
      const dev = changetype<Skb>(<usize>ctx).dev
      if (changetype<usize>(dev)) ns = dev.netns
    }
  }
  return ns.cookie
}

// cgroups

function ancestorId(cg: Cgroup, level: u64): u64 {
  const a = cgroupAncestor(cg, <u32>level)
  return changetype<usize>(a) ? a.id : 0
}
@inline function skbSock(ctx: u64): Sock {
  return changetype<Sock>(<usize>changetype<Skb>(<usize>ctx).sk)
}

export function skbCgroupId(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? sk.cgroup.id : 0
}
export function skbAncestorCgroupId(ctx: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? ancestorId(sk.cgroup, level) : 0
}
export function skCgroupId(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? sk.cgroup.id : 0
}
export function skAncestorCgroupId(p: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? ancestorId(sk.cgroup, level) : 0
}
/** The class of a socket is its creator's: there is one class for all tasks that have none of their own. */
export function skbCgroupClassid(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return changetype<usize>(skbSock(ctx)) ? <u64>current().classid : 0
}

/** Whether `cg` is or is below the cgroup in a map's slot. */
function under(cg: Cgroup, map: u64, index: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  const i = <u32>index
  if (i >= m.maxEntries) return errno(E2BIG)
  const root = changetype<Cgroup>(fdArrayObject(m, i))
  if (!changetype<usize>(root)) return errno(EAGAIN)
  let at = cg
  while (changetype<usize>(at) && at != root) at = at.parent
  return <u64>(at == root)
}

export function skbUnderCgroup(ctx: u64, map: u64, index: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? under(sk.cgroup, map, index) : errno(ENOENT)
}
export function currentTaskUnderCgroup(map: u64, index: u64, r3: u64, r4: u64, r5: u64): u64 {
  return under(current().cgroup, map, index)
}

// what a socket is

const AF_UNIX: u32 = 1
const AF_INET6: u32 = 10
const SOCK_DGRAM: u32 = 2
const IPPROTO_TCP: u32 = 6
const IPPROTO_UDP: u32 = 17
const TCP_TIME_WAIT: u32 = 6

export function skFullsock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>changetype<usize>(sockOf(p))
}
export function tcpSock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) && sk.protocol == IPPROTO_TCP ? <u64>(changetype<usize>(sk) + TCP_SOCK) : 0
}
export function getListenerSock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) && sk.state == TCP_LISTEN ? <u64>changetype<usize>(sk) : 0
}

@inline function ifSock(sk: Sock, is: bool): u64 {
  return changetype<usize>(sk) && is ? <u64>changetype<usize>(sk) : NONE
}
export function skcToTcpSock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? ifSock(sk, sk.protocol == IPPROTO_TCP) : 0
}
export function skcToTcp6Sock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? ifSock(sk, sk.protocol == IPPROTO_TCP && sk.family == AF_INET6) : 0
}
export function skcToTcpTimewaitSock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? ifSock(sk, sk.protocol == IPPROTO_TCP && sk.state == TCP_TIME_WAIT) : 0
}
/** Connections under way have no sockets of their own here, and there is no multipath TCP. */
export function skcToNone(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}
export function skcToUdp6Sock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  if (!changetype<usize>(sk)) return 0
  return ifSock(sk, sk.protocol == IPPROTO_UDP && sk.type == SOCK_DGRAM && sk.family == AF_INET6)
}
export function skcToUnixSock(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  return changetype<usize>(sk) ? ifSock(sk, sk.family == AF_UNIX) : 0
}
