// SPDX-License-Identifier: GPL-2.0-only
// 64-bit loads that name a map by descriptor become loads of its address; every opcode is one that exists.
// Kernel counterpart: resolve_pseudo_ldimm64, process_fd_array, check_map_prog_compatibility of verifier.c (6.18).

import { Btf } from '../btf/btf'
import {
  BPF_LIST_HEAD,
  BPF_RB_ROOT,
  BPF_RES_SPIN_LOCK,
  BPF_SPIN_LOCK,
  BPF_TIMER,
  BPF_WORKQUEUE,
  recordHas,
} from '../btf/record'
import { btfGet } from '../btf/refs'
import { E2BIG, EACCES, EBUSY, EFAULT, EINVAL, EPERM, EPROTO } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STRUCT_OPS,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_TRACEPOINT,
} from '../gen/uapi-enums.gen'
import { ATTR_PROG_LOAD__fd_array, ATTR_PROG_LOAD__fd_array_cnt } from '../gen/uapi-layouts.gen'
import { PTR_TO_FUNC } from '../gen/verifier-types.gen'
import { insnClass, insnCode, insnImm, insnSrc } from '../insn/raw'
import { arenaOf } from '../maps/arena'
import { BpfMap } from '../maps/map'
import { mapDirectValueAddr } from '../maps/ops'
import { mapGet } from '../maps/refs'
import { bytesEqual, isZero } from '../mem/bytes'
import { copyFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { FD_BTF, FD_MAP, fdGet, isErr } from '../syscall/fd'
import { auxAt, BPF_MAX_VAR_OFF, Env, insnOf, MAX_USED_BTFS, MAX_USED_MAPS, resolveProgType } from './env'
import { reject } from './log/verbose'
import { hasDirectValue } from './map-facts'
import { resolveKernelSymbol } from './btf/symbols'
import { CODE_LD_IMM64 } from './subprogs'

const PSEUDO_MAP_FD: i32 = 1
const PSEUDO_MAP_VALUE: i32 = 2
const PSEUDO_BTF_ID: i32 = 3
const PSEUDO_FUNC: i32 = 4
const PSEUDO_MAP_IDX: i32 = 5
const PSEUDO_MAP_IDX_VALUE: i32 = 6
const SCRATCH: usize = memory.data(8, 8)

/** Whether Linux has an instruction with this opcode. */
function isKnownOpcode(code: i32): bool {
  const size = code & 0x18
  const mode = code & 0xe0
  const op = code & 0xf0
  const byReg = (code & 8) != 0
  switch (code & 7) {
    case 0:
      return code == CODE_LD_IMM64 || ((mode == 0x20 || mode == 0x40) && size != 0x18)
    case 1:
      return mode == 0x60 || (mode == 0x80 && size != 0x18)
    case 2:
      return mode == 0x60
    case 3:
      return mode == 0x60 || mode == 0xc0
    case 4:
      return op <= 0xd0 && !(op == 0x80 && byReg)
    case 7:
      return op <= 0xd0 && !((op == 0x80 || op == 0xd0) && byReg)
    case 5:
      if (op == 0x00 || op == 0x80 || op == 0x90 || op == 0xe0) return !byReg
      return op <= 0xd0
    case 6:
      if (op == 0x00) return !byReg
      return op != 0x80 && op != 0x90 && op <= 0xd0
  }
  return false
}

function isTracing(type: i32): bool {
  return (
    type == BPF_PROG_TYPE_KPROBE ||
    type == BPF_PROG_TYPE_TRACEPOINT ||
    type == BPF_PROG_TYPE_PERF_EVENT ||
    type == BPF_PROG_TYPE_RAW_TRACEPOINT ||
    type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE
  )
}

/** Maps that programs which may sleep can use. */
function allowsSleepable(type: u32): bool {
  switch (type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
    case BPF_MAP_TYPE_ARENA:
      return true
  }
  return false
}

/** A program has at most one cgroup storage map of each kind. */
function assignCgroupStorage(env: Env, map: BpfMap): bool {
  const prog = env.prog
  const perCpu = map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
  const have = perCpu ? prog.cgroupStorage1 : prog.cgroupStorage0
  if (changetype<usize>(have) != 0 && changetype<usize>(have) != changetype<usize>(map)) return false
  if (perCpu) prog.cgroupStorage1 = map
  else prog.cgroupStorage0 = map
  return true
}

/** A program works in one arena, whose place with the caller is known by now. */
function assignArena(env: Env, map: BpfMap): i32 {
  if (changetype<usize>(env.prog.arena)) return reject(env, -EBUSY, 'Only one arena per program\n')
  if (!env.allowPtrLeaks || !env.bpfCapable) {
    return reject(env, -EPERM, 'CAP_BPF and CAP_PERFMON are required to use arena\n')
  }
  env.prog.arena = map
  if (arenaOf(map).userStart) return 0
  return reject(env, -EINVAL, "arena's user address must be set via map_extra or mmap()\n")
}

/** Maps may be for one program only, by the digest of its instructions. */
function mayUse(prog: Prog, map: BpfMap): bool {
  const only = changetype<usize>(map) + offsetof<BpfMap>('exclProgSha0')
  return isZero(only, 32) || bytesEqual(only, changetype<usize>(prog) + offsetof<Prog>('digest0'), 32)
}

function checkMapProg(env: Env, map: BpfMap): i32 {
  const type = resolveProgType(env.prog)
  const tracing = isTracing(type)
  if (!mayUse(env.prog, map)) return reject(env, -EACCES, "program's hash doesn't match map's excl_prog_hash\n")
  if (recordHas(map.record, BPF_LIST_HEAD | BPF_RB_ROOT) && tracing) {
    return reject(env, -EINVAL, 'tracing progs cannot use bpf_{list_head,rb_root} yet\n')
  }
  if (recordHas(map.record, BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)) {
    if (type == BPF_PROG_TYPE_SOCKET_FILTER) {
      return reject(env, -EINVAL, 'socket filter progs cannot use bpf_spin_lock yet\n')
    }
    if (tracing) return reject(env, -EINVAL, 'tracing progs cannot use bpf_spin_lock yet\n')
  }
  if (recordHas(map.record, BPF_TIMER) && tracing) {
    return reject(env, -EINVAL, 'tracing progs cannot use bpf_timer yet\n')
  }
  if (recordHas(map.record, BPF_WORKQUEUE) && tracing) {
    return reject(env, -EINVAL, 'tracing progs cannot use bpf_wq yet\n')
  }
  if (map.mapType == BPF_MAP_TYPE_STRUCT_OPS) {
    return reject(env, -EINVAL, 'bpf_struct_ops map cannot be used in prog\n')
  }
  if (env.prog.sleepable && !allowsSleepable(map.mapType)) {
    return reject(env, -EINVAL, 'Sleepable programs can only use array, hash, ringbuf and local storage maps\n')
  }
  const storage = map.mapType == BPF_MAP_TYPE_CGROUP_STORAGE || map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
  if (storage && !assignCgroupStorage(env, map)) {
    return reject(env, -EBUSY, 'only one cgroup storage of each type is allowed\n')
  }
  return map.mapType == BPF_MAP_TYPE_ARENA ? assignArena(env, map) : 0
}

/** Number of the map among those that the program uses, or -errno; a new one is referenced. */
function addMap(env: Env, map: BpfMap): i32 {
  for (let i = 0; i < env.usedMapCnt; i++) {
    if (load<usize>(env.usedMaps + ((<usize>i) << 2)) == changetype<usize>(map)) return i
  }
  if (env.usedMapCnt >= MAX_USED_MAPS) {
    return reject(env, -E2BIG, 'The total number of maps per program has reached the limit of %u\n', MAX_USED_MAPS)
  }
  const err = checkMapProg(env, map)
  if (err) return err
  if (env.prog.sleepable) map.sleepableRefs = true
  mapGet(map)
  store<usize>(env.usedMaps + ((<usize>env.usedMapCnt) << 2), changetype<usize>(map))
  return env.usedMapCnt++
}

function addBtf(env: Env, btf: Btf): i32 {
  for (let i = 0; i < env.usedBtfCnt; i++) {
    if (load<usize>(env.usedBtfs + ((<usize>i) << 2)) == changetype<usize>(btf)) return 0
  }
  if (env.usedBtfCnt >= MAX_USED_BTFS) {
    return reject(env, -E2BIG, 'The total number of btfs per program has reached the limit of %u\n', MAX_USED_BTFS)
  }
  btfGet(btf)
  store<usize>(env.usedBtfs + ((<usize>env.usedBtfCnt) << 2), changetype<usize>(btf))
  env.usedBtfCnt++
  return 0
}

/** The descriptors that a program names in an array; with a count they are all taken at once. */
export function processFdArray(env: Env): i32 {
  env.fdArray = load<u64>(env.attr + <usize>ATTR_PROG_LOAD__fd_array)
  const n = load<u32>(env.attr + <usize>ATTR_PROG_LOAD__fd_array_cnt)
  if (!n) return 0
  if (n >= u32.MAX_VALUE / 4) return reject(env, -EINVAL, 'fd_array_cnt is too big (%u)\n', n)
  for (let i: u32 = 0; i < n; i++) {
    if (!copyFromUser(SCRATCH, env.fdArray + <u64>i * 4, 4)) return -EFAULT
    const fd = load<i32>(SCRATCH)
    const map = fdGet(fd, FD_MAP)
    if (!isErr(map)) {
      const at = addMap(env, changetype<BpfMap>(map))
      if (at < 0) return at
      continue
    }
    const btf = fdGet(fd, FD_BTF)
    if (isErr(btf)) return reject(env, <i32>map, 'fd %d is not pointing to valid bpf_map or btf\n', fd)
    const err = addBtf(env, changetype<Btf>(btf))
    if (err) return err
  }
  return 0
}

/** The descriptor that a load names, directly or by its place in the array. */
function mapFd(env: Env, p: usize, src: i32, out: usize): i32 {
  if (src != PSEUDO_MAP_IDX && src != PSEUDO_MAP_IDX_VALUE) {
    store<i32>(out, insnImm(p))
    return 0
  }
  if (!env.fdArray) return reject(env, -EPROTO, 'fd_idx without fd_array is invalid\n')
  const at = env.fdArray + <u64>(<i64>insnImm(p) * 4)
  return copyFromUser(out, at, 4) ? 0 : -EFAULT
}

function resolveMapLoad(env: Env, p: usize, i: i32, src: i32): i32 {
  let err = mapFd(env, p, src, SCRATCH)
  if (err) return err
  const fd = load<i32>(SCRATCH)
  const obj = fdGet(fd, FD_MAP)
  if (isErr(obj)) return reject(env, <i32>obj, 'fd %d is not pointing to valid bpf_map\n', fd)
  const map = changetype<BpfMap>(obj)
  const at = addMap(env, map)
  if (at < 0) return at
  const aux = auxAt(env, i)
  aux.mapIndex = <u32>at
  let addr = <u64>obj
  if (src == PSEUDO_MAP_VALUE || src == PSEUDO_MAP_IDX_VALUE) {
    const off = load<u32>(p, 12)
    if (off >= <u32>BPF_MAX_VAR_OFF) return reject(env, -EINVAL, 'direct value offset of %u is not allowed\n', off)
    if (!hasDirectValue(map)) return reject(env, -EINVAL, 'no direct value access support for this map type\n')
    err = mapDirectValueAddr(map, off, SCRATCH)
    if (err) {
      return reject(env, err, 'invalid access to map value pointer, value_size=%u off=%u\n', map.valueSize, off)
    }
    aux.mapOff = off
    addr = load<u64>(SCRATCH) + off
  }
  store<u32>(p, <u32>addr, 4)
  store<u32>(p, <u32>(addr >> 32), 12)
  return 0
}

function resolveLoad(env: Env, p: usize, i: i32): i32 {
  if (i == env.len - 1 || (load<u64>(p, 8) & 0xffffffff) != 0) {
    return reject(env, -EINVAL, 'invalid bpf_ld_imm64 insn\n')
  }
  const src = insnSrc(p)
  switch (src) {
    case 0:
      return 0
    case PSEUDO_BTF_ID:
      return resolveKernelSymbol(env, p, i)
    case PSEUDO_FUNC:
      auxAt(env, i).ptrType = PTR_TO_FUNC
      return 0
    case PSEUDO_MAP_VALUE:
    case PSEUDO_MAP_IDX_VALUE:
      break
    case PSEUDO_MAP_FD:
    case PSEUDO_MAP_IDX:
      if (load<u32>(p, 12) == 0) break
      return reject(env, -EINVAL, 'unrecognized bpf_ld_imm64 insn\n')
    default:
      return reject(env, -EINVAL, 'unrecognized bpf_ld_imm64 insn\n')
  }
  return resolveMapLoad(env, p, i, src)
}

export function resolvePseudoLoads(env: Env): i32 {
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const code = insnCode(p)
    if (insnClass(p) == 1) {
      const mode = code & 0xe0
      if ((mode != 0x60 && mode != 0x80) || insnImm(p)) return reject(env, -EINVAL, 'BPF_LDX uses reserved fields\n')
    }
    if (code == CODE_LD_IMM64) {
      const err = resolveLoad(env, p, i)
      if (err) return err
      i++
      continue
    }
    if (!isKnownOpcode(code)) return reject(env, -EINVAL, 'unknown opcode %02x\n', code)
  }
  return 0
}
