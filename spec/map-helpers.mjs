// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// Which map may be passed to which helper, and with what attributes a map can be created.
// Provenance: check_map_func_compatibility and may_update_sockmap of kernel/bpf/verifier.c, map_create of kernel/bpf/syscall.c and
// the map_alloc_check functions of Linux 6.18; compared with what that kernel answered.

// Maps that only these helpers take. Every other map type takes any helper that HELPER_MAPS does not forbid.
export const MAP_HELPERS = [
  ['BPF_MAP_TYPE_PROG_ARRAY',             'tail_call'],
  ['BPF_MAP_TYPE_PERF_EVENT_ARRAY',       'perf_event_read perf_event_output skb_output perf_event_read_value xdp_output'],
  ['BPF_MAP_TYPE_RINGBUF',                'ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr'],
  ['BPF_MAP_TYPE_USER_RINGBUF',           'user_ringbuf_drain'],
  ['BPF_MAP_TYPE_STACK_TRACE',            'get_stackid'],
  ['BPF_MAP_TYPE_CGROUP_ARRAY',           'skb_under_cgroup current_task_under_cgroup'],
  ['BPF_MAP_TYPE_CGROUP_STORAGE',         'get_local_storage'],
  ['BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE',  'get_local_storage'],
  ['BPF_MAP_TYPE_DEVMAP',                 'redirect_map map_lookup_elem'],
  ['BPF_MAP_TYPE_DEVMAP_HASH',            'redirect_map map_lookup_elem'],
  ['BPF_MAP_TYPE_CPUMAP',                 'redirect_map'],
  ['BPF_MAP_TYPE_XSKMAP',                 'redirect_map map_lookup_elem'],
  ['BPF_MAP_TYPE_ARRAY_OF_MAPS',          'map_lookup_elem'],
  ['BPF_MAP_TYPE_HASH_OF_MAPS',           'map_lookup_elem'],
  ['BPF_MAP_TYPE_SOCKMAP',                'sk_redirect_map sock_map_update msg_redirect_map sk_select_reuseport map_lookup_elem map_update_elem map_delete_elem'],
  ['BPF_MAP_TYPE_SOCKHASH',               'sk_redirect_hash sock_hash_update msg_redirect_hash sk_select_reuseport map_lookup_elem map_update_elem map_delete_elem'],
  ['BPF_MAP_TYPE_REUSEPORT_SOCKARRAY',    'sk_select_reuseport'],
  ['BPF_MAP_TYPE_QUEUE',                  'map_peek_elem map_pop_elem map_push_elem'],
  ['BPF_MAP_TYPE_STACK',                  'map_peek_elem map_pop_elem map_push_elem'],
  ['BPF_MAP_TYPE_SK_STORAGE',             'sk_storage_get sk_storage_delete kptr_xchg'],
  ['BPF_MAP_TYPE_INODE_STORAGE',          'inode_storage_get inode_storage_delete kptr_xchg'],
  ['BPF_MAP_TYPE_TASK_STORAGE',           'task_storage_get task_storage_delete kptr_xchg'],
  ['BPF_MAP_TYPE_CGRP_STORAGE',           'cgrp_storage_get cgrp_storage_delete kptr_xchg'],
  ['BPF_MAP_TYPE_BLOOM_FILTER',           'map_peek_elem map_push_elem'],
]

// Helpers that only take these maps.
export const HELPER_MAPS = [
  ['tail_call',                 'BPF_MAP_TYPE_PROG_ARRAY'],
  ['perf_event_read',           'BPF_MAP_TYPE_PERF_EVENT_ARRAY'],
  ['perf_event_output',         'BPF_MAP_TYPE_PERF_EVENT_ARRAY'],
  ['perf_event_read_value',     'BPF_MAP_TYPE_PERF_EVENT_ARRAY'],
  ['skb_output',                'BPF_MAP_TYPE_PERF_EVENT_ARRAY'],
  ['xdp_output',                'BPF_MAP_TYPE_PERF_EVENT_ARRAY'],
  ['ringbuf_output',            'BPF_MAP_TYPE_RINGBUF'],
  ['ringbuf_reserve',           'BPF_MAP_TYPE_RINGBUF'],
  ['ringbuf_query',             'BPF_MAP_TYPE_RINGBUF'],
  ['ringbuf_reserve_dynptr',    'BPF_MAP_TYPE_RINGBUF'],
  ['ringbuf_submit_dynptr',     'BPF_MAP_TYPE_RINGBUF'],
  ['ringbuf_discard_dynptr',    'BPF_MAP_TYPE_RINGBUF'],
  ['user_ringbuf_drain',        'BPF_MAP_TYPE_USER_RINGBUF'],
  ['get_stackid',               'BPF_MAP_TYPE_STACK_TRACE'],
  ['current_task_under_cgroup', 'BPF_MAP_TYPE_CGROUP_ARRAY'],
  ['skb_under_cgroup',          'BPF_MAP_TYPE_CGROUP_ARRAY'],
  ['redirect_map',              'BPF_MAP_TYPE_DEVMAP BPF_MAP_TYPE_DEVMAP_HASH BPF_MAP_TYPE_CPUMAP BPF_MAP_TYPE_XSKMAP'],
  ['sk_redirect_map',           'BPF_MAP_TYPE_SOCKMAP'],
  ['msg_redirect_map',          'BPF_MAP_TYPE_SOCKMAP'],
  ['sock_map_update',           'BPF_MAP_TYPE_SOCKMAP'],
  ['sk_redirect_hash',          'BPF_MAP_TYPE_SOCKHASH'],
  ['msg_redirect_hash',         'BPF_MAP_TYPE_SOCKHASH'],
  ['sock_hash_update',          'BPF_MAP_TYPE_SOCKHASH'],
  ['get_local_storage',         'BPF_MAP_TYPE_CGROUP_STORAGE BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE'],
  ['sk_select_reuseport',       'BPF_MAP_TYPE_REUSEPORT_SOCKARRAY BPF_MAP_TYPE_SOCKMAP BPF_MAP_TYPE_SOCKHASH'],
  ['map_pop_elem',              'BPF_MAP_TYPE_QUEUE BPF_MAP_TYPE_STACK'],
  ['map_peek_elem',             'BPF_MAP_TYPE_QUEUE BPF_MAP_TYPE_STACK BPF_MAP_TYPE_BLOOM_FILTER'],
  ['map_push_elem',             'BPF_MAP_TYPE_QUEUE BPF_MAP_TYPE_STACK BPF_MAP_TYPE_BLOOM_FILTER'],
  ['map_lookup_percpu_elem',    'BPF_MAP_TYPE_PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_HASH BPF_MAP_TYPE_LRU_PERCPU_HASH'],
  ['sk_storage_get',            'BPF_MAP_TYPE_SK_STORAGE'],
  ['sk_storage_delete',         'BPF_MAP_TYPE_SK_STORAGE'],
  ['inode_storage_get',         'BPF_MAP_TYPE_INODE_STORAGE'],
  ['inode_storage_delete',      'BPF_MAP_TYPE_INODE_STORAGE'],
  ['task_storage_get',          'BPF_MAP_TYPE_TASK_STORAGE'],
  ['task_storage_delete',       'BPF_MAP_TYPE_TASK_STORAGE'],
  ['cgrp_storage_get',          'BPF_MAP_TYPE_CGRP_STORAGE'],
  ['cgrp_storage_delete',       'BPF_MAP_TYPE_CGRP_STORAGE'],
]

// Program types that may call map_update_elem and map_delete_elem on a sockmap or sockhash ("cannot update sockmap in this
// context" otherwise): where no socket is locked. Columns: type; 'both' or 'delete'; attach type, 0: any.
export const SOCKMAP_UPDATERS = [
  ['BPF_PROG_TYPE_SOCKET_FILTER',  'both',   0],
  ['BPF_PROG_TYPE_SCHED_CLS',      'both',   0],
  ['BPF_PROG_TYPE_SCHED_ACT',      'both',   0],
  ['BPF_PROG_TYPE_XDP',            'both',   0],
  ['BPF_PROG_TYPE_SK_REUSEPORT',   'both',   0],
  ['BPF_PROG_TYPE_FLOW_DISSECTOR', 'both',   0],
  ['BPF_PROG_TYPE_SK_LOOKUP',      'both',   0],
  ['BPF_PROG_TYPE_TRACING',        'both',   'BPF_TRACE_ITER'],
  ['BPF_PROG_TYPE_SOCK_OPS',       'delete', 0],
]

// What MAP_CREATE accepts, EINVAL otherwise. Columns:
//   type      map type
//   cap       capability that its creator needs ('' none but the one that unprivileged_bpf_disabled asks for)
//   key       key_size: a number; range 'a..b' or 'a..'; '!' at its end: E2BIG above; '*n': a multiple of n
//   value     value_size, the same
//   entries   max_entries, the same; 'page': a power of two that is a multiple of the page size; 'cpus': possible CPUs
//   required  flags that must be set
//   flags     flags that may be set. RDONLY with WRONLY and RDONLY_PROG with WRONLY_PROG never go together
// EINVAL comes before E2BIG, but cgroup storage looks at key, value, flags and entries in this order. Also: key and value of a hash-like map together stay below KMALLOC_MAX_SIZE less the element's head
// (E2BIG); LRU maps answer ENOTSUPP to BPF_F_NO_PREALLOC, EINVAL to BPF_F_NUMA_NODE with BPF_F_NO_COMMON_LRU; BPF_F_ZERO_SEED needs
// CAP_SYS_ADMIN (EPERM); with BPF_F_STACK_BUILD_ID the value is a multiple of 32; local storage needs BTF for key (an int) and
// value; maps of maps need inner_map_fd; struct_ops needs the value type of a registered structure; array and arena sizes also end
// where memory does.
export const MAP_CREATE = [
  ['BPF_MAP_TYPE_HASH',                  '',              '1..',     '1..',            '1..',         '',                 
    'BPF_F_NO_PREALLOC BPF_F_ZERO_SEED BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_ARRAY',                 '',              '4',       '1..2147483647!', '1..',         '',                 
    'BPF_F_MMAPABLE BPF_F_INNER_MAP BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_PROG_ARRAY',            '',              '4',       '4',              '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_PERF_EVENT_ARRAY',      '',              '4',       '4',              '1..',         '',                 
    'BPF_F_PRESERVE_ELEMS BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_PERCPU_HASH',           '',              '1..',     '1..32768!',      '1..',         '',                 
    'BPF_F_NO_PREALLOC BPF_F_ZERO_SEED BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_PERCPU_ARRAY',          '',              '4',       '1..32768!',      '1..',         '',                 
    'BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_STACK_TRACE',           'CAP_BPF',       '4',       '8..1016*8',      '1..',         '',                 
    'BPF_F_STACK_BUILD_ID BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_CGROUP_ARRAY',          '',              '4',       '4',              '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_LRU_HASH',              'CAP_BPF',       '1..',     '1..',            '1..',         '',                 
    'BPF_F_NO_COMMON_LRU BPF_F_ZERO_SEED BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_LRU_PERCPU_HASH',       'CAP_BPF',       '1..',     '1..32768!',      '1..',         '',                 
    'BPF_F_NO_COMMON_LRU BPF_F_ZERO_SEED BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_LPM_TRIE',              'CAP_BPF',       '5..260',  '1..',            '1..',         'BPF_F_NO_PREALLOC',
    'BPF_F_NO_PREALLOC BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_ARRAY_OF_MAPS',         '',              '4',       '4',              '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_HASH_OF_MAPS',          '',              '1..',     '4',              '1..',         '',                 
    'BPF_F_NO_PREALLOC BPF_F_ZERO_SEED BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_DEVMAP',                'CAP_NET_ADMIN', '4',       '4..8*4',         '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_SOCKMAP',               'CAP_NET_ADMIN', '4',       '4..8*4',         '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_CPUMAP',                'CAP_BPF',       '4',       '4..8*4',         '1..cpus!',    '',                 
    'BPF_F_NUMA_NODE'],
  ['BPF_MAP_TYPE_XSKMAP',                'CAP_NET_ADMIN', '4',       '4',              '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_SOCKHASH',              'CAP_NET_ADMIN', '1..512!', '4..8*4',         '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_CGROUP_STORAGE',        '',              '8..16*8', '1..65407!',      '0',           '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_REUSEPORT_SOCKARRAY',   'CAP_BPF',       '4',       '4..8*4',         '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE', '',              '8..16*8', '1..32768!',      '0',           '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_QUEUE',                 'CAP_BPF',       '0',       '1..4194304!',    '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_STACK',                 'CAP_BPF',       '0',       '1..4194304!',    '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_SK_STORAGE',            'CAP_BPF',       '4',       '1..65407!',      '0',           'BPF_F_NO_PREALLOC',
    'BPF_F_NO_PREALLOC BPF_F_CLONE'],
  ['BPF_MAP_TYPE_DEVMAP_HASH',           'CAP_NET_ADMIN', '4',       '4..8*4',         '1..',         '',                 
    'BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY'],
  ['BPF_MAP_TYPE_STRUCT_OPS',            'CAP_BPF',       '4',       '1..',            '1',           '',                 
    'BPF_F_VTYPE_BTF_OBJ_FD BPF_F_LINK'],
  ['BPF_MAP_TYPE_RINGBUF',               '',              '0',       '0',              'page',        '',                 
    'BPF_F_NUMA_NODE'],
  ['BPF_MAP_TYPE_INODE_STORAGE',         'CAP_BPF',       '4',       '1..65407!',      '0',           'BPF_F_NO_PREALLOC',
    'BPF_F_NO_PREALLOC BPF_F_CLONE'],
  ['BPF_MAP_TYPE_TASK_STORAGE',          'CAP_BPF',       '4',       '1..65407!',      '0',           'BPF_F_NO_PREALLOC',
    'BPF_F_NO_PREALLOC BPF_F_CLONE'],
  ['BPF_MAP_TYPE_BLOOM_FILTER',          'CAP_BPF',       '0',       '1..',            '1..',         '',                 
    'BPF_F_ZERO_SEED BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG'],
  ['BPF_MAP_TYPE_USER_RINGBUF',          '',              '0',       '0',              'page',        '',                 
    'BPF_F_NUMA_NODE'],
  ['BPF_MAP_TYPE_CGRP_STORAGE',          'CAP_BPF',       '4',       '1..65407!',      '0',           'BPF_F_NO_PREALLOC',
    'BPF_F_NO_PREALLOC BPF_F_CLONE'],
  ['BPF_MAP_TYPE_ARENA',                 'CAP_BPF',       '0',       '0',              '1..1048576!', 'BPF_F_MMAPABLE',   
    'BPF_F_MMAPABLE BPF_F_SEGV_ON_FAULT BPF_F_NO_USER_CONV'],
]
