// SPDX-License-Identifier: GPL-2.0-only
// Helpers of tracing programs, iterators and system programs.

export function tracingHelperFn(id: i32): i32 {
  return 0
}
