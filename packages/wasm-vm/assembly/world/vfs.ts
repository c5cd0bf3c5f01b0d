// SPDX-License-Identifier: GPL-2.0-only
// Paths that open, mkdir and unlink understand: bpffs, the cgroup tree, /proc/sys, namespaces, tracefs, a few devices.

import { EEXIST, EISDIR, ENOENT, EPERM } from '../gen/errno.gen'
import { kfree, kmalloc } from '../mem/alloc'
import { cstrIs, cstrlen } from '../mem/bytes'
import { putNumber, Sink } from '../mem/format'
import { bpffsMkdir, bpffsOpen, bpffsUnlink } from '../syscall/bpffs'
import { fdClose, fdInstall, MODE_RDWR, MODE_READ, MODE_WRITE } from '../syscall/fd'
import { component, pathFromUser, pathRest, pathRoot, ROOT_BPF, ROOT_CGROUP } from '../syscall/path'
import { cgroupGet, cgroupMake, cgroupRemove, cgroupWalk } from './cgroup'
import { cgroupFileOpen } from './cgroup-file'
import { cgRunDevice } from './cgroup-run'
import { FILE_CGROUP, FILE_DEV, FILE_LIRC, FILE_NETNS, FILE_TRACE_PIPE } from './files'
import { lircDevice } from './lirc'
import { pathNode, pathNodeFree, viewPath } from './path-node'
import { regularOpen, regularText } from './regular-file'
import { mayOpenFile, watched } from './security'
import { sysctlOpen } from './sysctl'
import { taskByPid } from './task'
import { tracepointFind } from './tracepoint'
import { current } from './world'

const DEV_CHAR: u32 = 2
const ACC_READ: u32 = 2
const ACC_WRITE: u32 = 4

/** What is behind a directory if a path is in it, else 0. */
function below(p: usize, text: string): usize {
  const n = <usize>text.length
  for (let i: usize = 0; i < n; i++) {
    if (<u32>load<u8>(p + i) != <u32>load<u16>(changetype<usize>(text) + (i << 1))) return 0
  }
  return load<u8>(p + n) == 47 ? p + n + 1 : 0
}

/** Length of the directory part of a path: all before the last name; the name is left at LAST. */
const LAST: usize = memory.data(8, 4)
function splitPath(p: usize): u32 {
  let n = <u32>cstrlen(p)
  while (n && load<u8>(p + <usize>(n - 1)) == 47) n--
  let from = n
  while (from && load<u8>(p + <usize>(from - 1)) != 47) from--
  store<usize>(LAST, p + <usize>from)
  store<u32>(LAST, n - from, 4)
  return from
}

export function vfsOpen(upath: u64, flags: u32, mode: u32): i32 {
  const path = pathFromUser(upath)
  if (path >= <usize>-4096) return <i32>path
  if (!watched()) return openPath(path, flags)
  const node = pathNode(path, flags)
  const fd = openPath(node.path, flags)
  const denied = fd < 0 ? 0 : mayOpenFile(viewPath(node))
  pathNodeFree(node)
  if (!denied) return fd
  fdClose(fd)
  return denied
}

function openPath(path: usize, flags: u32): i32 {
  const root = pathRoot(path)
  if (root == ROOT_BPF) return bpffsOpen(path)
  if (root == ROOT_CGROUP) return cgroupOpen(pathRest(path), flags)
  let rest = below(path, '/proc/sys')
  if (rest) return sysctlOpen(rest, flags)
  if (below(path, '/dev')) return deviceOpen(path, flags)
  rest = below(path, '/proc')
  if (rest) return procOpen(rest)
  rest = below(path, '/sys/kernel/tracing')
  if (!rest) rest = below(path, '/sys/kernel/debug/tracing')
  if (rest) return tracefsOpen(rest)
  if (cstrIs(path, '/sys/bus/event_source/devices/kprobe/type')) return regularText('6\n')
  if (cstrIs(path, '/sys/bus/event_source/devices/uprobe/type')) return regularText('7\n')
  if (cstrIs(path, '/sys/bus/event_source/devices/kprobe/format/retprobe')) return regularText('config:0\n')
  if (cstrIs(path, '/sys/bus/event_source/devices/uprobe/format/retprobe')) return regularText('config:0\n')
  return -ENOENT
}

function cgroupOpen(rest: usize, flags: u32): i32 {
  const cg = cgroupWalk(rest, <u32>cstrlen(rest))
  if (changetype<usize>(cg)) {
    if (flags & 3) return -EISDIR
    cgroupGet(cg)
    return fdInstall(FILE_CGROUP, changetype<usize>(cg), MODE_READ)
  }
  const dir = splitPath(rest)
  const parent = cgroupWalk(rest, dir)
  if (!changetype<usize>(parent)) return -ENOENT
  const name = load<usize>(LAST)
  if (cstrIs(name, 'cgroup.procs') || cstrIs(name, 'cgroup.threads')) return cgroupFileOpen(parent)
  if (cstrIs(name, 'cgroup.type')) return regularText('domain\n')
  if (cstrIs(name, 'cgroup.controllers')) return regularText('\n')
  return -ENOENT
}

function deviceOpen(path: usize, flags: u32): i32 {
  let minor: u32 = 0
  let major: u32 = 1
  if (cstrIs(path, '/dev/null')) minor = 3
  else if (cstrIs(path, '/dev/zero')) minor = 5
  else if (cstrIs(path, '/dev/random')) minor = 8
  else if (cstrIs(path, '/dev/urandom')) minor = 9
  else if (cstrIs(path, '/dev/full')) minor = 7
  else if (cstrIs(path, '/dev/lirc0')) major = 252
  else return -ENOENT
  const access = flags & 3
  const want = access == 0 ? ACC_READ : access == 1 ? ACC_WRITE : ACC_READ | ACC_WRITE
  const err = cgRunDevice(DEV_CHAR, major, minor, want)
  if (err) return err
  const mode = access == 0 ? MODE_READ : access == 1 ? MODE_WRITE : MODE_RDWR
  if (major == 252) return fdInstall(FILE_LIRC, changetype<usize>(lircDevice()), mode)
  return fdInstall(FILE_DEV, <usize>minor, mode)
}

function procOpen(rest: usize): i32 {
  if (cstrIs(rest, 'self/ns/net') || cstrIs(rest, 'thread-self/ns/net')) {
    return fdInstall(FILE_NETNS, changetype<usize>(current().netns), MODE_READ)
  }
  // /proc/N/ns/net
  let pid: u32 = 0
  let p = rest
  while (load<u8>(p) >= 48 && load<u8>(p) <= 57) {
    pid = pid * 10 + <u32>load<u8>(p) - 48
    p++
  }
  const t = taskByPid(pid)
  if (!changetype<usize>(t)) return -ENOENT
  if (cstrIs(p, '/ns/net')) return fdInstall(FILE_NETNS, changetype<usize>(t.netns), MODE_READ)
  if (load<u8>(p)) return -ENOENT
  return regularText('')
}

const SINK: usize = memory.data(offsetof<Sink>(), 8)
const TEXT: usize = memory.data(32, 8)
const PART: usize = memory.data(4, 4)

/** trace_pipe, and events/CATEGORY/NAME/{id,format}. */
function tracefsOpen(rest: usize): i32 {
  if (cstrIs(rest, 'trace_pipe')) return fdInstall(FILE_TRACE_PIPE, 1, MODE_READ)
  const events = below(rest, 'events')
  if (!events) return -ENOENT
  const n = cstrlen(events)
  const copy = kmalloc(n + 1)
  if (!copy) return -12
  memory.copy(copy, events, n + 1)
  store<usize>(PART, copy)
  const category = load<usize>(PART)
  let len = component(PART)
  store<u8>(category + len, 0)
  store<usize>(PART, category + len + 1)
  len = component(PART)
  const name = load<usize>(PART)
  const tail = name + len + 1
  store<u8>(name + len, 0)
  let fd = -ENOENT
  const tp = len ? tracepointFind(category, name) : tracepointFind(category, category)
  if (changetype<usize>(tp)) {
    if (cstrIs(tail, 'id')) {
      const s = changetype<Sink>(SINK)
      s.buf = TEXT
      s.cap = 32
      s.len = 0
      putNumber(s, tp.id, 10, 0, 0, -1)
      store<u8>(TEXT + s.len, 10)
      fd = regularOpen(TEXT, <u32>s.len + 1)
    } else if (cstrIs(tail, 'format') && tp.format) fd = regularOpen(tp.format, <u32>cstrlen(tp.format))
  }
  kfree(copy)
  return fd
}

export function vfsMkdir(upath: u64, mode: u32): i32 {
  const path = pathFromUser(upath)
  if (path >= <usize>-4096) return <i32>path
  const root = pathRoot(path)
  if (root == ROOT_BPF) return bpffsMkdir(path)
  if (root != ROOT_CGROUP) return -EPERM
  const rest = pathRest(path)
  const dir = splitPath(rest)
  const parent = cgroupWalk(rest, dir)
  if (!changetype<usize>(parent)) return -ENOENT
  if (!load<u32>(LAST, 4)) return -EEXIST
  return cgroupMake(parent, load<usize>(LAST), load<u32>(LAST, 4))
}

/** unlink(2), and rmdir(2) for directories. */
export function vfsUnlink(upath: u64, directory: bool): i32 {
  const path = pathFromUser(upath)
  if (path >= <usize>-4096) return <i32>path
  const root = pathRoot(path)
  if (root == ROOT_BPF) return bpffsUnlink(path, directory)
  if (root != ROOT_CGROUP) return -ENOENT
  const rest = pathRest(path)
  const cg = cgroupWalk(rest, <u32>cstrlen(rest))
  if (!changetype<usize>(cg)) return -ENOENT
  return directory ? cgroupRemove(cg) : -EPERM
}
