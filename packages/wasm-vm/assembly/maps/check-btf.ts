// SPDX-License-Identifier: GPL-2.0-only
// Types of keys and values against what a map type can hold. Kernel counterpart: map_check_btf of kernel/bpf/syscall.c.

import { EACCES, EINVAL, ENOTSUPP, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import {
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY_PROG,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_XSKMAP,
} from '../gen/uapi-enums.gen'
import { Btf, BTF_VOID, btfKind, btfSize, btfVlen } from '../btf/btf'
import {
  btfTypeIdSize,
  btfTypeSkipModifiers,
  KIND_DATASEC,
  KIND_INT,
  KIND_STRUCT,
  memberBitOffset,
  memberBitSize,
  memberType,
} from '../btf/kinds'
import { fixupFields } from '../btf/check/struct-metas'
import { parseFields, recordPut } from '../btf/parse-fields'
import {
  BPF_KPTR_PERCPU,
  BPF_KPTR_REF,
  BPF_KPTR_UNREF,
  BPF_LIST_HEAD,
  BPF_RB_ROOT,
  BPF_REFCOUNT,
  BPF_RES_SPIN_LOCK,
  BPF_SPIN_LOCK,
  BPF_TASK_WORK,
  BPF_TIMER,
  BPF_UPTR,
  BPF_WORKQUEUE,
  BtfRecord,
} from '../btf/record'
import { CAP_BPF, tokenCapable } from '../syscall/caps'
import { Token } from '../syscall/token'
import { isErr } from '../syscall/fd'
import { BpfMap } from './map'

const OUT: usize = memory.data(16, 8)
const FIELDS: u32 =
  BPF_SPIN_LOCK |
  BPF_RES_SPIN_LOCK |
  BPF_TIMER |
  BPF_KPTR_UNREF |
  BPF_KPTR_REF |
  BPF_KPTR_PERCPU |
  BPF_LIST_HEAD |
  BPF_RB_ROOT |
  BPF_REFCOUNT |
  BPF_WORKQUEUE |
  BPF_UPTR |
  BPF_TASK_WORK

export function mapCheckBtf(map: BpfMap, btf: Btf, keyId: u32, valueId: u32, token: Token): i32 {
  let keyType = BTF_VOID
  if (keyId) {
    if (!btfTypeIdSize(btf, keyId, OUT, OUT + 8) || load<u32>(OUT, 8) != map.keySize) return -EINVAL
    keyType = load<usize>(OUT)
  } else if (!hasCheck(map.mapType)) return -EINVAL
  if (!btfTypeIdSize(btf, valueId, OUT, OUT + 8) || load<u32>(OUT, 8) != map.valueSize) return -EINVAL
  const valueType = load<usize>(OUT)
  const rec = parseFields(btf, valueType, FIELDS, map.valueSize)
  // Linux keeps the error where the record would be, and treats it as none
  if (rec && !isErr(rec)) {
    map.record = changetype<BtfRecord>(rec)
    let err = checkRecord(map, token)
    if (!err) err = fixupFields(btf, map.record)
    if (err) {
      recordPut(map.record)
      map.record = changetype<BtfRecord>(0)
      return err
    }
  }
  const err = checkType(map, btf, keyType, valueType, keyId)
  if (err && changetype<usize>(map.record)) {
    recordPut(map.record)
    map.record = changetype<BtfRecord>(0)
  }
  return err
}

/** Map types with a map_check_btf of their own: those may do without a key type. */
function hasCheck(type: u32): bool {
  switch (type) {
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_LPM_TRIE:
    case BPF_MAP_TYPE_STACK_TRACE:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
    case BPF_MAP_TYPE_BLOOM_FILTER:
    case BPF_MAP_TYPE_ARENA:
      return true
    default:
      return false
  }
}

function checkRecord(map: BpfMap, token: Token): i32 {
  if (!tokenCapable(token, CAP_BPF)) return -EPERM
  if (map.mapFlags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) return -EACCES
  for (let bit: u32 = 1; bit && bit <= BPF_TASK_WORK; bit <<= 1) {
    if (map.record.fieldMask & bit && !fieldFits(bit, map.mapType)) return -EOPNOTSUPP
  }
  return 0
}

function isStorage(type: u32): bool {
  return (
    type == BPF_MAP_TYPE_SK_STORAGE ||
    type == BPF_MAP_TYPE_INODE_STORAGE ||
    type == BPF_MAP_TYPE_TASK_STORAGE ||
    type == BPF_MAP_TYPE_CGRP_STORAGE
  )
}

function fieldFits(field: u32, type: u32): bool {
  const plain = type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY
  switch (field) {
    case BPF_SPIN_LOCK:
    case BPF_RES_SPIN_LOCK:
      return plain || type == BPF_MAP_TYPE_CGROUP_STORAGE || isStorage(type)
    case BPF_KPTR_UNREF:
    case BPF_KPTR_REF:
    case BPF_KPTR_PERCPU:
    case BPF_REFCOUNT:
      return (
        plain ||
        type == BPF_MAP_TYPE_PERCPU_HASH ||
        type == BPF_MAP_TYPE_LRU_HASH ||
        type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
        type == BPF_MAP_TYPE_PERCPU_ARRAY ||
        isStorage(type)
      )
    case BPF_UPTR:
      return type == BPF_MAP_TYPE_TASK_STORAGE
    case BPF_TIMER:
    case BPF_WORKQUEUE:
    case BPF_TASK_WORK:
    case BPF_LIST_HEAD:
    case BPF_RB_ROOT:
      return plain || type == BPF_MAP_TYPE_LRU_HASH
    default:
      return false
  }
}

function isInt(t: usize, bits: u32): bool {
  return btfKind(t) == KIND_INT && (load<u32>(t, 12) & 0xff) == bits && !((load<u32>(t, 12) >> 16) & 0xff)
}

/** map_check_btf of the type. */
function checkType(map: BpfMap, btf: Btf, key: usize, value: usize, keyId: u32): i32 {
  const hasKey = keyId != 0
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      // the one exception for keyless arrays: an array of one whose value is a data section
      if (!hasKey)
        return map.mapType != BPF_MAP_TYPE_ARRAY || map.maxEntries != 1 || btfKind(value) != KIND_DATASEC ? -EINVAL : 0
      return isInt(key, 32) ? 0 : -EINVAL
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hasKey ? 0 : -EINVAL
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return hasKey ? -EINVAL : 0
    case BPF_MAP_TYPE_LPM_TRIE:
      return btfKind(key) == KIND_STRUCT ? 0 : -EINVAL
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return isInt(key, 32) ? 0 : -EINVAL
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return map.keySize == 8 ? (isInt(key, 64) ? 0 : -EINVAL) : checkStorageKey(btf, key)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
    case BPF_MAP_TYPE_STACK_TRACE:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA:
      return 0
    default:
      return 0
  }
}

/** The key must be struct bpf_cgroup_storage_key. */
function checkStorageKey(btf: Btf, key: usize): i32 {
  if (btfKind(key) != KIND_STRUCT || btfVlen(key) != 2) return -EINVAL
  return isRegularInt(btf, key, 0, 0, 8) && isRegularInt(btf, key, 1, 8, 4) ? 0 : -EINVAL
}

function isRegularInt(btf: Btf, t: usize, i: u32, offset: u32, size: u32): bool {
  const m = btfTypeSkipModifiers(btf, memberType(t, i), 0)
  if (!m || btfKind(m) != KIND_INT || btfSize(m) != size) return false
  const info = load<u32>(m, 12)
  if ((info & 0xff) != size * 8 || (info >> 16) & 0xff) return false
  const bits = memberBitSize(t, i)
  return memberBitOffset(t, i) == offset * 8 && (!bits || bits == size * 8)
}
