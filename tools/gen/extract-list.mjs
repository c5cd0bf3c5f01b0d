// SPDX-License-Identifier: BSD-2-Clause
// What extract-uapi.mjs takes out of a kernel's BTF.

/** Parts of union bpf_attr: name of ours, and the member's name or its first field where it has none. */
export const ATTR_LAYOUTS = [
  ['ATTR_MAP_CREATE', 'map_type'],
  ['ATTR_MAP_ELEM', 'map_fd'],
  ['ATTR_MAP_BATCH', 'batch'],
  ['ATTR_PROG_LOAD', 'prog_type'],
  ['ATTR_OBJ', 'pathname'],
  ['ATTR_PROG_ATTACH', 'target_fd'],
  ['ATTR_TEST', 'test'],
  ['ATTR_GET_ID', 'start_id'],
  ['ATTR_INFO', 'info'],
  ['ATTR_QUERY', 'query'],
  ['ATTR_RAW_TRACEPOINT', 'raw_tracepoint'],
  ['ATTR_BTF_LOAD', 'btf'],
  ['ATTR_TASK_FD_QUERY', 'task_fd_query'],
  ['ATTR_LINK_CREATE', 'link_create'],
  ['ATTR_LINK_UPDATE', 'link_update'],
  ['ATTR_LINK_DETACH', 'link_detach'],
  ['ATTR_ENABLE_STATS', 'enable_stats'],
  ['ATTR_ITER_CREATE', 'iter_create'],
  ['ATTR_PROG_BIND_MAP', 'prog_bind_map'],
  ['ATTR_TOKEN_CREATE', 'token_create'],
  ['ATTR_PROG_STREAM_READ', 'prog_stream_read'],
]

export const STRUCTS = `
bpf_prog_info bpf_map_info bpf_btf_info bpf_link_info bpf_insn bpf_func_info bpf_line_info bpf_core_relo
__sk_buff xdp_md bpf_sock_addr bpf_sock bpf_sock_ops bpf_sock_tuple sk_msg_md bpf_sysctl bpf_sockopt
bpf_cgroup_dev_ctx bpf_sk_lookup sk_reuseport_md bpf_flow_keys bpf_raw_tracepoint_args bpf_perf_event_data
pt_regs bpf_nf_ctx bpf_tcp_sock bpf_fib_lookup bpf_redir_neigh bpf_tunnel_key bpf_xfrm_state bpf_pidns_info
bpf_perf_event_value bpf_devmap_val bpf_cpumap_val bpf_cgroup_storage_key bpf_lpm_trie_key_hdr bpf_stack_build_id
btf_ptr bpf_iter_link_info bpf_iter_meta bpf_iter__task bpf_iter__bpf_map bpf_iter__bpf_map_elem
bpf_spin_lock bpf_res_spin_lock bpf_timer bpf_wq bpf_task_work bpf_dynptr bpf_refcount bpf_list_head bpf_list_node
bpf_rb_root bpf_rb_node bpf_iter_num bpf_iter_bits bpf_iter_task bpf_iter_task_vma bpf_iter_css bpf_iter_kmem_cache
bpf_iter_dmabuf btf_header btf_type btf_enum btf_enum64 btf_array btf_member btf_param btf_var btf_var_secinfo
btf_decl_tag perf_event_attr perf_event_header perf_event_mmap_page sock_filter sock_fprog sockaddr_in sockaddr_in6
sockaddr_un iphdr ipv6hdr tcphdr udphdr ethhdr
`
  .trim()
  .split(/\s+/)

/** Enumerations: name, first value where the kernel's has no name, name of the number-to-name table. */
export const UAPI_ENUMS = [
  ['bpf_cmd', '', 'CMD_NAMES'],
  ['bpf_prog_type', '', 'PROG_TYPE_NAMES'],
  ['bpf_attach_type', '', 'ATTACH_TYPE_NAMES'],
  ['bpf_map_type', '', 'MAP_TYPE_NAMES'],
  ['bpf_link_type', '', 'LINK_TYPE_NAMES'],
  ['bpf_func_id', '', 'FUNC_ID_NAMES'],
  ['bpf_core_relo_kind', '', 'CORE_RELO_KIND_NAMES'],
  ['btf_kind', 'BTF_KIND_UNKN', 'BTF_KIND_NAMES'],
  ['btf_func_linkage', '', ''],
  ['btf_var_linkage', 'BTF_VAR_STATIC', ''],
  ['bpf_perf_event_type', '', ''],
  ['bpf_task_fd_type', '', ''],
  ['bpf_stats_type', '', ''],
  ['bpf_cgroup_iter_order', '', ''],
  ['bpf_stream_id', '', ''],
  ['bpf_addr_space_cast', '', ''],
  ['bpf_cond_pseudo_jmp', '', ''],
  ['kprobe_multi_flags', 'BPF_F_KPROBE_MULTI_RETURN', ''],
  ['uprobe_multi_flags', 'BPF_F_UPROBE_MULTI_RETURN', ''],
  ['map_update_flags', 'BPF_ANY', ''],
  ['map_create_flags', 'BPF_F_NO_PREALLOC', ''],
  ['skb_store_bytes_flags', 'BPF_F_RECOMPUTE_CSUM', ''],
  ['csum_replace_flags', 'BPF_F_HDR_FIELD_MASK', ''],
  ['csum_l4_flags', 'BPF_F_PSEUDO_HDR', ''],
  ['tunnel_key_flags', 'BPF_F_TUNINFO_IPV6', ''],
  ['stack_flags', 'BPF_F_SKIP_FIELD_MASK', ''],
  ['tunnel_set_flags', 'BPF_F_ZERO_CSUM_TX', ''],
  ['tunnel_info_flags', 'BPF_F_TUNINFO_FLAGS', ''],
  ['perf_event_index', 'BPF_F_INDEX_MASK', ''],
  ['netns_ids', 'BPF_F_CURRENT_NETNS', ''],
  ['csum_levels', 'BPF_CSUM_LEVEL_QUERY', ''],
  ['adj_room_flags', 'BPF_F_ADJ_ROOM_FIXED_GSO', ''],
  ['adj_room_encap_l2', 'BPF_ADJ_ROOM_ENCAP_L2_MASK', ''],
  ['sysctl_flags', 'BPF_F_SYSCTL_BASE_NAME', ''],
  ['local_storage_flags', 'BPF_LOCAL_STORAGE_GET_F_CREATE', ''],
  ['branch_records_flags', 'BPF_F_GET_BRANCH_RECORDS_SIZE', ''],
  ['ringbuf_wakeup', 'BPF_RB_NO_WAKEUP', ''],
  ['ringbuf_query', 'BPF_RB_AVAIL_DATA', ''],
  ['ringbuf_header', 'BPF_RINGBUF_BUSY_BIT', ''],
  ['sk_lookup_flags', 'BPF_SK_LOOKUP_F_REPLACE', ''],
  ['bpf_adj_room_mode', '', ''],
  ['bpf_hdr_start_off', '', ''],
  ['bpf_lwt_encap_mode', '', ''],
  ['bprm_flags', 'BPF_F_BPRM_SECUREEXEC', ''],
  ['redirect_flags', 'BPF_F_INGRESS', ''],
  ['redirect_internal_flags', 'BPF_F_NEIGH', ''],
  ['skb_tstamp_types', 'BPF_SKB_TSTAMP_UNSPEC', ''],
  ['bpf_ret_code', '', ''],
  ['tcx_action_base', '', ''],
  ['xdp_action', '', ''],
  ['sk_action', '', ''],
  ['sock_ops_cb_flags', 'BPF_SOCK_OPS_RTO_CB_FLAG', ''],
  ['sock_ops_ops', 'BPF_SOCK_OPS_VOID', ''],
  ['tcp_states', 'BPF_TCP_ESTABLISHED', ''],
  ['tcp_bpf_options', 'TCP_BPF_IW', ''],
  ['load_hdr_opt', 'BPF_LOAD_HDR_OPT_TCP_SYN', ''],
  ['write_hdr_opt', 'BPF_WRITE_HDR_TCP_CURRENT_MSS', ''],
  ['fib_lookup_flags', 'BPF_FIB_LOOKUP_DIRECT', ''],
  ['fib_lookup_ret', 'BPF_FIB_LKUP_RET_SUCCESS', ''],
  ['bpf_check_mtu_flags', '', ''],
  ['bpf_check_mtu_ret', '', ''],
  ['flow_dissector_flags', 'BPF_FLOW_DISSECTOR_F_PARSE_1ST_FRAG', ''],
  ['btf_print_flags', 'BTF_F_COMPACT', ''],
  ['timer_flags', 'BPF_F_TIMER_ABS', ''],
  ['bpf_stack_build_id_status', '', ''],
  ['bpf_kfunc_flags', '', ''],
  ['bpf_iter_task_type', '', ''],
  ['task_iter_kinds', 'BPF_TASK_ITER_ALL_PROCS', ''],
  ['perf_type_id', '', ''],
  ['perf_sw_ids', '', ''],
  ['perf_hw_id', '', ''],
  ['perf_event_sample_format', '', ''],
  ['perf_event_type', '', ''],
  ['nf_inet_hooks', '', ''],
]

export const INTERNAL_ENUMS = [
  ['bpf_type_flag', '', ''],
  ['bpf_arg_type', '', ''],
  ['bpf_return_type', '', ''],
  ['bpf_reg_type', '', 'REG_TYPE_NAMES'],
  ['bpf_dynptr_type', '', ''],
  ['btf_field_type', '', ''],
  ['bpf_stack_slot_type', '', ''],
  ['bpf_iter_state', '', ''],
  ['btf_sock_ids', 'BTF_SOCK_TYPE_INET', ''],
  ['btf_kfunc_hook', '', ''],
  ['bpf_features', '', ''],
  ['cgroup_bpf_attach_type', '', ''],
]
