// SPDX-License-Identifier: GPL-2.0-only
// Kinds of access, and registers that point somewhere.

import {
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_TCP_SOCK,
  PTR_TO_XDP_SOCK,
} from '../../gen/verifier-types.gen'

export const READ: i32 = 1
export const WRITE: i32 = 2
/** By an instruction; by a helper. */
export const ACCESS_DIRECT: i32 = 1
export const ACCESS_HELPER: i32 = 2
export const MAX_PACKET_OFF: u64 = 0xffff

@inline export function isPacketPointer(t: i32): bool {
  return t == PTR_TO_PACKET || t == PTR_TO_PACKET_META
}

@inline export function isSockPointer(t: i32): bool {
  return t == PTR_TO_SOCKET || t == PTR_TO_SOCK_COMMON || t == PTR_TO_TCP_SOCK || t == PTR_TO_XDP_SOCK
}
