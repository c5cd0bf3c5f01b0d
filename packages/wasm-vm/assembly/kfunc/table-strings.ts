// SPDX-License-Identifier: GPL-2.0-only
// Table indices of kernel functions on strings and CPU masks.

import {
  KFUNC_bpf_cpumask_acquire,
  KFUNC_bpf_cpumask_and,
  KFUNC_bpf_cpumask_any_and_distribute,
  KFUNC_bpf_cpumask_any_distribute,
  KFUNC_bpf_cpumask_clear,
  KFUNC_bpf_cpumask_clear_cpu,
  KFUNC_bpf_cpumask_copy,
  KFUNC_bpf_cpumask_create,
  KFUNC_bpf_cpumask_empty,
  KFUNC_bpf_cpumask_equal,
  KFUNC_bpf_cpumask_first,
  KFUNC_bpf_cpumask_first_and,
  KFUNC_bpf_cpumask_first_zero,
  KFUNC_bpf_cpumask_full,
  KFUNC_bpf_cpumask_intersects,
  KFUNC_bpf_cpumask_or,
  KFUNC_bpf_cpumask_populate,
  KFUNC_bpf_cpumask_release,
  KFUNC_bpf_cpumask_set_cpu,
  KFUNC_bpf_cpumask_setall,
  KFUNC_bpf_cpumask_subset,
  KFUNC_bpf_cpumask_test_and_clear_cpu,
  KFUNC_bpf_cpumask_test_and_set_cpu,
  KFUNC_bpf_cpumask_test_cpu,
  KFUNC_bpf_cpumask_weight,
  KFUNC_bpf_cpumask_xor,
  KFUNC_bpf_strcasecmp,
  KFUNC_bpf_strchr,
  KFUNC_bpf_strchrnul,
  KFUNC_bpf_strcmp,
  KFUNC_bpf_strcspn,
  KFUNC_bpf_strlen,
  KFUNC_bpf_strnchr,
  KFUNC_bpf_strnlen,
  KFUNC_bpf_strnstr,
  KFUNC_bpf_strrchr,
  KFUNC_bpf_strspn,
  KFUNC_bpf_strstr,
} from '../gen/kfuncs.gen'
import {
  cpumaskAcquire,
  cpumaskAnd,
  cpumaskAnyAndDistribute,
  cpumaskAnyDistribute,
  cpumaskClear,
  cpumaskClearCpu,
  cpumaskCopy,
  cpumaskCreate,
  cpumaskEmpty,
  cpumaskEqual,
  cpumaskFirst,
  cpumaskFirstAnd,
  cpumaskFirstZero,
  cpumaskFull,
  cpumaskIntersects,
  cpumaskOr,
  cpumaskPopulate,
  cpumaskRelease,
  cpumaskSetCpu,
  cpumaskSetall,
  cpumaskSubset,
  cpumaskTestAndClearCpu,
  cpumaskTestAndSetCpu,
  cpumaskTestCpu,
  cpumaskWeight,
  cpumaskXor,
} from './cpumask'
import {
  bpfStrcasecmp,
  bpfStrchr,
  bpfStrchrnul,
  bpfStrcmp,
  bpfStrcspn,
  bpfStrlen,
  bpfStrnchr,
  bpfStrnlen,
  bpfStrnstr,
  bpfStrrchr,
  bpfStrspn,
  bpfStrstr,
} from './string'

export function stringFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_strcmp:
      return <i32>bpfStrcmp.index
    case KFUNC_bpf_strcasecmp:
      return <i32>bpfStrcasecmp.index
    case KFUNC_bpf_strchr:
      return <i32>bpfStrchr.index
    case KFUNC_bpf_strchrnul:
      return <i32>bpfStrchrnul.index
    case KFUNC_bpf_strnchr:
      return <i32>bpfStrnchr.index
    case KFUNC_bpf_strrchr:
      return <i32>bpfStrrchr.index
    case KFUNC_bpf_strlen:
      return <i32>bpfStrlen.index
    case KFUNC_bpf_strnlen:
      return <i32>bpfStrnlen.index
    case KFUNC_bpf_strspn:
      return <i32>bpfStrspn.index
    case KFUNC_bpf_strcspn:
      return <i32>bpfStrcspn.index
    case KFUNC_bpf_strstr:
      return <i32>bpfStrstr.index
    case KFUNC_bpf_strnstr:
      return <i32>bpfStrnstr.index
  }
  return 0
}

export function cpumaskFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_cpumask_create:
      return <i32>cpumaskCreate.index
    case KFUNC_bpf_cpumask_acquire:
      return <i32>cpumaskAcquire.index
    case KFUNC_bpf_cpumask_release:
      return <i32>cpumaskRelease.index
    case KFUNC_bpf_cpumask_first:
      return <i32>cpumaskFirst.index
    case KFUNC_bpf_cpumask_first_zero:
      return <i32>cpumaskFirstZero.index
    case KFUNC_bpf_cpumask_first_and:
      return <i32>cpumaskFirstAnd.index
    case KFUNC_bpf_cpumask_set_cpu:
      return <i32>cpumaskSetCpu.index
    case KFUNC_bpf_cpumask_clear_cpu:
      return <i32>cpumaskClearCpu.index
    case KFUNC_bpf_cpumask_test_cpu:
      return <i32>cpumaskTestCpu.index
    case KFUNC_bpf_cpumask_test_and_set_cpu:
      return <i32>cpumaskTestAndSetCpu.index
    case KFUNC_bpf_cpumask_test_and_clear_cpu:
      return <i32>cpumaskTestAndClearCpu.index
    case KFUNC_bpf_cpumask_setall:
      return <i32>cpumaskSetall.index
    case KFUNC_bpf_cpumask_clear:
      return <i32>cpumaskClear.index
    case KFUNC_bpf_cpumask_and:
      return <i32>cpumaskAnd.index
    case KFUNC_bpf_cpumask_or:
      return <i32>cpumaskOr.index
    case KFUNC_bpf_cpumask_xor:
      return <i32>cpumaskXor.index
    case KFUNC_bpf_cpumask_equal:
      return <i32>cpumaskEqual.index
    case KFUNC_bpf_cpumask_intersects:
      return <i32>cpumaskIntersects.index
    case KFUNC_bpf_cpumask_subset:
      return <i32>cpumaskSubset.index
    case KFUNC_bpf_cpumask_empty:
      return <i32>cpumaskEmpty.index
    case KFUNC_bpf_cpumask_full:
      return <i32>cpumaskFull.index
    case KFUNC_bpf_cpumask_copy:
      return <i32>cpumaskCopy.index
    case KFUNC_bpf_cpumask_any_distribute:
      return <i32>cpumaskAnyDistribute.index
    case KFUNC_bpf_cpumask_any_and_distribute:
      return <i32>cpumaskAnyAndDistribute.index
    case KFUNC_bpf_cpumask_weight:
      return <i32>cpumaskWeight.index
    case KFUNC_bpf_cpumask_populate:
      return <i32>cpumaskPopulate.index
  }
  return 0
}
