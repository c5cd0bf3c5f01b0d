// SPDX-License-Identifier: GPL-2.0-only
// Helpers that act on the world.

/** Table index of the helper, 0 if it is not one of these. */
export function worldHelperFn(id: i32): i32 {
  return 0
}
