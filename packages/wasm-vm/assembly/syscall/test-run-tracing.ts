// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of programs whose context is plain memory: raw tracepoints and system call programs.
// Kernel counterpart: bpf_prog_test_run_raw_tp and bpf_prog_test_run_syscall of net/bpf/test_run.c.

import { EFAULT, EINVAL, ENOMEM, ENXIO } from '../gen/errno.gen'
import {
  ATTR_TEST__batch_size,
  ATTR_TEST__cpu,
  ATTR_TEST__ctx_in,
  ATTR_TEST__ctx_out,
  ATTR_TEST__ctx_size_in,
  ATTR_TEST__data_in,
  ATTR_TEST__data_out,
  ATTR_TEST__duration,
  ATTR_TEST__flags,
  ATTR_TEST__repeat,
  ATTR_TEST__retval,
} from '../gen/uapi-layouts.gen'
import { currentRun, TRAP_NONE } from '../interp/run-state'
import { kfree, kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { copyFromUser, copyToUser, putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { PACKET_NONE, runCtx } from '../world/hook'
import { clearTrap, field, field64, TestRun } from './test-run'

const F_ON_CPU: u32 = 1
/** MAX_BPF_FUNC_ARGS words. */
const MAX_ARGS_SIZE: u32 = 96
const MAX_SYSCALL_CTX: u32 = 0xffff

/** Whether something is given that these types have no use for. */
function hasUseless(t: TestRun): bool {
  if (field64(t, ATTR_TEST__data_in) || field64(t, ATTR_TEST__data_out) || field64(t, ATTR_TEST__ctx_out)) return true
  return (field(t, ATTR_TEST__duration) | field(t, ATTR_TEST__repeat) | field(t, ATTR_TEST__batch_size)) != 0
}

/** A copy of the caller's context; at least a word, so that every run has one. */
function copyContext(t: TestRun, size: u32): usize {
  const ctx = kzalloc(<usize>max(size, 8))
  if (!ctx) return -ENOMEM
  if (!size || copyFromUser(ctx, field64(t, ATTR_TEST__ctx_in), <usize>size)) return ctx
  kfree(ctx)
  return -EFAULT
}

/** Runs it and writes the return value. */
function runOnce(prog: Prog, t: TestRun, ctx: usize, size: u32): i32 {
  clearTrap()
  t.retval = <u32>runCtx(prog, ctx, size, PACKET_NONE, 0)
  if (currentRun().trap != TRAP_NONE) return -EFAULT
  return putUser32(t.uattr + ATTR_TEST__retval, t.retval) ? 0 : -EFAULT
}

export function testRunRawTracepoint(prog: Prog, t: TestRun): i32 {
  if (hasUseless(t)) return -EINVAL
  const size = field(t, ATTR_TEST__ctx_size_in)
  if (size < prog.maxCtxOffset || size > MAX_ARGS_SIZE) return -EINVAL
  const onCpu = (field(t, ATTR_TEST__flags) & F_ON_CPU) != 0
  const cpu = field(t, ATTR_TEST__cpu)
  if (!onCpu && cpu) return -EINVAL
  const ctx = copyContext(t, size)
  if (<i32>ctx < 0 && <i32>ctx > -4096) return <i32>ctx
  const k = kernel()
  const here = k.currentCpu
  let err: i32 = -ENXIO
  if (!onCpu || cpu < k.cpus) {
    if (onCpu) k.currentCpu = cpu
    err = runOnce(prog, t, ctx, size)
    k.currentCpu = here
  }
  kfree(ctx)
  return err
}

export function testRunSyscall(prog: Prog, t: TestRun): i32 {
  if (hasUseless(t) || field(t, ATTR_TEST__flags)) return -EINVAL
  const size = field(t, ATTR_TEST__ctx_size_in)
  if (size < prog.maxCtxOffset || size > MAX_SYSCALL_CTX) return -EINVAL
  const ctx = copyContext(t, size)
  if (<i32>ctx < 0 && <i32>ctx > -4096) return <i32>ctx
  let err = runOnce(prog, t, ctx, size)
  if (!err && size && !copyToUser(field64(t, ATTR_TEST__ctx_in), ctx, <usize>size)) err = -EFAULT
  kfree(ctx)
  return err
}
