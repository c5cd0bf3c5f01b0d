// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// What a program may read from and write to its context, and what a register holds afterwards.
// Provenance: is_valid_access functions of net/core/filter.c, kernel/trace/bpf_trace.c and kernel/bpf/cgroup.c of Linux 6.12, with
// the answers of 6.18 for every offset and size (rows) and its register states (types).
//
// A context: C structure that the program sees ('' where it has none); programs: type and attach types (null: all others);
// rows. An access is accepted if a row fits: it lies within the row's range, its offset is a multiple of its size, and its size is
// one of the row's. The first that fits decides. Columns:
//   from, to  range of bytes, end exclusive
//   loads     sizes of loads that are accepted
//   stores    sizes of stores (register and immediate alike)
//   unit      size of the field for loads that are narrower than it (ctx_field_size), 0: loads are never narrower
//   type      register type after the load, '@name': kernel structure; every packet pointer makes the access need direct
//             packet access (PACKET_ACCESS below)
//   fields    names, for the reader
// Not here, because BTF decides: tracing (btf_ctx_access with the arguments of the target function, 8 bytes each), struct_ops,
// LSM, EXT.
export const CONTEXTS = [
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_SOCKET_FILTER', null],
    ], rows: [
      [  0,    72, '124', '',    4, 'SCALAR_VALUE',               'len..hash'],
      [ 48,    68, '',    '124', 0, 'SCALAR_VALUE',               'cb'],
      [ 48,    64, '8',   '8',   0, 'SCALAR_VALUE',               'cb'],
      [ 84,    88, '124', '',    4, 'SCALAR_VALUE',               'napi_id'],
      [164,   168, '124', '',    4, 'SCALAR_VALUE',               'gso_segs'],
      [168,   176, '8',   '',    0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'sk'],
      [176,   180, '124', '',    4, 'SCALAR_VALUE',               'gso_size'],
    ],
  },
  {
    struct: 'pt_regs', programs: [
      ['BPF_PROG_TYPE_KPROBE', null],
    ], rows: [
      [  0,   168, '1248', '', 0, 'SCALAR_VALUE', 'r15..fred_ss'],
    ],
  },
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_SCHED_CLS', null],
      ['BPF_PROG_TYPE_SCHED_ACT', null],
    ], rows: [
      [  0,    76, '124', '',   4, 'SCALAR_VALUE',               'len..tc_classid'],
      [  8,    16, '',    '4',  0, 'SCALAR_VALUE',               'mark queue_mapping'],
      [ 32,    36, '',    '4',  0, 'SCALAR_VALUE',               'priority'],
      [ 44,    68, '',    '4',  0, 'SCALAR_VALUE',               'tc_index cb'],
      [ 48,    68, '',    '12', 0, 'SCALAR_VALUE',               'cb'],
      [ 48,    64, '8',   '8',  0, 'SCALAR_VALUE',               'cb'],
      [ 72,    76, '',    '4',  0, 'SCALAR_VALUE',               'tc_classid'],
      [ 76,    80, '4',   '',   0, 'PTR_TO_PACKET',              'data'],
      [ 80,    84, '4',   '',   0, 'PTR_TO_PACKET_END',          'data_end'],
      [ 84,    88, '124', '',   4, 'SCALAR_VALUE',               'napi_id'],
      [140,   144, '4',   '',   0, 'PTR_TO_PACKET_META',         'data_meta'],
      [152,   160, '8',   '8',  0, 'SCALAR_VALUE',               'tstamp'],
      [160,   168, '124', '',   4, 'SCALAR_VALUE',               'wire_len gso_segs'],
      [168,   176, '8',   '',   0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'sk'],
      [176,   180, '124', '',   4, 'SCALAR_VALUE',               'gso_size'],
      [180,   181, '1',   '',   0, 'SCALAR_VALUE',               'tstamp_type'],
      [184,   192, '8',   '',   0, 'SCALAR_VALUE',               'hwtstamp'],
    ],
  },
  {
    struct: '', programs: [
      ['BPF_PROG_TYPE_TRACEPOINT', null],
    ], rows: [
      [  8,  8192, '1248', '', 0, 'SCALAR_VALUE', ''],
    ],
  },
  {
    struct: 'xdp_md', programs: [
      ['BPF_PROG_TYPE_XDP', ['BPF_XDP_DEVMAP']],
    ], rows: [
      [  0,     4, '4', '', 0, 'PTR_TO_PACKET',      'data'],
      [  4,     8, '4', '', 0, 'PTR_TO_PACKET_END',  'data_end'],
      [  8,    12, '4', '', 0, 'PTR_TO_PACKET_META', 'data_meta'],
      [ 12,    24, '4', '', 0, 'SCALAR_VALUE',       'ingress_ifindex rx_queue_index egress_ifindex'],
    ],
  },
  {
    struct: 'bpf_perf_event_data', programs: [
      ['BPF_PROG_TYPE_PERF_EVENT', null],
    ], rows: [
      [  0,   184, '8',   '', 0, 'SCALAR_VALUE', 'regs sample_period addr'],
      [168,   184, '124', '', 8, 'SCALAR_VALUE', 'sample_period addr'],
    ],
  },
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_CGROUP_SKB', null],
    ], rows: [
      [  0,    72, '124', '',    4, 'SCALAR_VALUE',               'len..hash'],
      [  8,    12, '',    '4',   0, 'SCALAR_VALUE',               'mark'],
      [ 32,    36, '',    '4',   0, 'SCALAR_VALUE',               'priority'],
      [ 48,    68, '',    '124', 0, 'SCALAR_VALUE',               'cb'],
      [ 48,    64, '8',   '8',   0, 'SCALAR_VALUE',               'cb'],
      [ 76,    80, '4',   '',    0, 'PTR_TO_PACKET',              'data'],
      [ 80,    84, '4',   '',    0, 'PTR_TO_PACKET_END',          'data_end'],
      [ 84,   140, '4',   '',    0, 'SCALAR_VALUE',               'napi_id..local_port'],
      [ 84,    92, '12',  '',    4, 'SCALAR_VALUE',               'napi_id family'],
      [132,   140, '12',  '',    4, 'SCALAR_VALUE',               'remote_port local_port'],
      [152,   160, '8',   '8',   0, 'SCALAR_VALUE',               'tstamp'],
      [164,   168, '124', '',    4, 'SCALAR_VALUE',               'gso_segs'],
      [168,   176, '8',   '',    0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'sk'],
      [176,   180, '124', '',    4, 'SCALAR_VALUE',               'gso_size'],
      [184,   192, '8',   '',    0, 'SCALAR_VALUE',               'hwtstamp'],
    ],
  },
  {
    struct: 'bpf_sock', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK', ['BPF_CGROUP_INET_SOCK_CREATE', 'BPF_CGROUP_INET_SOCK_RELEASE']],
    ], rows: [
      [  0,    24, '4',  '',  0, 'SCALAR_VALUE', 'bound_dev_if..priority'],
      [  0,     4, '',   '4', 0, 'SCALAR_VALUE', 'bound_dev_if'],
      [  4,     6, '2',  '',  4, 'SCALAR_VALUE', 'family'],
      [  4,     5, '1',  '',  4, 'SCALAR_VALUE', 'family'],
      [  8,    10, '2',  '',  4, 'SCALAR_VALUE', 'type'],
      [  8,     9, '1',  '',  4, 'SCALAR_VALUE', 'type'],
      [ 12,    14, '2',  '',  4, 'SCALAR_VALUE', 'protocol'],
      [ 12,    13, '1',  '',  4, 'SCALAR_VALUE', 'protocol'],
      [ 16,    24, '',   '4', 0, 'SCALAR_VALUE', 'mark priority'],
      [ 48,    80, '4',  '',  0, 'SCALAR_VALUE', 'dst_port..rx_queue_mapping'],
      [ 48,    50, '12', '',  2, 'SCALAR_VALUE', 'dst_port'],
      [ 52,    74, '2',  '',  4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 52,    73, '1',  '',  4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 76,    78, '2',  '',  4, 'SCALAR_VALUE', 'rx_queue_mapping'],
      [ 76,    77, '1',  '',  4, 'SCALAR_VALUE', 'rx_queue_mapping'],
    ],
  },
  {
    struct: 'bpf_sock', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK', ['BPF_CGROUP_INET4_POST_BIND']],
    ], rows: [
      [  4,    16, '4',   '', 0, 'SCALAR_VALUE', 'family type protocol'],
      [  4,     6, '2',   '', 4, 'SCALAR_VALUE', 'family'],
      [  4,     5, '1',   '', 4, 'SCALAR_VALUE', 'family'],
      [  8,    10, '2',   '', 4, 'SCALAR_VALUE', 'type'],
      [  8,     9, '1',   '', 4, 'SCALAR_VALUE', 'type'],
      [ 12,    14, '2',   '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 12,    13, '1',   '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 24,    28, '124', '', 4, 'SCALAR_VALUE', 'src_ip4'],
      [ 44,    80, '4',   '', 0, 'SCALAR_VALUE', 'src_port..rx_queue_mapping'],
      [ 44,    46, '2',   '', 4, 'SCALAR_VALUE', 'src_port'],
      [ 44,    45, '1',   '', 4, 'SCALAR_VALUE', 'src_port'],
      [ 48,    50, '12',  '', 2, 'SCALAR_VALUE', 'dst_port'],
      [ 52,    74, '2',   '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 52,    73, '1',   '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 76,    78, '2',   '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
      [ 76,    77, '1',   '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
    ],
  },
  {
    struct: 'bpf_sock', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK', ['BPF_CGROUP_INET6_POST_BIND']],
    ], rows: [
      [  4,    16, '4',  '', 0, 'SCALAR_VALUE', 'family type protocol'],
      [  4,     6, '2',  '', 4, 'SCALAR_VALUE', 'family'],
      [  4,     5, '1',  '', 4, 'SCALAR_VALUE', 'family'],
      [  8,    10, '2',  '', 4, 'SCALAR_VALUE', 'type'],
      [  8,     9, '1',  '', 4, 'SCALAR_VALUE', 'type'],
      [ 12,    14, '2',  '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 12,    13, '1',  '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 28,    80, '4',  '', 0, 'SCALAR_VALUE', 'src_ip6..rx_queue_mapping'],
      [ 28,    46, '2',  '', 4, 'SCALAR_VALUE', 'src_ip6 src_port'],
      [ 28,    45, '1',  '', 4, 'SCALAR_VALUE', 'src_ip6 src_port'],
      [ 48,    50, '12', '', 2, 'SCALAR_VALUE', 'dst_port'],
      [ 52,    74, '2',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 52,    73, '1',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 76,    78, '2',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
      [ 76,    77, '1',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
    ],
  },
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_LWT_IN', null],
      ['BPF_PROG_TYPE_LWT_OUT', null],
      ['BPF_PROG_TYPE_LWT_XMIT', null],
      ['BPF_PROG_TYPE_LWT_SEG6LOCAL', null],
    ], rows: [
      [  0,    72, '124', '',    4, 'SCALAR_VALUE',               'len..hash'],
      [  8,    12, '',    '4',   0, 'SCALAR_VALUE',               'mark'],
      [ 32,    36, '',    '4',   0, 'SCALAR_VALUE',               'priority'],
      [ 48,    68, '',    '124', 0, 'SCALAR_VALUE',               'cb'],
      [ 48,    64, '8',   '8',   0, 'SCALAR_VALUE',               'cb'],
      [ 76,    80, '4',   '',    0, 'PTR_TO_PACKET',              'data'],
      [ 80,    84, '4',   '',    0, 'PTR_TO_PACKET_END',          'data_end'],
      [ 84,    88, '124', '',    4, 'SCALAR_VALUE',               'napi_id'],
      [164,   168, '124', '',    4, 'SCALAR_VALUE',               'gso_segs'],
      [168,   176, '8',   '',    0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'sk'],
      [176,   180, '124', '',    4, 'SCALAR_VALUE',               'gso_size'],
    ],
  },
  {
    struct: 'bpf_sock_ops', programs: [
      ['BPF_PROG_TYPE_SOCK_OPS', null],
    ], rows: [
      [  0,   168, '4', '',  0, 'SCALAR_VALUE',          'op..sk_txhash'],
      [  4,     8, '',  '4', 0, 'SCALAR_VALUE',          'args reply replylong'],
      [164,   168, '',  '4', 0, 'SCALAR_VALUE',          'sk_txhash'],
      [168,   184, '8', '',  0, 'SCALAR_VALUE',          'bytes_received bytes_acked'],
      [184,   192, '8', '',  0, 'PTR_TO_SOCKET_OR_NULL', 'sk'],
      [192,   200, '8', '',  0, 'PTR_TO_PACKET',         'skb_data'],
      [200,   208, '8', '',  0, 'PTR_TO_PACKET_END',     'skb_data_end'],
      [208,   216, '4', '',  0, 'SCALAR_VALUE',          'skb_len skb_tcp_flags'],
      [212,   214, '2', '',  4, 'SCALAR_VALUE',          'skb_tcp_flags'],
      [212,   213, '1', '',  4, 'SCALAR_VALUE',          'skb_tcp_flags'],
      [216,   224, '8', '',  0, 'SCALAR_VALUE',          'skb_hwtstamp'],
    ],
  },
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_SK_SKB', null],
    ], rows: [
      [  0,     8, '124', '',  4, 'SCALAR_VALUE',               'len pkt_type'],
      [ 12,    72, '124', '',  4, 'SCALAR_VALUE',               'queue_mapping..hash'],
      [ 32,    36, '',    '4', 0, 'SCALAR_VALUE',               'priority'],
      [ 44,    48, '',    '4', 0, 'SCALAR_VALUE',               'tc_index'],
      [ 48,    64, '8',   '',  0, 'SCALAR_VALUE',               'cb'],
      [ 76,    80, '4',   '',  0, 'PTR_TO_PACKET',              'data'],
      [ 80,    84, '4',   '',  0, 'PTR_TO_PACKET_END',          'data_end'],
      [ 84,   140, '4',   '',  0, 'SCALAR_VALUE',               'napi_id..local_port'],
      [ 84,    92, '12',  '',  4, 'SCALAR_VALUE',               'napi_id family'],
      [132,   140, '12',  '',  4, 'SCALAR_VALUE',               'remote_port local_port'],
      [164,   168, '124', '',  4, 'SCALAR_VALUE',               'gso_segs'],
      [168,   176, '8',   '',  0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'sk'],
      [176,   180, '124', '',  4, 'SCALAR_VALUE',               'gso_size'],
    ],
  },
  {
    struct: 'bpf_cgroup_dev_ctx', programs: [
      ['BPF_PROG_TYPE_CGROUP_DEVICE', null],
    ], rows: [
      [  0,    12, '4',  '', 0, 'SCALAR_VALUE', 'access_type major minor'],
      [  0,     4, '12', '', 4, 'SCALAR_VALUE', 'access_type'],
    ],
  },
  {
    struct: 'sk_msg_md', programs: [
      ['BPF_PROG_TYPE_SK_MSG', null],
    ], rows: [
      [  0,     8, '8', '', 0, 'PTR_TO_PACKET',     'data'],
      [  8,    16, '8', '', 0, 'PTR_TO_PACKET_END', 'data_end'],
      [ 16,    72, '4', '', 0, 'SCALAR_VALUE',      'family..size'],
      [ 72,    80, '8', '', 0, 'PTR_TO_SOCKET',     'sk'],
    ],
  },
  {
    struct: 'bpf_raw_tracepoint_args', programs: [
      ['BPF_PROG_TYPE_RAW_TRACEPOINT', null],
    ], rows: [
      [  0,    96, '1248', '', 0, 'SCALAR_VALUE', ''],
    ],
  },
  {
    struct: 'bpf_sock_addr', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR', ['BPF_CGROUP_INET4_BIND', 'BPF_CGROUP_INET4_CONNECT', 'BPF_CGROUP_UDP4_RECVMSG',
        'BPF_CGROUP_INET4_GETPEERNAME', 'BPF_CGROUP_INET4_GETSOCKNAME']],
    ], rows: [
      [  0,     8, '4',  '',  0, 'SCALAR_VALUE',  'user_family user_ip4'],
      [  4,     8, '12', '4', 4, 'SCALAR_VALUE',  'user_ip4'],
      [ 24,    40, '4',  '',  0, 'SCALAR_VALUE',  'user_port family type protocol'],
      [ 24,    28, '12', '4', 4, 'SCALAR_VALUE',  'user_port'],
      [ 64,    72, '8',  '',  0, 'PTR_TO_SOCKET', 'sk'],
    ],
  },
  {
    struct: 'bpf_sock_addr', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR', ['BPF_CGROUP_INET6_BIND', 'BPF_CGROUP_INET6_CONNECT', 'BPF_CGROUP_UDP6_RECVMSG',
        'BPF_CGROUP_INET6_GETPEERNAME', 'BPF_CGROUP_INET6_GETSOCKNAME']],
    ], rows: [
      [  0,     4, '4',  '',  0, 'SCALAR_VALUE',  'user_family'],
      [  8,    40, '4',  '',  0, 'SCALAR_VALUE',  'user_ip6..protocol'],
      [  8,    28, '12', '4', 4, 'SCALAR_VALUE',  'user_ip6 user_port'],
      [  8,    24, '8',  '8', 0, 'SCALAR_VALUE',  'user_ip6'],
      [ 64,    72, '8',  '',  0, 'PTR_TO_SOCKET', 'sk'],
    ],
  },
  {
    struct: 'bpf_sock_addr', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR', ['BPF_CGROUP_UDP4_SENDMSG']],
    ], rows: [
      [  0,     8, '4',  '',  0, 'SCALAR_VALUE',  'user_family user_ip4'],
      [  4,     8, '12', '4', 4, 'SCALAR_VALUE',  'user_ip4'],
      [ 24,    44, '4',  '',  0, 'SCALAR_VALUE',  'user_port..msg_src_ip4'],
      [ 24,    28, '12', '4', 4, 'SCALAR_VALUE',  'user_port'],
      [ 40,    44, '12', '4', 4, 'SCALAR_VALUE',  'msg_src_ip4'],
      [ 64,    72, '8',  '',  0, 'PTR_TO_SOCKET', 'sk'],
    ],
  },
  {
    struct: 'bpf_sock_addr', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR', ['BPF_CGROUP_UDP6_SENDMSG']],
    ], rows: [
      [  0,     4, '4',   '',  0, 'SCALAR_VALUE',  'user_family'],
      [  8,    40, '4',   '',  0, 'SCALAR_VALUE',  'user_ip6..protocol'],
      [  8,    28, '12',  '4', 4, 'SCALAR_VALUE',  'user_ip6 user_port'],
      [  8,    24, '8',   '8', 0, 'SCALAR_VALUE',  'user_ip6'],
      [ 44,    60, '124', '4', 4, 'SCALAR_VALUE',  'msg_src_ip6'],
      [ 48,    56, '8',   '8', 0, 'SCALAR_VALUE',  'msg_src_ip6'],
      [ 64,    72, '8',   '',  0, 'PTR_TO_SOCKET', 'sk'],
    ],
  },
  {
    struct: 'bpf_sock_addr', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR', ['BPF_CGROUP_UNIX_CONNECT', 'BPF_CGROUP_UNIX_SENDMSG', 'BPF_CGROUP_UNIX_RECVMSG',
        'BPF_CGROUP_UNIX_GETPEERNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME']],
    ], rows: [
      [  0,     4, '4',  '',  0, 'SCALAR_VALUE',  'user_family'],
      [ 24,    40, '4',  '',  0, 'SCALAR_VALUE',  'user_port family type protocol'],
      [ 24,    28, '12', '4', 4, 'SCALAR_VALUE',  'user_port'],
      [ 64,    72, '8',  '',  0, 'PTR_TO_SOCKET', 'sk'],
    ],
  },
  {
    struct: '', programs: [
      ['BPF_PROG_TYPE_LIRC_MODE2', null],
    ], rows: [
      [  0,     4, '4', '', 0, 'SCALAR_VALUE', 'sample'],
    ],
  },
  {
    struct: 'sk_reuseport_md', programs: [
      ['BPF_PROG_TYPE_SK_REUSEPORT', null],
    ], rows: [
      [  0,     8, '8', '', 0, 'PTR_TO_PACKET',              'data'],
      [  8,    16, '8', '', 0, 'PTR_TO_PACKET_END',          'data_end'],
      [ 16,    36, '4', '', 0, 'SCALAR_VALUE',               'len..hash'],
      [ 16,    32, '2', '', 4, 'SCALAR_VALUE',               'len eth_protocol ip_protocol bind_inany'],
      [ 16,    20, '1', '', 4, 'SCALAR_VALUE',               'len'],
      [ 24,    32, '1', '', 4, 'SCALAR_VALUE',               'ip_protocol bind_inany'],
      [ 40,    48, '8', '', 0, 'PTR_TO_SOCKET',              'sk'],
      [ 48,    56, '8', '', 0, 'PTR_TO_SOCK_COMMON_OR_NULL', 'migrating_sk'],
    ],
  },
  {
    struct: '__sk_buff', programs: [
      ['BPF_PROG_TYPE_FLOW_DISSECTOR', null],
    ], rows: [
      [ 76,    80, '4', '', 0, 'PTR_TO_PACKET',     'data'],
      [ 80,    84, '4', '', 0, 'PTR_TO_PACKET_END', 'data_end'],
      [144,   152, '8', '', 0, 'PTR_TO_FLOW_KEYS',  'flow_keys'],
    ],
  },
  {
    struct: 'bpf_sysctl', programs: [
      ['BPF_PROG_TYPE_CGROUP_SYSCTL', null],
    ], rows: [
      [  0,     8, '124', '',  4, 'SCALAR_VALUE', 'write file_pos'],
      [  4,     8, '',    '4', 0, 'SCALAR_VALUE', 'file_pos'],
    ],
  },
  {
    struct: 'bpf_raw_tracepoint_args', programs: [
      ['BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE', null],
    ], rows: [
      [  0,     8, '8', '', 0, 'PTR_TO_TP_BUFFER', ''],
      [  1,    96, '1', '', 0, 'SCALAR_VALUE',     ''],
      [  2,    96, '2', '', 0, 'SCALAR_VALUE',     ''],
      [  4,    96, '4', '', 0, 'SCALAR_VALUE',     ''],
      [  8,    96, '8', '', 0, 'SCALAR_VALUE',     ''],
    ],
  },
  {
    struct: 'bpf_sockopt', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCKOPT', ['BPF_CGROUP_GETSOCKOPT']],
    ], rows: [
      [  0,     8, '8', '',  0, 'PTR_TO_SOCKET',     'sk'],
      [  8,    16, '8', '',  0, 'PTR_TO_PACKET',     'optval'],
      [ 16,    24, '8', '',  0, 'PTR_TO_PACKET_END', 'optval_end'],
      [ 24,    40, '4', '',  0, 'SCALAR_VALUE',      'level optname optlen retval'],
      [ 32,    40, '',  '4', 0, 'SCALAR_VALUE',      'optlen retval'],
    ],
  },
  {
    struct: 'bpf_sockopt', programs: [
      ['BPF_PROG_TYPE_CGROUP_SOCKOPT', ['BPF_CGROUP_SETSOCKOPT']],
    ], rows: [
      [  0,     8, '8', '',  0, 'PTR_TO_SOCKET',     'sk'],
      [  8,    16, '8', '',  0, 'PTR_TO_PACKET',     'optval'],
      [ 16,    24, '8', '',  0, 'PTR_TO_PACKET_END', 'optval_end'],
      [ 24,    36, '4', '4', 0, 'SCALAR_VALUE',      'level optname optlen'],
    ],
  },
  {
    struct: 'bpf_sk_lookup', programs: [
      ['BPF_PROG_TYPE_SK_LOOKUP', null],
    ], rows: [
      [  0,     8, '8',   '', 0, 'PTR_TO_SOCKET_OR_NULL', 'sk cookie'],
      [  8,    68, '124', '', 4, 'SCALAR_VALUE',          'family..ingress_ifindex'],
    ],
  },
  {
    struct: '', programs: [
      ['BPF_PROG_TYPE_SYSCALL', null],
    ], rows: [
      [  0, 65535, '1248', '1248', 0, 'SCALAR_VALUE', ''],
    ],
  },
  {
    struct: 'bpf_nf_ctx', programs: [
      ['BPF_PROG_TYPE_NETFILTER', null],
    ], rows: [
      [  0,     8, '8', '', 0, 'PTR_TO_BTF_ID|PTR_TRUSTED@nf_hook_state', 'state'],
      [  8,    16, '8', '', 0, 'PTR_TO_BTF_ID|PTR_TRUSTED@sk_buff',       'skb'],
    ],
  },
  {
    struct: 'xdp_md', programs: [
      ['BPF_PROG_TYPE_XDP', null],
    ], rows: [
      [  0,     4, '4', '', 0, 'PTR_TO_PACKET',      'data'],
      [  4,     8, '4', '', 0, 'PTR_TO_PACKET_END',  'data_end'],
      [  8,    12, '4', '', 0, 'PTR_TO_PACKET_META', 'data_meta'],
      [ 12,    20, '4', '', 0, 'SCALAR_VALUE',       'ingress_ifindex rx_queue_index'],
    ],
  },
]

// The same for structures that helpers and context fields point to. Stores are never accepted ("cannot write into sock").
// PTR_TO_FLOW_KEYS: bpf_flow_keys, 56 bytes, any load and store within it, of any alignment. PTR_TO_TP_BUFFER: any up to the
// size that the tracepoint promises, checked when it is attached.
export const POINTED_STRUCTS = [
  {
    type: 'PTR_TO_SOCK_COMMON', struct: 'bpf_sock', rows: [
      [  0,     8, '4',  '', 0, 'SCALAR_VALUE', 'bound_dev_if family'],
      [  4,     6, '2',  '', 4, 'SCALAR_VALUE', 'family'],
      [  4,     5, '1',  '', 4, 'SCALAR_VALUE', 'family'],
      [ 24,    80, '4',  '', 0, 'SCALAR_VALUE', 'src_ip4..rx_queue_mapping'],
      [ 24,    46, '2',  '', 4, 'SCALAR_VALUE', 'src_ip4 src_ip6 src_port'],
      [ 24,    45, '1',  '', 4, 'SCALAR_VALUE', 'src_ip4 src_ip6 src_port'],
      [ 48,    50, '12', '', 2, 'SCALAR_VALUE', 'dst_port'],
      [ 52,    74, '2',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 52,    73, '1',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 76,    78, '2',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
      [ 76,    77, '1',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
    ],
  },
  {
    type: 'PTR_TO_SOCKET', struct: 'bpf_sock', rows: [
      [  0,    80, '4',  '', 0, 'SCALAR_VALUE', 'bound_dev_if..rx_queue_mapping'],
      [  4,     6, '2',  '', 4, 'SCALAR_VALUE', 'family'],
      [  4,     5, '1',  '', 4, 'SCALAR_VALUE', 'family'],
      [  8,    10, '2',  '', 4, 'SCALAR_VALUE', 'type'],
      [  8,     9, '1',  '', 4, 'SCALAR_VALUE', 'type'],
      [ 12,    14, '2',  '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 12,    13, '1',  '', 4, 'SCALAR_VALUE', 'protocol'],
      [ 24,    46, '2',  '', 4, 'SCALAR_VALUE', 'src_ip4 src_ip6 src_port'],
      [ 24,    45, '1',  '', 4, 'SCALAR_VALUE', 'src_ip4 src_ip6 src_port'],
      [ 48,    50, '12', '', 2, 'SCALAR_VALUE', 'dst_port'],
      [ 52,    74, '2',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 52,    73, '1',  '', 4, 'SCALAR_VALUE', 'dst_ip4 dst_ip6 state'],
      [ 76,    78, '2',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
      [ 76,    77, '1',  '', 4, 'SCALAR_VALUE', 'rx_queue_mapping'],
    ],
  },
  {
    type: 'PTR_TO_TCP_SOCK', struct: 'bpf_tcp_sock', rows: [
      [  0,    80, '4', '', 0, 'SCALAR_VALUE', 'snd_cwnd..sacked_out'],
      [ 80,    96, '8', '', 0, 'SCALAR_VALUE', 'bytes_received bytes_acked'],
      [ 96,   112, '4', '', 0, 'SCALAR_VALUE', 'dsack_dups delivered delivered_ce icsk_retransmits'],
    ],
  },
  {
    type: 'PTR_TO_XDP_SOCK', struct: 'bpf_xdp_sock', rows: [
      [  0,     4, '4', '', 0, 'SCALAR_VALUE', 'queue_id'],
    ],
  },
]

// Direct packet access (data, data_end), by program type: read, or read and write. Others have no packet pointers.
// As an argument of a helper a packet pointer also needs the helper's pkt attribute, but not for BPF_PROG_TYPE_CGROUP_SOCKOPT.
export const PACKET_ACCESS = [
  ['BPF_PROG_TYPE_SCHED_CLS',      'read write'],
  ['BPF_PROG_TYPE_SCHED_ACT',      'read write'],
  ['BPF_PROG_TYPE_XDP',            'read write'],
  ['BPF_PROG_TYPE_LWT_XMIT',       'read write'],
  ['BPF_PROG_TYPE_SK_SKB',         'read write'],
  ['BPF_PROG_TYPE_SK_MSG',         'read write'],
  ['BPF_PROG_TYPE_CGROUP_SOCKOPT', 'read write'],
  ['BPF_PROG_TYPE_LWT_IN',         'read'],
  ['BPF_PROG_TYPE_LWT_OUT',        'read'],
  ['BPF_PROG_TYPE_LWT_SEG6LOCAL',  'read'],
  ['BPF_PROG_TYPE_SK_REUSEPORT',   'read'],
  ['BPF_PROG_TYPE_FLOW_DISSECTOR', 'read'],
  ['BPF_PROG_TYPE_CGROUP_SKB',     'read'],
]

// Program types that may use the legacy packet loads (BPF_LD with BPF_ABS or BPF_IND).
export const LEGACY_PACKET_LOADS = ['BPF_PROG_TYPE_SOCKET_FILTER', 'BPF_PROG_TYPE_SCHED_CLS', 'BPF_PROG_TYPE_SCHED_ACT']
