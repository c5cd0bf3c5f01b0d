// SPDX-License-Identifier: GPL-2.0-only
// Table indices of kernel functions on tasks, cgroups and what iterators visit.

import {
  KFUNC_bpf_cgroup_acquire,
  KFUNC_bpf_cgroup_ancestor,
  KFUNC_bpf_cgroup_from_id,
  KFUNC_bpf_cgroup_release,
  KFUNC_bpf_iter_bits_destroy,
  KFUNC_bpf_iter_bits_new,
  KFUNC_bpf_iter_bits_next,
  KFUNC_bpf_iter_css_destroy,
  KFUNC_bpf_iter_css_new,
  KFUNC_bpf_iter_css_next,
  KFUNC_bpf_iter_css_task_destroy,
  KFUNC_bpf_iter_css_task_new,
  KFUNC_bpf_iter_css_task_next,
  KFUNC_bpf_iter_dmabuf_destroy,
  KFUNC_bpf_iter_dmabuf_new,
  KFUNC_bpf_iter_dmabuf_next,
  KFUNC_bpf_iter_kmem_cache_destroy,
  KFUNC_bpf_iter_kmem_cache_new,
  KFUNC_bpf_iter_kmem_cache_next,
  KFUNC_bpf_iter_num_destroy,
  KFUNC_bpf_iter_num_new,
  KFUNC_bpf_iter_num_next,
  KFUNC_bpf_iter_task_destroy,
  KFUNC_bpf_iter_task_new,
  KFUNC_bpf_iter_task_next,
  KFUNC_bpf_iter_task_vma_destroy,
  KFUNC_bpf_iter_task_vma_new,
  KFUNC_bpf_iter_task_vma_next,
  KFUNC_bpf_send_signal_task,
  KFUNC_bpf_task_acquire,
  KFUNC_bpf_task_from_pid,
  KFUNC_bpf_task_from_vpid,
  KFUNC_bpf_task_get_cgroup1,
  KFUNC_bpf_task_release,
  KFUNC_bpf_task_under_cgroup,
} from '../gen/kfuncs.gen'
import { iterBitsDestroy, iterBitsNew, iterBitsNext, iterNumDestroy, iterNumNew, iterNumNext } from './iterator'
import {
  cgroupAcquire,
  cgroupAncestorOf,
  cgroupFromId,
  cgroupRelease,
  sendSignalTask,
  taskAcquire,
  taskFromPid,
  taskGetCgroup1,
  taskRelease,
  taskUnderCgroup,
} from './task'
import {
  iterCssDestroy,
  iterCssNew,
  iterCssNext,
  iterCssTaskDestroy,
  iterCssTaskNew,
  iterCssTaskNext,
  iterNothingNew,
  iterNothingNext,
  iterTaskDestroy,
  iterTaskNew,
  iterTaskNext,
  iterTaskVmaNew,
} from './walks'

export function taskFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_task_acquire:
      return <i32>taskAcquire.index
    case KFUNC_bpf_task_release:
      return <i32>taskRelease.index
    case KFUNC_bpf_task_from_pid:
    case KFUNC_bpf_task_from_vpid:
      return <i32>taskFromPid.index
    case KFUNC_bpf_cgroup_acquire:
      return <i32>cgroupAcquire.index
    case KFUNC_bpf_cgroup_release:
      return <i32>cgroupRelease.index
    case KFUNC_bpf_cgroup_from_id:
      return <i32>cgroupFromId.index
    case KFUNC_bpf_cgroup_ancestor:
      return <i32>cgroupAncestorOf.index
    case KFUNC_bpf_task_under_cgroup:
      return <i32>taskUnderCgroup.index
    case KFUNC_bpf_task_get_cgroup1:
      return <i32>taskGetCgroup1.index
    case KFUNC_bpf_send_signal_task:
      return <i32>sendSignalTask.index
  }
  return 0
}

export function walkFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_iter_task_new:
      return <i32>iterTaskNew.index
    case KFUNC_bpf_iter_task_next:
      return <i32>iterTaskNext.index
    case KFUNC_bpf_iter_task_destroy:
      return <i32>iterTaskDestroy.index
    case KFUNC_bpf_iter_css_task_new:
      return <i32>iterCssTaskNew.index
    case KFUNC_bpf_iter_css_task_next:
      return <i32>iterCssTaskNext.index
    case KFUNC_bpf_iter_css_task_destroy:
      return <i32>iterCssTaskDestroy.index
    case KFUNC_bpf_iter_css_new:
      return <i32>iterCssNew.index
    case KFUNC_bpf_iter_css_next:
      return <i32>iterCssNext.index
    case KFUNC_bpf_iter_css_destroy:
      return <i32>iterCssDestroy.index
    case KFUNC_bpf_iter_task_vma_new:
      return <i32>iterTaskVmaNew.index
    case KFUNC_bpf_iter_task_vma_next:
    case KFUNC_bpf_iter_kmem_cache_next:
    case KFUNC_bpf_iter_dmabuf_next:
      return <i32>iterNothingNext.index
    case KFUNC_bpf_iter_task_vma_destroy:
    case KFUNC_bpf_iter_kmem_cache_new:
    case KFUNC_bpf_iter_kmem_cache_destroy:
    case KFUNC_bpf_iter_dmabuf_new:
    case KFUNC_bpf_iter_dmabuf_destroy:
      return <i32>iterNothingNew.index
  }
  return 0
}

export function numberFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_iter_num_new:
      return <i32>iterNumNew.index
    case KFUNC_bpf_iter_num_next:
      return <i32>iterNumNext.index
    case KFUNC_bpf_iter_num_destroy:
      return <i32>iterNumDestroy.index
    case KFUNC_bpf_iter_bits_new:
      return <i32>iterBitsNew.index
    case KFUNC_bpf_iter_bits_next:
      return <i32>iterBitsNext.index
    case KFUNC_bpf_iter_bits_destroy:
      return <i32>iterBitsDestroy.index
  }
  return 0
}
