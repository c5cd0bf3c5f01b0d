// SPDX-License-Identifier: GPL-2.0-only
// BPF_MAP_CREATE. Kernel counterpart: map_create of kernel/bpf/syscall.c.

import { EACCES, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__btf_fd,
  ATTR_MAP_CREATE__btf_key_type_id,
  ATTR_MAP_CREATE__btf_value_type_id,
  ATTR_MAP_CREATE__btf_vmlinux_value_type_id,
  ATTR_MAP_CREATE__excl_prog_hash,
  ATTR_MAP_CREATE__excl_prog_hash_size,
  ATTR_MAP_CREATE__inner_map_fd,
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_extra,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__map_ifindex,
  ATTR_MAP_CREATE__map_name,
  ATTR_MAP_CREATE__map_token_fd,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__numa_node,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_NUMA_NODE,
  BPF_F_TOKEN_FD,
  BPF_MAP_CREATE,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_STRUCT_OPS,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_UNSPEC,
  BPF_MAP_TYPE_XSKMAP,
} from '../gen/uapi-enums.gen'
import { Btf } from '../btf/btf'
import { btfGet } from '../btf/refs'
import { mapCheckBtf } from '../maps/check-btf'
import { BpfMap, mapName } from '../maps/map'
import { mapAlloc, mapAllocCheck, MAP_TYPE_MAX } from '../maps/lifecycle'
import { mapFree, mapNew, mapPutUref } from '../maps/refs'
import { idAlloc } from '../mem/ids'
import { kernel } from '../mem/root'
import { copyFromUser } from '../mem/user'
import { deviceByIndex } from '../world/device'
import { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, tokenCapable } from './caps'
import { FD_BTF, FD_MAP, fdGet, fdInstall, isErr } from './fd'
import { fileFlagMode } from './file-flags'
import { objName } from './name'
import { Token, tokenAllowsCmd, tokenAllowsMap, tokenFromFd } from './token'
import { viewMap } from '../world/kernel-view'
import { mayCreateMap, mayOpenMap, watched } from '../world/security'

export function mapCreate(attr: usize): i32 {
  const type = load<u32>(attr, ATTR_MAP_CREATE__map_type)
  const tokenFlag = (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & BPF_F_TOKEN_FD) != 0
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~BPF_F_TOKEN_FD
  store<u32>(attr, flags, ATTR_MAP_CREATE__map_flags)
  const keyType = load<u32>(attr, ATTR_MAP_CREATE__btf_key_type_id)
  const valueType = load<u32>(attr, ATTR_MAP_CREATE__btf_value_type_id)
  if (load<u32>(attr, ATTR_MAP_CREATE__btf_vmlinux_value_type_id)) {
    if (type != BPF_MAP_TYPE_STRUCT_OPS || keyType || valueType) return -EINVAL
  } else if (keyType && !valueType) return -EINVAL
  if (type != BPF_MAP_TYPE_BLOOM_FILTER && type != BPF_MAP_TYPE_ARENA && load<u64>(attr, ATTR_MAP_CREATE__map_extra))
    return -EINVAL
  const mode = fileFlagMode(flags)
  if (mode < 0) return mode
  const node = flags & BPF_F_NUMA_NODE ? load<i32>(attr, ATTR_MAP_CREATE__numa_node) : -1
  if (node != -1 && node != 0) return -EINVAL
  if (type == BPF_MAP_TYPE_UNSPEC || type >= MAP_TYPE_MAX) return -EINVAL
  let err = mapAllocCheck(attr, type)
  if (err) return err
  // a device that takes maps over does not exist here: Linux fails in the same way without one
  if (load<u32>(attr, ATTR_MAP_CREATE__map_ifindex) && !offloadable(type)) return -EINVAL
  let token = changetype<Token>(0)
  if (tokenFlag) {
    const p = tokenFromFd(load<i32>(attr, ATTR_MAP_CREATE__map_token_fd))
    if (isErr(p)) return <i32>p
    if (tokenAllowsCmd(changetype<Token>(p), BPF_MAP_CREATE) && tokenAllowsMap(changetype<Token>(p), type))
      token = changetype<Token>(p)
  }
  if (kernel().unprivDisabled && !tokenCapable(token, CAP_BPF)) return -EPERM
  if (!typeAllowed(type, token)) return -EPERM
  const map = mapNew()
  if (!changetype<usize>(map)) return -ENOMEM
  map.refs = 1
  map.usercnt = 1
  err = fill(map, attr, type, token)
  if (err) {
    mapFree(map)
    return err
  }
  err = mayCreateMap(watched() ? viewMap(map) : 0, attr)
  if (err) {
    mapFree(map)
    return err
  }
  map.id = idAlloc(kernel().maps, changetype<usize>(map))
  if (!map.id) {
    mapFree(map)
    return -ENOMEM
  }
  const denied = mayOpenMap(watched() ? viewMap(map) : 0, <u32>mode)
  if (denied) {
    mapPutUref(map)
    return denied
  }
  const fd = fdInstall(FD_MAP, changetype<usize>(map), <u32>mode)
  if (fd < 0) mapPutUref(map)
  return fd
}

function offloadable(type: u32): bool {
  return type == 1 || type == 2
}

/** Map types that need more than a caller without capabilities has. */
function typeAllowed(type: u32, token: Token): bool {
  switch (type) {
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
    case BPF_MAP_TYPE_BLOOM_FILTER:
    case BPF_MAP_TYPE_LPM_TRIE:
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
    case BPF_MAP_TYPE_STACK_TRACE:
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_STRUCT_OPS:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_ARENA:
      return tokenCapable(token, CAP_BPF)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_XSKMAP:
      return tokenCapable(token, CAP_NET_ADMIN)
    default:
      return true
  }
}

function fill(map: BpfMap, attr: usize, type: u32, token: Token): i32 {
  map.mapType = type
  map.keySize = load<u32>(attr, ATTR_MAP_CREATE__key_size)
  map.valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  map.maxEntries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  map.mapFlags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  map.mapExtra = load<u64>(attr, ATTR_MAP_CREATE__map_extra)
  map.numaNode = map.mapFlags & BPF_F_NUMA_NODE ? load<i32>(attr, ATTR_MAP_CREATE__numa_node) : -1
  map.bypassSpecV1 = tokenCapable(token, CAP_PERFMON)
  map.ifindex = load<u32>(attr, ATTR_MAP_CREATE__map_ifindex)
  if (map.ifindex) {
    const dev = deviceByIndex(map.ifindex)
    return changetype<usize>(dev) && !changetype<usize>(dev.peer) ? -EOPNOTSUPP : -EINVAL
  }
  let err = mapAlloc(map, attr, load<i32>(attr, ATTR_MAP_CREATE__inner_map_fd))
  if (err) return err
  err = objName(mapName(map), attr + ATTR_MAP_CREATE__map_name)
  if (err < 0) return err
  err = exclusive(map, attr)
  return err ? err : takeBtf(map, attr, token)
}

/** excl_prog_hash: the only program that may use the map. */
function exclusive(map: BpfMap, attr: usize): i32 {
  const hash = load<u64>(attr, ATTR_MAP_CREATE__excl_prog_hash)
  const size = load<u32>(attr, ATTR_MAP_CREATE__excl_prog_hash_size)
  if (!hash) return size ? -EINVAL : 0
  if (size != 32) return -EINVAL
  return copyFromUser(changetype<usize>(map) + offsetof<BpfMap>('exclProgSha0'), hash, 32) ? 0 : -EFAULT
}

function takeBtf(map: BpfMap, attr: usize, token: Token): i32 {
  const keyType = load<u32>(attr, ATTR_MAP_CREATE__btf_key_type_id)
  const valueType = load<u32>(attr, ATTR_MAP_CREATE__btf_value_type_id)
  const kernelType = load<u32>(attr, ATTR_MAP_CREATE__btf_vmlinux_value_type_id)
  if (!keyType && !valueType && !kernelType) return 0
  const p = fdGet(load<i32>(attr, ATTR_MAP_CREATE__btf_fd), FD_BTF)
  if (isErr(p)) return <i32>p
  const btf = changetype<Btf>(p)
  if (btf.kernelBtf) return -EACCES
  btfGet(btf)
  map.btf = btf
  if (valueType) {
    const err = mapCheckBtf(map, btf, keyType, valueType, token)
    if (err) return err
  }
  map.btfKeyTypeId = keyType
  map.btfValueTypeId = valueType
  map.btfVmlinuxValueTypeId = kernelType
  return 0
}
