// SPDX-License-Identifier: BSD-2-Clause
// Kernel functions that have rules of their own when programs are attached to them, and what iterators pass.
// Provenance: kernel/bpf/bpf_lsm.c, btf.c, verifier.c, *_iter.c and net of Linux 6.18.

/** Arguments of raw tracepoints that may be NULL (n) or an error pointer (e), four bits an argument, first lowest. */
export const RAW_TP_NULL_ARGS = `
  sched_pi_setprio:10 sched_stick_numa:100 sched_swap_numa:100 afs_make_fs_call:10 afs_make_fs_calli:10
  afs_make_fs_call1:10 afs_make_fs_call2:10 afs_protocol_error:1 afs_flock_ev:10 cachefiles_lookup:201
  cachefiles_unlink:1 cachefiles_rename:1 cachefiles_prep_read:1 cachefiles_mark_active:1 cachefiles_mark_failed:1
  cachefiles_mark_inactive:1 cachefiles_vfs_error:1 cachefiles_io_error:1 cachefiles_ondemand_open:1
  cachefiles_ondemand_copen:1 cachefiles_ondemand_close:1 cachefiles_ondemand_read:1 cachefiles_ondemand_cread:1
  cachefiles_ondemand_fd_write:1 cachefiles_ondemand_fd_release:1 ext4_mballoc_discard:10 ext4_mballoc_free:10
  fib_table_lookup:100 posix_lock_inode:10 fcntl_setlk:10 locks_remove_posix:10 flock_lock_inode:10
  break_lease_noblock:10 break_lease_block:10 break_lease_unblock:10 generic_delete_lease:10 time_out_leases:10
  host1x_cdma_push_gather:10000 mm_khugepaged_scan_pmd:10 mm_collapse_huge_page_isolate:1 mm_khugepaged_scan_file:10
  mm_khugepaged_collapse_file:10 mm_page_alloc:1 mm_page_pcpu_drain:1 mm_page_alloc_zone_locked:1 netfs_failure:10
  device_pm_callback_start:10 qdisc_dequeue:1000 rxrpc_recvdata:1 rxrpc_resend:10 rxrpc_tq:10 rxrpc_client:1
  kfree_skb:1000 xs_stream_read_data:1 xprt_reserve_cong:10 xprt_release_cong:10 xprt_get_cong:10 xprt_put_cong:10
  tcp_send_reset:11 tcp_sendmsg_locked:100 tegra_dma_tx_status:100 tmigr_update_events:1 writeback_dirty_folio:10
  folio_wait_writeback:10 mr_integ_alloc:2000 bpf_testmod_test_read:0 amdgpu_vm_bo_map:1 amdgpu_vm_bo_unmap:1
  netfs_folioq:1 xfs_defer_create_intent:1 xfs_defer_cancel_list:1 xfs_defer_pending_finish:1
  xfs_defer_pending_abort:1 xfs_defer_relog_intent:1 xfs_defer_isolate_paused:1 xfs_defer_item_pause:1
  xfs_defer_item_unpause:1 xfs_defer_add_item:1 xfs_defer_cancel_item:1 xfs_defer_finish_item:1
  xfs_ioc_free_eofblocks:10 xfs_blockgc_free_space:10 xfs_btree_updkeys:100 xfs_btree_overlapped_query_range:100
  xfs_map_blocks_found:10000 xfs_map_blocks_alloc:10000 xfs_iomap_alloc:1000 xfs_iomap_found:1000 xfs_inodegc_flush:1
  xfs_inodegc_push:1 xfs_inodegc_start:1 xfs_inodegc_stop:1 xfs_inodegc_queue:1 xfs_inodegc_throttle:1 xfs_fs_sync_fs:1
  xfs_blockgc_start:1 xfs_blockgc_stop:1 xfs_blockgc_worker:1 xfs_blockgc_flush_all:1 xchk_nlinks_live_update:10
  xchk_metapath_lookup:100 nfsd_dirent:1 nfsd_file_acquire:1001 nfsd_file_insert_err:1 nfsd_file_cons_err:1
  nfs4_setup_sequence:1 pnfs_update_layout:10000 nfs4_inode_callback_event:200 nfs4_inode_stateid_callback_event:200
  pnfs_mds_fallback_pg_init_read:10000 pnfs_mds_fallback_pg_init_write:10000
  pnfs_mds_fallback_pg_get_mirror_count:10000 pnfs_mds_fallback_read_done:10000 pnfs_mds_fallback_write_done:10000
  pnfs_mds_fallback_read_pagelist:10000 pnfs_mds_fallback_write_pagelist:10000 coda_dec_pic_run:10
  coda_dec_pic_done:10 cfg80211_scan_done:11 rdev_set_coalesce:10 cfg80211_report_wowlan_wakeup:100
  cfg80211_inform_bss_frame:100 cfg80211_michael_mic_failure:10000 wiphy_work_queue:10 wiphy_work_run:10
  wiphy_work_cancel:10 wiphy_work_flush:10 hugetlbfs_alloc_inode:10 spufs_context:10 kvm_page_fault_enter:100
  dpu_crtc_setup_mixer:100 binder_transaction:100 btree_path_free:100 hfi1_sdma_progress:1000
  iptfs_ingress_postq_event:1000 neigh_update:10 amdtp_packet:100`

/** Sets of kernel functions, by name. LSM hooks are without their prefix bpf_lsm_. */
export const FUNCTION_SETS = {
  LSM_DISABLED: `vm_enough_memory inode_need_killpriv inode_getsecurity inode_listsecurity inode_copy_up_xattr
    getselfattr getprocattr setprocattr key_getsecurity audit_rule_match xfrm_decode_session ismaclabel`,
  LSM_SLEEPABLE: `bpf bpf_map bpf_map_create bpf_map_free bpf_prog bpf_prog_load bpf_token_create bpf_token_free
    bpf_token_cmd bpf_token_capable bprm_check_security bprm_committed_creds bprm_committing_creds bprm_creds_for_exec
    bprm_creds_from_file capget capset cred_prepare file_ioctl file_lock file_open file_post_open file_receive
    inode_create inode_free_security inode_getattr inode_getxattr inode_mknod inode_need_killpriv inode_post_setxattr
    inode_post_removexattr inode_readlink inode_removexattr inode_rename inode_rmdir inode_setattr inode_setxattr
    inode_symlink inode_unlink kernel_module_request kernel_read_file kernfs_init_security path_unlink path_mkdir
    path_rmdir path_truncate path_symlink path_link path_rename path_chmod path_chown mmap_file netlink_send path_notify
    release_secctx sb_alloc_security sb_eat_lsm_opts sb_kern_mount sb_mount sb_remount sb_set_mnt_opts sb_show_options
    sb_statfs sb_umount settime socket_accept socket_bind socket_connect socket_create socket_getpeername
    socket_getpeersec_dgram socket_getsockname socket_getsockopt socket_listen socket_post_create socket_recvmsg
    socket_sendmsg socket_shutdown socket_socketpair syslog task_alloc current_getsecid_subj task_getsecid_obj
    task_prctl task_setscheduler userns_create`,
  LSM_UNTRUSTED: `bpf_map_free bpf_prog_free file_alloc_security file_free_security sk_alloc_security sk_free_security
    task_free`,
  LSM_BOOL: `xfrm_state_pol_flow_match audit_rule_known inode_xattr_skipcap`,
  DENIED: `___migrate_enable migrate_disable migrate_enable rcu_read_unlock_strict preempt_count_add preempt_count_sub
    __rcu_read_lock __rcu_read_unlock`,
  NO_RETURN: `__ia32_sys_exit __ia32_sys_exit_group __kunit_abort kunit_try_catch_throw __module_put_and_kthread_exit
    __x64_sys_exit __x64_sys_exit_group do_exit do_group_exit kthread_complete_and_exit kthread_exit make_task_dead`,
  MODIFIABLE: `bpf_modify_return_test bpf_modify_return_test2 bpf_modify_return_test_tp bpf_fentry_test1
    update_socket_protocol`,
  SLEEPABLE_TARGETS: `bpf_fentry_test1`,
  D_PATH_ALLOWED: `security_file_permission security_inode_getattr security_file_open security_path_truncate
    vfs_truncate vfs_fallocate dentry_open vfs_getattr filp_close`,
}

/** What an iterator passes, by the argument's number: kernel structure (? trusted or not), or buffer (ro, rw). */
export const ITER_ARGS = {
  bpf_map: '1:bpf_map+',
  bpf_map_elem: '2:ro 3:rw',
  bpf_prog: '1:bpf_prog',
  bpf_link: '1:bpf_link',
  bpf_sk_storage_map: '2:sock 3:rw',
  cgroup: '1:cgroup+',
  dmabuf: '1:dma_buf',
  ipv6_route: '1:fib6_info',
  kmem_cache: '1:kmem_cache+',
  ksym: '1:kallsym_iter',
  netlink: '1:netlink_sock',
  sockmap: '2:ro 3:sock',
  task: '1:task_struct+',
  task_file: '1:task_struct 3:file',
  task_vma: '1:task_struct 2:vm_area_struct',
  tcp: '1:sock_common+',
  udp: '1:udp_sock+',
  unix: '1:unix_sock',
}
