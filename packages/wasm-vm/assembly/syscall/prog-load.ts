// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_LOAD. Kernel counterpart: bpf_prog_load of kernel/bpf/syscall.c.

import { E2BIG, EFAULT, EINVAL, ENOMEM, ENOTSUPP, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import { LOAD_ATTACH_FIXUPS, LOAD_ATTACH_MASKS } from '../gen/attach.gen'
import { GPL_LICENSE_COUNT, GPL_LICENSES } from '../gen/license.gen'
import { BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from '../gen/isa.gen'
import {
  ATTR_PROG_LOAD__attach_btf_id,
  ATTR_PROG_LOAD__attach_prog_fd,
  ATTR_PROG_LOAD__expected_attach_type,
  ATTR_PROG_LOAD__insn_cnt,
  ATTR_PROG_LOAD__insns,
  ATTR_PROG_LOAD__license,
  ATTR_PROG_LOAD__prog_flags,
  ATTR_PROG_LOAD__prog_ifindex,
  ATTR_PROG_LOAD__prog_name,
  ATTR_PROG_LOAD__prog_token_fd,
  ATTR_PROG_LOAD__prog_type,
  ATTR_PROG_LOAD__signature,
  ATTR_PROG_LOAD__signature_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_TOKEN_FD,
  BPF_PROG_LOAD,
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { BPF_F_SLEEPABLE, BPF_F_XDP_DEV_BOUND_ONLY, BPF_F_XDP_HAS_FRAGS } from '../gen/uapi-defines.gen'
import { Btf } from '../btf/btf'
import { btfGet } from '../btf/refs'
import { selectRuntime } from '../interp/run'
import { kfree, kmalloc } from '../mem/alloc'
import { cstrEquals, cstrlen } from '../mem/bytes'
import { idAlloc } from '../mem/ids'
import { kernel } from '../mem/root'
import { copyFromUser, stringFromUser } from '../mem/user'
import { progUsesCompatible } from '../prog/compatible'
import { Prog, progName, progUsedMap } from '../prog/prog'
import { progFree, progGet, progNew, progPut } from '../prog/refs'
import { bpfCheck } from '../verifier/check'
import { bootNs } from '../wasi/clock'
import { deviceByIndex } from '../world/device'
import { currentTask } from '../world/task'
import { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, tokenCapable } from './caps'
import { sha256 } from './digest'
import { FD_BTF, FD_PROG, fdGet, fdInstall, isErr, MODE_RDWR } from './fd'
import { objName } from './name'
import { Token, tokenAllowsCmd, tokenAllowsProg, tokenFromFd, tokenGet } from './token'
import { viewProg } from '../world/kernel-view'
import { mayLoadProg, mayOpenProg, watched } from '../world/security'

/** All prog_flags that exist: BPF_F_STRICT_ALIGNMENT to BPF_F_TEST_REG_INVARIANTS, and the token. */
const FLAGS: u32 = 0xff | BPF_F_TOKEN_FD
const MAX_INSNS_PRIVILEGED: u32 = 1_000_000
const MAX_INSNS: u32 = 4096
const LICENSE_SIZE: usize = 128
const BTF_MAX_TYPE: u32 = 0x000fffff
const LICENSE: usize = memory.data(128, 8)

export function progLoad(attr: usize, size: u32, uattr: usize): i32 {
  const flags = load<u32>(attr, ATTR_PROG_LOAD__prog_flags)
  if (flags & ~FLAGS) return -EINVAL
  const type = load<u32>(attr, ATTR_PROG_LOAD__prog_type)
  fixupAttachType(attr, type)
  let token = changetype<Token>(0)
  if (flags & BPF_F_TOKEN_FD) {
    const p = tokenFromFd(load<i32>(attr, ATTR_PROG_LOAD__prog_token_fd))
    if (isErr(p)) return <i32>p
    const eat = load<u32>(attr, ATTR_PROG_LOAD__expected_attach_type)
    // a token that does not speak of such programs is as none
    if (tokenAllowsCmd(changetype<Token>(p), BPF_PROG_LOAD) && tokenAllowsProg(changetype<Token>(p), type, eat))
      token = changetype<Token>(p)
  }
  const cap = tokenCapable(token, CAP_BPF)
  if (kernel().unprivDisabled && !cap) return -EPERM
  const cnt = load<u32>(attr, ATTR_PROG_LOAD__insn_cnt)
  if (!cnt || cnt > (cap ? MAX_INSNS_PRIVILEGED : MAX_INSNS)) return -E2BIG
  if (type != BPF_PROG_TYPE_SOCKET_FILTER && type != BPF_PROG_TYPE_CGROUP_SKB && !cap) return -EPERM
  if (isNetAdmin(type) && !tokenCapable(token, CAP_NET_ADMIN)) return -EPERM
  if (isPerfmon(type) && !tokenCapable(token, CAP_PERFMON)) return -EPERM
  return loadChecked(attr, size, uattr, token, cnt)
}

function loadChecked(attr: usize, size: u32, uattr: usize, token: Token, cnt: u32): i32 {
  const type = load<u32>(attr, ATTR_PROG_LOAD__prog_type)
  let target: usize = 0
  let targetBtf: usize = 0
  const targetFd = load<i32>(attr, ATTR_PROG_LOAD__attach_prog_fd)
  const btfId = load<u32>(attr, ATTR_PROG_LOAD__attach_btf_id)
  if (targetFd) {
    target = fdGet(targetFd, FD_PROG)
    if (isErr(target)) {
      target = 0
      targetBtf = fdGet(targetFd, FD_BTF)
      if (isErr(targetBtf)) return -EINVAL
      if (!changetype<Btf>(targetBtf).kernelBtf) return -ENOTSUPP
    }
  } else if (btfId) {
    targetBtf = kernel().vmlinux
    if (!targetBtf) return -EINVAL
  }
  const eat = load<u32>(attr, ATTR_PROG_LOAD__expected_attach_type)
  if (!attachOk(type, eat, targetBtf, btfId, target)) return -EINVAL
  const p = progNew(cnt)
  if (!changetype<usize>(p)) return -EINVAL
  p.refs = 1
  p.type = type
  p.expectedAttachType = eat
  p.flags = load<u32>(attr, ATTR_PROG_LOAD__prog_flags)
  p.sleepable = (p.flags & BPF_F_SLEEPABLE) != 0
  p.xdpHasFrags = (p.flags & BPF_F_XDP_HAS_FRAGS) != 0
  p.devBound = load<u32>(attr, ATTR_PROG_LOAD__prog_ifindex) != 0
  p.ifindex = load<u32>(attr, ATTR_PROG_LOAD__prog_ifindex)
  p.attachBtfId = btfId
  p.token = token
  tokenGet(token)
  if (targetBtf) {
    p.attachBtf = changetype<Btf>(targetBtf)
    btfGet(p.attachBtf)
  }
  if (target) {
    p.attachProg = changetype<Prog>(target)
    progGet(p.attachProg)
    p.attachTracingProg = type == BPF_PROG_TYPE_TRACING && p.attachProg.type == BPF_PROG_TYPE_TRACING
  }
  const task = currentTask()
  p.createdByUid = task.uid
  const err = fill(p, attr, size, uattr)
  if (err < 0) {
    progFree(p)
    return err
  }
  return publish(p)
}

function publish(p: Prog): i32 {
  p.id = idAlloc(kernel().progs, changetype<usize>(p))
  if (!p.id) {
    progFree(p)
    return -ENOMEM
  }
  const denied = mayOpenProg(watched() ? viewProg(p) : 0)
  if (denied) {
    progPut(p)
    return denied
  }
  const fd = fdInstall(FD_PROG, changetype<usize>(p), MODE_RDWR)
  if (fd < 0) progPut(p)
  return fd
}

/** Copies what the attr points to, verifies, decodes. */
function fill(p: Prog, attr: usize, size: u32, uattr: usize): i32 {
  const bytes = <usize>p.len * 8
  if (!copyFromUser(p.insns, load<u64>(attr, ATTR_PROG_LOAD__insns), bytes)) return -EFAULT
  memory.copy(p.origInsns, p.insns, bytes)
  const n = stringFromUser(LICENSE, load<u64>(attr, ATTR_PROG_LOAD__license), LICENSE_SIZE - 1)
  if (n < 0) return -EFAULT
  store<u8>(LICENSE + LICENSE_SIZE - 1, 0)
  p.gplCompatible = isGpl(LICENSE)
  if (load<u32>(attr, ATTR_PROG_LOAD__signature_size) || load<u64>(attr, ATTR_PROG_LOAD__signature)) {
    // a kernel without keys cannot check one
    if (load<u64>(attr, ATTR_PROG_LOAD__signature)) return -EINVAL
  }
  if (p.devBound) {
    const err = boundToDevice(p)
    if (err) return err
  }
  if (!isKnownType(p.type)) return -EINVAL
  p.loadTime = bootNs()
  const named = objName(progName(p), attr + ATTR_PROG_LOAD__prog_name)
  if (named < 0) return named
  if (!computeTag(p)) return -ENOMEM
  let err = mayLoadProg(watched() ? viewProg(p) : 0, attr)
  if (err) return err
  err = bpfCheck(p, attr, size, uattr)
  if (err < 0) return err
  err = selectRuntime(p)
  if (err < 0) return err
  for (let i: u32 = 0; i < p.usedMapCnt; i++) if (!progUsesCompatible(progUsedMap(p, i), p)) return -EINVAL
  return 0
}

/** bpf_prog_dev_bound_init: a device without programs of its own takes none; no device here offloads. */
function boundToDevice(p: Prog): i32 {
  const only = (p.flags & BPF_F_XDP_DEV_BOUND_ONLY) != 0
  if (p.type != BPF_PROG_TYPE_SCHED_CLS && p.type != BPF_PROG_TYPE_XDP) return -EINVAL
  if (p.flags & ~(BPF_F_XDP_DEV_BOUND_ONLY | BPF_F_XDP_HAS_FRAGS)) return -EINVAL
  if ((p.flags & BPF_F_XDP_HAS_FRAGS && !only) || (p.type == BPF_PROG_TYPE_SCHED_CLS && only)) return -EINVAL
  const dev = deviceByIndex(p.ifindex)
  if (!changetype<usize>(dev)) return -EINVAL
  if (!changetype<usize>(dev.peer)) return -EOPNOTSUPP
  return only ? 0 : -EINVAL
}

@inline function digestOf(p: Prog): usize {
  return changetype<usize>(p) + offsetof<Prog>('digest0')
}

/** First bytes of the digest of the instructions, map references cleared. */
function computeTag(p: Prog): bool {
  const bytes = <usize>p.len * 8
  const copy = kmalloc(bytes)
  if (!copy) return false
  memory.copy(copy, p.insns, bytes)
  for (let i: u32 = 0; i + 1 < p.len; i++) {
    const at = copy + ((<usize>i) << 3)
    const src = load<u8>(at, 1) >> 4
    if (load<u8>(at) != 0x18 || (src != BPF_PSEUDO_MAP_FD && src != BPF_PSEUDO_MAP_VALUE)) continue
    store<u32>(at, 0, 4)
    store<u32>(at, 0, 12)
    i++
  }
  const ok = sha256(copy, bytes, digestOf(p))
  kfree(copy)
  if (ok) p.tag = p.digest0
  return ok
}

function isGpl(license: usize): bool {
  let p = GPL_LICENSES
  for (let i = 0; i < GPL_LICENSE_COUNT; i++) {
    if (cstrEquals(license, p)) return true
    p += cstrlen(p) + 1
  }
  return false
}

function fixupAttachType(attr: usize, type: u32): void {
  if (type > 32 || load<u32>(attr, ATTR_PROG_LOAD__expected_attach_type)) return
  const fix = load<u8>(LOAD_ATTACH_FIXUPS + type)
  if (fix) store<u32>(attr, fix, ATTR_PROG_LOAD__expected_attach_type)
}

/** bpf_prog_load_check_attach. */
function attachOk(type: u32, eat: u32, btf: usize, btfId: u32, target: usize): bool {
  const traced = type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_EXT
  if (btfId) {
    if (btfId > BTF_MAX_TYPE || (!btf && !target)) return false
    if (!traced && type != BPF_PROG_TYPE_LSM && type != BPF_PROG_TYPE_STRUCT_OPS) return false
  }
  if (btf && (!btfId || target)) return false
  if (target && !traced) return false
  if (type > 32) return true
  const mask = load<u64>(LOAD_ATTACH_MASKS + ((<usize>type) << 3))
  if (mask == ~(<u64>0)) return true
  return eat < 64 && ((mask >> eat) & 1) != 0
}

/** Types that this kernel has: all of Linux 6.18. */
function isKnownType(type: u32): bool {
  return type >= 1 && type <= 32
}

function isNetAdmin(type: u32): bool {
  switch (type) {
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_XDP:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
    case BPF_PROG_TYPE_SK_MSG:
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
    case BPF_PROG_TYPE_CGROUP_DEVICE:
    case BPF_PROG_TYPE_CGROUP_SOCK:
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
    case BPF_PROG_TYPE_CGROUP_SYSCTL:
    case BPF_PROG_TYPE_SOCK_OPS:
    case BPF_PROG_TYPE_EXT:
    case BPF_PROG_TYPE_NETFILTER:
      return true
    default:
      return false
  }
}

function isPerfmon(type: u32): bool {
  switch (type) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_TRACEPOINT:
    case BPF_PROG_TYPE_PERF_EVENT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_STRUCT_OPS:
    case BPF_PROG_TYPE_EXT:
      return true
    default:
      return false
  }
}
