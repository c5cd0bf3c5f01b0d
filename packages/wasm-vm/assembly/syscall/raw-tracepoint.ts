// SPDX-License-Identifier: GPL-2.0-only
// BPF_RAW_TRACEPOINT_OPEN. Kernel counterpart: bpf_raw_tracepoint_open of kernel/bpf/syscall.c.

import { EINVAL } from '../gen/errno.gen'
import {
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_RAW_TP,
} from '../gen/uapi-enums.gen'
import {
  ATTR_RAW_TRACEPOINT__cookie,
  ATTR_RAW_TRACEPOINT__name,
  ATTR_RAW_TRACEPOINT__prog_fd,
} from '../gen/uapi-layouts.gen'
import { stringFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { rawLinkCreate, tracingLinkCreate } from '../world/raw-tracepoint'
import { FD_PROG, fdGet, isErr } from './fd'

const NAME_MAX: u32 = 128
const NAME: usize = memory.data(132, 8)

export function rawTracepointOpen(attr: usize): i32 {
  const p = fdGet(load<i32>(attr, ATTR_RAW_TRACEPOINT__prog_fd), FD_PROG)
  if (isErr(p)) return <i32>p
  const prog = changetype<Prog>(p)
  const name = load<u64>(attr, ATTR_RAW_TRACEPOINT__name)
  const cookie = load<u64>(attr, ATTR_RAW_TRACEPOINT__cookie)
  switch (prog.type) {
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_EXT:
    case BPF_PROG_TYPE_LSM:
      if (name) return -EINVAL
      if (prog.type == BPF_PROG_TYPE_TRACING && prog.expectedAttachType == BPF_TRACE_RAW_TP)
        return rawLinkCreate(prog, 0, cookie)
      return tracingLinkCreate(0, prog)
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE: {
      const n = stringFromUser(NAME, name, NAME_MAX - 1)
      if (n < 0) return n
      store<u8>(NAME + <usize>n, 0)
      return rawLinkCreate(prog, NAME, cookie)
    }
    default:
      return -EINVAL
  }
}
