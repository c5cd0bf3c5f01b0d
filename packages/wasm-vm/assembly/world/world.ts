// SPDX-License-Identifier: GPL-2.0-only
// Root of the simulated world: network namespaces, cgroups, tasks. Everything hangs on kernel().world.

import { kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { Cgroup, cgroupInit } from './cgroup'
import { NetDevice } from './device'
import { Netns, netnsCreate } from './netns'
import { Skb, SkbQueue } from './skb'
import { Sock } from './sock'
import { Task, taskCreate } from './task'

@unmanaged export class World {
  /** The namespace in which the first task lives; others follow by `next`. */
  netns: Netns
  /** Root of the unified hierarchy. */
  cgroup: Cgroup
  tasks: Task
  /** Numbers that are handed out once: sockets' and namespaces' cookies, inodes. */
  nextCookie: u64
  nextInode: u32
  nextPid: u32
  /** Packets that wait for the receiving side of their device (netif_rx). */
  backlogFirst: Skb
  backlogLast: Skb
  backlogCount: u32
  backlogBytes: u32
  inSoftirq: bool
  /** How deep transmission has recursed. */
  xmitDepth: u32
  /** Ids of cgroups, in creation order. */
  nextCgroupId: u64
  /** Files of the virtual file systems that programs may be asked about (world/vfs.ts). */
  sysctls: usize
  devices: usize
  perfEvents: usize
  tracepoints: usize
  /** Links of tracing programs, and of many probes at once. */
  tracing: usize
  multi: usize
  lirc: usize
  /** Congestion controls that programs make up (world/tcp-control-list.ts). */
  controls: usize
  /** Members of struct tcp_sock by their place (world/tcp-view.ts). */
  tcpFields: usize
  /** Sockets that wait for an acknowledgement; packets that are on a slow link. */
  armedSocks: Sock
  slowPackets: usize
  xsks: usize
  /** Named AF_UNIX sockets, and the last number of an automatic name. */
  unixSocks: usize
  nextUnix: u32
  /** Hooks of security modules that programs of cgroups are attached to, and how many (world/lsm-cgroup.ts). */
  lsmSlots: usize
  lsmCount: u32
  /** What programs see of objects through the kernel's types (world/image.ts). */
  images: usize
  /** Why the last packet was dropped, for the host. */
  lastDrop: u32
}

export function world(): World {
  const k = kernel()
  if (!k.world) init()
  return changetype<World>(k.world)
}

@inline export function backlog(w: World): SkbQueue {
  return changetype<SkbQueue>(changetype<usize>(w) + offsetof<World>('backlogFirst'))
}

/** Brings the world up: one network namespace with its lo, the root cgroup, one task. */
export function worldInit(): bool {
  if (!kernel().world) init()
  return kernel().current != 0
}

/** The caller's network namespace, and the loopback device in it. */
export function netns(): Netns {
  return current().netns
}
export function loopback(): NetDevice {
  return current().netns.devices
}

function init(): void {
  const w = changetype<World>(kzalloc(offsetof<World>()))
  kernel().world = changetype<usize>(w)
  w.nextCookie = 1
  w.nextInode = 0xf0000000
  w.nextPid = 1000
  w.cgroup = cgroupInit()
  w.netns = netnsCreate()
  kernel().current = changetype<usize>(taskCreate(w.netns, w.cgroup))
}

@inline export function current(): Task {
  if (!kernel().world) init()
  return changetype<Task>(kernel().current)
}

export function takeCookie(): u64 {
  return world().nextCookie++
}
export function takeInode(): u32 {
  return world().nextInode++
}
