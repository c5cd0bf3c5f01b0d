// SPDX-License-Identifier: GPL-2.0-only
// Kernel parameters (cgroup/sysctl programs) and infrared receivers. Kernel counterpart: kernel/bpf/cgroup.c,
// drivers/media/rc/bpf-lirc.c.

import { E2BIG, EINVAL } from '../gen/errno.gen'
import { cstrlen } from '../mem/bytes'
import { lircEvent } from '../world/lirc'
import { SysctlCtx } from '../world/sysctl'
import { errno } from './given'

const BASE_NAME: u64 = 1
const PAGE: u32 = 4096

@inline function sysctl(p: u64): SysctlCtx {
  return changetype<SysctlCtx>(<usize>p)
}

export function sysctlGetName(ctx: u64, buf: u64, len: u64, flags: u64, r5: u64): u64 {
  const to = <usize>buf
  const room = <u32>len
  if (!to) return errno(EINVAL)
  let name = sysctl(ctx).entry.name
  const n = cstrlen(name)
  if (flags & BASE_NAME) {
    for (let i = n; i; i--) {
      if (load<u8>(name + i - 1) != 47) continue
      name += i
      break
    }
  }
  const size = <u32>cstrlen(name)
  if (!room) return errno(E2BIG)
  const copied = min(size, room - 1)
  memory.copy(to, name, copied)
  store<u8>(to + copied, 0)
  return size < room ? <u64>size : errno(E2BIG)
}

function copyValue(dst: u64, room: u32, src: usize, len: u32): u64 {
  const to = <usize>dst
  if (!to) return errno(EINVAL)
  if (!room) return errno(E2BIG)
  if (!src || !len) {
    memory.fill(to, 0, room)
    return errno(EINVAL)
  }
  memory.copy(to, src, min(room, len))
  if (room > len) {
    memory.fill(to + len, 0, room - len)
    return <u64>len
  }
  store<u8>(to + room - 1, 0)
  return errno(E2BIG)
}

export function sysctlGetCurrentValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = sysctl(ctx)
  return copyValue(buf, <u32>len, c.current, c.currentLen)
}

export function sysctlGetNewValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = sysctl(ctx)
  if (c.write) return copyValue(buf, <u32>len, c.fresh, c.freshLen)
  if (buf) memory.fill(<usize>buf, 0, <u32>len)
  return errno(EINVAL)
}

export function sysctlSetNewValue(ctx: u64, buf: u64, len: u64, r4: u64, r5: u64): u64 {
  const c = sysctl(ctx)
  const n = <u32>len
  if (!c.write || !c.fresh || !c.freshLen || !buf || !n) return errno(EINVAL)
  if (n > PAGE - 1) return errno(E2BIG)
  memory.copy(c.fresh, <usize>buf, n)
  c.freshLen = n
  c.updated = true
  return 0
}

export function rcRepeat(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  lircEvent(0, 0, 0, 1, 0, 0)
  return 0
}
export function rcKeydown(ctx: u64, protocol: u64, scancode: u64, toggle: u64, r5: u64): u64 {
  lircEvent(<u32>protocol, scancode, u32(<u32>toggle != 0), 0, 0, 0)
  return 0
}
export function rcPointerRel(ctx: u64, x: u64, y: u64, r4: u64, r5: u64): u64 {
  lircEvent(0, 0, 0, 0, <i32>x, <i32>y)
  return 0
}
