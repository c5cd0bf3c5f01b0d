// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: a table
// The map types that are compared: how each is made, how its keys and values look.
//
//   keys:   how many different keys are used ('index': numbers around max; 'small': few random keys; 'lpm': prefixes;
//           'fd': an object of the pool; 'none')
//   pool:   objects whose fds the values (or keys) are
//   btf:    type of the value: int, or a structure that begins with a lock or a timer
//   structOps: the structure of the kernel that the value is; its size is the kernel's
//   rounds: so many maps one after the other, as one that is filled changes no more
//   slow:   fewer operations, by this factor: Linux waits for grace periods at each update

const ZERO_SEED = 1 << 6
const NO_PREALLOC = 1
const F_LINK = 1 << 13

export const TYPES = [
  { name: 'HASH', type: 1, key: 4, value: 12, max: 40, flags: ZERO_SEED, keys: 'small' },
  { name: 'HASH no prealloc', type: 1, key: 11, value: 8, max: 40, flags: ZERO_SEED | NO_PREALLOC, keys: 'small' },
  { name: 'HASH one entry', type: 1, key: 8, value: 8, max: 1, flags: ZERO_SEED, keys: 'small' },
  { name: 'HASH with a lock', type: 1, key: 4, value: 16, max: 20, flags: ZERO_SEED, keys: 'small', btf: 'lock' },
  { name: 'HASH with a lock, no prealloc', type: 1, key: 4, value: 16, max: 20, flags: ZERO_SEED | NO_PREALLOC, keys: 'small', btf: 'lock' },
  { name: 'HASH with a timer', type: 1, key: 4, value: 24, max: 20, flags: ZERO_SEED, keys: 'small', btf: 'timer' },
  { name: 'ARRAY with a lock', type: 2, key: 4, value: 16, max: 9, keys: 'index', btf: 'lock' },
  { name: 'ARRAY with a timer', type: 2, key: 4, value: 24, max: 9, keys: 'index', btf: 'timer' },
  { name: 'LRU_HASH with a timer', type: 9, key: 4, value: 24, max: 20, flags: ZERO_SEED, keys: 'small', btf: 'timer' },
  { name: 'ARRAY', type: 2, key: 4, value: 9, max: 17, keys: 'index' },
  { name: 'PROG_ARRAY', type: 3, key: 4, value: 4, max: 5, keys: 'index', pool: 'programs' },
  { name: 'PERF_EVENT_ARRAY', type: 4, key: 4, value: 4, max: 3, keys: 'index', pool: 'perf' },
  { name: 'PERCPU_HASH', type: 5, key: 4, value: 12, max: 30, flags: ZERO_SEED, keys: 'small', percpu: true },
  { name: 'PERCPU_HASH no prealloc', type: 5, key: 16, value: 8, max: 30, flags: ZERO_SEED | NO_PREALLOC, keys: 'small', percpu: true },
  { name: 'PERCPU_ARRAY', type: 6, key: 4, value: 8, max: 9, keys: 'index', percpu: true },
  { name: 'STACK_TRACE', type: 7, key: 4, value: 80, max: 10, keys: 'index' },
  { name: 'CGROUP_ARRAY', type: 8, key: 4, value: 4, max: 4, keys: 'index' },
  { name: 'LRU_HASH', type: 9, key: 4, value: 8, max: 20, flags: ZERO_SEED, keys: 'small' },
  { name: 'LRU_HASH large', type: 9, key: 8, value: 8, max: 600, flags: ZERO_SEED, keys: 'many' },
  { name: 'LRU_HASH own lists', type: 9, key: 4, value: 8, max: 40, flags: ZERO_SEED | 2, keys: 'small' },
  { name: 'LRU_PERCPU_HASH', type: 10, key: 4, value: 8, max: 20, flags: ZERO_SEED, keys: 'small', percpu: true },
  { name: 'LPM_TRIE 4', type: 11, key: 8, value: 8, max: 50, flags: NO_PREALLOC, keys: 'lpm' },
  { name: 'LPM_TRIE 16', type: 11, key: 20, value: 4, max: 1000, flags: NO_PREALLOC, keys: 'lpm' },
  { name: 'LPM_TRIE 3', type: 11, key: 7, value: 1, max: 30, flags: NO_PREALLOC, keys: 'lpm' },
  { name: 'ARRAY_OF_MAPS', type: 12, key: 4, value: 4, max: 5, keys: 'index', pool: 'inner', slow: 20 },
  { name: 'HASH_OF_MAPS', type: 13, key: 4, value: 4, max: 6, flags: ZERO_SEED, keys: 'small', pool: 'inner', slow: 20 },
  { name: 'DEVMAP', type: 14, key: 4, value: 8, max: 5, keys: 'index', values: 'ifindex' },
  { name: 'DEVMAP 4', type: 14, key: 4, value: 4, max: 5, keys: 'index', values: 'ifindex' },
  { name: 'SOCKMAP', type: 15, key: 4, value: 8, max: 4, keys: 'index', pool: 'udp' },
  { name: 'CPUMAP', type: 16, key: 4, value: 8, max: 2, keys: 'index', values: 'queue' },
  { name: 'XSKMAP', type: 17, key: 4, value: 4, max: 4, keys: 'index', pool: 'udp' },
  { name: 'SOCKHASH', type: 18, key: 6, value: 4, max: 5, keys: 'small', pool: 'udp' },
  { name: 'CGROUP_STORAGE', type: 19, key: 16, value: 8, max: 0, keys: 'small' },
  { name: 'REUSEPORT_SOCKARRAY', type: 20, key: 4, value: 8, max: 4, keys: 'index', pool: 'reuseport' },
  { name: 'PERCPU_CGROUP_STORAGE', type: 21, key: 8, value: 8, max: 0, keys: 'small', percpu: true },
  { name: 'QUEUE', type: 22, key: 0, value: 12, max: 7, keys: 'none' },
  { name: 'STACK', type: 23, key: 0, value: 12, max: 7, keys: 'none' },
  { name: 'SK_STORAGE', type: 24, key: 4, value: 4, max: 0, flags: NO_PREALLOC, keys: 'fd', pool: 'udp', btf: 'int' },
  { name: 'DEVMAP_HASH', type: 25, key: 4, value: 8, max: 5, keys: 'small', values: 'ifindex' },
  { name: 'STRUCT_OPS tcp_congestion_ops', type: 26, key: 4, max: 1, flags: F_LINK, keys: 'index', structOps: 'tcp_congestion_ops', btf: 'int', rounds: 200 },
  { name: 'STRUCT_OPS bpf_dummy_ops', type: 26, key: 4, max: 1, flags: F_LINK, keys: 'index', structOps: 'bpf_dummy_ops', btf: 'int', rounds: 200 },
  { name: 'STRUCT_OPS bpf_dummy_ops, no link', type: 26, key: 4, max: 1, keys: 'index', structOps: 'bpf_dummy_ops', btf: 'int' },
  { name: 'RINGBUF', type: 27, key: 0, value: 0, max: 4096, keys: 'none' },
  { name: 'INODE_STORAGE', type: 28, key: 4, value: 4, max: 0, flags: NO_PREALLOC, keys: 'fd', pool: 'files', btf: 'int' },
  { name: 'TASK_STORAGE', type: 29, key: 4, value: 4, max: 0, flags: NO_PREALLOC, keys: 'fd', btf: 'int' },
  { name: 'BLOOM_FILTER', type: 30, key: 0, value: 8, max: 200, flags: ZERO_SEED, keys: 'none' },
  { name: 'BLOOM_FILTER odd', type: 30, key: 0, value: 7, max: 100, flags: ZERO_SEED, keys: 'none', extra: 3 },
  { name: 'USER_RINGBUF', type: 31, key: 0, value: 0, max: 4096, keys: 'none' },
  { name: 'CGRP_STORAGE', type: 32, key: 4, value: 4, max: 0, flags: NO_PREALLOC, keys: 'fd', btf: 'int' },
  { name: 'ARENA', type: 33, key: 0, value: 0, max: 4, flags: 1 << 10, keys: 'none' },
]
