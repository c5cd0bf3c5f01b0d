// SPDX-License-Identifier: GPL-2.0-only
// What the host sets of routes, rules and neighbours.

import { EBADF, EINVAL, ENODEV, ENOMEM } from '../gen/errno.gen'
import {
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
} from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { progGet } from '../prog/refs'
import { fdKind, fdObject, FD_PROG } from '../syscall/fd'
import { deviceByIndex } from './device'
import { neighAdd } from './netns'
import { Route, routeAdd, routePrefSource, routeRemove, ruleAdd } from './routes'
import { current } from './world'

/** A route: its handle. */
export function world_route_add(
  ifindex: u32,
  family: u32,
  dest: usize,
  prefix: u32,
  gateway: usize,
  gatewayFamily: u32,
  metric: u32,
): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  const r = routeAdd(dev, family, dest, prefix, gateway, gatewayFamily, metric)
  return changetype<usize>(r) ? <i32>changetype<usize>(r) : -ENOMEM
}
export function world_route_remove(route: usize): void {
  routeRemove(current().netns, changetype<Route>(route))
}

const ROUTE_TYPE: u32 = 1
const ROUTE_TABLE: u32 = 2
const ROUTE_MTU: u32 = 3
const ROUTE_MTU_LOCKED: u32 = 4

export function world_route_set(route: usize, what: u32, value: u32): i32 {
  const r = changetype<Route>(route)
  switch (what) {
    case ROUTE_TYPE:
      r.type = value
      return 0
    case ROUTE_TABLE:
      r.table = value
      return 0
    case ROUTE_MTU:
      r.mtu = value
      return 0
    case ROUTE_MTU_LOCKED:
      r.mtuLocked = value != 0
      return 0
  }
  return -EINVAL
}
/** Source address that is preferred on a route. */
export function world_route_source(route: usize, addr: usize): void {
  const r = changetype<Route>(route)
  r.hasSource = true
  memory.copy(routePrefSource(r), addr, r.family == 2 ? 4 : 16)
}
export function world_rule_add(family: u32, priority: u32, mark: u32, table: u32): i32 {
  return ruleAdd(current().netns, family, priority, mark, table) ? 0 : -ENOMEM
}

/** Puts a program of a light-weight tunnel into a route, by its type. */
export function world_route_program(route: usize, fd: i32): i32 {
  if (fdKind(fd) != FD_PROG) return -EBADF
  const prog = changetype<Prog>(fdObject(fd))
  const r = changetype<Route>(route)
  switch (prog.type) {
    case BPF_PROG_TYPE_LWT_IN:
      r.lwtIn = changetype<usize>(prog)
      break
    case BPF_PROG_TYPE_LWT_OUT:
      r.lwtOut = changetype<usize>(prog)
      break
    case BPF_PROG_TYPE_LWT_XMIT:
      r.lwtXmit = changetype<usize>(prog)
      break
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
      r.seg6local = changetype<usize>(prog)
      break
    default:
      return -EINVAL
  }
  progGet(prog)
  return 0
}

export function world_neighbour_add(ifindex: u32, family: u32, addr: usize, mac: usize): i32 {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  neighAdd(dev, family, addr, mac)
  return 0
}
