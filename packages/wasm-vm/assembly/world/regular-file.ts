// SPDX-License-Identifier: GPL-2.0-only
// Files with content: those of tracefs and procfs that loaders read, and files of the caller's.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import { storageDestroy } from '../maps/storage'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { cstrPut } from '../mem/bytes'
import { fdInstall, MODE_READ } from '../syscall/fd'
import { FILE_REGULAR } from './files'
import { takeInode } from './world'

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

/** Opens a file with a copy of these bytes: an fd. */
export function regularOpen(data: usize, size: u32): i32 {
  const f = changetype<RegularFile>(kzalloc(offsetof<RegularFile>()))
  const copy = kmalloc(<usize>size + 1)
  if (!changetype<usize>(f) || !copy) {
    kfree(copy)
    kfree(changetype<usize>(f))
    return -ENOMEM
  }
  memory.copy(copy, data, size)
  f.refs = 1
  f.data = copy
  f.size = size
  f.ino = takeInode()
  const fd = fdInstall(FILE_REGULAR, changetype<usize>(f), MODE_READ)
  if (fd < 0) regularPut(f)
  return fd
}

/** The same with the text of a literal. */
export function regularText(text: string): i32 {
  const buf = kmalloc(<usize>text.length + 1)
  if (!buf) return -ENOMEM
  const fd = regularOpen(buf, <u32>cstrPut(buf, text))
  kfree(buf)
  return fd
}

export function regularRead(f: RegularFile, to: usize, len: u32): i32 {
  if (f.pos > f.size) return -EINVAL
  const n = min<u32>(len, f.size - f.pos)
  memory.copy(to, f.data + <usize>f.pos, n)
  f.pos += n
  return <i32>n
}
