// SPDX-License-Identifier: GPL-2.0-only
// The host's entries: memory for the caller, settings.

import { kfree, kzalloc } from '../mem/alloc'
import { initRoot } from '../mem/root'

/** Zeroed memory of the caller, 8-byte aligned; 0 when there is none. */
export function user_alloc(size: usize): usize {
  return kzalloc(size)
}
export function user_free(p: usize): void {
  kfree(p)
}

/** Brings the kernel up. Called once. */
export function kernel_init(): void {
  initRoot()
}
