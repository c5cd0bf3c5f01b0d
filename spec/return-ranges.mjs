// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// What a program may return: r0 at its exit must be provably within the range (as signed 64-bit numbers).
// Provenance: check_return_code of kernel/bpf/verifier.c of Linux 6.18; compared with what that kernel answered.
//
// Columns: type; lowest; highest; attach types for which the row holds, null for all others of the type. The first row that
// fits wins; without one any value may be returned.
// Not in the table, because more than the attach type decides: BPF_LSM_MAC (0..1 for the hooks that answer yes or no,
// -4095..0 for those with a result, nothing where the hook is void), BPF_LSM_CGROUP on a void hook (1..1), raw tracepoints with
// attach_btf_id (0..0), struct_ops members without a result, async callbacks (0..0).
// BPF_CGROUP_INET_EGRESS: a program that may return 2 or 3 can only be attached there (enforce_expected_attach_type).
export const RETURN_RANGES = [
  ['BPF_PROG_TYPE_CGROUP_SKB',        0, 3, ['BPF_CGROUP_INET_EGRESS']],
  ['BPF_PROG_TYPE_CGROUP_SKB',        0, 1, null],
  ['BPF_PROG_TYPE_CGROUP_SOCK',       0, 1, null],
  ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  1, 1, ['BPF_CGROUP_INET4_GETPEERNAME', 'BPF_CGROUP_INET6_GETPEERNAME', 'BPF_CGROUP_UNIX_GETPEERNAME', 'BPF_CGROUP_INET4_GETSOCKNAME', 'BPF_CGROUP_INET6_GETSOCKNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME', 'BPF_CGROUP_UDP4_RECVMSG', 'BPF_CGROUP_UDP6_RECVMSG', 'BPF_CGROUP_UNIX_RECVMSG']],
  ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  0, 3, ['BPF_CGROUP_INET4_BIND', 'BPF_CGROUP_INET6_BIND']],
  ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR',  0, 1, null],
  ['BPF_PROG_TYPE_SOCK_OPS',          0, 1, null],
  ['BPF_PROG_TYPE_CGROUP_DEVICE',     0, 1, null],
  ['BPF_PROG_TYPE_CGROUP_SYSCTL',     0, 1, null],
  ['BPF_PROG_TYPE_CGROUP_SOCKOPT',    0, 1, null],
  ['BPF_PROG_TYPE_SK_LOOKUP',         0, 1, null],
  ['BPF_PROG_TYPE_NETFILTER',         0, 1, null],
  ['BPF_PROG_TYPE_TRACING',           0, 0, ['BPF_TRACE_FENTRY', 'BPF_TRACE_FEXIT']],
  ['BPF_PROG_TYPE_TRACING',           0, 1, ['BPF_TRACE_ITER']],
  ['BPF_PROG_TYPE_KPROBE',            0, 1, ['BPF_TRACE_KPROBE_SESSION', 'BPF_TRACE_UPROBE_SESSION']],
  ['BPF_PROG_TYPE_LSM',               0, 1, ['BPF_LSM_CGROUP']],
]
