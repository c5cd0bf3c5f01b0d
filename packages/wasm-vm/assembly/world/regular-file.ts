// SPDX-License-Identifier: GPL-2.0-only
// Files with content: those of tracefs and procfs that loaders read, and files of the caller's.

import { storageDestroy } from '../maps/storage'
import { kfree } from '../mem/alloc'

@unmanaged export class RegularFile {
  refs: u32
  /** Content, its length, where the next read begins. */
  data: usize
  size: u32
  pos: u32
  /** Head of the inode's local storage. */
  storage: usize
  ino: u64
}

export function regularPut(f: RegularFile): void {
  if (--f.refs) return
  storageDestroy(changetype<usize>(f) + offsetof<RegularFile>('storage'))
  kfree(f.data)
  kfree(changetype<usize>(f))
}
