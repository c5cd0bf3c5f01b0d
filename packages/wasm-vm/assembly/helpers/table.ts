// SPDX-License-Identifier: GPL-2.0-only
// Helper ids to functions of the WebAssembly table: (r1, r2, r3, r4, r5) => r0, all 64 bits wide.

import {
  BPF_FUNC_copy_from_user,
  BPF_FUNC_copy_from_user_task,
  BPF_FUNC_dynptr_data,
  BPF_FUNC_dynptr_from_mem,
  BPF_FUNC_dynptr_read,
  BPF_FUNC_dynptr_write,
  BPF_FUNC_find_vma,
  BPF_FUNC_for_each_map_elem,
  BPF_FUNC_get_cgroup_classid,
  BPF_FUNC_get_current_ancestor_cgroup_id,
  BPF_FUNC_get_current_cgroup_id,
  BPF_FUNC_get_current_comm,
  BPF_FUNC_get_current_pid_tgid,
  BPF_FUNC_get_current_task,
  BPF_FUNC_get_current_task_btf,
  BPF_FUNC_get_current_uid_gid,
  BPF_FUNC_get_ns_current_pid_tgid,
  BPF_FUNC_get_numa_node_id,
  BPF_FUNC_get_prandom_u32,
  BPF_FUNC_get_smp_processor_id,
  BPF_FUNC_jiffies64,
  BPF_FUNC_kptr_xchg,
  BPF_FUNC_ktime_get_boot_ns,
  BPF_FUNC_ktime_get_coarse_ns,
  BPF_FUNC_ktime_get_ns,
  BPF_FUNC_ktime_get_tai_ns,
  BPF_FUNC_loop,
  BPF_FUNC_map_delete_elem,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_map_lookup_percpu_elem,
  BPF_FUNC_map_peek_elem,
  BPF_FUNC_map_pop_elem,
  BPF_FUNC_map_push_elem,
  BPF_FUNC_map_update_elem,
  BPF_FUNC_per_cpu_ptr,
  BPF_FUNC_probe_read,
  BPF_FUNC_probe_read_kernel,
  BPF_FUNC_probe_read_kernel_str,
  BPF_FUNC_probe_read_str,
  BPF_FUNC_probe_read_user,
  BPF_FUNC_probe_read_user_str,
  BPF_FUNC_probe_write_user,
  BPF_FUNC_ringbuf_discard,
  BPF_FUNC_ringbuf_discard_dynptr,
  BPF_FUNC_ringbuf_output,
  BPF_FUNC_ringbuf_query,
  BPF_FUNC_ringbuf_reserve,
  BPF_FUNC_ringbuf_reserve_dynptr,
  BPF_FUNC_ringbuf_submit,
  BPF_FUNC_ringbuf_submit_dynptr,
  BPF_FUNC_send_signal,
  BPF_FUNC_send_signal_thread,
  BPF_FUNC_snprintf,
  BPF_FUNC_spin_lock,
  BPF_FUNC_spin_unlock,
  BPF_FUNC_strncmp,
  BPF_FUNC_strtol,
  BPF_FUNC_strtoul,
  BPF_FUNC_task_pt_regs,
  BPF_FUNC_this_cpu_ptr,
  BPF_FUNC_timer_cancel,
  BPF_FUNC_timer_init,
  BPF_FUNC_timer_set_callback,
  BPF_FUNC_timer_start,
  BPF_FUNC_trace_printk,
  BPF_FUNC_trace_vprintk,
  BPF_FUNC_user_ringbuf_drain,
} from '../gen/uapi-enums.gen'
import { dynptrData, dynptrFromMem, dynptrRead, dynptrWrite } from './dynptr'
import { kptrXchg, spinLock, spinUnlock } from './lock'
import { bpfLoop, findVma } from './loop'
import { forEachMapElem, mapDelete, mapLookup, mapLookupPercpu, mapPeek, mapPop, mapPush, mapUpdate } from './map'
import { netHelperFn } from './net-table'
import { packetHelperFn } from './packet-table'
import { perCpuPtr, thisCpuPtr } from './percpu'
import {
  copyFromUserHelper,
  copyFromUserTask,
  probeRead,
  probeReadKernel,
  probeReadKernelStr,
  probeReadStr,
  probeWriteUser,
} from './probe'
import {
  ringbufDiscard,
  ringbufDiscardDynptr,
  ringbufOutput,
  ringbufQuery,
  ringbufReserve,
  ringbufReserveDynptr,
  ringbufSubmit,
  ringbufSubmitDynptr,
  userRingbufDrain,
} from './ringbuf'
import { strncmp, strtol, strtoul } from './string'
import {
  getCgroupClassid,
  getCurrentAncestorCgroupId,
  getCurrentCgroupId,
  getCurrentComm,
  getCurrentPidTgid,
  getCurrentTask,
  getCurrentUidGid,
  getNsCurrentPidTgid,
  sendSignal,
  taskPtRegs,
} from './task'
import {
  getNumaNodeId,
  getPrandomU32,
  getSmpProcessorId,
  jiffies64,
  ktimeGetBootNs,
  ktimeGetCoarseNs,
  ktimeGetNs,
  ktimeGetTaiNs,
} from './time'
import { timerCancelHelper, timerInitHelper, timerSetCallbackHelper, timerStartHelper } from './timer-helpers'
import { snprintf, tracePrintk, traceVprintk } from './trace'
import { tracingHelperFn } from './tracing-table'
import { worldHelperFn } from './world-table'

/** Index in the WebAssembly table of the helper with this id; 0: there is none. The engines do tail calls themselves. */
export function helperFn(id: i32): i32 {
  let fn = baseHelperFn(id)
  if (!fn) fn = netHelperFn(id)
  if (!fn) fn = worldHelperFn(id)
  if (!fn) fn = packetHelperFn(id)
  return fn ? fn : tracingHelperFn(id)
}

function baseHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_map_lookup_elem:
      return <i32>mapLookup.index
    case BPF_FUNC_map_update_elem:
      return <i32>mapUpdate.index
    case BPF_FUNC_map_delete_elem:
      return <i32>mapDelete.index
    case BPF_FUNC_map_push_elem:
      return <i32>mapPush.index
    case BPF_FUNC_map_pop_elem:
      return <i32>mapPop.index
    case BPF_FUNC_map_peek_elem:
      return <i32>mapPeek.index
    case BPF_FUNC_map_lookup_percpu_elem:
      return <i32>mapLookupPercpu.index
    case BPF_FUNC_for_each_map_elem:
      return <i32>forEachMapElem.index
    case BPF_FUNC_loop:
      return <i32>bpfLoop.index
    case BPF_FUNC_find_vma:
      return <i32>findVma.index
    case BPF_FUNC_ktime_get_ns:
      return <i32>ktimeGetNs.index
    case BPF_FUNC_ktime_get_boot_ns:
      return <i32>ktimeGetBootNs.index
    case BPF_FUNC_ktime_get_coarse_ns:
      return <i32>ktimeGetCoarseNs.index
    case BPF_FUNC_ktime_get_tai_ns:
      return <i32>ktimeGetTaiNs.index
    case BPF_FUNC_jiffies64:
      return <i32>jiffies64.index
    case BPF_FUNC_get_prandom_u32:
      return <i32>getPrandomU32.index
    case BPF_FUNC_get_smp_processor_id:
      return <i32>getSmpProcessorId.index
    case BPF_FUNC_get_numa_node_id:
      return <i32>getNumaNodeId.index
    case BPF_FUNC_spin_lock:
      return <i32>spinLock.index
    case BPF_FUNC_spin_unlock:
      return <i32>spinUnlock.index
    case BPF_FUNC_kptr_xchg:
      return <i32>kptrXchg.index
    case BPF_FUNC_per_cpu_ptr:
      return <i32>perCpuPtr.index
    case BPF_FUNC_this_cpu_ptr:
      return <i32>thisCpuPtr.index
    case BPF_FUNC_strtol:
      return <i32>strtol.index
    case BPF_FUNC_strtoul:
      return <i32>strtoul.index
    case BPF_FUNC_strncmp:
      return <i32>strncmp.index
    case BPF_FUNC_trace_printk:
      return <i32>tracePrintk.index
    case BPF_FUNC_trace_vprintk:
      return <i32>traceVprintk.index
    case BPF_FUNC_snprintf:
      return <i32>snprintf.index
    default:
      return secondHelperFn(id)
  }
}

function secondHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_probe_read:
    case BPF_FUNC_probe_read_user:
      return <i32>probeRead.index
    case BPF_FUNC_probe_read_kernel:
      return <i32>probeReadKernel.index
    case BPF_FUNC_probe_read_str:
    case BPF_FUNC_probe_read_user_str:
      return <i32>probeReadStr.index
    case BPF_FUNC_probe_read_kernel_str:
      return <i32>probeReadKernelStr.index
    case BPF_FUNC_probe_write_user:
      return <i32>probeWriteUser.index
    case BPF_FUNC_copy_from_user:
      return <i32>copyFromUserHelper.index
    case BPF_FUNC_copy_from_user_task:
      return <i32>copyFromUserTask.index
    case BPF_FUNC_get_current_pid_tgid:
      return <i32>getCurrentPidTgid.index
    case BPF_FUNC_get_current_uid_gid:
      return <i32>getCurrentUidGid.index
    case BPF_FUNC_get_current_comm:
      return <i32>getCurrentComm.index
    case BPF_FUNC_get_current_task:
    case BPF_FUNC_get_current_task_btf:
      return <i32>getCurrentTask.index
    case BPF_FUNC_task_pt_regs:
      return <i32>taskPtRegs.index
    case BPF_FUNC_get_current_cgroup_id:
      return <i32>getCurrentCgroupId.index
    case BPF_FUNC_get_current_ancestor_cgroup_id:
      return <i32>getCurrentAncestorCgroupId.index
    case BPF_FUNC_get_cgroup_classid:
      return <i32>getCgroupClassid.index
    case BPF_FUNC_get_ns_current_pid_tgid:
      return <i32>getNsCurrentPidTgid.index
    case BPF_FUNC_send_signal:
    case BPF_FUNC_send_signal_thread:
      return <i32>sendSignal.index
    case BPF_FUNC_ringbuf_output:
      return <i32>ringbufOutput.index
    case BPF_FUNC_ringbuf_reserve:
      return <i32>ringbufReserve.index
    case BPF_FUNC_ringbuf_submit:
      return <i32>ringbufSubmit.index
    case BPF_FUNC_ringbuf_discard:
      return <i32>ringbufDiscard.index
    case BPF_FUNC_ringbuf_query:
      return <i32>ringbufQuery.index
    case BPF_FUNC_ringbuf_reserve_dynptr:
      return <i32>ringbufReserveDynptr.index
    case BPF_FUNC_ringbuf_submit_dynptr:
      return <i32>ringbufSubmitDynptr.index
    case BPF_FUNC_ringbuf_discard_dynptr:
      return <i32>ringbufDiscardDynptr.index
    case BPF_FUNC_user_ringbuf_drain:
      return <i32>userRingbufDrain.index
    case BPF_FUNC_dynptr_from_mem:
      return <i32>dynptrFromMem.index
    case BPF_FUNC_dynptr_read:
      return <i32>dynptrRead.index
    case BPF_FUNC_dynptr_write:
      return <i32>dynptrWrite.index
    case BPF_FUNC_dynptr_data:
      return <i32>dynptrData.index
    case BPF_FUNC_timer_init:
      return <i32>timerInitHelper.index
    case BPF_FUNC_timer_set_callback:
      return <i32>timerSetCallbackHelper.index
    case BPF_FUNC_timer_start:
      return <i32>timerStartHelper.index
    case BPF_FUNC_timer_cancel:
      return <i32>timerCancelHelper.index
    default:
      return 0
  }
}
