// SPDX-License-Identifier: GPL-2.0-only
// Where a tracing program is attached and what the traced function was given. Kernel counterpart:
// kernel/trace/bpf_trace.c. The context of a function's tracing program is its arguments; before them lie the number of
// arguments and the function's address, behind them its result.

import { EINVAL, ENAMETOOLONG, ENOENT, EOPNOTSUPP } from '../gen/errno.gen'
import { BPF_PROG_TYPE_KPROBE } from '../gen/uapi-enums.gen'
import { cstrlen } from '../mem/bytes'
import { hookCookie } from '../world/hook'
import { textOfPath } from '../world/path-node'
import { errno, progType } from './given'

/** Offset of the instruction pointer in struct pt_regs of x86-64. */
const PT_REGS_IP: usize = 128

export function getFuncIp(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return progType() == BPF_PROG_TYPE_KPROBE ? load<u64>(<usize>ctx, PT_REGS_IP) : load<u64>(<usize>ctx - 16)
}

export function getAttachCookie(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return hookCookie()
}

@inline function argCount(ctx: u64): u64 {
  return load<u64>(<usize>ctx - 8)
}

export function getFuncArg(ctx: u64, n: u64, out: u64, r4: u64, r5: u64): u64 {
  const i = <u64>(<u32>n)
  if (i >= argCount(ctx)) return errno(EINVAL)
  store<u64>(<usize>out, load<u64>(<usize>(ctx + i * 8)))
  return 0
}

export function getFuncRet(ctx: u64, out: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>out, load<u64>(<usize>(ctx + argCount(ctx) * 8)))
  return 0
}

export function getFuncArgCnt(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return argCount(ctx)
}

/** No branch records: the simulated processor keeps none. */
export function getBranchSnapshot(buf: u64, size: u64, flags: u64, r4: u64, r5: u64): u64 {
  return flags ? errno(EINVAL) : errno(ENOENT)
}
export function readBranchRecords(ctx: u64, buf: u64, size: u64, flags: u64, r5: u64): u64 {
  return flags & ~(<u64>1) ? errno(EINVAL) : errno(ENOENT)
}

/** bpf_override_return: error injection is not there. */
export function overrideReturn(regs: u64, rc: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(EOPNOTSUPP)
}

/** bpf_d_path: the length with the zero behind it. */
export function dPath(path: u64, buf: u64, size: u64, r4: u64, r5: u64): u64 {
  if (!size) return 0
  const text = textOfPath(path)
  if (!text) return errno(ENOENT)
  const n = cstrlen(text) + 1
  if (n > <usize>size) return errno(ENAMETOOLONG)
  memory.copy(<usize>buf, text, n)
  return <u64>n
}

const BPRM_SECUREEXEC: u64 = 1

/** bpf_bprm_opts_set: the flag is noted in the context's first word by whoever fires the hook. */
export function bprmOptsSet(bprm: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  return flags & ~BPRM_SECUREEXEC ? errno(EINVAL) : 0
}

/** Integrity measurement is not there. */
export function imaHash(obj: u64, dst: u64, size: u64, r4: u64, r5: u64): u64 {
  return errno(EOPNOTSUPP)
}
