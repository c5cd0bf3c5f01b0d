// SPDX-License-Identifier: GPL-2.0-only
// Files in the directory of a cgroup: cgroup.procs, cgroup.controllers, cgroup.type.

import { EINVAL, ENOMEM, ESRCH } from '../gen/errno.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { putNumber, Sink } from '../mem/format'
import { fdInstall, MODE_RDWR } from '../syscall/fd'
import { Cgroup, cgroupGet, cgroupPut } from './cgroup'
import { FILE_CGROUP_FILE } from './files'
import { taskByPid, taskMove } from './task'
import { current, world } from './world'

@unmanaged export class CgroupFile {
  refs: u32
  cgroup: Cgroup
  pos: u32
}

export function cgroupFileOpen(cg: Cgroup): i32 {
  const f = changetype<CgroupFile>(kzalloc(offsetof<CgroupFile>()))
  if (!changetype<usize>(f)) return -ENOMEM
  f.refs = 1
  f.cgroup = cg
  cgroupGet(cg)
  const fd = fdInstall(FILE_CGROUP_FILE, changetype<usize>(f), MODE_RDWR)
  if (fd < 0) cgroupFilePut(f)
  return fd
}

export function cgroupFilePut(f: CgroupFile): void {
  if (--f.refs) return
  cgroupPut(f.cgroup)
  kfree(changetype<usize>(f))
}

const SINK: usize = memory.data(offsetof<Sink>(), 8)
const ROOM: u32 = 16384

/** The numbers of the tasks in it, one a line. */
export function cgroupFileRead(f: CgroupFile, to: usize, len: u32): i32 {
  const buf = kmalloc(ROOM)
  if (!buf) return -ENOMEM
  const s = changetype<Sink>(SINK)
  s.buf = buf
  s.cap = ROOM
  s.len = 0
  for (let t = world().tasks; changetype<usize>(t); t = t.next) {
    if (t.cgroup != f.cgroup) continue
    putNumber(s, t.pid, 10, 0, 0, -1)
    store<u8>(buf + s.len, 10)
    s.len++
  }
  const all = <u32>s.len
  const n = f.pos < all ? min(len, all - f.pos) : 0
  memory.copy(to, buf + <usize>f.pos, n)
  f.pos += n
  kfree(buf)
  return <i32>n
}

/** A number moves that task here; 0 is the one that writes. */
export function cgroupFileWrite(f: CgroupFile, data: usize, len: u32): i32 {
  let pid: u32 = 0
  let digits = 0
  for (let i: u32 = 0; i < len; i++) {
    const c = <u32>load<u8>(data + <usize>i)
    if (c == 10 || c == 0) break
    if (c < 48 || c > 57) return -EINVAL
    pid = pid * 10 + c - 48
    digits++
  }
  if (!digits) return -EINVAL
  const t = pid ? taskByPid(pid) : current()
  if (!changetype<usize>(t)) return -ESRCH
  taskMove(t, f.cgroup)
  return <i32>len
}
