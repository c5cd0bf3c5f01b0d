// SPDX-License-Identifier: GPL-2.0-only
// The bpf file system: directories and pinned objects. Kernel counterpart: kernel/bpf/inode.c.

import {
  EACCES,
  EBADF,
  EEXIST,
  EINVAL,
  EIO,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOMEM,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
} from '../gen/errno.gen'
import { ATTR_OBJ__bpf_fd, ATTR_OBJ__file_flags, ATTR_OBJ__path_fd, ATTR_OBJ__pathname } from '../gen/uapi-layouts.gen'
import { BPF_F_PATH_FD, BPF_F_RDONLY, BPF_F_WRONLY } from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { mapGetUref, mapPutUref } from '../maps/refs'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { cstrlen } from '../mem/bytes'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FILE_DIR } from '../world/files'
import { FD_FREE, FD_LINK, FD_MAP, FD_PROG, fdInstall, fdKind, fdObject, isErr, MODE_RDWR } from './fd'
import { fileFlagMode } from './file-flags'
import { Link, linkGet, linkPut } from './link'
import { Mount, mountNew, mountOf } from './mounts'
import { component, isLast, pathFromUser, pathRest, pathRoot, ROOT_BPF } from './path'

const NAME_MAX: usize = 255

/** A directory (objKind 0) or a pinned object (FD_MAP, FD_PROG, FD_LINK). */
@unmanaged export class Directory {
  refs: u32
  objKind: u32
  obj: usize
  name: usize
  parent: Directory
  child: usize
  next: usize
  /** Of a root: its Mount (syscall/mounts.ts), 0 for the first file system. */
  mount: usize
  unlinked: bool
}

const CURSOR: usize = memory.data(4, 4)

export function bpffsInit(): bool {
  kernel().bpffs = newRoot()
  return kernel().bpffs != 0
}

function newRoot(): usize {
  const root = changetype<Directory>(kzalloc(offsetof<Directory>()))
  if (changetype<usize>(root)) root.refs = 1
  return changetype<usize>(root)
}

/** Mounts an empty file system at a path; 0 when memory is out. */
export function bpffsMount(path: usize): Mount {
  const root = newRoot()
  if (!root) return changetype<Mount>(0)
  const m = mountNew(path, root)
  if (changetype<usize>(m)) changetype<Directory>(root).mount = changetype<usize>(m)
  else kfree(root)
  return m
}

/** The root of the file system that a path is in. */
function rootOf(path: usize): Directory {
  const m = mountOf(path)
  return changetype<Directory>(changetype<usize>(m) ? m.root : kernel().bpffs)
}

function objectGet(kind: u32, obj: usize): void {
  if (kind == FD_MAP) mapGetUref(changetype<BpfMap>(obj))
  else if (kind == FD_PROG) progGet(changetype<Prog>(obj))
  else if (kind == FD_LINK) linkGet(changetype<Link>(obj))
}
function objectPut(kind: u32, obj: usize): void {
  if (kind == FD_MAP) mapPutUref(changetype<BpfMap>(obj))
  else if (kind == FD_PROG) progPut(changetype<Prog>(obj))
  else if (kind == FD_LINK) linkPut(changetype<Link>(obj))
}

export function directoryPut(d: Directory): void {
  if (--d.refs) return
  kfree(d.name)
  kfree(changetype<usize>(d))
}

function childOf(d: Directory, name: usize, len: usize): Directory {
  for (let p = d.child; p; p = changetype<Directory>(p).next) {
    const c = changetype<Directory>(p)
    if (cstrlen(c.name) == len && memory.compare(c.name, name, len) == 0) return c
  }
  return changetype<Directory>(0)
}

/**
 * Walks a path to its last component, which is left at CURSOR with its length returned. The directory that holds it is
 * stored behind `out`. 0: the path is the start itself; -errno.
 */
function walk(start: Directory, path: usize, out: usize): i32 {
  let dir = start
  store<usize>(CURSOR, path)
  let len = component(CURSOR)
  for (; len; len = component(CURSOR)) {
    const name = load<usize>(CURSOR)
    store<usize>(out, changetype<usize>(dir))
    if (len > NAME_MAX) return -ENAMETOOLONG
    if (isLast(name + len)) return <i32>len
    if (len == 1 && load<u8>(name) == 46) {
      store<usize>(CURSOR, name + len)
      continue
    }
    if (len == 2 && load<u16>(name) == 0x2e2e) dir = changetype<usize>(dir.parent) ? dir.parent : dir
    else dir = childOf(dir, name, len)
    if (!changetype<usize>(dir)) return -ENOENT
    if (dir.objKind) return -ENOTDIR
    store<usize>(CURSOR, name + len)
  }
  store<usize>(out, changetype<usize>(dir))
  return 0
}

const DIR: usize = memory.data(4, 4)

/** The node of a path; an errno if there is none. */
function lookup(start: Directory, path: usize): usize {
  const len = walk(start, path, DIR)
  if (len < 0) return len
  const dir = changetype<Directory>(load<usize>(DIR))
  if (!len) return changetype<usize>(dir)
  const c = childOf(dir, load<usize>(CURSOR), len)
  return changetype<usize>(c) ? changetype<usize>(c) : -ENOENT
}

function add(dir: Directory, name: usize, len: usize, kind: u32, obj: usize): i32 {
  const d = changetype<Directory>(kzalloc(offsetof<Directory>()))
  const n = kmalloc(len + 1)
  if (!changetype<usize>(d) || !n) {
    kfree(n)
    kfree(changetype<usize>(d))
    return -ENOMEM
  }
  memory.copy(n, name, len)
  store<u8>(n + len, 0)
  d.refs = 1
  d.objKind = kind
  d.obj = obj
  d.name = n
  d.parent = dir
  d.next = dir.child
  dir.child = changetype<usize>(d)
  if (kind) objectGet(kind, obj)
  return 0
}

/** Where a path of the attr begins: its directory (path_fd) and text. The text is stored behind `text`. */
function startOf(attr: usize, text: usize): usize {
  const path = pathFromUser(load<u64>(attr, ATTR_OBJ__pathname))
  if (isErr(path)) return path
  if (load<u8>(path) == 47) {
    if (pathRoot(path) != ROOT_BPF) return -ENODIR
    store<usize>(text, pathRest(path))
    return changetype<usize>(rootOf(path))
  }
  const fd = load<u32>(attr, ATTR_OBJ__file_flags) & BPF_F_PATH_FD ? load<i32>(attr, ATTR_OBJ__path_fd) : -100
  store<usize>(text, path)
  if (fd == -100) return -ENODIR
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_DIR ? fdObject(fd) : -ENOTDIR
}

/** Marks a path outside the file system. */
const ENODIR: i32 = 4000

const TEXT: usize = memory.data(4, 4)

/** BPF_OBJ_PIN. */
export function objPin(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_OBJ__file_flags)
  if (flags & ~BPF_F_PATH_FD) return -EINVAL
  if (!(flags & BPF_F_PATH_FD) && load<u32>(attr, ATTR_OBJ__path_fd)) return -EINVAL
  const fd = load<i32>(attr, ATTR_OBJ__bpf_fd)
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind != FD_MAP && kind != FD_PROG && kind != FD_LINK) return -EINVAL
  const start = startOf(attr, TEXT)
  // a directory elsewhere exists or not; either way nothing can be pinned there
  if (start == <usize>-ENODIR) return -EPERM
  if (isErr(start)) return <i32>start
  const len = walk(changetype<Directory>(start), load<usize>(TEXT), DIR)
  if (len < 0) return len
  if (!len) return -EEXIST
  const dir = changetype<Directory>(load<usize>(DIR))
  const name = load<usize>(CURSOR)
  if (changetype<usize>(childOf(dir, name, len))) return -EEXIST
  for (let i: i32 = 0; i < len; i++) if (load<u8>(name + i) == 46) return -EPERM
  return add(dir, name, len, kind, fdObject(fd))
}

/** BPF_OBJ_GET. */
export function objGet(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_OBJ__file_flags)
  if (load<u32>(attr, ATTR_OBJ__bpf_fd) || flags & ~(BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_PATH_FD)) return -EINVAL
  if (!(flags & BPF_F_PATH_FD) && load<u32>(attr, ATTR_OBJ__path_fd)) return -EINVAL
  const mode = fileFlagMode(flags)
  if (mode < 0) return mode
  const start = startOf(attr, TEXT)
  if (start == <usize>-ENODIR) return -ENOENT
  if (isErr(start)) return <i32>start
  const node = lookup(changetype<Directory>(start), load<usize>(TEXT))
  if (isErr(node)) return <i32>node
  const d = changetype<Directory>(node)
  if (!d.objKind) return -EACCES
  if (d.objKind == FD_LINK && mode != <i32>MODE_RDWR) return -EINVAL
  objectGet(d.objKind, d.obj)
  const fd = fdInstall(d.objKind, d.obj, d.objKind == FD_MAP ? <u32>mode : MODE_RDWR)
  if (fd < 0) objectPut(d.objKind, d.obj)
  return fd
}

/** mkdir of a path within the file system. */
export function bpffsMkdir(path: usize): i32 {
  const len = walk(rootOf(path), pathRest(path), DIR)
  if (len < 0) return len
  if (!len) return -EEXIST
  const dir = changetype<Directory>(load<usize>(DIR))
  const name = load<usize>(CURSOR)
  if (changetype<usize>(childOf(dir, name, len))) return -EEXIST
  for (let i: i32 = 0; i < len; i++) if (load<u8>(name + i) == 46) return -EPERM
  return add(dir, name, len, 0, 0)
}

/** unlink of a pin, or rmdir of an empty directory. */
export function bpffsUnlink(path: usize, directory: bool): i32 {
  const p = lookup(rootOf(path), pathRest(path))
  if (isErr(p)) return <i32>p
  const d = changetype<Directory>(p)
  if (!changetype<usize>(d.parent)) return -EPERM
  if (!d.objKind && !directory) return -EISDIR
  if (d.objKind && directory) return -ENOTDIR
  if (d.child) return -ENOTEMPTY
  let at = changetype<usize>(d.parent) + offsetof<Directory>('child')
  while (load<usize>(at) != p) at = load<usize>(at) + offsetof<Directory>('next')
  store<usize>(at, d.next)
  d.unlinked = true
  if (d.objKind) objectPut(d.objKind, d.obj)
  directoryPut(d)
  return 0
}

/** open of a directory. */
export function bpffsOpen(path: usize): i32 {
  const p = lookup(rootOf(path), pathRest(path))
  if (isErr(p)) return <i32>p
  const d = changetype<Directory>(p)
  // pinned objects cannot be opened as files, but for iterators
  if (d.objKind) return -EIO
  d.refs++
  const fd = fdInstall(FILE_DIR, p, MODE_RDWR)
  if (fd < 0) directoryPut(d)
  return fd
}

/** Writes the names in a directory, each with a final zero; how many bytes, or -errno. For readdir. */
export function bpffsList(path: usize, to: usize, size: usize): i32 {
  const p = lookup(rootOf(path), pathRest(path))
  if (isErr(p)) return <i32>p
  const d = changetype<Directory>(p)
  if (d.objKind) return -ENOTDIR
  let n: usize = 0
  for (let c = d.child; c; c = changetype<Directory>(c).next) {
    const name = changetype<Directory>(c).name
    const len = cstrlen(name) + 1
    if (n + len <= size) memory.copy(to + n, name, len)
    n += len
  }
  return <i32>n
}
