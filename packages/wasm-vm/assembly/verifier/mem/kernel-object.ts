// SPDX-License-Identifier: GPL-2.0-only
// Accesses that walk the kernel's own structures. Rules that need no layout are checked; the rest is unsupported.
// Counterparts: check_ptr_to_btf_access, check_ptr_to_map_access.

import { EACCES, EPERM } from '../../gen/errno.gen'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
} from '../../gen/uapi-enums.gen'
import { Env } from '../env'
import { S, reject, unsupported } from '../log/verbose'
import { curReg } from '../state'
import { READ } from './kinds'

export function checkBtfPointer(env: Env, regno: i32, off: i32, size: i32, access: i32): i32 {
  return unsupported(env, 'access through R%d to a kernel structure', regno)
}

function structOf(type: u32): string {
  switch (type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return 'bpf_array'
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return 'bpf_htab'
    case BPF_MAP_TYPE_LPM_TRIE:
      return 'lpm_trie'
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return 'bpf_queue_stack'
    case BPF_MAP_TYPE_STACK_TRACE:
      return 'bpf_stack_map'
    case BPF_MAP_TYPE_RINGBUF:
      return 'bpf_ringbuf_map'
  }
  return 'bpf_map'
}

export function checkMapPointer(env: Env, regno: i32, off: i32, access: i32): i32 {
  const name = S(structOf(curReg(env, regno).map.mapType))
  if (!env.allowPtrLeaks)
    return reject(env, -EPERM, "'struct %s' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n", name)
  if (off < 0) return reject(env, -EACCES, 'R%d is %s invalid negative access: off=%d\n', regno, name, off)
  if (access != READ) return reject(env, -EACCES, 'only read from %s is supported\n', name)
  return unsupported(env, 'access through R%d to a kernel structure', regno)
}
