// SPDX-License-Identifier: GPL-2.0-only
// Congestion controls that sockets can choose by name: those of the simulated kernel, and maps that stand for others.
// Kernel counterpart: net/ipv4/tcp_cong.c.

import { EEXIST, EINVAL, ENOMEM } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { structOpsMember, structOpsMemberAt, structOpsProg } from '../maps/struct-ops'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrIs } from '../mem/bytes'
import { world, World } from './world'

export const CONTROL_NONE: u32 = 0
export const CONTROL_RENO: u32 = 1
export const CONTROL_CUBIC: u32 = 2
/** A map of struct tcp_congestion_ops. */
export const CONTROL_MAP: u32 = 3

/** One that programs make up. */
@unmanaged export class Control {
  next: Control
  map: BpfMap
}

function hasOp(map: BpfMap, name: string): bool {
  const member = structOpsMember(map, name)
  return member >= 0 && structOpsProg(map, <u32>member) != 0
}

/** Name of the structure in a map: char[16]. */
export function controlName(map: BpfMap): usize {
  return structOpsMemberAt(map, <u32>structOpsMember(map, 'name'))
}

/** Flags of the structure in a map. */
export function controlFlags(map: BpfMap): u32 {
  return load<u32>(structOpsMemberAt(map, <u32>structOpsMember(map, 'flags')))
}

function find(name: usize): usize {
  let at = changetype<usize>(world()) + offsetof<World>('controls')
  while (load<usize>(at)) {
    const c = changetype<Control>(load<usize>(at))
    if (cstrEquals(controlName(c.map), name)) return at
    at = changetype<usize>(c) + offsetof<Control>('next')
  }
  return 0
}

function isBuiltIn(name: usize): bool {
  return cstrIs(name, 'reno') || cstrIs(name, 'cubic')
}

/** The map of a control by its name, or 0. */
export function controlMapByName(name: usize): usize {
  const at = find(name)
  return at ? changetype<usize>(changetype<Control>(load<usize>(at)).map) : 0
}

/** tcp_validate_congestion_control: what no control can be without. */
export function controlValidate(map: BpfMap): i32 {
  if (!hasOp(map, 'ssthresh') || !hasOp(map, 'undo_cwnd')) return -EINVAL
  return hasOp(map, 'cong_avoid') || hasOp(map, 'cong_control') ? 0 : -EINVAL
}

export function controlRegister(map: BpfMap): i32 {
  const bad = controlValidate(map)
  if (bad) return bad
  const name = controlName(map)
  if (isBuiltIn(name) || find(name)) return -EEXIST
  return append(map)
}

function append(map: BpfMap): i32 {
  const c = changetype<Control>(kzalloc(offsetof<Control>()))
  if (!changetype<usize>(c)) return -ENOMEM
  c.map = map
  let at = changetype<usize>(world()) + offsetof<World>('controls')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Control>('next')
  store<usize>(at, changetype<usize>(c))
  return 0
}

/** No new socket finds it; those that use it go on. */
export function controlUnregister(map: BpfMap): void {
  const at = find(controlName(map))
  if (!at) return
  const c = load<usize>(at)
  if (changetype<Control>(c).map != map) return
  store<usize>(at, changetype<usize>(changetype<Control>(c).next))
  kfree(c)
}

/** Another one of the same name takes over for new sockets. */
export function controlUpdate(map: BpfMap, old: BpfMap): i32 {
  const bad = controlValidate(map)
  if (bad) return bad
  const at = find(controlName(old))
  if (!at || !cstrEquals(controlName(old), controlName(map))) return -EINVAL
  const c = changetype<Control>(load<usize>(at))
  if (c.map != old) return -EINVAL
  c.map = map
  return 0
}
