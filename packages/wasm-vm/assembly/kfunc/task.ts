// SPDX-License-Identifier: GPL-2.0-only
// References to tasks and cgroups. Programs hold images of the objects (world/image.ts).
// Kernel counterpart: bpf_task_*, bpf_cgroup_* of kernel/bpf/helpers.c.

import { EINVAL } from '../gen/errno.gen'
import { errno } from '../helpers/given'
import { Cgroup, cgroupAncestor, cgroupBelow, cgroupById, cgroupGet, cgroupPut } from '../world/cgroup'
import { IMAGE_CGROUP, IMAGE_TASK, imageObject } from '../world/image'
import { viewCgroup, viewTask } from '../world/kernel-view'
import { Task, taskByPid, taskGet, taskPut } from '../world/task'

/** The object behind an image, 0: a pointer that is none. */
export function taskOf(image: u64): Task {
  return changetype<Task>(imageObject(image, IMAGE_TASK))
}
export function cgroupOf(image: u64): Cgroup {
  return changetype<Cgroup>(imageObject(image, IMAGE_CGROUP))
}

function heldTask(t: Task): u64 {
  if (!changetype<usize>(t)) return 0
  const image = viewTask(t)
  if (image) taskGet(t)
  return <u64>image
}

function heldCgroup(cg: Cgroup): u64 {
  if (!changetype<usize>(cg)) return 0
  const image = viewCgroup(cg)
  if (image) cgroupGet(cg)
  return <u64>image
}

export function taskAcquire(task: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return heldTask(taskOf(task))
}
export function taskRelease(task: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = taskOf(task)
  if (changetype<usize>(t)) taskPut(t)
  return 0
}
/** One namespace of process ids: the numbers of a namespace and of the machine are the same. */
export function taskFromPid(pid: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return heldTask(taskByPid(<u32>pid))
}

export function cgroupAcquire(cg: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return heldCgroup(cgroupOf(cg))
}
export function cgroupRelease(cg: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const c = cgroupOf(cg)
  if (changetype<usize>(c)) cgroupPut(c)
  return 0
}
export function cgroupFromId(id: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return heldCgroup(cgroupById(id))
}
export function cgroupAncestorOf(cg: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  const c = cgroupOf(cg)
  return changetype<usize>(c) ? heldCgroup(cgroupAncestor(c, <i32>level)) : 0
}
export function taskUnderCgroup(task: u64, ancestor: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = taskOf(task)
  const c = cgroupOf(ancestor)
  if (!changetype<usize>(t) || !changetype<usize>(c)) return 0
  return cgroupBelow(t.cgroup, c) ? 1 : 0
}
/** There are no hierarchies of the first version. */
export function taskGetCgroup1(task: u64, hierarchy: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

const SIGNALS: u32 = 64
const PIDTYPE_PID: u32 = 0
const PIDTYPE_TGID: u32 = 1

/** bpf_send_signal_task: remembered with the task; the host delivers. */
export function sendSignalTask(task: u64, sig: u64, type: u64, value: u64, r5: u64): u64 {
  const kind = <u32>type
  if (kind != PIDTYPE_PID && kind != PIDTYPE_TGID) return errno(EINVAL)
  const n = <u32>sig
  const t = taskOf(task)
  if (!changetype<usize>(t) || n > SIGNALS) return errno(EINVAL)
  if (n) t.signals |= (<u64>1) << (n - 1)
  return 0
}
