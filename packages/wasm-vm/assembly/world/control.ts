// SPDX-License-Identifier: GPL-2.0-only
// What the host's world API calls: devices, addresses, tasks, probes. All of it acts on the caller's namespace.

import { EBADF, EINVAL, ENODEV, ENOENT, ESRCH } from '../gen/errno.gen'
import { BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_XDP } from '../gen/uapi-enums.gen'
import { cstrlen } from '../mem/bytes'
import { rcuFlush } from '../mem/rcu'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { fdInstall, fdKind, fdObject, isErr, MODE_READ } from '../syscall/fd'
import { Cgroup, cgroupByFd } from './cgroup'
import { progOfType } from './cgroup-link'
import {
  DEV_DUMMY,
  DEV_NETKIT,
  DEV_TAP,
  DEV_VETH,
  deviceByIndex,
  deviceByName,
  deviceCreate,
  deviceJoin,
  deviceName,
  deviceNameOk,
  deviceOut,
  deviceRemove,
  deviceSetUp,
  NetDevice,
} from './device'
import { FILE_CGROUP, FILE_PERF, FILE_PIDFD } from './files'
import { lircPulse } from './lirc'
import { addrAdd, netnsByCookie, netnsCreate } from './netns'
import { netkitSetPolicy } from './netkit'
import { PerfEvent } from './perf-event'
import { fireProbe, fireSample } from './perf-link'
import { taskBorn, taskRenamed } from './events'
import { mayCreateTask } from './security'
import { fireFunction } from './trampoline'
import { softirqRun } from './receive'
import { routeAdd } from './routes'
import { queueTake, skbFree, SKB_HEADROOM, skbOf } from './skb'
import { sysctlDefine } from './sysctl'
import { taskByPid, taskComm, taskCreate, taskExit, taskGet, taskMove, taskSwitch } from './task'
import { tcFilterAdd, tcFiltersClear } from './tcx'
import { fireRaw, fireRecord, tracepointDefine, tracepointFind } from './tracepoint'
import { devReceiveFrame, devSendFrame } from './transmit'
import { current } from './world'
import { xdpSet } from './xdp-attach'

function settle(ret: i32): i32 {
  softirqRun()
  if (!kernel().active) rcuFlush()
  return ret
}

// devices

function makeDevice(kind: u32, name: usize): NetDevice {
  const named = name && load<u8>(name)
  return deviceCreate(current().netns, kind, named ? name : 0)
}

/** A dummy (`kind` 1) or a device whose far end is the host (3), down; its number, or an errno. */
export function world_device_create(kind: u32, name: usize): i32 {
  if (kind != DEV_DUMMY && kind != DEV_TAP) return -EINVAL
  if (name && load<u8>(name)) {
    const bad = deviceNameOk(current().netns, name)
    if (bad) return bad
  }
  return makeDevice(kind, name).ifindex
}

/** Two joined devices, the second in the namespace of `cookie` (0: here); numbers at `out`. */
export function world_veth_create(a: usize, b: usize, cookie: u64, out: usize): i32 {
  const here = current().netns
  const there = cookie ? netnsByCookie(cookie) : here
  if (!changetype<usize>(there)) return -ENOENT
  let bad = a && load<u8>(a) ? deviceNameOk(here, a) : 0
  if (!bad && b && load<u8>(b)) bad = deviceNameOk(there, b)
  if (bad) return bad
  const first = makeDevice(DEV_VETH, a)
  const second = deviceCreate(there, DEV_VETH, b && load<u8>(b) ? b : 0)
  deviceJoin(first, second)
  store<i32>(out, first.ifindex)
  store<i32>(out, second.ifindex, 4)
  return 0
}

/** Two netkit devices, the first the primary one, the second in the namespace of `cookie` (0: here); numbers at `out`. */
export function world_netkit_create(a: usize, b: usize, cookie: u64, l2: u32, out: usize): i32 {
  const here = current().netns
  const there = cookie ? netnsByCookie(cookie) : here
  if (!changetype<usize>(there)) return -ENOENT
  let bad = a && load<u8>(a) ? deviceNameOk(here, a) : 0
  if (!bad && b && load<u8>(b)) bad = deviceNameOk(there, b)
  if (bad) return bad
  const second = deviceCreate(there, DEV_NETKIT, b && load<u8>(b) ? b : 0)
  const first = makeDevice(DEV_NETKIT, a)
  deviceJoin(first, second)
  first.netkitPrimary = true
  first.noArp = l2 == 0
  second.noArp = l2 == 0
  if (!l2) {
    // without a link layer of their own they have no addresses
    memory.fill(first.mac, 0, 6)
    memory.fill(second.mac, 0, 6)
  }
  store<i32>(out, first.ifindex)
  store<i32>(out, second.ifindex, 4)
  return 0
}

export function world_device_remove(ifindex: u32): i32 {
  const dev = deviceByIndex(ifindex)
  return changetype<usize>(dev) ? settle(deviceRemove(dev)) : -ENODEV
}

export function world_device_index(name: usize): i32 {
  const dev = deviceByName(current().netns, name)
  return changetype<usize>(dev) ? dev.ifindex : -ENODEV
}

const SET_UP: u32 = 1
const SET_MTU: u32 = 2
const SET_MAC: u32 = 3
const SET_CAPTURE: u32 = 4
const SET_QUEUES: u32 = 5
const SET_NOARP: u32 = 6
const SET_NETKIT_POLICY: u32 = 7

/** `value` is a number, or the address of six bytes (SET_MAC). */
export function world_device_set(ifindex: u32, what: u32, value: usize): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  switch (what) {
    case SET_UP:
      deviceSetUp(dev, value != 0)
      return 0
    case SET_MTU:
      dev.mtu = value
      return 0
    case SET_MAC:
      memory.copy(dev.mac, value, 6)
      return 0
    case SET_CAPTURE:
      dev.capture = value != 0
      return 0
    case SET_NETKIT_POLICY:
      return netkitSetPolicy(dev, <i32>value)
    case SET_NOARP:
      dev.noArp = value != 0
      return 0
    case SET_QUEUES:
      dev.rxQueues = value
      return 0
    default:
      return -EINVAL
  }
}

/** A link loses the next `count` packets after `after` that it lets through, and takes `delay` nanoseconds for each. */
export function world_device_link(ifindex: u32, count: u32, after: u32, delay: u64): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  dev.dropCount = count
  dev.dropAfter = after
  dev.delayNs = delay
  return 0
}

/** 96 bytes: name 16, number, kind, mtu, up, address 6 + 2, counters rx packets, bytes, dropped, tx the same (u64). */
export function world_device_get(ifindex: u32, out: usize): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  memory.copy(out, deviceName(dev), 16)
  store<u32>(out, <u32>dev.ifindex, 16)
  store<u32>(out, dev.kind, 20)
  store<u32>(out, dev.mtu, 24)
  store<u32>(out, u32(dev.up), 28)
  memory.copy(out + 32, dev.mac, 6)
  store<u64>(out, dev.rxPackets, 40)
  store<u64>(out, dev.rxBytes, 48)
  store<u64>(out, dev.rxDropped, 56)
  store<u64>(out, dev.txPackets, 64)
  store<u64>(out, dev.txBytes, 72)
  store<u64>(out, dev.txDropped, 80)
  return 0
}

/** A frame goes out of a device, or arrives at it from its link. */
export function world_device_send(ifindex: u32, data: usize, len: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  return settle(devSendFrame(dev, skbOf(data, len, SKB_HEADROOM, 128)))
}
export function world_device_receive(ifindex: u32, data: usize, len: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  return settle(devReceiveFrame(dev, skbOf(data, len, SKB_HEADROOM, 128)))
}

/** The oldest frame that a device sent and kept: its length, of which as much as fits is at `to`; -ENOENT: none. */
export function world_device_take(ifindex: u32, to: usize, room: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  const skb = queueTake(deviceOut(dev))
  if (!changetype<usize>(skb)) return -ENOENT
  const n = skb.len
  memory.copy(to, skb.data, min(n, room))
  skbFree(skb)
  return <i32>n
}

export function world_xdp_set(ifindex: u32, fd: i32, flags: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  if (fd < 0) return xdpSet(dev, changetype<Prog>(0), flags, 0)
  const p = progOfType(fd, BPF_PROG_TYPE_XDP)
  return isErr(p) ? <i32>p : xdpSet(dev, changetype<Prog>(p), flags, 0)
}

/** Appends a classifier or an action to clsact. */
export function world_tc_add(ifindex: u32, fd: i32, ingress: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  let p = progOfType(fd, BPF_PROG_TYPE_SCHED_CLS)
  if (isErr(p)) p = progOfType(fd, BPF_PROG_TYPE_SCHED_ACT)
  return isErr(p) ? <i32>p : tcFilterAdd(dev, changetype<Prog>(p), ingress != 0)
}
export function world_tc_clear(ifindex: u32, ingress: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  tcFiltersClear(dev, ingress != 0)
  return 0
}

// addresses

/** Metric of the route that an IPv6 address brings (IP6_RT_PRIO_ADDRCONF). */
const ADDRESS_METRIC: u32 = 256

export function world_address_add(ifindex: u32, family: u32, addr: usize, prefix: u32): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  const v4 = family == 2
  addrAdd(
    dev,
    family,
    load<u32>(addr),
    v4 ? 0 : load<u32>(addr, 4),
    v4 ? 0 : load<u32>(addr, 8),
    v4 ? 0 : load<u32>(addr, 12),
    prefix,
  )
  // the network of the address is on the link
  const full: u32 = v4 ? 32 : 128
  if (prefix < full) routeAdd(dev, family, addr, prefix, 0, 0, v4 ? 0 : ADDRESS_METRIC)
  return 0
}

// namespaces and tasks

/** A new network namespace with its lo: its cookie. */
export function world_netns_create(): u64 {
  return netnsCreate().cookie
}
/** Moves the calling task into a namespace. */
export function world_netns_enter(cookie: u64): i32 {
  const ns = netnsByCookie(cookie)
  if (!changetype<usize>(ns)) return -ENOENT
  current().netns = ns
  return 0
}
export function world_netns_current(): u64 {
  return current().netns.cookie
}
export function world_forwarding(on: u32): void {
  current().netns.forwarding = on != 0
}

/** A task beside the calling one, where that is: its number. */
export function world_task_create(comm: usize): i32 {
  const t = taskCreate(current().netns, current().cgroup)
  if (!changetype<usize>(t)) return -12
  t.ppid = current().pid
  if (comm) setComm(taskComm(t), comm)
  const denied = mayCreateTask(t, 0)
  if (denied) {
    taskExit(t)
    return denied
  }
  taskBorn(t, current())
  return <i32>t.pid
}
function setComm(to: usize, from: usize): void {
  memory.fill(to, 0, 16)
  memory.copy(to, from, min<usize>(cstrlen(from), 15))
}

const TASK_UID: u32 = 1
const TASK_GID: u32 = 2
const TASK_COMM: u32 = 3
const TASK_CLASSID: u32 = 4
const TASK_TGID: u32 = 5
const TASK_START: u32 = 6
const TASK_CAPS: u32 = 7

/** `pid` 0: the calling one. `value` is a number, or the address of a text (TASK_COMM). */
export function world_task_set(pid: u32, what: u32, value: u64): i32 {
  const t = pid ? taskByPid(pid) : current()
  if (!changetype<usize>(t)) return -ESRCH
  switch (what) {
    case TASK_UID:
      t.uid = <u32>value
      return 0
    case TASK_GID:
      t.gid = <u32>value
      return 0
    case TASK_COMM:
      taskRenamed(t, <usize>value)
      setComm(taskComm(t), <usize>value)
      return 0
    case TASK_CLASSID:
      t.classid = <u32>value
      return 0
    case TASK_TGID:
      t.tgid = <u32>value
      return 0
    case TASK_CAPS:
      t.capsDropped = ~value
      return 0
    case TASK_START:
      t.startTime = value
      return 0
    default:
      return -EINVAL
  }
}

export function world_task_switch(pid: u32): i32 {
  const t = taskByPid(pid)
  if (!changetype<usize>(t)) return -ESRCH
  taskSwitch(t)
  return 0
}
export function world_task_current(): i32 {
  return <i32>current().pid
}
export function world_task_exit(pid: u32): i32 {
  const t = taskByPid(pid)
  return changetype<usize>(t) ? taskExit(t) : -ESRCH
}
/** Moves a task (0: the calling one) into the cgroup of an fd. */
export function world_task_move(pid: u32, fd: i32): i32 {
  const t = pid ? taskByPid(pid) : current()
  if (!changetype<usize>(t)) return -ESRCH
  const p = cgroupByFd(fd)
  if (isErr(p)) return <i32>p
  taskMove(t, changetype<Cgroup>(p))
  return 0
}
/** Signals that bpf_send_signal left a task, and forgets them: bit n - 1 is signal n. */
export function world_task_signals(pid: u32): u64 {
  const t = pid ? taskByPid(pid) : current()
  if (!changetype<usize>(t)) return 0
  const s = t.signals | t.pendingSignals
  t.signals = 0
  t.pendingSignals = 0
  return s
}
export function world_pidfd(pid: u32): i32 {
  const t = taskByPid(pid)
  if (!changetype<usize>(t)) return -ESRCH
  taskGet(t)
  return fdInstall(FILE_PIDFD, changetype<usize>(t), MODE_READ)
}
export function world_cgroup_id(fd: i32): u64 {
  return fdKind(fd) == FILE_CGROUP ? changetype<Cgroup>(fdObject(fd)).id : 0
}

// probes

export function world_tracepoint_define(
  category: usize,
  name: usize,
  format: usize,
  args: u32,
  record: u32,
  writable: u32,
): i32 {
  return tracepointDefine(category, name, format, args, record, writable)
}

/** Fires a tracepoint: raw programs get `args` (u64 each; 0: none of them runs), others the record (0: none). */
export function world_tracepoint_fire(category: usize, name: usize, args: usize, record: usize, size: u32): i32 {
  const t = tracepointFind(category && load<u8>(category) ? category : 0, name)
  if (!changetype<usize>(t)) return -ENOENT
  if (args) fireRaw(t, args)
  if (record) fireRecord(t, record, size)
  return settle(0)
}

/** A probed place is reached with the registers at `regs` (struct pt_regs): how many programs ran. */
export function world_probe_fire(uprobe: u32, name: usize, offset: u64, isReturn: u32, regs: usize): i32 {
  return settle(fireProbe(uprobe != 0, name, offset, isReturn != 0, regs))
}

/** A perf event overflows: what its program returned, -1 if none ran. */
export function world_perf_sample(fd: i32, regs: usize, addr: u64): i32 {
  if (fdKind(fd) != FILE_PERF) return -EBADF
  return settle(fireSample(changetype<PerfEvent>(fdObject(fd)), regs, addr))
}

/** A function is called with the arguments at `args` (room for one more behind): what it returns in the end. */
export function world_function_fire(name: usize, args: usize, count: u32, ret: i64): i64 {
  const r = fireFunction(name, args, count, ret)
  settle(0)
  return r
}

export function world_lirc_pulse(sample: u32): void {
  lircPulse(sample)
  settle(0)
}

export function world_sysctl_define(name: usize, value: usize, len: u32): i32 {
  return sysctlDefine(name, value, len)
}
