// SPDX-License-Identifier: GPL-2.0-only
// A file at a path, as programs see it: struct file, its inode and the directory entry that names it.

import { kfree, kzalloc } from '../mem/alloc'
import { cstrlen } from '../mem/bytes'
import { IMAGE_DENTRY, IMAGE_FILE, IMAGE_INODE, imageDrop, imageObject, imageOf, setField } from './image'
import { takeInode } from './world'

@unmanaged export class PathNode {
  /** Zero-terminated; the last name in it. */
  path: usize
  name: usize
  flags: u32
  mode: u32
  ino: u64
}

const S_IFREG: u32 = 0x8000

/** A node for a path, of which it keeps a copy. */
export function pathNode(path: usize, flags: u32): PathNode {
  const n = cstrlen(path)
  const node = changetype<PathNode>(kzalloc(offsetof<PathNode>() + n + 1))
  node.path = changetype<usize>(node) + offsetof<PathNode>()
  memory.copy(node.path, path, n)
  node.name = node.path
  for (let i: usize = 0; i < n; i++) if (load<u8>(path + i) == 47 && i + 1 < n) node.name = node.path + i + 1
  node.flags = flags
  node.mode = S_IFREG | 0o644
  node.ino = takeInode()
  return node
}

export function pathNodeFree(node: PathNode): void {
  imageDrop(changetype<usize>(node))
  kfree(changetype<usize>(node))
}

/** The struct file of a node. */
export function viewPath(node: PathNode): usize {
  const object = changetype<usize>(node)
  const file = imageOf(object, IMAGE_FILE, 'file')
  if (!file) return 0
  const inode = imageOf(object, IMAGE_INODE, 'inode')
  const dentry = imageOf(object, IMAGE_DENTRY, 'dentry')
  setField(inode, 'i_ino', node.ino)
  setField(inode, 'i_mode', node.mode)
  setField(inode, 'i_nlink', 1)
  setField(dentry, 'd_inode', <u64>inode)
  setField(dentry, 'd_name.name', <u64>node.name)
  setField(dentry, 'd_name.len', <u64>cstrlen(node.name))
  setField(dentry, 'd_parent', <u64>dentry)
  setField(file, 'f_inode', <u64>inode)
  setField(file, 'f_path.dentry', <u64>dentry)
  setField(file, 'f_flags', node.flags)
  // FMODE_READ, FMODE_WRITE
  setField(file, 'f_mode', (node.flags & 3) + 1)
  return file
}

/** The path that a struct path names; 0: none that is known. */
export function textOfPath(path: u64): usize {
  if (path >> 32 || path < 4096) return 0
  // struct path { mnt, dentry }
  const node = imageObject(load<u64>(<usize>path, 8), IMAGE_DENTRY)
  return node ? changetype<PathNode>(node).path : 0
}
