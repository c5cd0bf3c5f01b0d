// SPDX-License-Identifier: GPL-2.0-only
// The task that runs. Kernel counterpart: kernel/bpf/helpers.c.

import { EINVAL } from '../gen/errno.gen'
import { cgroupAncestor } from '../world/cgroup'
import { imageSize } from '../world/image'
import { taskBehind, viewTask } from '../world/kernel-view'
import { Task, taskComm } from '../world/task'
import { current } from '../world/world'
import { errno, giveMemory } from './given'

export function getCurrentPidTgid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = current()
  return ((<u64>t.tgid) << 32) | (<u64>t.pid)
}
export function getCurrentUidGid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = current()
  return ((<u64>t.gid) << 32) | (<u64>t.uid)
}

/** strscpy_pad of the task's name. */
export function getCurrentComm(buf: u64, size: u64, r3: u64, r4: u64, r5: u64): u64 {
  const n = <usize>(<u32>size)
  const comm = taskComm(current())
  let i: usize = 0
  for (; i + 1 < n && i < 15 && load<u8>(comm + i); i++) store<u8>(<usize>buf + i, load<u8>(comm + i))
  memory.fill(<usize>buf + i, 0, n - i)
  return 0
}

export function getCurrentTask(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const image = viewTask(current())
  if (image) {
    giveMemory(image, imageSize(image))
    return <u64>image
  }
  const t = changetype<usize>(current())
  giveMemory(t, <u32>offsetof<Task>())
  return <u64>t
}

export function taskPtRegs(task: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = changetype<Task>(<usize>taskBehind(task))
  giveMemory(t.regs, 168)
  return <u64>t.regs
}

export function getCurrentCgroupId(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return current().cgroup.id
}

/** Level 0 is the root; 0 if the task's cgroup is not so deep. */
export function getCurrentAncestorCgroupId(level: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const cg = cgroupAncestor(current().cgroup, <u32>level)
  return changetype<usize>(cg) ? cg.id : 0
}

export function getCgroupClassid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>current().classid
}

/** dev and inode of the PID namespace: there is one, that of the kernel. */
const PIDNS_DEV: u64 = 4
const PIDNS_INO: u64 = 0xeffffffc
const NSDATA_SIZE: u32 = 8

export function getNsCurrentPidTgid(dev: u64, ino: u64, out: u64, size: u64, r5: u64): u64 {
  if (<u32>size == NSDATA_SIZE && <u64>(<u32>dev) == dev) {
    if (dev == PIDNS_DEV && ino == PIDNS_INO) {
      const t = current()
      store<u32>(<usize>out, t.pid)
      store<u32>(<usize>out, t.tgid, 4)
      return 0
    }
  }
  memory.fill(<usize>out, 0, <u32>size)
  return errno(EINVAL)
}

const SIGNALS: u32 = 64

/** bpf_send_signal: remembered with the task; the host delivers. */
export function sendSignal(sig: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = current()
  if (!t.pid) return errno(EINVAL)
  const n = <u32>sig
  if (n > SIGNALS) return errno(EINVAL)
  if (n) t.signals |= (<u64>1) << (n - 1)
  return 0
}
