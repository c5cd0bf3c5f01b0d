// SPDX-License-Identifier: GPL-2.0-only
// XDP programs of devices. Kernel counterpart: dev_xdp_attach and bpf_xdp_link_* of net/core/dev.c.

import { EBUSY, EEXIST, EINVAL, ENOLINK, ENOMEM, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import {
  XDP_FLAGS_DRV_MODE,
  XDP_FLAGS_HW_MODE,
  XDP_FLAGS_REPLACE,
  XDP_FLAGS_SKB_MODE,
  XDP_FLAGS_UPDATE_IF_NOEXIST,
} from '../gen/system.gen'
import { BPF_LINK_TYPE_XDP, BPF_XDP, BPF_XDP_CPUMAP, BPF_XDP_DEVMAP } from '../gen/uapi-enums.gen'
import { ATTR_LINK_CREATE__flags, ATTR_LINK_CREATE__target_ifindex } from '../gen/uapi-layouts.gen'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'
import { DEV_VETH, deviceByIndex, NetDevice } from './device'

const MODES: u32 = XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE | XDP_FLAGS_HW_MODE
const MODE_SKB: u32 = 0
const MODE_DRV: u32 = 1
const MODE_HW: u32 = 2

/** Mode that flags choose; the driver's own where there is one. */
function modeOf(dev: NetDevice, flags: u32): u32 {
  if (flags & XDP_FLAGS_HW_MODE) return MODE_HW
  if (flags & XDP_FLAGS_DRV_MODE) return MODE_DRV
  if (flags & XDP_FLAGS_SKB_MODE) return MODE_SKB
  return dev.kind == DEV_VETH ? MODE_DRV : MODE_SKB
}

@inline function linkAt(dev: NetDevice, mode: u32): usize {
  return mode == MODE_SKB ? dev.xdpLink0 : mode == MODE_DRV ? dev.xdpLink1 : 0
}
/** The program that runs in a mode, through a link or not. */
export function xdpProgAt(dev: NetDevice, mode: u32): usize {
  const link = linkAt(dev, mode)
  if (link) return changetype<usize>(changetype<Link>(link).prog)
  return mode == MODE_SKB ? dev.xdpProg0 : mode == MODE_DRV ? dev.xdpProg1 : 0
}

/** What runs on a received packet: the driver's program, or the generic one. */
export function xdpProgOf(dev: NetDevice): usize {
  const p = xdpProgAt(dev, MODE_DRV)
  return p ? p : xdpProgAt(dev, MODE_SKB)
}

function check(dev: NetDevice, mode: u32, prog: Prog, flags: u32, link: bool, old: usize): i32 {
  if (linkAt(dev, mode)) return -EBUSY
  const cur = xdpProgAt(dev, mode)
  if (link && cur) return -EBUSY
  if (flags & XDP_FLAGS_REPLACE && cur != old) return -EEXIST
  if (changetype<usize>(prog)) {
    if (flags & XDP_FLAGS_UPDATE_IF_NOEXIST && cur) return -EBUSY
    if (mode != MODE_HW && xdpProgAt(dev, mode ^ 1)) return -EEXIST
    if (prog.expectedAttachType == BPF_XDP_DEVMAP || prog.expectedAttachType == BPF_XDP_CPUMAP) return -EINVAL
  }
  if (mode == MODE_HW || (mode == MODE_DRV && dev.kind != DEV_VETH)) return -EOPNOTSUPP
  return 0
}

/** More than one mode asked for, or none where two are in use. */
function modesOk(flags: u32): bool {
  const m = flags & MODES
  return (m & (m - 1)) == 0
}

/** Sets (or with 0 removes) the program as `ip link set xdp` does; `old` with XDP_FLAGS_REPLACE. */
export function xdpSet(dev: NetDevice, prog: Prog, flags: u32, old: usize): i32 {
  if (!modesOk(flags)) return -EINVAL
  if (old && !(flags & XDP_FLAGS_REPLACE)) return -EINVAL
  const mode = modeOf(dev, flags)
  const err = check(dev, mode, prog, flags, false, old)
  if (err) return err
  const before = mode == MODE_SKB ? dev.xdpProg0 : dev.xdpProg1
  if (changetype<usize>(prog)) progGet(prog)
  if (mode == MODE_SKB) dev.xdpProg0 = changetype<usize>(prog)
  else dev.xdpProg1 = changetype<usize>(prog)
  if (before) progPut(changetype<Prog>(before))
  return 0
}

export function xdpLinkCreate(attr: usize, prog: Prog): i32 {
  const dev = deviceByIndex(load<u32>(attr, ATTR_LINK_CREATE__target_ifindex))
  if (!changetype<usize>(dev)) return -EINVAL
  const flags = load<u32>(attr, ATTR_LINK_CREATE__flags)
  const link = linkNew(BPF_LINK_TYPE_XDP, prog, BPF_XDP)
  if (!changetype<usize>(link)) return -ENOMEM
  const mode = modeOf(dev, flags)
  let err = flags & ~MODES || !modesOk(flags) ? -EINVAL : 0
  if (!err) err = check(dev, mode, prog, flags, true, 0)
  if (err) {
    linkCancel(link)
    return err
  }
  link.target = changetype<usize>(dev)
  link.aux0 = mode
  if (mode == MODE_SKB) dev.xdpLink0 = changetype<usize>(link)
  else dev.xdpLink1 = changetype<usize>(link)
  return linkSettle(link)
}

export function xdpLinkRelease(link: Link): void {
  if (!link.target) return
  const dev = changetype<NetDevice>(link.target)
  if (link.aux0 == MODE_SKB) dev.xdpLink0 = 0
  else dev.xdpLink1 = 0
  link.target = 0
}

export function xdpLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (!link.target) return -ENOLINK
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (link.prog == prog) return 0
  if (link.prog.type != prog.type || link.prog.expectedAttachType != prog.expectedAttachType) return -EINVAL
  linkSwapProg(link, prog)
  return 0
}

/** A device is removed: programs go, links lose their target. */
export function xdpDeviceGone(dev: NetDevice): void {
  if (dev.xdpLink0) changetype<Link>(dev.xdpLink0).target = 0
  if (dev.xdpLink1) changetype<Link>(dev.xdpLink1).target = 0
  if (dev.xdpProg0) progPut(changetype<Prog>(dev.xdpProg0))
  if (dev.xdpProg1) progPut(changetype<Prog>(dev.xdpProg1))
  dev.xdpLink0 = 0
  dev.xdpLink1 = 0
  dev.xdpProg0 = 0
  dev.xdpProg1 = 0
}
