// SPDX-License-Identifier: GPL-2.0-only
// Simulated network devices. Kernel counterpart: struct net_device of the loopback, dummy and veth drivers.

import { EEXIST, EINVAL, ENODEV } from '../gen/errno.gen'
import { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH } from '../gen/uapi-enums.gen'
import { devmapForget } from '../maps/devmap'
import { BpfMap } from '../maps/map'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrlen, cstrPut } from '../mem/bytes'
import { putNumber, Sink } from '../mem/format'
import { idFind, idNext } from '../mem/ids'
import { kernel } from '../mem/root'
import { imageDrop } from './image'
import { Mprog, mprogDestroy } from './mprog'
import { addrsDrop, Netns } from './netns'
import { queuePurge, Skb, SkbQueue } from './skb'
import { TcFilter, tcFiltersClear } from './tcx'
import { current, world } from './world'
import { xdpDeviceGone } from './xdp-attach'

export const DEV_LOOPBACK: u32 = 0
export const DEV_DUMMY: u32 = 1
export const DEV_VETH: u32 = 2
/** A device whose far end is the host: what is sent is kept until the host takes it. */
export const DEV_TAP: u32 = 3
/** One of a pair of netkit devices (world/netkit.ts). */
export const DEV_NETKIT: u32 = 4

@unmanaged export class NetDevice {
  refs: u32
  next: NetDevice
  netns: Netns
  kind: u32
  ifindex: i32
  mtu: u32
  up: bool
  /** Removed; it stays while maps or packets refer to it. */
  gone: bool
  noArp: bool
  /** Address of six bytes. */
  mac: usize
  mac0: u64
  /** char[16] */
  name0: u64
  name1: u64
  peer: NetDevice
  /** Programs of tcx ingress and egress; 0: none. */
  tcxIngress: Mprog
  tcxEgress: Mprog
  /** Programs of a netkit device, which run on what it sends; whether it is the primary one of its pair. */
  netkit: Mprog
  netkitPolicy: i32
  netkitPrimary: bool
  /** Filters of clsact; see tcx.ts. */
  tcFilters: TcFilter
  /** The XDP program by mode: generic and driver; the link that holds it, or 0 (world/xdp-attach.ts). */
  xdpProg0: usize
  xdpProg1: usize
  xdpLink0: usize
  xdpLink1: usize
  rxQueues: u32
  // what is kept for the host
  outFirst: Skb
  outLast: Skb
  outCount: u32
  outBytes: u32
  rxPackets: u64
  rxBytes: u64
  rxDropped: u64
  txPackets: u64
  txBytes: u64
  txDropped: u64
  /** The link loses so many packets, after so many that it lets through; it takes so many nanoseconds. */
  dropCount: u32
  dropAfter: u32
  delayNs: u64
  /** Whether copies of what is sent are kept for the host. */
  capture: bool
}

@inline export function deviceOut(dev: NetDevice): SkbQueue {
  return changetype<SkbQueue>(changetype<usize>(dev) + offsetof<NetDevice>('outFirst'))
}

@inline export function deviceName(dev: NetDevice): usize {
  return changetype<usize>(dev) + offsetof<NetDevice>('name0')
}

const NAME_SINK: usize = memory.data(offsetof<Sink>(), 8)

/** The first free name of its kind: veth0, veth1 … */
function numberName(dev: NetDevice): void {
  let base = 'tap'
  if (dev.kind == DEV_DUMMY) base = 'dummy'
  else if (dev.kind == DEV_VETH) base = 'veth'
  else if (dev.kind == DEV_NETKIT) base = 'nk'
  const ns = dev.netns
  let number: u64 = 0
  do {
    const n = cstrPut(deviceName(dev), base)
    const s = changetype<Sink>(NAME_SINK)
    s.buf = deviceName(dev) + n
    s.cap = 16 - n - 1
    s.len = 0
    putNumber(s, number, 10, 0, 0, -1)
    store<u8>(s.buf + s.len, 0)
    number++
  } while (changetype<usize>(deviceByName(ns, deviceName(dev))))
}

/** A new device, down; `name` 0: numbered. The caller checked the name (deviceNameOk). */
export function deviceCreate(ns: Netns, kind: u32, name: usize): NetDevice {
  const dev = changetype<NetDevice>(kzalloc(offsetof<NetDevice>()))
  if (!changetype<usize>(dev)) return dev
  dev.refs = 1
  dev.netns = ns
  dev.kind = kind
  dev.mtu = 1500
  dev.rxQueues = 1
  dev.ifindex = ns.nextIfindex++
  dev.mac = changetype<usize>(dev) + offsetof<NetDevice>('mac0')
  dev.noArp = kind == DEV_DUMMY || kind == DEV_TAP || kind == DEV_NETKIT
  if (kind == DEV_LOOPBACK) cstrPut(deviceName(dev), 'lo')
  else {
    // locally administered: 02:73:6b (sk), the namespace and the number
    store<u32>(dev.mac, 0x006b7302)
    store<u16>(dev.mac, bswap<u16>(<u16>dev.ifindex), 4)
    store<u8>(dev.mac + 3, <u8>ns.cookie)
    if (name) memory.copy(deviceName(dev), name, cstrlen(name))
    else numberName(dev)
  }
  let last = ns.devices
  if (!changetype<usize>(last)) ns.devices = dev
  else {
    while (changetype<usize>(last.next)) last = last.next
    last.next = dev
  }
  return dev
}

/** 0, or why a device cannot have this name. */
export function deviceNameOk(ns: Netns, name: usize): i32 {
  const n = cstrlen(name)
  if (!n || n > 15) return -EINVAL
  for (let i: usize = 0; i < n; i++) {
    const c = load<u8>(name + i)
    if (c == 47 || c == 58 || c <= 32) return -EINVAL
  }
  return changetype<usize>(deviceByName(ns, name)) ? -EEXIST : 0
}

/** A device of the caller's namespace by its number, or 0. */
export function deviceByIndex(ifindex: u32): NetDevice {
  return deviceIn(current().netns, <i32>ifindex)
}

export function deviceIn(ns: Netns, ifindex: i32): NetDevice {
  let d = ns.devices
  while (changetype<usize>(d) && d.ifindex != ifindex) d = d.next
  return d
}

export function deviceByName(ns: Netns, name: usize): NetDevice {
  let d = ns.devices
  while (changetype<usize>(d) && !cstrEquals(deviceName(d), name)) d = d.next
  return d
}

export function deviceSetUp(dev: NetDevice, up: bool): void {
  dev.up = up
}

/** A pair of devices: what one sends the other receives. */
export function deviceJoin(a: NetDevice, b: NetDevice): void {
  a.peer = b
  b.peer = a
}

/** Takes a device (and a veth's peer) out of the world; what is attached to it is detached. */
export function deviceRemove(dev: NetDevice): i32 {
  if (dev.kind == DEV_LOOPBACK) return -EINVAL
  const peer = dev.peer
  const err = removeOne(dev)
  if (err || !changetype<usize>(peer)) return err
  peer.peer = changetype<NetDevice>(0)
  return removeOne(peer)
}

function removeOne(dev: NetDevice): i32 {
  const ns = dev.netns
  let at = changetype<usize>(ns) + offsetof<Netns>('devices')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(dev))
    at = load<usize>(at) + offsetof<NetDevice>('next')
  if (!load<usize>(at)) return -ENODEV
  store<usize>(at, changetype<usize>(dev.next))
  dev.up = false
  dev.gone = true
  addrsDrop(ns, dev)
  forgetInMaps(dev)
  // packets under way to it
  for (let s = world().backlogFirst; changetype<usize>(s); s = s.next) {
    if (s.dev == dev) s.dev = changetype<NetDevice>(0)
  }
  mprogDestroy(dev.tcxIngress)
  mprogDestroy(dev.tcxEgress)
  mprogDestroy(dev.netkit)
  dev.netkit = changetype<Mprog>(0)
  dev.tcxIngress = changetype<Mprog>(0)
  dev.tcxEgress = changetype<Mprog>(0)
  tcFiltersClear(dev, true)
  tcFiltersClear(dev, false)
  xdpDeviceGone(dev)
  queuePurge(deviceOut(dev))
  devicePut(dev)
  return 0
}

function forgetInMaps(dev: NetDevice): void {
  const maps = kernel().maps
  for (let id = idNext(maps, 1); id; id = idNext(maps, id + 1)) {
    const map = changetype<BpfMap>(idFind(maps, id))
    if (map.mapType == BPF_MAP_TYPE_DEVMAP || map.mapType == BPF_MAP_TYPE_DEVMAP_HASH) devmapForget(map, dev)
  }
}

export function deviceGet(dev: NetDevice): void {
  dev.refs++
}
export function devicePut(dev: NetDevice): void {
  if (--dev.refs) return
  imageDrop(changetype<usize>(dev))
  kfree(changetype<usize>(dev))
}
