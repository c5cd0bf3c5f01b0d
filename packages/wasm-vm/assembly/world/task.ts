// SPDX-License-Identifier: GPL-2.0-only
// Simulated tasks. One of them makes the system calls.

import { EBADF, EINVAL, ESRCH } from '../gen/errno.gen'
import { storageDestroy } from '../maps/storage'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { FD_FREE, fdKind, fdObject } from '../syscall/fd'
import { Cgroup, cgroupGet, cgroupPut } from './cgroup'
import { cgroupJoined, taskEnds, taskSwitched } from './events'
import { FILE_PIDFD } from './files'
import { imageDrop } from './image'
import { Netns } from './netns'
import { UserNs } from './user-ns'
import { taskFreed } from './security'
import { current, world, World } from './world'

@unmanaged export class Task {
  refs: u32
  next: Task
  pid: u32
  tgid: u32
  ppid: u32
  uid: u32
  gid: u32
  /** char[16] */
  comm0: u64
  comm1: u64
  /** Nanoseconds since boot at which it began. */
  startTime: u64
  cgroup: Cgroup
  netns: Netns
  /** 0: the first one. */
  userns: UserNs
  /** Capabilities that it gave up in its user namespace: bit n is CAP n. */
  capsDropped: u64
  /** net_cls class id, for bpf_get_cgroup_classid. */
  classid: u32
  /** Registers at its last entry from user space (struct pt_regs), or 0. */
  regs: usize
  /** Local storage of programs (maps/storage.ts). */
  storage: usize
  /** Signals that bpf_send_signal left: bit n - 1. */
  pendingSignals: u64
  signals: u64
  exited: bool
}

/** A new task, in the namespace and the cgroup that are given; 0 when memory is out. */
export function taskCreate(netns: Netns, cgroup: Cgroup): Task {
  const t = changetype<Task>(kzalloc(offsetof<Task>()))
  if (!changetype<usize>(t)) return t
  const w = world()
  t.refs = 1
  t.pid = w.nextPid++
  t.tgid = t.pid
  t.ppid = 1
  t.netns = netns
  t.cgroup = cgroup
  cgroupGet(cgroup)
  cstrPut(taskComm(t), 'skep')
  let last = w.tasks
  if (!changetype<usize>(last)) w.tasks = t
  else {
    while (changetype<usize>(last.next)) last = last.next
    last.next = t
  }
  return t
}

export function firstTask(): Task {
  return world().tasks
}
export function nextTask(t: Task): Task {
  return t.next
}

/** The task that calls. */
export function currentTask(): Task {
  return current()
}

/** Address of the task's name, 16 bytes. */
@inline export function taskComm(t: Task): usize {
  return changetype<usize>(t) + offsetof<Task>('comm0')
}

export function taskByPid(pid: u32): Task {
  let t = world().tasks
  while (changetype<usize>(t) && t.pid != pid) t = t.next
  return t
}

/** Moves a task into a cgroup. */
export function taskMove(t: Task, cg: Cgroup): void {
  cgroupGet(cg)
  cgroupPut(t.cgroup)
  t.cgroup = cg
  cgroupJoined(cg, t)
}

export function taskSwitch(t: Task): void {
  taskSwitched(current(), t)
  kernel().current = changetype<usize>(t)
}

/** The task that a pidfd stands for, or an errno. */
export function taskFromPidfd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE || kind != FILE_PIDFD) return -EBADF
  const t = changetype<Task>(fdObject(fd))
  return t.exited ? -ESRCH : changetype<usize>(t)
}

export function taskGet(t: Task): void {
  t.refs++
}

export function taskPut(t: Task): void {
  if (--t.refs) return
  storageDestroy(changetype<usize>(t) + offsetof<Task>('storage'))
  kfree(t.regs)
  imageDrop(changetype<usize>(t))
  kfree(changetype<usize>(t))
}

/** A task ends. The calling one cannot. */
export function taskExit(t: Task): i32 {
  if (changetype<usize>(t) == kernel().current) return -EINVAL
  let at = changetype<usize>(world()) + offsetof<World>('tasks')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(t)) at = load<usize>(at) + offsetof<Task>('next')
  if (!load<usize>(at)) return -ESRCH
  store<usize>(at, changetype<usize>(t.next))
  taskEnds(t)
  taskFreed(t)
  t.exited = true
  cgroupPut(t.cgroup)
  t.cgroup = world().cgroup
  taskPut(t)
  return 0
}
