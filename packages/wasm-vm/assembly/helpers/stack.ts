// SPDX-License-Identifier: GPL-2.0-only
// Stacks of the simulated processor. Kernel counterpart: kernel/bpf/stackmap.c. The kernel's stack is the running
// program and the programs that it runs within; the user's is where the task entered the kernel, if it has registers.

import { EFAULT, EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import { currentRun } from '../interp/run-state'
import { BpfMap } from '../maps/map'
import { stackTracePut } from '../maps/stack-trace'
import { Prog } from '../prog/prog'
import { BPF_F_STACK_BUILD_ID } from '../gen/uapi-enums.gen'
import { taskBehind } from '../world/kernel-view'
import { Task } from '../world/task'
import { current } from '../world/world'
import { asResult, errno } from './given'

const SKIP_MASK: u64 = 0xff
const USER_STACK: u64 = 1 << 8
const FAST_STACK_CMP: u64 = 1 << 9
const REUSE_STACKID: u64 = 1 << 10
const USER_BUILD_ID: u64 = 1 << 11
const BUILD_ID_SIZE: u32 = 32
const BUILD_ID_IP: u32 = 2
const MAX_DEPTH: u32 = 127
const PT_REGS_IP: usize = 128
/** Where the kernel's text begins on x86-64: the entry from user space stands at the bottom of its stack. */
const KERNEL_TEXT: u64 = 0xffffffff81000000

const TRACE: usize = memory.data(127 * 8, 8)
const ENTRIES: usize = memory.data(127 * 32, 8)

/** Writes the stack to TRACE; its depth. */
function capture(task: Task, user: bool): u32 {
  if (user) {
    if (!task.regs) return 0
    store<u64>(TRACE, load<u64>(task.regs, PT_REGS_IP))
    return 1
  }
  const prog = currentRun().prog
  store<u64>(TRACE, KERNEL_TEXT + (prog ? (<u64>changetype<Prog>(prog).id) << 12 : 0))
  store<u64>(TRACE, KERNEL_TEXT, 8)
  return 2
}

/** `n` entries from TRACE on `skip`, in the form of a build id stack if asked. */
function entriesFrom(skip: u32, n: u32, buildId: bool): usize {
  if (!buildId) return TRACE + ((<usize>skip) << 3)
  memory.fill(ENTRIES, 0, <usize>n * BUILD_ID_SIZE)
  for (let i: u32 = 0; i < n; i++) {
    const e = ENTRIES + <usize>i * BUILD_ID_SIZE
    store<u32>(e, BUILD_ID_IP)
    store<u64>(e, load<u64>(TRACE + ((<usize>(skip + i)) << 3)), 24)
  }
  return ENTRIES
}

export function getStackId(ctx: u64, map: u64, flags: u64, r4: u64, r5: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  if (flags & ~(SKIP_MASK | USER_STACK | FAST_STACK_CMP | REUSE_STACKID)) return errno(EINVAL)
  const skip = <u32>(flags & SKIP_MASK)
  const depth = capture(current(), (flags & USER_STACK) != 0)
  if (depth <= skip) return errno(EFAULT)
  const buildId = (m.mapFlags & BPF_F_STACK_BUILD_ID) != 0
  const most = m.valueSize / (buildId ? BUILD_ID_SIZE : 8)
  const n = min(depth - skip, most)
  return <u64>stackTracePut(m, entriesFrom(skip, n, buildId), n, flags)
}

function putStack(task: Task, buf: usize, size: u32, flags: u64): u64 {
  const user = (flags & USER_STACK) != 0
  const buildId = (flags & USER_BUILD_ID) != 0
  const elem: u32 = buildId ? BUILD_ID_SIZE : 8
  let err = 0
  if (flags & ~(SKIP_MASK | USER_STACK | USER_BUILD_ID) || (!user && buildId) || size % elem) err = -EINVAL
  else if (user && task != current()) err = task.regs ? -EOPNOTSUPP : -EFAULT
  const skip = <u32>(flags & SKIP_MASK)
  const depth: u32 = err ? 0 : capture(task, user)
  if (!err && depth < skip) err = -EFAULT
  if (err) {
    memory.fill(buf, 0, size)
    return asResult(err)
  }
  const n = min(min(depth - skip, size / elem), MAX_DEPTH)
  const len = n * elem
  memory.copy(buf, entriesFrom(skip, n, buildId), len)
  memory.fill(buf + len, 0, size - len)
  return <u64>len
}

export function getStack(ctx: u64, buf: u64, size: u64, flags: u64, r5: u64): u64 {
  return putStack(current(), <usize>buf, <u32>size, flags)
}
export function getTaskStack(task: u64, buf: u64, size: u64, flags: u64, r5: u64): u64 {
  return putStack(changetype<Task>(<usize>taskBehind(task)), <usize>buf, <u32>size, flags)
}
