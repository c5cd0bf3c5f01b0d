// SPDX-License-Identifier: GPL-2.0-only
// What happens in the simulated kernel, told to raw tracepoints and to programs that are attached to functions.

import { kfree, kmalloc } from '../mem/alloc'
import { Cgroup } from './cgroup'
import { NetDevice } from './device'
import { fireNamed, tracepointWanted } from './fire'
import { viewCgroup, viewDevice, viewSkb, viewSock, viewSocketOf, viewTask } from './kernel-view'
import { Skb } from './skb'
import { Sock } from './sock'
import { Task } from './task'
import { Call, callArg, callEnter, callLeave, callNamed, traced } from './trampoline'
import { world } from './world'

/** Whether anybody may wait for anything that happens. */
@inline function listened(): bool {
  return world().tracepoints != 0
}

// tasks

export function taskBorn(t: Task, parent: Task): void {
  if (!listened()) return
  if (tracepointWanted('task_newtask')) fireNamed('task_newtask', <u64>viewTask(t), 0, 0, 0)
  if (tracepointWanted('sched_process_fork'))
    fireNamed('sched_process_fork', <u64>viewTask(parent), <u64>viewTask(t), 0, 0)
}

export function taskEnds(t: Task): void {
  if (listened() && tracepointWanted('sched_process_exit')) fireNamed('sched_process_exit', <u64>viewTask(t), 1, 0, 0)
}

export function taskRenamed(t: Task, comm: usize): void {
  if (listened() && tracepointWanted('task_rename')) fireNamed('task_rename', <u64>viewTask(t), <u64>comm, 0, 0)
}

export function taskSwitched(from: Task, to: Task): void {
  if (!listened() || !tracepointWanted('sched_switch')) return
  fireNamed('sched_switch', 0, <u64>viewTask(from), <u64>viewTask(to), 0)
}

// cgroups

/** The path of a cgroup below the root, zero-terminated, in memory that the caller frees. */
export function cgroupPath(cg: Cgroup): usize {
  let len: u32 = 0
  for (let c = cg; changetype<usize>(c.parent); c = c.parent) len += c.nameLen + 1
  const text = kmalloc(<usize>max<u32>(len, 1) + 1)
  if (!text) return 0
  let at = text + <usize>max<u32>(len, 1)
  store<u8>(at, 0)
  store<u8>(text, 47)
  for (let c = cg; changetype<usize>(c.parent); c = c.parent) {
    at -= <usize>c.nameLen
    memory.copy(at, c.name, c.nameLen)
    at--
    store<u8>(at, 47)
  }
  return text
}

function cgroupEvent(name: string, cg: Cgroup): void {
  if (!listened() || !tracepointWanted(name)) return
  const path = cgroupPath(cg)
  fireNamed(name, <u64>viewCgroup(cg), <u64>path, 0, 0)
  kfree(path)
}

export function cgroupMade(cg: Cgroup): void {
  cgroupEvent('cgroup_mkdir', cg)
}
export function cgroupGone(cg: Cgroup): void {
  cgroupEvent('cgroup_rmdir', cg)
}

export function cgroupJoined(cg: Cgroup, t: Task): void {
  if (!listened() || !tracepointWanted('cgroup_attach_task')) return
  const path = cgroupPath(cg)
  fireNamed('cgroup_attach_task', <u64>viewCgroup(cg), <u64>path, <u64>viewTask(t), 0)
  kfree(path)
}

// packets

export function packetReceived(skb: Skb): void {
  if (listened() && tracepointWanted('netif_receive_skb')) fireNamed('netif_receive_skb', <u64>viewSkb(skb), 0, 0, 0)
}

export function packetQueued(skb: Skb): void {
  if (listened() && tracepointWanted('net_dev_queue')) fireNamed('net_dev_queue', <u64>viewSkb(skb), 0, 0, 0)
}

export function packetSent(skb: Skb, dev: NetDevice, len: u32): void {
  if (!listened() || !tracepointWanted('net_dev_xmit')) return
  fireNamed('net_dev_xmit', <u64>viewSkb(skb), 0, <u64>viewDevice(dev), len)
}

// functions whose first argument is a socket, as a struct socket or as a struct sock

export function socketCall(name: string, sk: Sock, b: u64, c: u64, count: u32): Call {
  const call = callNamed(name)
  if (changetype<usize>(call)) put(call, viewSocketOf(sk), b, c, count)
  return call
}

export function sockCall(name: string, sk: Sock, b: u64, c: u64, count: u32): Call {
  const call = callNamed(name)
  if (changetype<usize>(call)) put(call, viewSock(sk), b, c, count)
  return call
}

function put(call: Call, first: usize, b: u64, c: u64, count: u32): void {
  callArg(call, <u64>first)
  if (count > 1) callArg(call, b)
  if (count > 2) callArg(call, c)
}

/** Whether the function is not to run. */
export function callSkips(call: Call): bool {
  return changetype<usize>(call) != 0 && callEnter(call)
}

/** What the function returns in the end. */
export function callDone(call: Call, ret: i32): i32 {
  return changetype<usize>(call) ? <i32>callLeave(call, ret) : ret
}

/** A frame comes in at a device: eth_type_trans(skb, dev). */
export function etherTyped(skb: Skb, dev: NetDevice): void {
  if (!traced()) return
  const call = callNamed('eth_type_trans')
  if (!changetype<usize>(call)) return
  callArg(call, <u64>viewSkb(skb))
  callArg(call, <u64>viewDevice(dev))
  callEnter(call)
  callLeave(call, <i64>skb.protocol)
}
