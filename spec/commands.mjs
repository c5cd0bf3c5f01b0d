// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// The commands of bpf(2).
// Provenance: kernel/bpf/syscall.c of Linux 6.18 (BPF_*_LAST_FIELD, __sys_bpf). Where no other check hides it the offset was
// asked of the running kernel as well (CHECK_ATTR answers EINVAL for a byte that is set behind it).
//
// Columns: command; part of union bpf_attr that it reads (see uapi-layouts.mjs); last field that CHECK_ATTR lets the
// caller set (all bytes behind it must be zero; null: the handler has no such check), by the kernel's name for it.
export const COMMANDS = [
  ['BPF_MAP_CREATE',                  'ATTR_MAP_CREATE',       'excl_prog_hash_size'],
  ['BPF_MAP_LOOKUP_ELEM',             'ATTR_MAP_ELEM',         'flags'],
  ['BPF_MAP_UPDATE_ELEM',             'ATTR_MAP_ELEM',         'flags'],
  ['BPF_MAP_DELETE_ELEM',             'ATTR_MAP_ELEM',         'key'],
  ['BPF_MAP_GET_NEXT_KEY',            'ATTR_MAP_ELEM',         'next_key'],
  ['BPF_PROG_LOAD',                   'ATTR_PROG_LOAD',        'keyring_id'],
  ['BPF_OBJ_PIN',                     'ATTR_OBJ',              'path_fd'],
  ['BPF_OBJ_GET',                     'ATTR_OBJ',              'path_fd'],
  ['BPF_PROG_ATTACH',                 'ATTR_PROG_ATTACH',      'expected_revision'],
  ['BPF_PROG_DETACH',                 'ATTR_PROG_ATTACH',      'expected_revision'],
  ['BPF_PROG_TEST_RUN',               'ATTR_TEST',             'batch_size'],
  ['BPF_PROG_GET_NEXT_ID',            'ATTR_GET_ID',           'next_id'],
  ['BPF_MAP_GET_NEXT_ID',             'ATTR_GET_ID',           'next_id'],
  ['BPF_PROG_GET_FD_BY_ID',           'ATTR_GET_ID',           'prog_id'],
  ['BPF_MAP_GET_FD_BY_ID',            'ATTR_GET_ID',           'open_flags'],
  ['BPF_OBJ_GET_INFO_BY_FD',          'ATTR_INFO',             'info'],
  ['BPF_PROG_QUERY',                  'ATTR_QUERY',            'revision'],
  ['BPF_RAW_TRACEPOINT_OPEN',         'ATTR_RAW_TRACEPOINT',   'cookie'],
  ['BPF_BTF_LOAD',                    'ATTR_BTF_LOAD',         'btf_token_fd'],
  ['BPF_BTF_GET_FD_BY_ID',            'ATTR_GET_ID',           'fd_by_id_token_fd'],
  ['BPF_TASK_FD_QUERY',               'ATTR_TASK_FD_QUERY',    'probe_addr'],
  ['BPF_MAP_LOOKUP_AND_DELETE_ELEM',  'ATTR_MAP_ELEM',         'flags'],
  ['BPF_MAP_FREEZE',                  'ATTR_MAP_ELEM',         'map_fd'],
  ['BPF_BTF_GET_NEXT_ID',             'ATTR_GET_ID',           'next_id'],
  ['BPF_MAP_LOOKUP_BATCH',            'ATTR_MAP_BATCH',        'flags'],
  ['BPF_MAP_LOOKUP_AND_DELETE_BATCH', 'ATTR_MAP_BATCH',        'flags'],
  ['BPF_MAP_UPDATE_BATCH',            'ATTR_MAP_BATCH',        'flags'],
  ['BPF_MAP_DELETE_BATCH',            'ATTR_MAP_BATCH',        'flags'],
  ['BPF_LINK_CREATE',                 'ATTR_LINK_CREATE',      'uprobe_multi.pid'],
  ['BPF_LINK_UPDATE',                 'ATTR_LINK_UPDATE',      'old_prog_fd'],
  ['BPF_LINK_GET_FD_BY_ID',           'ATTR_GET_ID',           'link_id'],
  ['BPF_LINK_GET_NEXT_ID',            'ATTR_GET_ID',           'next_id'],
  ['BPF_ENABLE_STATS',                'ATTR_ENABLE_STATS',     'type'],
  ['BPF_ITER_CREATE',                 'ATTR_ITER_CREATE',      'flags'],
  ['BPF_LINK_DETACH',                 'ATTR_LINK_DETACH',      'link_fd'],
  ['BPF_PROG_BIND_MAP',               'ATTR_PROG_BIND_MAP',    'flags'],
  ['BPF_TOKEN_CREATE',                'ATTR_TOKEN_CREATE',     'bpffs_fd'],
  ['BPF_PROG_STREAM_READ_BY_FD',      'ATTR_PROG_STREAM_READ', 'prog_fd'],
]
