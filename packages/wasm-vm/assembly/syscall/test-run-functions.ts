// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of programs that are attached to functions: the kernel calls functions that exist for this, and what
// is attached to them runs. Kernel counterpart: bpf_prog_test_run_tracing of net/bpf/test_run.c.

import { EFAULT, EINVAL } from '../gen/errno.gen'
import { ATTR_TEST__batch_size, ATTR_TEST__cpu, ATTR_TEST__flags, ATTR_TEST__retval } from '../gen/uapi-layouts.gen'
import { BPF_MODIFY_RETURN, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT } from '../gen/uapi-enums.gen'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { fireNamed, tracepointWanted } from '../world/fire'
import { Call, callArg, callEnter, callLeave, callNamed } from '../world/trampoline'
import { field, TestRun } from './test-run'

/** The structure that bpf_fentry_test8 gets, and the number that bpf_fentry_test9 gets. */
const STRUCT: usize = memory.data(16, 8)
/** What *b is to the functions whose result may be changed. */
const B: usize = memory.data(8, 8)
const STATUS: usize = memory.data(8, 8)

/** Calls a function with these arguments, of which `count` are meant; it returns the sum of them but where it says not. */
function call(name: string, result: i64, count: u32, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64): bool {
  const t = callNamed(name)
  if (!changetype<usize>(t)) return true
  put(t, count, a, b, c, d, e, f)
  callEnter(t)
  return callLeave(t, result) == result
}

function put(t: Call, count: u32, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64): void {
  callArg(t, a)
  if (count > 1) callArg(t, b)
  if (count > 2) callArg(t, c)
  if (count > 3) callArg(t, d)
  if (count > 4) callArg(t, e)
  if (count > 5) callArg(t, f)
}

/** bpf_fentry_test1 to 10: whether all returned what they should. */
function entryTests(): bool {
  store<u64>(STRUCT, 0)
  store<u64>(STRUCT, 0, 8)
  return (
    call('bpf_fentry_test1', 2, 1, 1, 0, 0, 0, 0, 0) &&
    call('bpf_fentry_test2', 5, 2, 2, 3, 0, 0, 0, 0) &&
    call('bpf_fentry_test3', 15, 3, 4, 5, 6, 0, 0, 0) &&
    call('bpf_fentry_test4', 34, 4, 7, 8, 9, 10, 0, 0) &&
    call('bpf_fentry_test5', 65, 5, 11, 12, 13, 14, 15, 0) &&
    call('bpf_fentry_test6', 111, 6, 16, 17, 18, 19, 20, 21) &&
    call('bpf_fentry_test7', 0, 1, 0, 0, 0, 0, 0, 0) &&
    call('bpf_fentry_test8', 0, 1, <u64>STRUCT, 0, 0, 0, 0, 0) &&
    call('bpf_fentry_test9', 0, 1, <u64>(STRUCT + 8), 0, 0, 0, 0, 0) &&
    call('bpf_fentry_test10', 0, 1, 0, 0, 0, 0, 0, 0)
  )
}

/** bpf_modify_return_test(a, *b): adds 1 to *b, returns a + *b + what else there is. */
function modifyTest(name: string, count: u32, rest: i64): i32 {
  store<u64>(B, 2)
  const t = callNamed(name)
  if (!changetype<usize>(t)) {
    store<u64>(B, 3)
    return <i32>(4 + rest)
  }
  callArg(t, 1)
  callArg(t, <u64>B)
  for (let i: u32 = 2; i < count; i++) callArg(t, <u64>(i + 1))
  let ret: i64 = 0
  if (!callEnter(t)) {
    store<u64>(B, 3)
    ret = 4 + rest
  }
  return <i32>callLeave(t, ret)
}

export function testRunFunctions(prog: Prog, t: TestRun): i32 {
  if (field(t, ATTR_TEST__flags) | field(t, ATTR_TEST__cpu) | field(t, ATTR_TEST__batch_size)) return -EINVAL
  const err = run(prog, t)
  if (tracepointWanted('bpf_test_finish')) {
    store<i32>(STATUS, err)
    fireNamed('bpf_test_finish', <u64>STATUS, 0, 0, 0)
  }
  return err
}

function run(prog: Prog, t: TestRun): i32 {
  let effects: u32 = 0
  let ret: u32 = 0
  switch (prog.expectedAttachType) {
    case BPF_TRACE_FENTRY:
    case BPF_TRACE_FEXIT:
      if (!entryTests()) return -EFAULT
      break
    case BPF_MODIFY_RETURN:
      // both in 16 bits
      ret = (<u32>modifyTest('bpf_modify_return_test', 2, 0)) & 0xffff
      if (load<u32>(B) != 2) effects++
      ret = (ret + <u32>modifyTest('bpf_modify_return_test2', 7, 3 + 4 + 5 + 6 + 7)) & 0xffff
      if (load<u32>(B) != 2) effects++
      break
    default:
      return -EFAULT
  }
  t.retval = (effects << 16) | ret
  return putUser32(t.uattr + ATTR_TEST__retval, t.retval) ? 0 : -EFAULT
}
