// SPDX-License-Identifier: GPL-2.0-only
// Kernel parameters (/proc/sys), and the programs of cgroups that see them read and written.
// Kernel counterpart: __cgroup_bpf_run_filter_sysctl of kernel/bpf/cgroup.c.

import { EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import { BPF_CGROUP_SYSCTL } from '../gen/uapi-enums.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrlen, cstrPut } from '../mem/bytes'
import { fdInstall, MODE_READ, MODE_WRITE } from '../syscall/fd'
import { cgRun } from './cgroup-run'
import { cgroupEffective } from './cgroup'
import { FILE_SYSCTL } from './files'
import { current, world, World } from './world'

const PAGE: u32 = 4096

@unmanaged export class Sysctl {
  next: Sysctl
  /** "net/ipv4/ip_forward", and the value with its final newline. */
  name: usize
  value: usize
  len: u32
}

@unmanaged export class SysctlFile {
  refs: u32
  entry: Sysctl
  pos: u32
}

/** struct bpf_sysctl, and behind it what helpers need. */
@unmanaged export class SysctlCtx {
  write: u32
  pos: u32
  // the kernel's own
  entry: Sysctl
  current: usize
  currentLen: u32
  fresh: usize
  freshLen: u32
  updated: bool
}
const CTX: usize = memory.data(offsetof<SysctlCtx>(), 8)

function make(name: string, value: string): void {
  const n = kmalloc(<usize>name.length + 1)
  const v = kmalloc(<usize>value.length + 1)
  if (!n || !v) return
  cstrPut(n, name)
  sysctlAdd(n, v, <u32>cstrPut(v, value))
}

function sysctlAdd(name: usize, value: usize, len: u32): void {
  const s = changetype<Sysctl>(kzalloc(offsetof<Sysctl>()))
  if (!changetype<usize>(s)) return
  s.name = name
  s.value = value
  s.len = len
  let at = changetype<usize>(world()) + offsetof<World>('sysctls')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Sysctl>('next')
  store<usize>(at, changetype<usize>(s))
}

function list(): Sysctl {
  if (!world().sysctls) {
    make('kernel/ostype', 'Linux\n')
    make('kernel/hostname', 'skep\n')
    make('kernel/unprivileged_bpf_disabled', '2\n')
    make('kernel/bpf_stats_enabled', '0\n')
    make('net/core/bpf_jit_enable', '1\n')
    make('net/core/somaxconn', '4096\n')
    make('net/ipv4/ip_forward', '0\n')
    make('net/ipv4/ip_unprivileged_port_start', '1024\n')
    make('net/ipv4/tcp_mem', '93333\t124447\t186666\n')
    make('net/ipv4/tcp_rmem', '4096\t131072\t6291456\n')
    make('net/ipv4/route/mtu_expires', '600\n')
    make('net/ipv6/conf/all/forwarding', '0\n')
    make('fs/file-max', '9223372036854775807\n')
  }
  return changetype<Sysctl>(world().sysctls)
}

export function sysctlFind(name: usize): Sysctl {
  let s = list()
  while (changetype<usize>(s) && !cstrEquals(s.name, name)) s = s.next
  return s
}

/** A parameter of the host's, or another value of one that exists. */
export function sysctlDefine(name: usize, value: usize, len: u32): i32 {
  const v = kmalloc(<usize>len + 1)
  if (!v) return -ENOMEM
  memory.copy(v, value, len)
  const s = sysctlFind(name)
  if (changetype<usize>(s)) {
    kfree(s.value)
    s.value = v
    s.len = len
    return 0
  }
  const n = kmalloc(cstrlen(name) + 1)
  if (!n) return -ENOMEM
  memory.copy(n, name, cstrlen(name) + 1)
  sysctlAdd(n, v, len)
  return 0
}

/** Opens the file of a parameter. */
export function sysctlOpen(name: usize, flags: u32): i32 {
  const s = sysctlFind(name)
  if (!changetype<usize>(s)) return -ENOENT
  const f = changetype<SysctlFile>(kzalloc(offsetof<SysctlFile>()))
  if (!changetype<usize>(f)) return -ENOMEM
  f.refs = 1
  f.entry = s
  const access = flags & 3
  const mode = access == 0 ? MODE_READ : access == 1 ? MODE_WRITE : MODE_READ | MODE_WRITE
  const fd = fdInstall(FILE_SYSCTL, changetype<usize>(f), mode)
  if (fd < 0) kfree(changetype<usize>(f))
  return fd
}

export function sysctlPut(f: SysctlFile): void {
  if (!--f.refs) kfree(changetype<usize>(f))
}

/** Lets programs see an access; the value that is written may change: it is at ctx.fresh, which the caller frees. */
function runHook(s: Sysctl, write: bool, pos: u32, data: usize, len: u32): i32 {
  const c = changetype<SysctlCtx>(CTX)
  memory.fill(CTX, 0, offsetof<SysctlCtx>())
  c.write = u32(write)
  c.pos = pos
  c.entry = s
  c.current = s.value
  c.currentLen = s.len
  if (write && len) {
    c.fresh = kzalloc(PAGE)
    if (c.fresh) {
      c.freshLen = min(len, PAGE)
      memory.copy(c.fresh, data, c.freshLen)
    }
  }
  return cgRun(current().cgroup, BPF_CGROUP_SYSCTL, CTX, 8, 0, 0, false)
}

@inline function watched(): bool {
  return changetype<usize>(cgroupEffective(current().cgroup, BPF_CGROUP_SYSCTL)) != 0
}

export function sysctlRead(f: SysctlFile, to: usize, len: u32): i32 {
  const s = f.entry
  if (watched()) {
    const err = runHook(s, false, f.pos, 0, 0)
    if (err) return err
    f.pos = changetype<SysctlCtx>(CTX).pos
  }
  if (f.pos >= s.len) return 0
  const n = min(len, s.len - f.pos)
  memory.copy(to, s.value + <usize>f.pos, n)
  f.pos += n
  return <i32>n
}

export function sysctlWrite(f: SysctlFile, data: usize, len: u32): i32 {
  const s = f.entry
  if (len > PAGE) return -ENOMEM
  let from = data
  let n = len
  let fresh: usize = 0
  let pos = f.pos
  if (watched()) {
    const err = runHook(s, true, f.pos, data, len)
    const c = changetype<SysctlCtx>(CTX)
    fresh = c.fresh
    if (err) {
      kfree(fresh)
      return err
    }
    pos = c.pos
    if (c.updated) {
      from = fresh
      n = c.freshLen
    }
  }
  const ret = setValue(s, from, n, pos)
  kfree(fresh)
  if (ret < 0) return ret
  f.pos = pos + n
  return <i32>len
}

/** Numbers stay numbers; the first write position counts alone. */
function setValue(s: Sysctl, from: usize, len: u32, pos: u32): i32 {
  if (pos) return 0
  let n = len
  while (n && load<u8>(from + <usize>(n - 1)) <= 32) n--
  const numeric = s.len > 0 && load<u8>(s.value) >= 48 && load<u8>(s.value) <= 57
  if (numeric) {
    for (let i: u32 = 0; i < n; i++) {
      const c = load<u8>(from + <usize>i)
      if (!((c >= 48 && c <= 57) || c == 32 || c == 9 || (c == 45 && !i))) return -EINVAL
    }
  }
  const v = kmalloc(<usize>n + 2)
  if (!v) return -ENOMEM
  memory.copy(v, from, n)
  store<u8>(v + <usize>n, 10)
  kfree(s.value)
  s.value = v
  s.len = n + 1
  return 0
}
