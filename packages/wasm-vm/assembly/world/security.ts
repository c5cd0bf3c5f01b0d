// SPDX-License-Identifier: GPL-2.0-only
// Acts that security modules are asked about. Here there is one module, that of programs: LSM programs of the hook, then
// those of the cgroup. Kernel counterpart: security/security.c, kernel/bpf/bpf_lsm.c.
//
// Asking costs nothing as long as no program is attached to any function.

import { cstrPut } from '../mem/bytes'
import { Cgroup } from './cgroup'
import { cgRun } from './cgroup-run'
import { viewSock, viewSocketOf, viewTask } from './kernel-view'
import { cgroupLsmSlot } from './lsm-cgroup'
import { Sock } from './sock'
import { Task } from './task'
import { Call, callArg, callEnter, callLeave, callOf, traced } from './trampoline'
import { current, world } from './world'

/** Arguments of the hook that is asked, and the result that the module may change. */
const ARGS: usize = memory.data(8 * 8, 8)
const OUTER: usize = memory.data(64, 8)
const OUTER_HOOK: usize = memory.data(64, 8)

/** Whether any program would be asked about anything. */
@inline export function watched(): bool {
  return traced() || world().lsmCount != 0
}

@inline function arg(i: usize, value: u64): void {
  store<u64>(ARGS + (i << 3), value)
}

function begin(name: usize, count: u32): Call {
  const c = callOf(name)
  if (changetype<usize>(c)) for (let i: u32 = 0; i < count; i++) callArg(c, load<u64>(ARGS + ((<usize>i) << 3)))
  return c
}

/** Asks about an act by the arguments that were put: 0, or the errno of a refusal. */
function ask(hook: string, count: u32, cg: Cgroup): i32 {
  cstrPut(OUTER + cstrPut(OUTER, 'security_'), hook)
  const outer = begin(OUTER, count)
  if (!changetype<usize>(outer)) return askModule(hook, count, cg)
  return <i32>callLeave(outer, callEnter(outer) ? 0 : askModule(hook, count, cg))
}

function askModule(hook: string, count: u32, cg: Cgroup): i32 {
  cstrPut(OUTER_HOOK + cstrPut(OUTER_HOOK, 'bpf_lsm_'), hook)
  const slot = cgroupLsmSlot(OUTER_HOOK)
  const c = begin(OUTER_HOOK, count)
  if (!changetype<usize>(c)) return slot ? askCgroup(slot, count, cg) : 0
  return <i32>callLeave(c, callEnter(c) || !slot ? 0 : askCgroup(slot, count, cg))
}

/** Programs of the cgroup: 0 of a program refuses. */
function askCgroup(slot: u32, count: u32, cg: Cgroup): i32 {
  const group = changetype<usize>(cg) ? cg : current().cgroup
  store<u64>(ARGS + ((<usize>count) << 3), 0)
  return cgRun(group, slot, ARGS, (count + 1) << 3, 0, 0, false)
}

const NOBODY: Cgroup = changetype<Cgroup>(0)

// sockets

export function mayCreateSocket(family: u32, type: u32, protocol: u32): i32 {
  if (!watched()) return 0
  arg(0, family)
  arg(1, type)
  arg(2, protocol)
  arg(3, 0)
  return ask('socket_create', 4, NOBODY)
}

export function socketCreated(sk: Sock, family: u32, type: u32, protocol: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, family)
  arg(2, type)
  arg(3, protocol)
  arg(4, 0)
  return ask('socket_post_create', 5, sk.cgroup)
}

export function maySock(sk: Sock, family: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSock(sk))
  arg(1, family)
  // GFP_KERNEL
  arg(2, 0xcc0)
  return ask('sk_alloc_security', 3, NOBODY)
}

export function mayBind(sk: Sock, addr: usize, len: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, <u64>addr)
  arg(2, len)
  return ask('socket_bind', 3, sk.cgroup)
}

export function mayConnect(sk: Sock, addr: usize, len: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, <u64>addr)
  arg(2, len)
  return ask('socket_connect', 3, sk.cgroup)
}

export function mayListen(sk: Sock, backlog: i32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, <u64>(<i64>backlog))
  return ask('socket_listen', 2, sk.cgroup)
}

export function mayAccept(sk: Sock, child: Sock): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, <u64>viewSocketOf(child))
  return ask('socket_accept', 2, sk.cgroup)
}

/** struct msghdr is not made: programs see none. */
export function maySend(sk: Sock, len: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, 0)
  arg(2, len)
  return ask('socket_sendmsg', 3, sk.cgroup)
}

export function mayReceive(sk: Sock, len: u32, flags: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, 0)
  arg(2, len)
  arg(3, flags)
  return ask('socket_recvmsg', 4, sk.cgroup)
}

export function mayName(sk: Sock, peer: bool): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  return peer ? ask('socket_getpeername', 1, sk.cgroup) : ask('socket_getsockname', 1, sk.cgroup)
}

export function mayOption(sk: Sock, set: bool, level: i32, name: i32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, <u64>(<i64>level))
  arg(2, <u64>(<i64>name))
  return set ? ask('socket_setsockopt', 3, sk.cgroup) : ask('socket_getsockopt', 3, sk.cgroup)
}

export function mayShutdown(sk: Sock, how: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewSocketOf(sk))
  arg(1, how)
  return ask('socket_shutdown', 2, sk.cgroup)
}

// bpf(2)

export function mayBpf(cmd: i32, attr: usize, size: u32, inKernel: bool): i32 {
  if (!watched()) return 0
  arg(0, <u64>(<i64>cmd))
  arg(1, <u64>attr)
  arg(2, size)
  arg(3, u64(inKernel))
  return ask('bpf', 4, NOBODY)
}

/** An fd of a map is made; `mode` are FMODE_READ and FMODE_WRITE. */
export function mayOpenMap(image: usize, mode: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>image)
  arg(1, mode)
  return ask('bpf_map', 2, NOBODY)
}

export function mayOpenProg(image: usize): i32 {
  if (!watched()) return 0
  arg(0, <u64>image)
  return ask('bpf_prog', 1, NOBODY)
}

export function mayCreateMap(image: usize, attr: usize): i32 {
  if (!watched()) return 0
  arg(0, <u64>image)
  arg(1, <u64>attr)
  arg(2, 0)
  arg(3, 0)
  return ask('bpf_map_create', 4, NOBODY)
}

export function mayLoadProg(image: usize, attr: usize): i32 {
  if (!watched()) return 0
  arg(0, <u64>image)
  arg(1, <u64>attr)
  arg(2, 0)
  arg(3, 0)
  return ask('bpf_prog_load', 4, NOBODY)
}

// tasks and files

export function mayCreateTask(t: Task, flags: u64): i32 {
  if (!watched()) return 0
  arg(0, <u64>viewTask(t))
  arg(1, flags)
  return ask('task_alloc', 2, NOBODY)
}

/** No answer is asked for. */
export function taskFreed(t: Task): void {
  if (!watched()) return
  arg(0, <u64>viewTask(t))
  ask('task_free', 1, NOBODY)
}

export function mayOpenFile(image: usize): i32 {
  if (!watched()) return 0
  arg(0, <u64>image)
  return ask('file_open', 1, NOBODY)
}

export function mayOpenPerf(type: i32): i32 {
  if (!watched()) return 0
  arg(0, <u64>(<i64>type))
  return ask('perf_event_open', 1, NOBODY)
}

/** mkdir, rmdir and unlink: `dir` the directory's inode, `dentry` the name in it. */
export function mayChangeDirectory(hook: string, dir: usize, dentry: usize, mode: u32, count: u32): i32 {
  if (!watched()) return 0
  arg(0, <u64>dir)
  arg(1, <u64>dentry)
  arg(2, mode)
  return ask(hook, count, NOBODY)
}
