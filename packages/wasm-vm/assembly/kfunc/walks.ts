// SPDX-License-Identifier: GPL-2.0-only
// Iterators over tasks and cgroups that programs keep on their stack.
// Kernel counterpart: bpf_iter_task_*, bpf_iter_css_* of kernel/bpf/task_iter.c and cgroup_iter.c.

import { EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  BPF_CGROUP_ITER_ANCESTORS_UP,
  BPF_CGROUP_ITER_DESCENDANTS_POST,
  BPF_CGROUP_ITER_DESCENDANTS_PRE,
} from '../gen/uapi-enums.gen'
import { errno } from '../helpers/given'
import { kfree, kzalloc } from '../mem/alloc'
import { Cgroup } from '../world/cgroup'
import { viewCgroup, viewTask } from '../world/kernel-view'
import { firstTask, Task } from '../world/task'
import { cgroupOf, taskOf } from './task'

const ALL_PROCS: u32 = 0
const PROC_THREADS: u32 = 2
const CSS_TASK_PROCS: u32 = 1
const CSS_TASK_THREADED: u32 = 2

/** Which tasks are visited: of a process, of a cgroup, one of each process. */
@unmanaged class TaskWalk {
  next: Task
  tgid: u32
  cgroup: Cgroup
  leaders: bool
}

function visits(w: TaskWalk, t: Task): bool {
  if (w.leaders && t.pid != t.tgid) return false
  if (w.tgid && t.tgid != w.tgid) return false
  return !changetype<usize>(w.cgroup) || t.cgroup == w.cgroup
}

function start(it: u64): TaskWalk {
  const w = changetype<TaskWalk>(<usize>it)
  memory.fill(<usize>it, 0, offsetof<TaskWalk>())
  return w
}

export function iterTaskNew(it: u64, task: u64, flags: u64, r4: u64, r5: u64): u64 {
  const w = start(it)
  const how = <u32>flags
  if (how > PROC_THREADS) return errno(EINVAL)
  if (how == PROC_THREADS) {
    const t = taskOf(task)
    if (!changetype<usize>(t)) return errno(EINVAL)
    w.tgid = t.tgid
  }
  w.leaders = how == ALL_PROCS
  w.next = firstTask()
  return 0
}

export function iterTaskNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const w = changetype<TaskWalk>(<usize>it)
  let t = w.next
  while (changetype<usize>(t) && !visits(w, t)) t = t.next
  if (!changetype<usize>(t)) {
    w.next = t
    return 0
  }
  w.next = t.next
  return <u64>viewTask(t)
}

export function iterTaskDestroy(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  start(it)
  return 0
}

/** The structure on the stack has room for no more than the address of the walk. */
export function iterCssTaskNew(it: u64, css: u64, flags: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>it, 0)
  const how = <u32>flags
  if (how != 0 && how != CSS_TASK_PROCS && how != (CSS_TASK_PROCS | CSS_TASK_THREADED)) return errno(EINVAL)
  const at = kzalloc(offsetof<TaskWalk>())
  if (!at) return errno(ENOMEM)
  store<u64>(<usize>it, <u64>at)
  const w = changetype<TaskWalk>(at)
  w.cgroup = cgroupOf(css)
  w.leaders = (how & CSS_TASK_PROCS) != 0
  if (changetype<usize>(w.cgroup)) w.next = firstTask()
  return 0
}
export function iterCssTaskNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const w = load<u64>(<usize>it)
  return w ? iterTaskNext(w, 0, 0, 0, 0) : 0
}
export function iterCssTaskDestroy(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const w = <usize>load<u64>(<usize>it)
  if (w) kfree(w)
  store<u64>(<usize>it, 0)
  return 0
}

/** Memory areas: tasks here have none. */
export function iterTaskVmaNew(it: u64, task: u64, addr: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>it, 0)
  return errno(ENOENT)
}
export function iterNothingNew(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>it, 0)
  return 0
}
export function iterNothingNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

@unmanaged class CssWalk {
  start: Cgroup
  pos: Cgroup
  flags: u32
  begun: bool
}

export function iterCssNew(it: u64, css: u64, flags: u64, r4: u64, r5: u64): u64 {
  const w = changetype<CssWalk>(<usize>it)
  memory.fill(<usize>it, 0, offsetof<CssWalk>())
  const how = <u32>flags
  if (
    how != BPF_CGROUP_ITER_DESCENDANTS_PRE &&
    how != BPF_CGROUP_ITER_DESCENDANTS_POST &&
    how != BPF_CGROUP_ITER_ANCESTORS_UP
  )
    return errno(EINVAL)
  w.start = cgroupOf(css)
  w.flags = how
  return 0
}

function leftmost(cg: Cgroup): Cgroup {
  while (changetype<usize>(cg.children)) cg = cg.children
  return cg
}

/** After a cgroup: its first child, else the next one of the nearest ancestor that has one. */
function afterPre(cg: Cgroup, top: Cgroup): Cgroup {
  if (changetype<usize>(cg.children)) return cg.children
  while (cg != top) {
    if (changetype<usize>(cg.next)) return cg.next
    cg = cg.parent
  }
  return changetype<Cgroup>(0)
}

function afterPost(cg: Cgroup, top: Cgroup): Cgroup {
  if (cg == top) return changetype<Cgroup>(0)
  return changetype<usize>(cg.next) ? leftmost(cg.next) : cg.parent
}

function step(w: CssWalk): Cgroup {
  const top = w.start
  if (!w.begun) return w.flags == BPF_CGROUP_ITER_DESCENDANTS_POST ? leftmost(top) : top
  if (w.flags == BPF_CGROUP_ITER_ANCESTORS_UP) return w.pos.parent
  return w.flags == BPF_CGROUP_ITER_DESCENDANTS_PRE ? afterPre(w.pos, top) : afterPost(w.pos, top)
}

/** The structure that a cgroup begins with is what stands for it. */
export function iterCssNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const w = changetype<CssWalk>(<usize>it)
  if (!changetype<usize>(w.start) || (w.begun && !changetype<usize>(w.pos))) return 0
  w.pos = step(w)
  w.begun = true
  return changetype<usize>(w.pos) ? <u64>viewCgroup(w.pos) : 0
}

export function iterCssDestroy(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  memory.fill(<usize>it, 0, offsetof<CssWalk>())
  return 0
}
