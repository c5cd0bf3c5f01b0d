// SPDX-License-Identifier: GPL-2.0-only
// Routing tables and the rules that choose among them. Kernel counterpart: net/ipv4/fib_*.c, net/ipv6/route.c,
// net/core/fib_rules.c. Local addresses are no routes here: whoever asks looks at them first, as the local table is.

import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { progPut } from '../prog/refs'
import { NetDevice } from './device'
import { Netns, prefixMatches } from './netns'

export const RTN_UNICAST: u32 = 1
export const RTN_BLACKHOLE: u32 = 6
export const RTN_UNREACHABLE: u32 = 7
export const RTN_PROHIBIT: u32 = 8

export const RT_TABLE_DEFAULT: u32 = 253
export const RT_TABLE_MAIN: u32 = 254
const MAIN_PRIORITY: u32 = 32766
const DEFAULT_PRIORITY: u32 = 32767

@unmanaged export class Route {
  next: Route
  dev: NetDevice
  family: u32
  prefix: u32
  d0: u32
  d1: u32
  d2: u32
  d3: u32
  /** Gateway, all zero: on the link. IPv4 may go by way of an IPv6 gateway. */
  gatewayFamily: u32
  g0: u32
  g1: u32
  g2: u32
  g3: u32
  mtu: u32
  /** Programs of a light-weight tunnel: LWT_IN, LWT_OUT, LWT_XMIT, LWT_SEG6LOCAL (Prog addresses). */
  lwtIn: usize
  lwtOut: usize
  lwtXmit: usize
  seg6local: usize
  lwtHeadroom: u32
  table: u32
  type: u32
  metric: u32
  mtuLocked: bool
  /** Preferred source address. */
  hasSource: bool
  s0: u32
  s1: u32
  s2: u32
  s3: u32
}

@unmanaged export class Rule {
  next: Rule
  family: u32
  priority: u32
  mark: u32
  table: u32
}

/** A route to a prefix in the main table; `gateway` may be 0. */
export function routeAdd(
  dev: NetDevice,
  family: u32,
  dest: usize,
  prefix: u32,
  gateway: usize,
  gatewayFamily: u32,
  metric: u32,
): Route {
  const ns = dev.netns
  const r = changetype<Route>(kzalloc(offsetof<Route>()))
  if (!changetype<usize>(r)) return r
  r.dev = dev
  r.family = family
  r.prefix = prefix
  r.table = RT_TABLE_MAIN
  r.type = RTN_UNICAST
  r.metric = metric
  memory.copy(routeDest(r), dest, family == 2 ? 4 : 16)
  if (gateway) {
    r.gatewayFamily = gatewayFamily
    memory.copy(routeGateway(r), gateway, gatewayFamily == 2 ? 4 : 16)
  }
  r.next = ns.routes
  ns.routes = r
  return r
}

@inline export function routeDest(r: Route): usize {
  return changetype<usize>(r) + offsetof<Route>('d0')
}

@inline export function routeGateway(r: Route): usize {
  return changetype<usize>(r) + offsetof<Route>('g0')
}

@inline export function routePrefSource(r: Route): usize {
  return changetype<usize>(r) + offsetof<Route>('s0')
}

@inline export function routeHasTunnel(r: Route): bool {
  return r.lwtIn != 0 || r.lwtOut != 0 || r.lwtXmit != 0 || r.seg6local != 0
}

/** An IPv4 route that ends in an error has no device; for IPv6 the device that is asked for is a wish. */
@inline function fromDevice(r: Route, oif: u32): bool {
  return !oif || <u32>r.dev.ifindex == oif || r.type != RTN_UNICAST || r.family != 2
}

@inline function comesBefore(r: Route, other: Route, oif: u32): bool {
  if (r.metric != other.metric) return r.metric < other.metric
  return oif != 0 && <u32>r.dev.ifindex == oif && <u32>other.dev.ifindex != oif
}

/** Longest match in a table, whose device is up; among equals the lowest metric. `oif` 0: any device. */
export function routeInTable(ns: Netns, family: u32, dest: usize, oif: u32, table: u32): Route {
  let best = changetype<Route>(0)
  for (let r = ns.routes; changetype<usize>(r); r = r.next) {
    if (r.family != family || r.table != table || !r.dev.up || !fromDevice(r, oif)) continue
    if (!prefixMatches(routeDest(r), dest, family, r.prefix)) continue
    if (changetype<usize>(best)) {
      if (r.prefix < best.prefix || (r.prefix == best.prefix && !comesBefore(r, best, oif))) continue
    }
    best = r
  }
  return best
}

/** The first table that has a route, in the order of the rules. */
export function routeLookup(ns: Netns, family: u32, dest: usize, oif: u32, mark: u32): Route {
  let r = byRules(ns, family, dest, oif, mark, 0, MAIN_PRIORITY)
  if (!changetype<usize>(r)) r = routeInTable(ns, family, dest, oif, RT_TABLE_MAIN)
  if (!changetype<usize>(r)) r = byRules(ns, family, dest, oif, mark, MAIN_PRIORITY, DEFAULT_PRIORITY)
  if (!changetype<usize>(r)) r = routeInTable(ns, family, dest, oif, RT_TABLE_DEFAULT)
  if (!changetype<usize>(r)) r = byRules(ns, family, dest, oif, mark, DEFAULT_PRIORITY, u32.MAX_VALUE)
  return r
}

function byRules(ns: Netns, family: u32, dest: usize, oif: u32, mark: u32, from: u32, to: u32): Route {
  for (let rule = ns.rules; changetype<usize>(rule); rule = rule.next) {
    if (rule.family != family || rule.priority < from || rule.priority >= to) continue
    if (rule.mark && rule.mark != mark) continue
    const r = routeInTable(ns, family, dest, oif, rule.table)
    if (changetype<usize>(r)) return r
  }
  return changetype<Route>(0)
}

@inline export function routeFind(ns: Netns, family: u32, dest: usize, oif: u32): Route {
  return routeLookup(ns, family, dest, oif, 0)
}

/** Packets with a mark (0: all packets) look in a table; a lower priority is asked first. */
export function ruleAdd(ns: Netns, family: u32, priority: u32, mark: u32, table: u32): bool {
  const rule = changetype<Rule>(kzalloc(offsetof<Rule>()))
  if (!changetype<usize>(rule)) return false
  rule.family = family
  rule.priority = priority
  rule.mark = mark
  rule.table = table
  let at = changetype<usize>(ns) + offsetof<Netns>('rules')
  while (load<usize>(at) && changetype<Rule>(load<usize>(at)).priority <= priority) {
    at = load<usize>(at) + offsetof<Rule>('next')
  }
  rule.next = changetype<Rule>(load<usize>(at))
  store<usize>(at, changetype<usize>(rule))
  return true
}

export function routeRemove(ns: Netns, route: Route): void {
  let at = changetype<usize>(ns) + offsetof<Netns>('routes')
  while (load<usize>(at)) {
    const r = changetype<Route>(load<usize>(at))
    if (r == route) {
      store<usize>(at, changetype<usize>(r.next))
      dropProgs(r)
      kfree(changetype<usize>(r))
      return
    }
    at = changetype<usize>(r) + offsetof<Route>('next')
  }
}

/** A device goes, and its routes with it. */
export function routesDrop(ns: Netns, dev: NetDevice): void {
  let r = ns.routes
  while (changetype<usize>(r)) {
    const next = r.next
    if (r.dev == dev) routeRemove(ns, r)
    r = next
  }
}

function dropProgs(r: Route): void {
  if (r.lwtIn) progPut(changetype<Prog>(r.lwtIn))
  if (r.lwtOut) progPut(changetype<Prog>(r.lwtOut))
  if (r.lwtXmit) progPut(changetype<Prog>(r.lwtXmit))
  if (r.seg6local) progPut(changetype<Prog>(r.seg6local))
}
