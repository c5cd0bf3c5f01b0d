// SPDX-License-Identifier: GPL-2.0-only
// What the caller may do. Capabilities are a setting of the host.

import { kernel } from '../mem/root'

export const CAP_NET_BIND_SERVICE: u32 = 10
export const CAP_NET_ADMIN: u32 = 12
export const CAP_NET_RAW: u32 = 13
export const CAP_SYS_ADMIN: u32 = 21
export const CAP_SYS_RESOURCE: u32 = 24
export const CAP_PERFMON: u32 = 38
export const CAP_BPF: u32 = 39

export function capable(cap: u32): bool {
  return ((kernel().caps >> cap) & 1) != 0
}

/** bpf_token_capable: CAP_SYS_ADMIN includes what was split off from it. */
export function bpfCapable(cap: u32): bool {
  return capable(cap) || (cap != CAP_SYS_ADMIN && capable(CAP_SYS_ADMIN))
}
