// SPDX-License-Identifier: GPL-2.0-only
// cgroups of packets, sockets and tasks, and the hooks of parameters. Kernel counterpart: net/core/filter.c,
// kernel/bpf/cgroup.c.

import { E2BIG, EAGAIN, EINVAL, ENOENT } from '../gen/errno.gen'
import { fdArrayObject } from '../maps/fd-array'
import { BpfMap } from '../maps/map'
import { cstrlen } from '../mem/bytes'
import { Cgroup, cgroupAncestorId, cgroupBelow } from '../world/cgroup'
import { Skb } from '../world/skb'
import { sockBehind } from '../world/kernel-view'
import { Sock } from '../world/sock'
import { SysctlCtx } from '../world/sysctl'
import { current } from '../world/world'
import { asResult, errno } from './given'

const BASE_NAME: u64 = 1
const PAGE: u32 = 4096

/** The cgroup in a CGROUP_ARRAY: whether `cg` is it or below; errno. */
function under(cg: Cgroup, mapAddr: u64, index: u64): u64 {
  const map = changetype<BpfMap>(<usize>mapAddr)
  if (<u32>index >= map.maxEntries) return errno(E2BIG)
  const ancestor = fdArrayObject(map, <u32>index)
  if (!ancestor) return errno(EAGAIN)
  return cgroupBelow(cg, changetype<Cgroup>(ancestor)) ? 1 : 0
}

function skbSock(ctx: u64): Sock {
  const skb = changetype<Skb>(<usize>ctx)
  return changetype<Sock>(skb.owner ? skb.owner : <usize>skb.sk)
}

export function skbUnderCgroup(ctx: u64, map: u64, index: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? under(sk.cgroup, map, index) : errno(ENOENT)
}
export function currentTaskUnderCgroup(map: u64, index: u64, r3: u64, r4: u64, r5: u64): u64 {
  return under(current().cgroup, map, index)
}

export function skbCgroupId(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? sk.cgroup.id : 0
}
export function skbAncestorCgroupId(ctx: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = skbSock(ctx)
  return changetype<usize>(sk) ? cgroupAncestorId(sk.cgroup, <i32>(<u32>level)) : 0
}
export function skCgroupId(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return sk ? changetype<Sock>(<usize>sockBehind(sk)).cgroup.id : 0
}
export function skAncestorCgroupId(sk: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  return sk ? cgroupAncestorId(changetype<Sock>(<usize>sockBehind(sk)).cgroup, <i32>(<u32>level)) : 0
}
/** Class ids belong to net_cls of the old hierarchy: the task's. */
export function skbCgroupClassid(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>current().classid
}

// parameters

/** Copies a text that ends with a zero, as strscpy does: its length or -E2BIG. */
function copyText(to: usize, room: u32, from: usize, len: u32): i32 {
  if (!room) return -E2BIG
  if (len < room) {
    memory.copy(to, from, len)
    memory.fill(to + <usize>len, 0, room - len)
    return <i32>len
  }
  memory.copy(to, from, room - 1)
  store<u8>(to + <usize>(room - 1), 0)
  return -E2BIG
}

export function sysctlGetName(ctx: u64, buf: u64, len: u64, flags: u64, r5: u64): u64 {
  const c = changetype<SysctlCtx>(<usize>ctx)
  if (!buf) return errno(EINVAL)
  let name = c.entry.name
  if (flags & BASE_NAME) {
    for (let p = name; load<u8>(p); p++) if (load<u8>(p) == 47) name = p + 1
  }
  return asResult(copyText(<usize>buf, <u32>len, name, <u32>cstrlen(name)))
}

export function sysctlGetCurrentValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = changetype<SysctlCtx>(<usize>ctx)
  if (!c.currentLen) {
    memory.fill(<usize>buf, 0, <u32>len)
    return errno(EINVAL)
  }
  return asResult(copyText(<usize>buf, <u32>len, c.current, c.currentLen))
}

export function sysctlGetNewValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = changetype<SysctlCtx>(<usize>ctx)
  if (!c.write) {
    memory.fill(<usize>buf, 0, <u32>len)
    return errno(EINVAL)
  }
  return asResult(copyText(<usize>buf, <u32>len, c.fresh, c.freshLen))
}

export function sysctlSetNewValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = changetype<SysctlCtx>(<usize>ctx)
  const n = <u32>len
  if (!c.write || !c.fresh || !c.freshLen || !buf || !n) return errno(EINVAL)
  if (n > PAGE - 1) return errno(E2BIG)
  memory.copy(c.fresh, <usize>buf, n)
  c.freshLen = n
  c.updated = true
  return 0
}
