// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_STREAM_READ_BY_FD: text that a program wrote for its owner. Only kfuncs write it, which need the kernel's own
// types: the streams here are there and empty.

import { ENOENT } from '../gen/errno.gen'
import { ATTR_PROG_STREAM_READ__prog_fd, ATTR_PROG_STREAM_READ__stream_id } from '../gen/uapi-layouts.gen'
import { FD_PROG, fdGet, isErr } from './fd'

const STDOUT: u32 = 1
const STDERR: u32 = 2

export function streamRead(attr: usize): i32 {
  const p = fdGet(load<i32>(attr, ATTR_PROG_STREAM_READ__prog_fd), FD_PROG)
  if (isErr(p)) return <i32>p
  const id = load<u32>(attr, ATTR_PROG_STREAM_READ__stream_id)
  return id == STDOUT || id == STDERR ? 0 : -ENOENT
}
