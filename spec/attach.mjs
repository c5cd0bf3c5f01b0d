// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// Which expected_attach_type a program may be loaded with, and where it can be attached.
// Provenance: bpf_prog_load_fixup_attach_type, bpf_prog_load_check_attach, attach_type_to_prog_type,
// bpf_prog_attach_check_attach_type, bpf_prog_attach and link_create of kernel/bpf/syscall.c, can_be_sleepable of
// kernel/bpf/verifier.c of Linux 6.18; compared with what that kernel answered for every type and attach type.

// Types that check expected_attach_type at all (every other one takes any value, even unknown ones). Columns: type; who
// checks; what 0 is replaced by first (0: nothing); accepted values, EINVAL otherwise. BPF_PROG_TYPE_STRUCT_OPS uses the
// field as the number of the member.
export const LOAD_ATTACH_TYPES = [
  ['BPF_PROG_TYPE_CGROUP_SKB',        'load',      0,                           ['BPF_CGROUP_INET_INGRESS', 'BPF_CGROUP_INET_EGRESS']],
  ['BPF_PROG_TYPE_CGROUP_SOCK',       'load',      'BPF_CGROUP_INET_SOCK_CREATE', ['BPF_CGROUP_INET_SOCK_CREATE', 'BPF_CGROUP_INET_SOCK_RELEASE', 'BPF_CGROUP_INET4_POST_BIND', 'BPF_CGROUP_INET6_POST_BIND']],
  ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'load',      0,                           ['BPF_CGROUP_INET4_BIND', 'BPF_CGROUP_INET6_BIND', 'BPF_CGROUP_INET4_CONNECT', 'BPF_CGROUP_INET6_CONNECT', 'BPF_CGROUP_UNIX_CONNECT', 'BPF_CGROUP_INET4_GETPEERNAME', 'BPF_CGROUP_INET6_GETPEERNAME', 'BPF_CGROUP_UNIX_GETPEERNAME', 'BPF_CGROUP_INET4_GETSOCKNAME', 'BPF_CGROUP_INET6_GETSOCKNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME', 'BPF_CGROUP_UDP4_SENDMSG', 'BPF_CGROUP_UDP6_SENDMSG', 'BPF_CGROUP_UNIX_SENDMSG', 'BPF_CGROUP_UDP4_RECVMSG', 'BPF_CGROUP_UDP6_RECVMSG', 'BPF_CGROUP_UNIX_RECVMSG']],
  ['BPF_PROG_TYPE_CGROUP_SOCKOPT',    'load',      0,                           ['BPF_CGROUP_GETSOCKOPT', 'BPF_CGROUP_SETSOCKOPT']],
  ['BPF_PROG_TYPE_SK_REUSEPORT',      'load',      'BPF_SK_REUSEPORT_SELECT',   ['BPF_SK_REUSEPORT_SELECT', 'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE']],
  ['BPF_PROG_TYPE_SK_LOOKUP',         'load',      0,                           ['BPF_SK_LOOKUP']],
  ['BPF_PROG_TYPE_NETFILTER',         'load',      0,                           ['BPF_NETFILTER']],
  ['BPF_PROG_TYPE_SYSCALL',           'load',      0,                           [0]],
  ['BPF_PROG_TYPE_EXT',               'load',      0,                           [0]],
  ['BPF_PROG_TYPE_TRACING',           'verifier',  0,                           ['BPF_TRACE_RAW_TP', 'BPF_TRACE_FENTRY', 'BPF_TRACE_FEXIT', 'BPF_MODIFY_RETURN', 'BPF_TRACE_ITER']],
  ['BPF_PROG_TYPE_LSM',               'verifier',  0,                           ['BPF_LSM_MAC', 'BPF_LSM_CGROUP']],
]

// Types that may be loaded with BPF_F_SLEEPABLE. 'any': always (an uprobe, decided when it is attached); a list of attach
// types; 'hook': depends on the LSM hook; 'member': on the struct_ops member; 'must': EINVAL without the flag.
export const SLEEPABLE_TYPES = [
  ['BPF_PROG_TYPE_KPROBE',            'any'],
  ['BPF_PROG_TYPE_TRACING',           'FENTRY FEXIT MODIFY_RETURN ITER'],
  ['BPF_PROG_TYPE_LSM',               'hook'],
  ['BPF_PROG_TYPE_STRUCT_OPS',        'member'],
  ['BPF_PROG_TYPE_SYSCALL',           'must'],
]

// Columns: attach type; program type; 'attach' if PROG_ATTACH takes it; type of link that LINK_CREATE makes (0: none);
// what target_fd, target_ifindex or the link's own fields name.
export const ATTACH_POINTS = [
  ['BPF_CGROUP_INET_INGRESS',         'BPF_PROG_TYPE_CGROUP_SKB',        'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET_EGRESS',          'BPF_PROG_TYPE_CGROUP_SKB',        'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET_SOCK_CREATE',     'BPF_PROG_TYPE_CGROUP_SOCK',       'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET_SOCK_RELEASE',    'BPF_PROG_TYPE_CGROUP_SOCK',       'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET4_POST_BIND',      'BPF_PROG_TYPE_CGROUP_SOCK',       'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET6_POST_BIND',      'BPF_PROG_TYPE_CGROUP_SOCK',       'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET4_BIND',           'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET6_BIND',           'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET4_CONNECT',        'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET6_CONNECT',        'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UNIX_CONNECT',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET4_GETPEERNAME',    'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET6_GETPEERNAME',    'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UNIX_GETPEERNAME',     'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET4_GETSOCKNAME',    'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_INET6_GETSOCKNAME',    'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UNIX_GETSOCKNAME',     'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UDP4_SENDMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UDP6_SENDMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UNIX_SENDMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UDP4_RECVMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UDP6_RECVMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_UNIX_RECVMSG',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_SOCK_OPS',             'BPF_PROG_TYPE_SOCK_OPS',          'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_DEVICE',               'BPF_PROG_TYPE_CGROUP_DEVICE',     'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_SYSCTL',               'BPF_PROG_TYPE_CGROUP_SYSCTL',     'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_GETSOCKOPT',           'BPF_PROG_TYPE_CGROUP_SOCKOPT',    'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_CGROUP_SETSOCKOPT',           'BPF_PROG_TYPE_CGROUP_SOCKOPT',    'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_LSM_CGROUP',                  'BPF_PROG_TYPE_LSM',               'attach', 'BPF_LINK_TYPE_CGROUP',           'cgroup'],
  ['BPF_SK_SKB_STREAM_PARSER',        'BPF_PROG_TYPE_SK_SKB',            'attach', 'BPF_LINK_TYPE_SOCKMAP',          'sockmap'],
  ['BPF_SK_SKB_STREAM_VERDICT',       'BPF_PROG_TYPE_SK_SKB',            'attach', 'BPF_LINK_TYPE_SOCKMAP',          'sockmap'],
  ['BPF_SK_SKB_VERDICT',              'BPF_PROG_TYPE_SK_SKB',            'attach', 'BPF_LINK_TYPE_SOCKMAP',          'sockmap'],
  ['BPF_SK_MSG_VERDICT',              'BPF_PROG_TYPE_SK_MSG',            'attach', 'BPF_LINK_TYPE_SOCKMAP',          'sockmap'],
  ['BPF_LIRC_MODE2',                  'BPF_PROG_TYPE_LIRC_MODE2',        'attach', 0,                                'lirc'],
  ['BPF_FLOW_DISSECTOR',              'BPF_PROG_TYPE_FLOW_DISSECTOR',    'attach', 'BPF_LINK_TYPE_NETNS',            'netns'],
  ['BPF_SK_LOOKUP',                   'BPF_PROG_TYPE_SK_LOOKUP',         '',       'BPF_LINK_TYPE_NETNS',            'netns'],
  ['BPF_TCX_INGRESS',                 'BPF_PROG_TYPE_SCHED_CLS',         'attach', 'BPF_LINK_TYPE_TCX',              'ifindex'],
  ['BPF_TCX_EGRESS',                  'BPF_PROG_TYPE_SCHED_CLS',         'attach', 'BPF_LINK_TYPE_TCX',              'ifindex'],
  ['BPF_NETKIT_PRIMARY',              'BPF_PROG_TYPE_SCHED_CLS',         'attach', 'BPF_LINK_TYPE_NETKIT',           'ifindex'],
  ['BPF_NETKIT_PEER',                 'BPF_PROG_TYPE_SCHED_CLS',         'attach', 'BPF_LINK_TYPE_NETKIT',           'ifindex'],
  ['BPF_XDP',                         'BPF_PROG_TYPE_XDP',               '',       'BPF_LINK_TYPE_XDP',              'ifindex'],
  ['BPF_NETFILTER',                   'BPF_PROG_TYPE_NETFILTER',         '',       'BPF_LINK_TYPE_NETFILTER',        'hook'],
  ['BPF_PERF_EVENT',                  'BPF_PROG_TYPE_PERF_EVENT',        '',       'BPF_LINK_TYPE_PERF_EVENT',       'perf event'],
  ['BPF_PERF_EVENT',                  'BPF_PROG_TYPE_TRACEPOINT',        '',       'BPF_LINK_TYPE_PERF_EVENT',       'perf event'],
  ['BPF_PERF_EVENT',                  'BPF_PROG_TYPE_KPROBE',            '',       'BPF_LINK_TYPE_PERF_EVENT',       'perf event'],
  ['BPF_TRACE_KPROBE_MULTI',          'BPF_PROG_TYPE_KPROBE',            '',       'BPF_LINK_TYPE_KPROBE_MULTI',     'functions'],
  ['BPF_TRACE_KPROBE_SESSION',        'BPF_PROG_TYPE_KPROBE',            '',       'BPF_LINK_TYPE_KPROBE_MULTI',     'functions'],
  ['BPF_TRACE_UPROBE_MULTI',          'BPF_PROG_TYPE_KPROBE',            '',       'BPF_LINK_TYPE_UPROBE_MULTI',     'offsets'],
  ['BPF_TRACE_UPROBE_SESSION',        'BPF_PROG_TYPE_KPROBE',            '',       'BPF_LINK_TYPE_UPROBE_MULTI',     'offsets'],
  ['BPF_TRACE_RAW_TP',                'BPF_PROG_TYPE_TRACING',           '',       'BPF_LINK_TYPE_RAW_TRACEPOINT',   'btf'],
  ['BPF_TRACE_FENTRY',                'BPF_PROG_TYPE_TRACING',           '',       'BPF_LINK_TYPE_TRACING',          'btf'],
  ['BPF_TRACE_FEXIT',                 'BPF_PROG_TYPE_TRACING',           '',       'BPF_LINK_TYPE_TRACING',          'btf'],
  ['BPF_MODIFY_RETURN',               'BPF_PROG_TYPE_TRACING',           '',       'BPF_LINK_TYPE_TRACING',          'btf'],
  ['BPF_TRACE_ITER',                  'BPF_PROG_TYPE_TRACING',           '',       'BPF_LINK_TYPE_ITER',             'iter'],
  ['BPF_LSM_MAC',                     'BPF_PROG_TYPE_LSM',               '',       'BPF_LINK_TYPE_TRACING',          'btf'],
  [0,                                 'BPF_PROG_TYPE_EXT',               '',       'BPF_LINK_TYPE_TRACING',          'program'],
  ['BPF_STRUCT_OPS',                  'BPF_PROG_TYPE_STRUCT_OPS',        '',       'BPF_LINK_TYPE_STRUCT_OPS',       'map'],
]
