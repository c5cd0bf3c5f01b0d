// SPDX-License-Identifier: GPL-2.0-only
// A simulated infrared receiver, /dev/lirc0: programs see its pulses and report keys. Kernel counterpart:
// drivers/media/rc/bpf-lirc.c.

import { E2BIG, EBADF, EEXIST, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../gen/errno.gen'
import { BPF_PROG_TYPE_LIRC_MODE2 } from '../gen/uapi-enums.gen'
import {
  ATTR_PROG_ATTACH__attach_bpf_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__target_fd,
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__prog_cnt,
  ATTR_QUERY__prog_ids,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__target_fd,
} from '../gen/uapi-layouts.gen'
import { kzalloc } from '../mem/alloc'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_FREE, fdKind, fdObject, isErr } from '../syscall/fd'
import { progOfType } from './cgroup-link'
import { FILE_LIRC } from './files'
import { runCtx } from './hook'
import { RunArray, runArrayAppend, runArrayFree, runArrayWithout, runItem } from './run-array'
import { world } from './world'

const MAX_PROGS: u32 = 64
const EVENTS: u32 = 64

/** Events: { protocol u32, toggle u32, scancode u64, repeat u32, dx i32, dy i32, pad u32 } in 32 bytes. */
@unmanaged export class Lirc {
  progs: RunArray
  eventCount: u32
  /** Sample under way: its address. */
  sample: u32
}

/** The device, made when it is first asked for. */
export function lircDevice(): Lirc {
  const w = world()
  if (!w.lirc) w.lirc = kzalloc(offsetof<Lirc>() + <usize>EVENTS * 32)
  return changetype<Lirc>(w.lirc)
}

/** Whether a path is the device's. */
function lircFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_LIRC ? fdObject(fd) : -EINVAL
}

function has(d: Lirc, prog: usize): bool {
  if (!changetype<usize>(d.progs)) return false
  for (let i: u32 = 0; i < d.progs.count; i++) if (changetype<usize>(runItem(d.progs, i).prog) == prog) return true
  return false
}

export function lircProgAttach(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)) return -EINVAL
  const p = lircFromFd(load<i32>(attr, ATTR_PROG_ATTACH__target_fd))
  if (isErr(p)) return <i32>p
  const d = changetype<Lirc>(p)
  if (changetype<usize>(d.progs) && d.progs.count >= MAX_PROGS) return -E2BIG
  if (has(d, changetype<usize>(prog))) return -EEXIST
  const array = runArrayAppend(d.progs, prog, 0, 0)
  if (!changetype<usize>(array)) return -ENOMEM
  progGet(prog)
  runArrayFree(d.progs)
  d.progs = array
  return 0
}

export function lircProgDetach(attr: usize): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)) return -EINVAL
  const prog = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd), BPF_PROG_TYPE_LIRC_MODE2)
  if (isErr(prog)) return <i32>prog
  const p = lircFromFd(load<i32>(attr, ATTR_PROG_ATTACH__target_fd))
  if (isErr(p)) return <i32>p
  const d = changetype<Lirc>(p)
  if (!has(d, prog)) return -ENOENT
  const array = runArrayWithout(d.progs, changetype<Prog>(prog), 0)
  runArrayFree(d.progs)
  d.progs = array
  progPut(changetype<Prog>(prog))
  return 0
}

export function lircQuery(attr: usize, uattr: u64): i32 {
  if (load<u32>(attr, ATTR_QUERY__query_flags)) return -EINVAL
  const p = lircFromFd(load<i32>(attr, ATTR_QUERY__target_fd))
  if (isErr(p)) return <i32>p
  const d = changetype<Lirc>(p)
  const count: u32 = changetype<usize>(d.progs) ? d.progs.count : 0
  if (!putUser32(uattr + ATTR_QUERY__prog_cnt, count) || !putUser32(uattr + ATTR_QUERY__attach_flags, 0)) return -EFAULT
  const room = load<u32>(attr, ATTR_QUERY__prog_cnt)
  const ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  if (!room || !ids || !count) return 0
  for (let i: u32 = 0; i < min(room, count); i++) {
    if (!putUser32(ids + <u64>i * 4, runItem(d.progs, i).prog.id)) return -EFAULT
  }
  return room < count ? -ENOSPC : 0
}

const SAMPLE: usize = memory.data(8, 8)

/** A pulse or space arrives: programs see it as a u32, in the order of their attachment. */
export function lircPulse(sample: u32): void {
  const d = lircDevice()
  if (!changetype<usize>(d.progs)) return
  store<u32>(SAMPLE, sample)
  for (let i: u32 = 0; i < d.progs.count; i++) runCtx(runItem(d.progs, i).prog, SAMPLE, 4, 0, 0)
}

/** A key or movement that a program reports. */
export function lircEvent(protocol: u32, scancode: u64, toggle: u32, repeat: u32, dx: i32, dy: i32): void {
  const d = lircDevice()
  if (d.eventCount >= EVENTS) return
  const e = changetype<usize>(d) + offsetof<Lirc>() + <usize>d.eventCount * 32
  d.eventCount++
  store<u32>(e, protocol)
  store<u32>(e, toggle, 4)
  store<u64>(e, scancode, 8)
  store<u32>(e, repeat, 16)
  store<i32>(e, dx, 20)
  store<i32>(e, dy, 24)
}

/** Hands out the oldest event, 32 bytes; false if there is none. */
export function lircTake(to: usize): bool {
  const d = lircDevice()
  if (!d.eventCount) return false
  const first = changetype<usize>(d) + offsetof<Lirc>()
  memory.copy(to, first, 32)
  d.eventCount--
  memory.copy(first, first + 32, <usize>d.eventCount * 32)
  return true
}
