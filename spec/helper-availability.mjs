// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// Which program may call which helper, and which variant of its prototype it gets (helpers.mjs).
// Provenance: the *_func_proto functions of Linux 6.12 and what Linux 6.18 answered for every program type and helper; capabilities
// asked of 6.18 with CAP_BPF alone and with CAP_PERFMON (what needs neither follows 6.12). Trampoline programs and LSM hooks
// follow the source alone.
// Left out because that kernel is built without them or forbids them: bpf_override_return, bpf_probe_write_user.

// Sets of helper variants. cap: capability that the loader needs for these.
export const HELPER_SETS = [
  { set: 'base', cap: '', variants: `
      bpf_map_lookup_elem bpf_map_update_elem bpf_map_delete_elem bpf_map_push_elem bpf_map_pop_elem
      bpf_map_peek_elem bpf_map_lookup_percpu_elem bpf_get_prandom_u32 bpf_get_raw_smp_processor_id
      bpf_get_numa_node_id bpf_tail_call bpf_ktime_get_ns bpf_ktime_get_boot_ns bpf_ktime_get_tai_ns
      bpf_ringbuf_output bpf_ringbuf_reserve bpf_ringbuf_submit bpf_ringbuf_discard bpf_ringbuf_query
      bpf_strncmp bpf_strtol bpf_strtoul bpf_get_current_pid_tgid bpf_get_ns_current_pid_tgid` },
  { set: 'base_bpf', cap: 'CAP_BPF', variants: `
      bpf_spin_lock bpf_spin_unlock bpf_jiffies64 bpf_per_cpu_ptr bpf_this_cpu_ptr bpf_timer_init
      bpf_timer_set_callback bpf_timer_start bpf_timer_cancel bpf_kptr_xchg bpf_for_each_map_elem bpf_loop
      bpf_user_ringbuf_drain bpf_ringbuf_reserve_dynptr bpf_ringbuf_submit_dynptr bpf_ringbuf_discard_dynptr
      bpf_dynptr_from_mem bpf_dynptr_read bpf_dynptr_write bpf_dynptr_data bpf_cgrp_storage_get
      bpf_cgrp_storage_delete bpf_get_current_cgroup_id bpf_current_task_under_cgroup bpf_get_current_uid_gid
      bpf_get_cgroup_classid_curr bpf_task_storage_get_recur bpf_task_storage_delete_recur` },
  { set: 'base_perfmon', cap: 'CAP_PERFMON', variants: `
      bpf_trace_printk bpf_get_current_task bpf_get_current_task_btf bpf_probe_read_user bpf_probe_read_kernel
      bpf_probe_read_user_str bpf_probe_read_kernel_str bpf_snprintf_btf bpf_snprintf bpf_task_pt_regs
      bpf_trace_vprintk bpf_get_current_ancestor_cgroup_id bpf_get_current_comm bpf_perf_event_read
      bpf_perf_event_read_value bpf_send_signal bpf_send_signal_thread bpf_get_task_stack bpf_copy_from_user
      bpf_copy_from_user_task bpf_get_branch_snapshot bpf_find_vma` },
  { set: 'sk_base', cap: '', variants: `
      bpf_ktime_get_coarse_ns` },
  { set: 'sk_base_perfmon', cap: 'CAP_PERFMON', variants: `
      bpf_skc_to_tcp6_sock bpf_skc_to_tcp_sock bpf_skc_to_tcp_timewait_sock bpf_skc_to_tcp_request_sock
      bpf_skc_to_udp6_sock bpf_skc_to_unix_sock bpf_skc_to_mptcp_sock` },
  { set: 'sleepable', cap: '', variants: `
      bpf_get_task_stack_sleepable` },
  { set: 'kprobe_sleepable', cap: '', variants: `
      bpf_get_stack_sleepable` },
  { set: 'no_recursion_check', cap: '', variants: `
      bpf_task_storage_get bpf_task_storage_delete` },
  { set: 'tracing', cap: '', variants: `
      bpf_map_lookup_elem bpf_map_update_elem bpf_map_delete_elem bpf_map_push_elem bpf_map_pop_elem
      bpf_map_peek_elem bpf_map_lookup_percpu_elem bpf_ktime_get_ns bpf_ktime_get_boot_ns bpf_tail_call
      bpf_get_current_task bpf_get_current_task_btf bpf_task_pt_regs bpf_get_current_uid_gid
      bpf_get_current_comm bpf_get_smp_processor_id bpf_get_numa_node_id bpf_perf_event_read bpf_get_prandom_u32
      bpf_probe_read_user bpf_probe_read_kernel bpf_probe_read_user_str bpf_probe_read_kernel_str
      bpf_probe_read_compat bpf_probe_read_compat_str bpf_cgrp_storage_get bpf_cgrp_storage_delete
      bpf_current_task_under_cgroup bpf_send_signal bpf_send_signal_thread bpf_perf_event_read_value
      bpf_ringbuf_output bpf_ringbuf_reserve bpf_ringbuf_submit bpf_ringbuf_discard bpf_ringbuf_query
      bpf_jiffies64 bpf_copy_from_user bpf_copy_from_user_task bpf_snprintf_btf bpf_per_cpu_ptr bpf_this_cpu_ptr
      bpf_for_each_map_elem bpf_snprintf bpf_get_func_ip_tracing bpf_get_branch_snapshot bpf_find_vma
      bpf_get_task_stack bpf_task_storage_get_recur bpf_task_storage_delete_recur bpf_trace_printk
      bpf_trace_vprintk` },
  { set: 'kprobe', cap: '', variants: `
      bpf_perf_event_output bpf_get_stackid bpf_get_stack` },
  { set: 'kprobe_single', cap: '', variants: `
      bpf_get_func_ip_kprobe bpf_get_attach_cookie_trace` },
  { set: 'kprobe_multi', cap: '', variants: `
      bpf_get_func_ip_kprobe_multi bpf_get_attach_cookie_kmulti` },
  { set: 'uprobe_multi', cap: '', variants: `
      bpf_get_func_ip_uprobe_multi bpf_get_attach_cookie_umulti` },
  { set: 'tp', cap: '', variants: `
      bpf_perf_event_output_tp bpf_get_stackid_tp bpf_get_stack_tp bpf_get_attach_cookie_trace` },
  { set: 'pe', cap: '', variants: `
      bpf_perf_event_output_tp bpf_get_stackid_pe bpf_get_stack_pe bpf_perf_prog_read_value
      bpf_read_branch_records bpf_get_attach_cookie_pe` },
  { set: 'raw_tp', cap: '', variants: `
      bpf_perf_event_output_raw_tp bpf_get_stackid_raw_tp bpf_get_stack_raw_tp` },
  { set: 'raw_tp_cookie', cap: '', variants: `
      bpf_get_attach_cookie_tracing` },
  { set: 'tracing_prog', cap: '', variants: `
      bpf_skb_output bpf_xdp_output bpf_skc_to_tcp6_sock bpf_skc_to_tcp_sock bpf_skc_to_tcp_timewait_sock
      bpf_skc_to_tcp_request_sock bpf_skc_to_udp6_sock bpf_skc_to_unix_sock bpf_skc_to_mptcp_sock
      bpf_sk_storage_get_tracing bpf_sk_storage_delete_tracing bpf_sock_from_file bpf_get_socket_ptr_cookie
      bpf_xdp_get_buff_len_trace bpf_d_path` },
  { set: 'iter', cap: '', variants: `
      bpf_seq_printf bpf_seq_write bpf_seq_printf_btf` },
  { set: 'iter_sk', cap: '', variants: `
      bpf_sk_setsockopt bpf_sk_getsockopt` },
  { set: 'trampoline_args', cap: '', variants: `
      bpf_get_func_arg bpf_get_func_ret bpf_get_func_arg_cnt` },
  { set: 'trampoline', cap: '', variants: `
      bpf_get_attach_cookie_tracing` },
  { set: 'lsm', cap: '', variants: `
      bpf_inode_storage_get bpf_inode_storage_delete bpf_sk_storage_get bpf_sk_storage_delete bpf_spin_lock
      bpf_spin_unlock bpf_bprm_opts_set bpf_ima_inode_hash bpf_ima_file_hash` },
  { set: 'lsm_cookie', cap: '', variants: `
      bpf_get_attach_cookie` },
  { set: 'lsm_locked_sockopt', cap: '', variants: `
      bpf_sk_setsockopt bpf_sk_getsockopt` },
  { set: 'lsm_unlocked_sockopt', cap: '', variants: `
      bpf_unlocked_sk_setsockopt bpf_unlocked_sk_getsockopt` },
  { set: 'syscall', cap: '', variants: `
      bpf_btf_find_by_name_kind bpf_sys_close bpf_kallsyms_lookup_name` },
  { set: 'syscall_perfmon', cap: 'CAP_PERFMON', variants: `
      bpf_sys_bpf` },
  { set: 'cgroup_common', cap: '', variants: `
      bpf_get_local_storage` },
  { set: 'cgroup_retval', cap: '', variants: `
      bpf_get_retval bpf_set_retval` },
  { set: 'cgroup_current', cap: '', variants: `
      bpf_get_current_uid_gid bpf_get_current_comm bpf_get_cgroup_classid_curr bpf_current_task_under_cgroup` },
  { set: 'cgroup_dev', cap: '', variants: `
      bpf_event_output_data` },
  { set: 'sysctl', cap: '', variants: `
      bpf_sysctl_get_name bpf_sysctl_get_current_value bpf_sysctl_get_new_value bpf_sysctl_set_new_value
      bpf_ktime_get_coarse_ns bpf_event_output_data` },
  { set: 'cg_sockopt', cap: '', variants: `
      bpf_get_netns_cookie_sockopt bpf_sk_storage_get bpf_sk_storage_delete bpf_tcp_sock bpf_event_output_data` },
  { set: 'cg_setsockopt', cap: '', variants: `
      bpf_sk_setsockopt bpf_sk_getsockopt` },
  { set: 'sock_filter', cap: '', variants: `
      bpf_get_socket_cookie_sock bpf_get_netns_cookie_sock bpf_event_output_data bpf_sk_storage_get_cg_sock
      bpf_ktime_get_coarse_ns` },
  { set: 'sock_addr', cap: '', variants: `
      bpf_get_socket_cookie_sock_addr bpf_get_netns_cookie_sock_addr bpf_event_output_data
      bpf_sock_addr_sk_lookup_tcp bpf_sock_addr_sk_lookup_udp bpf_sk_release bpf_sock_addr_skc_lookup_tcp
      bpf_sk_storage_get bpf_sk_storage_delete bpf_sock_addr_setsockopt bpf_sock_addr_getsockopt` },
  { set: 'sock_addr_bind', cap: '', variants: `
      bpf_bind` },
  { set: 'sk_filter', cap: '', variants: `
      bpf_skb_load_bytes bpf_skb_load_bytes_relative bpf_get_socket_cookie bpf_get_socket_uid
      bpf_skb_event_output` },
  { set: 'netns_cookie', cap: '', variants: `
      bpf_get_netns_cookie` },
  { set: 'cg_skb', cap: '', variants: `
      bpf_sk_fullsock bpf_sk_storage_get bpf_sk_storage_delete bpf_skb_event_output bpf_skb_cgroup_id
      bpf_skb_ancestor_cgroup_id bpf_sk_cgroup_id bpf_sk_ancestor_cgroup_id bpf_sk_lookup_tcp bpf_sk_lookup_udp
      bpf_sk_release bpf_skc_lookup_tcp bpf_tcp_sock bpf_get_listener_sock bpf_skb_ecn_set_ce` },
  { set: 'tc_cls_act', cap: '', variants: `
      bpf_skb_store_bytes bpf_skb_load_bytes bpf_skb_load_bytes_relative bpf_skb_pull_data bpf_csum_diff
      bpf_csum_update bpf_csum_level bpf_l3_csum_replace bpf_l4_csum_replace bpf_clone_redirect
      bpf_get_cgroup_classid bpf_skb_vlan_push bpf_skb_vlan_pop bpf_skb_change bpf_skb_change_type
      bpf_skb_adjust_room bpf_skb_change_tail bpf_skb_change_head bpf_skb_get_tunnel_key bpf_skb_set_tunnel_key
      bpf_skb_get_tunnel_opt bpf_skb_set_tunnel_opt bpf_redirect bpf_redirect_neigh bpf_redirect_peer
      bpf_get_route_realm bpf_get_hash_recalc bpf_set_hash_invalid bpf_set_hash bpf_skb_event_output
      bpf_get_smp_processor_id bpf_skb_under_cgroup bpf_get_socket_cookie bpf_get_socket_uid bpf_skb_fib_lookup
      bpf_skb_check_mtu bpf_sk_fullsock bpf_sk_storage_get bpf_sk_storage_delete bpf_skb_get_xfrm_state
      bpf_skb_cgroup_classid bpf_skb_cgroup_id bpf_skb_ancestor_cgroup_id bpf_tc_sk_lookup_tcp
      bpf_tc_sk_lookup_udp bpf_sk_release bpf_tcp_sock bpf_get_listener_sock bpf_tc_skc_lookup_tcp
      bpf_tcp_check_syncookie bpf_skb_ecn_set_ce bpf_tcp_gen_syncookie bpf_sk_assign bpf_skb_set_tstamp
      bpf_tcp_raw_gen_syncookie_ipv4 bpf_tcp_raw_gen_syncookie_ipv6 bpf_tcp_raw_check_syncookie_ipv4
      bpf_tcp_raw_check_syncookie_ipv6` },
  { set: 'xdp', cap: '', variants: `
      bpf_xdp_event_output bpf_get_smp_processor_id bpf_csum_diff bpf_xdp_adjust_head bpf_xdp_adjust_meta
      bpf_xdp_redirect bpf_xdp_redirect_map bpf_xdp_adjust_tail bpf_xdp_get_buff_len bpf_xdp_load_bytes
      bpf_xdp_store_bytes bpf_xdp_fib_lookup bpf_xdp_check_mtu bpf_xdp_sk_lookup_udp bpf_xdp_sk_lookup_tcp
      bpf_sk_release bpf_xdp_skc_lookup_tcp bpf_tcp_check_syncookie bpf_tcp_gen_syncookie
      bpf_tcp_raw_gen_syncookie_ipv4 bpf_tcp_raw_gen_syncookie_ipv6 bpf_tcp_raw_check_syncookie_ipv4
      bpf_tcp_raw_check_syncookie_ipv6` },
  { set: 'sock_ops', cap: '', variants: `
      bpf_sock_ops_setsockopt bpf_sock_ops_getsockopt bpf_sock_ops_cb_flags_set bpf_sock_map_update
      bpf_sock_hash_update bpf_get_socket_cookie_sock_ops bpf_event_output_data bpf_sk_storage_get
      bpf_sk_storage_delete bpf_get_netns_cookie_sock_ops bpf_sock_ops_load_hdr_opt bpf_sock_ops_store_hdr_opt
      bpf_sock_ops_reserve_hdr_opt bpf_tcp_sock` },
  { set: 'sk_msg', cap: '', variants: `
      bpf_msg_redirect_map bpf_msg_redirect_hash bpf_msg_apply_bytes bpf_msg_cork_bytes bpf_msg_pull_data
      bpf_msg_push_data bpf_msg_pop_data bpf_event_output_data bpf_get_current_uid_gid bpf_sk_storage_get
      bpf_sk_storage_delete bpf_get_netns_cookie_sk_msg bpf_get_cgroup_classid_curr` },
  { set: 'sk_skb', cap: '', variants: `
      bpf_skb_store_bytes bpf_skb_load_bytes sk_skb_pull_data sk_skb_change_tail sk_skb_change_head
      sk_skb_adjust_room bpf_get_socket_cookie bpf_get_socket_uid bpf_sk_redirect_map bpf_sk_redirect_hash
      bpf_skb_event_output bpf_sk_lookup_tcp bpf_sk_lookup_udp bpf_sk_release bpf_skc_lookup_tcp` },
  { set: 'flow_dissector', cap: '', variants: `
      bpf_flow_dissector_load_bytes` },
  { set: 'lwt_out', cap: '', variants: `
      bpf_skb_load_bytes bpf_skb_pull_data bpf_csum_diff bpf_get_cgroup_classid bpf_get_route_realm
      bpf_get_hash_recalc bpf_skb_event_output bpf_get_smp_processor_id bpf_skb_under_cgroup` },
  { set: 'lwt_in', cap: '', variants: `
      bpf_lwt_in_push_encap` },
  { set: 'lwt_xmit', cap: '', variants: `
      bpf_skb_get_tunnel_key bpf_skb_set_tunnel_key bpf_skb_get_tunnel_opt bpf_skb_set_tunnel_opt bpf_redirect
      bpf_clone_redirect bpf_skb_change_tail bpf_skb_change_head bpf_skb_store_bytes bpf_csum_update
      bpf_csum_level bpf_l3_csum_replace bpf_l4_csum_replace bpf_set_hash_invalid bpf_lwt_xmit_push_encap` },
  { set: 'lwt_seg6local', cap: '', variants: `
      bpf_lwt_seg6_store_bytes bpf_lwt_seg6_action bpf_lwt_seg6_adjust_srh` },
  { set: 'sk_reuseport', cap: '', variants: `
      sk_select_reuseport sk_reuseport_load_bytes sk_reuseport_load_bytes_relative bpf_get_socket_ptr_cookie
      bpf_ktime_get_coarse_ns` },
  { set: 'sk_lookup', cap: '', variants: `
      bpf_event_output_data bpf_sk_lookup_assign bpf_sk_release` },
  { set: 'tcp_ca', cap: '', variants: `
      bpf_tcp_send_ack bpf_sk_storage_get bpf_sk_storage_delete bpf_ktime_get_coarse_ns` },
  { set: 'tcp_ca_sockopt', cap: '', variants: `
      bpf_sk_setsockopt bpf_sk_getsockopt` },
  { set: 'lirc_mode2', cap: '', variants: `
      rc_repeat rc_keydown rc_pointer_rel bpf_map_lookup_elem bpf_map_update_elem bpf_map_delete_elem
      bpf_map_push_elem bpf_map_pop_elem bpf_map_peek_elem bpf_ktime_get_ns bpf_ktime_get_boot_ns bpf_tail_call
      bpf_get_prandom_u32` },
  { set: 'lirc_mode2_perfmon', cap: 'CAP_PERFMON', variants: `
      bpf_trace_printk` },
]

/** Attach types whose return value nobody reads: no bpf_get_retval there, in types that take any attach type too. */
const NO_RETVAL = [
  'BPF_CGROUP_INET_INGRESS', 'BPF_CGROUP_INET_EGRESS', 'BPF_CGROUP_SOCK_OPS', 'BPF_CGROUP_UDP4_RECVMSG', 'BPF_CGROUP_UDP6_RECVMSG',
  'BPF_CGROUP_UNIX_RECVMSG', 'BPF_CGROUP_INET4_GETPEERNAME', 'BPF_CGROUP_INET6_GETPEERNAME', 'BPF_CGROUP_UNIX_GETPEERNAME',
  'BPF_CGROUP_INET4_GETSOCKNAME', 'BPF_CGROUP_INET6_GETSOCKNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME',
]

// Kinds of programs. Columns: name; program type; sleepable (null: does not matter); what the program is attached to, '' where
// that does not matter; its sets, the first that has a variant of a helper decides; attach types, null: any.
// The first row that fits a program wins. BPF_PROG_TYPE_EXT has the kind of the program that it replaces a function of.
export const PROGRAM_KINDS = [
  ['SOCKET_FILTER',            'BPF_PROG_TYPE_SOCKET_FILTER',          null,  '', 'sk_filter netns_cookie sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['KPROBE_MULTI',             'BPF_PROG_TYPE_KPROBE',                 false, '', 'kprobe_multi kprobe tracing base base_bpf base_perfmon',
    ['BPF_TRACE_KPROBE_MULTI', 'BPF_TRACE_KPROBE_SESSION']],
  ['KPROBE_MULTI_SLEEPABLE',   'BPF_PROG_TYPE_KPROBE',                 true,  '', 'kprobe_multi kprobe_sleepable sleepable kprobe tracing base base_bpf base_perfmon',
    ['BPF_TRACE_KPROBE_MULTI', 'BPF_TRACE_KPROBE_SESSION']],
  ['UPROBE_MULTI',             'BPF_PROG_TYPE_KPROBE',                 false, '', 'uprobe_multi kprobe tracing base base_bpf base_perfmon',
    ['BPF_TRACE_UPROBE_MULTI', 'BPF_TRACE_UPROBE_SESSION']],
  ['UPROBE_MULTI_SLEEPABLE',   'BPF_PROG_TYPE_KPROBE',                 true,  '', 'uprobe_multi kprobe_sleepable sleepable kprobe tracing base base_bpf base_perfmon',
    ['BPF_TRACE_UPROBE_MULTI', 'BPF_TRACE_UPROBE_SESSION']],
  ['KPROBE',                   'BPF_PROG_TYPE_KPROBE',                 false, '', 'kprobe_single kprobe tracing base base_bpf base_perfmon',
    null],
  ['KPROBE_SLEEPABLE',         'BPF_PROG_TYPE_KPROBE',                 true,  '', 'kprobe_single kprobe_sleepable sleepable kprobe tracing base base_bpf base_perfmon',
    null],
  ['SCHED_CLS',                'BPF_PROG_TYPE_SCHED_CLS',              null,  '', 'tc_cls_act netns_cookie sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['SCHED_ACT',                'BPF_PROG_TYPE_SCHED_ACT',              null,  '', 'tc_cls_act netns_cookie sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['TRACEPOINT',               'BPF_PROG_TYPE_TRACEPOINT',             null,  '', 'tp tracing base base_bpf base_perfmon',
    null],
  ['XDP',                      'BPF_PROG_TYPE_XDP',                    null,  '', 'xdp sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['PERF_EVENT',               'BPF_PROG_TYPE_PERF_EVENT',             null,  '', 'pe tracing base base_bpf base_perfmon',
    null],
  ['CGROUP_SKB',               'BPF_PROG_TYPE_CGROUP_SKB',             null,  '', 'cgroup_common cg_skb sk_filter netns_cookie sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['CGROUP_SOCK',              'BPF_PROG_TYPE_CGROUP_SOCK',            null,  '', 'cgroup_common cgroup_retval cgroup_current sock_filter base base_bpf base_perfmon',
    null],
  ['LWT_IN',                   'BPF_PROG_TYPE_LWT_IN',                 null,  '', 'lwt_in lwt_out sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['LWT_OUT',                  'BPF_PROG_TYPE_LWT_OUT',                null,  '', 'lwt_out sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['LWT_XMIT',                 'BPF_PROG_TYPE_LWT_XMIT',               null,  '', 'lwt_xmit lwt_out sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['LWT_SEG6LOCAL',            'BPF_PROG_TYPE_LWT_SEG6LOCAL',          null,  '', 'lwt_seg6local lwt_out sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['SOCK_OPS',                 'BPF_PROG_TYPE_SOCK_OPS',               null,  '', 'cgroup_common sock_ops sk_base sk_base_perfmon base base_bpf base_perfmon',
    NO_RETVAL],
  ['SOCK_OPS_ELSEWHERE',       'BPF_PROG_TYPE_SOCK_OPS',               null,  '', 'cgroup_common cgroup_retval sock_ops sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['SK_SKB',                   'BPF_PROG_TYPE_SK_SKB',                 null,  '', 'sk_skb sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['CGROUP_DEVICE_NO_RETVAL',  'BPF_PROG_TYPE_CGROUP_DEVICE',          null,  '', 'cgroup_common cgroup_current cgroup_dev base base_bpf base_perfmon',
    NO_RETVAL],
  ['CGROUP_DEVICE',            'BPF_PROG_TYPE_CGROUP_DEVICE',          null,  '', 'cgroup_common cgroup_retval cgroup_current cgroup_dev base base_bpf base_perfmon',
    null],
  ['SK_MSG',                   'BPF_PROG_TYPE_SK_MSG',                 null,  '', 'sk_msg sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['RAW_TRACEPOINT',           'BPF_PROG_TYPE_RAW_TRACEPOINT',         null,  '', 'raw_tp raw_tp_cookie tracing base base_bpf base_perfmon',
    null],
  ['RAW_TRACEPOINT_WRITABLE',  'BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE', null,  '', 'raw_tp raw_tp_cookie tracing base base_bpf base_perfmon',
    null],
  ['CGROUP_SOCK_ADDR_CONNECT', 'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',       null,  '', 'cgroup_common cgroup_retval cgroup_current sock_addr sock_addr_bind sk_base sk_base_perfmon base base_bpf base_perfmon',
    ['BPF_CGROUP_INET4_CONNECT', 'BPF_CGROUP_INET6_CONNECT']],
  ['CGROUP_SOCK_ADDR_AFTER',   'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',       null,  '', 'cgroup_common cgroup_current sock_addr sk_base sk_base_perfmon base base_bpf base_perfmon',
    ['BPF_CGROUP_INET4_GETPEERNAME', 'BPF_CGROUP_INET6_GETPEERNAME', 'BPF_CGROUP_UNIX_GETPEERNAME', 'BPF_CGROUP_INET4_GETSOCKNAME', 'BPF_CGROUP_INET6_GETSOCKNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME', 'BPF_CGROUP_UDP4_RECVMSG', 'BPF_CGROUP_UDP6_RECVMSG', 'BPF_CGROUP_UNIX_RECVMSG']],
  ['CGROUP_SOCK_ADDR',         'BPF_PROG_TYPE_CGROUP_SOCK_ADDR',       null,  '', 'cgroup_common cgroup_retval cgroup_current sock_addr sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['LIRC_MODE2',               'BPF_PROG_TYPE_LIRC_MODE2',             null,  '', 'lirc_mode2 lirc_mode2_perfmon',
    null],
  ['SK_REUSEPORT',             'BPF_PROG_TYPE_SK_REUSEPORT',           null,  '', 'sk_reuseport base base_bpf base_perfmon',
    null],
  ['FLOW_DISSECTOR',           'BPF_PROG_TYPE_FLOW_DISSECTOR',         null,  '', 'flow_dissector sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['CGROUP_SYSCTL_NO_RETVAL',  'BPF_PROG_TYPE_CGROUP_SYSCTL',          null,  '', 'cgroup_common cgroup_current sysctl base base_bpf base_perfmon',
    NO_RETVAL],
  ['CGROUP_SYSCTL',            'BPF_PROG_TYPE_CGROUP_SYSCTL',          null,  '', 'cgroup_common cgroup_retval cgroup_current sysctl base base_bpf base_perfmon',
    null],
  ['CGROUP_GETSOCKOPT',        'BPF_PROG_TYPE_CGROUP_SOCKOPT',         null,  '', 'cgroup_common cgroup_retval cgroup_current cg_sockopt base base_bpf base_perfmon',
    ['BPF_CGROUP_GETSOCKOPT']],
  ['CGROUP_SETSOCKOPT',        'BPF_PROG_TYPE_CGROUP_SOCKOPT',         null,  '', 'cgroup_common cgroup_retval cgroup_current cg_sockopt cg_setsockopt base base_bpf base_perfmon',
    ['BPF_CGROUP_SETSOCKOPT']],
  ['TRACING_RAW_TP',           'BPF_PROG_TYPE_TRACING',                null,  '', 'raw_tp_cookie tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_RAW_TP']],
  ['TRACING_ITER_SOCK',        'BPF_PROG_TYPE_TRACING',                false, 'iter: tcp, unix', 'iter iter_sk no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_ITER']],
  ['TRACING_ITER',             'BPF_PROG_TYPE_TRACING',                false, '', 'iter no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_ITER']],
  ['TRACING_ITER_SLEEPABLE',   'BPF_PROG_TYPE_TRACING',                true,  '', 'iter sleepable no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_ITER']],
  ['TRACING',                  'BPF_PROG_TYPE_TRACING',                false, '', 'trampoline_args trampoline tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_FENTRY', 'BPF_TRACE_FEXIT', 'BPF_MODIFY_RETURN']],
  ['TRACING_SLEEPABLE',        'BPF_PROG_TYPE_TRACING',                true,  '', 'trampoline_args trampoline sleepable tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_TRACE_FENTRY', 'BPF_TRACE_FEXIT', 'BPF_MODIFY_RETURN']],
  ['STRUCT_OPS_TCP_RELEASE',   'BPF_PROG_TYPE_STRUCT_OPS',             null,  'struct_ops: tcp_congestion_ops.release', 'tcp_ca no_recursion_check base base_bpf base_perfmon',
    null],
  ['STRUCT_OPS_TCP',           'BPF_PROG_TYPE_STRUCT_OPS',             null,  'struct_ops: tcp_congestion_ops', 'tcp_ca tcp_ca_sockopt no_recursion_check base base_bpf base_perfmon',
    null],
  ['STRUCT_OPS_DUMMY',         'BPF_PROG_TYPE_STRUCT_OPS',             null,  'struct_ops: bpf_dummy_ops', '',
    null],
  ['STRUCT_OPS',               'BPF_PROG_TYPE_STRUCT_OPS',             null,  '', 'no_recursion_check base base_bpf base_perfmon',
    null],
  ['LSM_CGROUP_LOCKED',        'BPF_PROG_TYPE_LSM',                    null,  'lsm: sock_graft, inet_csk_clone, inet_conn_established', 'cgroup_common cgroup_retval lsm_locked_sockopt lsm no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_LSM_CGROUP']],
  ['LSM_CGROUP_UNLOCKED',      'BPF_PROG_TYPE_LSM',                    null,  'lsm: socket_post_create, socket_socketpair', 'cgroup_common cgroup_retval lsm_unlocked_sockopt lsm no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_LSM_CGROUP']],
  ['LSM_CGROUP',               'BPF_PROG_TYPE_LSM',                    null,  '', 'cgroup_common cgroup_retval lsm no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    ['BPF_LSM_CGROUP']],
  ['LSM',                      'BPF_PROG_TYPE_LSM',                    false, '', 'trampoline_args lsm_cookie lsm no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    null],
  ['LSM_SLEEPABLE',            'BPF_PROG_TYPE_LSM',                    true,  '', 'trampoline_args lsm_cookie sleepable lsm no_recursion_check tracing_prog raw_tp tracing base base_bpf base_perfmon',
    null],
  ['SK_LOOKUP',                'BPF_PROG_TYPE_SK_LOOKUP',              null,  '', 'sk_lookup sk_base sk_base_perfmon base base_bpf base_perfmon',
    null],
  ['SYSCALL',                  'BPF_PROG_TYPE_SYSCALL',                null,  '', 'syscall syscall_perfmon sleepable tracing_prog raw_tp tracing base base_bpf base_perfmon',
    null],
  ['NETFILTER',                'BPF_PROG_TYPE_NETFILTER',              null,  '', 'base base_bpf base_perfmon',
    null],
]
