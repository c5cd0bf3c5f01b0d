// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of socket lookups. Kernel counterpart: bpf_prog_test_run_sk_lookup of net/bpf/test_run.c.

import { EAFNOSUPPORT, EINVAL, ENOMEM, ERANGE } from '../gen/errno.gen'
import { AF_INET, AF_INET6 } from '../gen/system.gen'
import {
  ATTR_TEST__data_in,
  ATTR_TEST__data_out,
  ATTR_TEST__data_size_in,
  ATTR_TEST__data_size_out,
  bpf_sk_lookup__SIZE,
  bpf_sk_lookup__family,
  bpf_sk_lookup__local_port,
} from '../gen/uapi-layouts.gen'
import { kfree, kmalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { PACKET_NONE, runCtx } from '../world/hook'
import { Sock, sockCookie } from '../world/sock'
import { isErr } from './fd'
import {
  clearTrap,
  contextIn,
  contextOut,
  field,
  field64,
  finish,
  hasExtras,
  repeats,
  startClock,
  stopClock,
  TestRun,
} from './test-run'

const SK_PASS: u32 = 1
/** What the kernel keeps of a lookup behind what programs see (struct bpf_sk_lookup): helpers/world-*.ts. */
const PRIVATE_SIZE: u32 = 64

function checkContext(ctx: usize): i32 {
  if (load<u64>(ctx)) return -EINVAL
  for (let i = bpf_sk_lookup__local_port + 4; i < bpf_sk_lookup__SIZE; i++) {
    if (load<u8>(ctx + <usize>i)) return -EINVAL
  }
  if (load<u32>(ctx + bpf_sk_lookup__local_port) > 0xffff) return -ERANGE
  const family = <i32>load<u16>(ctx + bpf_sk_lookup__family)
  return family == AF_INET || family == AF_INET6 ? 0 : -EAFNOSUPPORT
}

export function testRunLookup(prog: Prog, t: TestRun): i32 {
  if (hasExtras(t)) return -EINVAL
  if (field64(t, ATTR_TEST__data_in) || field64(t, ATTR_TEST__data_out)) return -EINVAL
  if (field(t, ATTR_TEST__data_size_in) || field(t, ATTR_TEST__data_size_out)) return -EINVAL
  const ctx = contextIn(t, bpf_sk_lookup__SIZE)
  if (isErr(ctx)) return <i32>ctx
  if (!ctx) return -EINVAL
  const bad = checkContext(ctx)
  const err = bad ? bad : lookUp(prog, t, ctx)
  kfree(ctx)
  return err
}

function lookUp(prog: Prog, t: TestRun, ctx: usize): i32 {
  const run = kmalloc(bpf_sk_lookup__SIZE + PRIVATE_SIZE)
  if (!run) return -ENOMEM
  let selected: u64 = 0
  const n = repeats(t)
  clearTrap()
  const from = startClock()
  for (let i: u32 = 0; i < n; i++) {
    memory.copy(run, ctx, bpf_sk_lookup__SIZE)
    memory.fill(run + bpf_sk_lookup__SIZE, 0, PRIVATE_SIZE)
    const verdict = <u32>runCtx(prog, run, bpf_sk_lookup__SIZE, PACKET_NONE, 0)
    selected = verdict == SK_PASS ? load<u64>(run) : 0
    t.retval = verdict == SK_PASS ? SK_PASS : 0
  }
  let err = stopClock(t, from, n)
  if (!err) {
    store<u64>(ctx, selected ? sockCookie(changetype<Sock>(<usize>selected)) : 0)
    err = finish(t, 0, 0, 0, 0)
  }
  if (!err) err = contextOut(t, ctx, bpf_sk_lookup__SIZE)
  kfree(run)
  return err
}
