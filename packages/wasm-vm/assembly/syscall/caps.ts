// SPDX-License-Identifier: GPL-2.0-only
// What the caller may do. In the first user namespace its capabilities are those of the task among those that the host
// sets; in a namespace of its own (world/user-ns.ts) they count for that namespace only.

import { kernel } from '../mem/root'
import { Task } from '../world/task'
import { UserNs } from '../world/user-ns'
import { Token } from './token'

export const CAP_NET_BIND_SERVICE: u32 = 10
export const CAP_NET_ADMIN: u32 = 12
export const CAP_NET_RAW: u32 = 13
export const CAP_SYS_ADMIN: u32 = 21
export const CAP_SYS_BOOT: u32 = 22
export const CAP_SYS_RESOURCE: u32 = 24
export const CAP_PERFMON: u32 = 38
export const CAP_BPF: u32 = 39

/** The user namespace of the caller; 0 is the first. */
export function currentUserNs(): UserNs {
  const t = kernel().current
  return t ? changetype<Task>(t).userns : changetype<UserNs>(0)
}

function effective(): u64 {
  const t = kernel().current
  if (!t) return kernel().caps
  const task = changetype<Task>(t)
  return changetype<usize>(task.userns) ? ~task.capsDropped : kernel().caps & ~task.capsDropped
}

/** ns_capable: rights in a namespace are had there, or above it by the one who made it, or by the privileged there. */
export function nsCapable(ns: UserNs, cap: u32): bool {
  const mine = currentUserNs()
  let at = ns
  while (changetype<usize>(at) != changetype<usize>(mine)) {
    if (!changetype<usize>(at)) return false
    if (changetype<usize>(at.parent) == changetype<usize>(mine) && at.owner == currentUid()) return true
    at = at.parent
  }
  return ((effective() >> cap) & 1) != 0
}

function currentUid(): u32 {
  const t = kernel().current
  return t ? changetype<Task>(t).uid : 0
}

export function capable(cap: u32): bool {
  return nsCapable(changetype<UserNs>(0), cap)
}

/** CAP_SYS_ADMIN includes what was split off from it. */
function bpfNsCapable(ns: UserNs, cap: u32): bool {
  return nsCapable(ns, cap) || (cap != CAP_SYS_ADMIN && nsCapable(ns, CAP_SYS_ADMIN))
}

export function bpfCapable(cap: u32): bool {
  return bpfNsCapable(changetype<UserNs>(0), cap)
}

/** bpf_token_capable: with a token (0: none) the rights in its namespace suffice. */
export function tokenCapable(token: Token, cap: u32): bool {
  return bpfNsCapable(changetype<usize>(token) ? token.userns : changetype<UserNs>(0), cap)
}
