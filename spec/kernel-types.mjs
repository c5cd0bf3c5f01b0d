// SPDX-License-Identifier: BSD-2-Clause
// Which types of Linux the virtual kernel has of its own. tools/gen/kernel-btf.mjs cuts them out of the BTF of a running
// Linux 6.18: names, sizes, offsets, tags and prototypes stay as they are there; a structure that is only pointed to and
// not named here keeps its name and size, without members.

/**
 * Structures that are kept whole, with all that they contain by value. A name that ends in * stands for all that begin
 * with it.
 */
export const STRUCTS = [
  // members that the verifier trusts, and the structures behind map pointers
  ...['task_struct__safe_rcu', 'cgroup__safe_rcu', 'css_set__safe_rcu', 'cgroup_subsys_state__safe_rcu'],
  ...['mm_struct__safe_rcu_or_null', 'sk_buff__safe_rcu_or_null', 'request_sock__safe_rcu_or_null'],
  ...['linux_binprm__safe_trusted', 'file__safe_trusted', 'dentry__safe_trusted_or_null'],
  ...['socket__safe_trusted_or_null', 'lpm_trie', 'bpf_queue_stack', 'bpf_stack_map', 'bpf_ringbuf_map'],
  // tasks
  ...['task_struct', 'mm_struct', 'vm_area_struct', 'signal_struct', 'sighand_struct', 'cred', 'user_namespace', 'pid'],
  ...['nsproxy', 'pid_namespace', 'uts_namespace', 'files_struct', 'fdtable', 'fs_struct', 'thread_struct', 'rusage'],
  ...['linux_binprm', 'pt_regs', 'user_regs_struct', 'kernel_siginfo', 'task_group', 'ucounts', 'user_struct'],
  // cgroups
  ...['cgroup', 'cgroup_subsys_state', 'cgroup_bpf', 'css_set', 'cgroup_root', 'kernfs_node', 'cgroup_namespace'],
  // bpf(2)'s objects
  ...['bpf_map', 'bpf_array', 'bpf_htab', 'bpf_prog', 'bpf_prog_aux', 'bpf_link', 'bpf_tracing_link', 'bpf_tramp_link'],
  ...['bpf_raw_tp_link', 'bpf_prog_stats', 'bpf_iter_meta', 'bpf_iter__*', 'bpf_iter_*', 'bpf_dynptr*', 'bpf_ctx_*'],
  ...['bpf_struct_ops_*', 'tcp_congestion_ops', 'bpf_dummy_ops', 'bpf_dummy_ops_state', 'bpf_cpumask', 'bpf_token'],
  ...['bpf_key', 'bpf_wq', 'bpf_timer', 'bpf_spin_lock', 'bpf_res_spin_lock', 'bpf_list_head', 'bpf_list_node'],
  ...['bpf_rb_root', 'bpf_rb_node', 'bpf_refcount', 'bpf_local_storage', 'bpf_local_storage_map', 'bpf_mem_alloc'],
  ...[
    'bpf_crypto_ctx',
    'bpf_crypto_params',
    'bpf_fib_lookup',
    'bpf_sock_addr_kern',
    'bpf_sock_ops_kern',
    'bpf_run_ctx',
  ],
  ...[
    'bpf_fentry_test_t',
    'bpf_trace_run_ctx',
    'bpf_cgroup_storage',
    'bpf_perf_event_data_kern',
    'bpf_stream',
    'bpf_ringbuf',
    'btf',
    'bpf_attr',
  ],
  // contexts that programs may look into by bpf_cast_to_kern_ctx
  ...['__sk_buff', 'xdp_md', 'bpf_sock', 'bpf_sock_addr', 'bpf_sock_ops', 'bpf_sockopt', 'bpf_sysctl', 'bpf_nf_ctx'],
  ...['bpf_cgroup_dev_ctx', 'sk_msg_md', 'sk_reuseport_md', 'bpf_sk_lookup', 'bpf_perf_event_data', 'bpf_flow_keys'],
  ...['bpf_raw_tracepoint_args', 'bpf_user_pt_regs_t', 'bpf_pidns_info', 'bpf_tunnel_key', 'nf_hook_state'],
  ...['bpf_sockopt_kern', 'bpf_sysctl_kern', 'sk_reuseport_kern', 'bpf_sk_lookup_kern', 'sk_msg', 'bpf_map_def'],
  // sockets
  ...['sock', 'sock_common', 'inet_sock', 'inet_connection_sock', 'tcp_sock', 'tcp6_sock', 'udp_sock', 'udp6_sock'],
  ...['unix_sock', 'unix_address', 'request_sock', 'inet_request_sock', 'tcp_request_sock', 'inet_timewait_sock'],
  ...['tcp_timewait_sock', 'netlink_sock', 'mptcp_sock', 'socket', 'socket_alloc', 'proto'],
  ...['sockaddr', 'sockaddr_in', 'sockaddr_in6', 'sockaddr_un', 'msghdr', 'sk_filter', 'sock_reuseport', 'rate_sample'],
  ...[
    'ack_sample',
    'icsk_*',
    'sockaddr_storage',
    'sock_fprog_kern',
    'in6_addr',
    'iphdr',
    'ipv6hdr',
    'tcphdr',
    'udphdr',
  ],
  ...['ethhdr', 'vlan_hdr', 'icmphdr', 'tcp_skb_cb', 'udp_iter_state', 'tcp_iter_state'],
  // packets and devices
  ...['sk_buff', 'skb_shared_info', 'net_device', 'net', 'xdp_buff', 'xdp_frame', 'xdp_rxq_info'],
  ...['xdp_txq_info', 'net_device_core_stats', 'fib6_info', 'fib6_nh', 'fib_nh_common', 'dst_entry', 'rtable'],
  ...['nf_conn', 'nf_conn___init', 'bpf_ct_opts', 'nf_conntrack_tuple', 'xdp_mem_info', 'bpf_xdp_link', 'flowi*'],
  ...['bpf_xfrm_state_opts', 'bpf_xfrm_info', 'bpf_fou_encap', 'bpf_tcp_req_attrs'],
  // files
  ...['file', 'inode', 'dentry', 'path', 'vfsmount', 'super_block', 'seq_file', 'qstr', 'file_system_type'],
  ...['kmem_cache', 'dma_buf', 'kallsym_iter', 'kernel_param', 'iattr', 'kernel_clone_args'],
  ...['page', 'bpf_bprintf_data', 'rq', 'cfs_rq', 'sched_entity', 'timespec64', 'kiocb', 'iov_iter'],
  // what tracepoints record
  ...['trace_entry', 'trace_event_raw_sys_enter', 'trace_event_raw_sys_exit', 'trace_event_raw_sched_switch'],
  ...['trace_event_raw_sched_process_exec', 'trace_event_raw_sched_process_fork', 'trace_event_raw_net_dev_template'],
  ...['trace_event_raw_sched_wakeup_template', 'trace_event_raw_inet_sock_set_state', 'trace_event_raw_kfree_skb'],
  ...['trace_event_raw_bpf_trace_printk', 'trace_event_raw_task_rename', 'trace_event_raw_task_newtask'],
  ...['syscall_trace_enter', 'syscall_trace_exit', 'trace_event_raw_sched_process_template'],
]

/** Structures that stand in others by value and keep nothing but their size. */
export const OPAQUE = [
  ...[
    'netns_ipv4',
    'netns_ipv6',
    'netns_xfrm',
    'netns_nf',
    'netns_nft',
    'netns_ct',
    'netns_mib',
    'netns_sctp',
    'netns_mpls',
  ],
  ...['device', 'dev_pm_info', 'sched_dl_entity', 'sched_rt_entity', 'scx_rq', 'rt_rq', 'dl_rq', 'thread_info_x86'],
  ...['lock_class_key', 'perf_event_context', 'psi_group', 'rseq', 'posix_cputimers', 'napi_struct', 'lruvec', 'fpu'],
  ...[
    'vm_struct',
    'mem_cgroup',
    'blkcg',
    'kunit',
    'netns_smc',
    'netns_vs',
    'mptcp_data',
    'sched_statistics',
    'io_context',
  ],
]

/** Structures of functions: members that point to functions keep the prototypes. Elsewhere these become void pointers. */
export const OPERATIONS = ['tcp_congestion_ops', 'bpf_struct_ops_*', 'bpf_dummy_ops']

/** Enumerations, with their values. Those that a kept structure contains come by themselves. */
export const ENUMS = [
  ...['bpf_map_type', 'bpf_prog_type', 'bpf_attach_type', 'bpf_link_type', 'bpf_cmd', 'bpf_func_id', 'xdp_action'],
  ...['tcp_ca_event', 'tcp_ca_state', 'cgroup_subsys_id', 'bpf_cgroup_iter_order', 'skb_drop_reason', 'pid_type'],
  ...['bpf_core_relo_kind', 'nf_inet_hooks', 'bpf_task_fd_type', 'bpf_stats_type', 'sk_pacing', 'tcp_queue'],
]

/** Functions by the beginning of their names, each with its prototype. Functions that are tagged bpf_kfunc come all. */
export const FUNCTIONS = [
  'bpf_dummy_ops__test_1',
  // what programs are tested on, and what they refuse
  ...['bpf_fentry_test*', 'bpf_modify_return_test*', 'bpf_lsm_*', 'bpf_test_finish', 'bpf_fentry_shadow_test'],
  // iterators
  ...['bpf_iter_task', 'bpf_iter_task_file', 'bpf_iter_task_vma', 'bpf_iter_bpf_map', 'bpf_iter_bpf_map_elem'],
  ...['bpf_iter_bpf_prog', 'bpf_iter_bpf_link', 'bpf_iter_bpf_sk_storage_map', 'bpf_iter_cgroup', 'bpf_iter_tcp'],
  ...['bpf_iter_udp', 'bpf_iter_unix', 'bpf_iter_netlink', 'bpf_iter_ksym', 'bpf_iter_kmem_cache', 'bpf_iter_dmabuf'],
  ...['bpf_iter_sockmap', 'bpf_iter_ipv6_route'],
  // what the simulated world calls
  ...['security_socket_*', 'security_bpf*', 'security_file_open', 'security_inode_*', 'security_task_alloc'],
  ...['security_file_permission', 'security_sk_alloc', 'security_task_free', 'security_bprm_*'],
  ...[
    'inet_bind',
    'inet6_bind',
    'inet_listen',
    'inet_csk_listen_start',
    'inet_stream_connect',
    '__inet_stream_connect',
  ],
  ...['inet_dgram_connect', 'inet_release', 'inet_create', 'inet_csk_accept', 'inet_accept', 'inet_shutdown'],
  ...['tcp_v4_connect', 'tcp_v6_connect', 'tcp_connect', 'tcp_close', 'tcp_sendmsg', 'tcp_recvmsg', 'tcp_set_state'],
  ...[
    'tcp_v4_rcv',
    'tcp_rcv_established',
    'tcp_conn_request',
    'tcp_retransmit_skb',
    'tcp_v4_do_rcv',
    'tcp_finish_connect',
  ],
  ...['udp_sendmsg', 'udpv6_sendmsg', 'udp_recvmsg', 'udp_rcv', 'unix_listen', 'unix_bind', 'unix_stream_connect'],
  ...['unix_stream_sendmsg', 'ip_rcv', 'ip_output', 'ip_local_out', 'icmp_rcv', '__netif_receive_skb_core', 'netif_rx'],
  ...['__dev_queue_xmit', 'dev_hard_start_xmit', 'eth_type_trans', 'consume_skb', 'kfree_skb_reason', 'skb_tx_error'],
  ...[
    'sk_skb_reason_drop',
    '__sys_bpf',
    '__x64_sys_bpf',
    '__sys_socket',
    '__sys_bind',
    '__sys_connect',
    '__sys_listen',
  ],
  ...['__sys_getsockname', '__sys_sendto', '__sys_recvfrom', '__sys_setsockopt', '__sys_getsockopt', '__sock_create'],
  ...[
    'sock_setsockopt',
    'do_sys_openat2',
    'do_filp_open',
    'vfs_open',
    'vfs_read',
    'vfs_write',
    'vfs_unlink',
    'vfs_mkdir',
  ],
  ...['do_unlinkat', 'filp_close', 'dentry_open', 'd_path', 'ksys_read', 'ksys_write', 'do_nanosleep', 'kernel_clone'],
  ...[
    'hrtimer_nanosleep',
    'wake_up_new_task',
    'do_exit',
    '__set_task_comm',
    'bprm_execve',
    'exit_creds',
    'copy_process',
  ],
  ...[
    'cgroup_attach_task',
    'bpf_check',
    'bpf_prog_load',
    'map_create',
    'bpf_map_new_fd',
    'bpf_prog_new_fd',
    'bpf_prog_put',
  ],
  ...[
    'bpf_local_storage_update',
    'bpf_sk_storage_free',
    'bpf_ktime_get_ns',
    'bpf_rstat_flush',
    'update_socket_protocol',
  ],
  ...['htab_map_update_elem', 'htab_map_delete_elem', 'array_map_update_elem', 'bpf_map_put', 'bpf_spin_lock'],
  ...['bpf_spin_unlock', 'should_failslab', 'should_fail_alloc_page', 'hrtimer_start_range_ns', 'sched_balance_rq'],
  ...['inet6_sock_destruct', 'bpf_get_numa_node_id', 'btf_try_get_module', 'x64_sys_call', '__rcu_read_lock'],
  ...[
    '__x64_sys_getpid',
    '__x64_sys_getpgid',
    '__x64_sys_nanosleep',
    '__x64_sys_write',
    '__x64_sys_openat',
    'migrate_disable',
  ],
  ...['__x64_sys_read', '__x64_sys_execve', '__x64_sys_socket', '__x64_sys_connect', '__x64_sys_setdomainname'],
  ...['migrate_enable', 'rcu_read_unlock_strict', 'preempt_count_add', 'preempt_count_sub', '__rcu_read_unlock'],
  ...['preempt_schedule', 'preempt_schedule_notrace', 'do_exit', 'do_group_exit', 'make_task_dead', '__x64_sys_exit'],
  ...['__x64_sys_exit_group', 'kthread_complete_and_exit', 'kthread_exit', '__module_put_and_kthread_exit'],
  ...['xdp_do_redirect', 'dev_map_enqueue', 'bpf_prog_run_generic_xdp', 'tcp_reno_ssthresh', 'tcp_reno_cong_avoid'],
  ...[
    'tcp_reno_undo_cwnd',
    'tcp_slow_start',
    'tcp_cong_avoid_ai',
    'cubictcp_*',
    'bpf_get_stackid',
    'bpf_perf_event_output',
  ],
  ...['bpf_tcp_ca*', 'bpf_dummy_*', 'bpf_prog_test_run_syscall', 'bpf_get_attach_cookie_tracing', 'lookup_elem_raw'],
]

/** Tracepoints: their typed functions (btf_trace_NAME and __bpf_trace_NAME). */
export const TRACEPOINTS = [
  ...[
    'sys_enter',
    'sys_exit',
    'sched_switch',
    'sched_wakeup',
    'sched_wakeup_new',
    'sched_process_fork',
    'sched_pi_setprio',
  ],
  ...[
    'sched_process_exec',
    'sched_process_exit',
    'sched_process_free',
    'netif_receive_skb',
    'netif_rx',
    'net_dev_queue',
  ],
  ...['net_dev_xmit', 'net_dev_start_xmit', 'kfree_skb', 'consume_skb', 'inet_sock_set_state', 'tcp_probe'],
  ...['tcp_destroy_sock', 'tcp_retransmit_skb', 'tcp_retransmit_synack', 'tcp_send_reset', 'tcp_receive_reset'],
  ...[
    'tcp_rcv_space_adjust',
    'tcp_bad_csum',
    'tcp_cong_state_set',
    'xdp_exception',
    'xdp_redirect',
    'xdp_redirect_err',
  ],
  ...['xdp_redirect_map', 'xdp_devmap_xmit', 'xdp_cpumap_kthread', 'xdp_cpumap_enqueue', 'xdp_bulk_tx', 'task_newtask'],
  ...[
    'task_rename',
    'softirq_entry',
    'softirq_exit',
    'softirq_raise',
    'timer_start',
    'hrtimer_start',
    'hrtimer_expire_entry',
  ],
  ...['bpf_trace_printk', 'bpf_test_finish', 'bpf_trigger_tp', 'cgroup_mkdir', 'cgroup_rmdir', 'cgroup_attach_task'],
  ...['cgroup_release', 'cgroup_rename', 'signal_deliver', 'signal_generate', 'contention_begin', 'contention_end'],
  ...[
    'block_rq_issue',
    'block_rq_complete',
    'kmalloc',
    'kfree',
    'kmem_cache_alloc',
    'kmem_cache_free',
    'mm_page_alloc',
  ],
  ...[
    'page_fault_user',
    'irq_handler_entry',
    'irq_handler_exit',
    'workqueue_execute_start',
    'fib_table_lookup',
    'neigh_create',
  ],
  ...['sock_exceed_buf_limit', 'sk_data_ready', 'sock_send_length', 'sock_recv_length', 'napi_poll', 'qdisc_dequeue'],
  ...[
    'mmap_lock_acquire_returned',
    'oom_score_adj_update',
    'mark_victim',
    'itimer_expire',
    'cpu_frequency',
    'cpu_idle',
  ],
]

/** Variables. */
export const VARIABLES = [
  ...['runqueues', 'bpf_prog_active', 'current_task', 'cpu_number', 'this_cpu_off', 'softnet_data', 'kernel_cpustat'],
  ...['process_counts', 'numa_node', '__preempt_count', 'vm_event_states', 'cpu_current_top_of_stack'],
]
