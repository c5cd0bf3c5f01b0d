// SPDX-License-Identifier: GPL-2.0-only
// Helpers on packets.

export function packetHelperFn(id: i32): i32 {
  return 0
}
