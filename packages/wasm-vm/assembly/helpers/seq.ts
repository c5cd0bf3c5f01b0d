// SPDX-License-Identifier: GPL-2.0-only
// Text that iterators make. Kernel counterpart: fs/seq_file.c and kernel/trace/bpf_trace.c.

import { EINVAL, EOVERFLOW } from '../gen/errno.gen'
import { bprintf, bprintfPrepare, MAX_VARARGS } from './bprintf'
import { asResult, errno } from './given'

/** struct seq_file of Linux as far as it matters: what does not fit sets count to size. */
@unmanaged export class SeqFile {
  buf: usize
  bufHigh: u32
  size: u32
  sizeHigh: u32
  from: u64
  count: u32
  countHigh: u32
  padUntil: u64
  index: u64
  readPos: u64
}

@inline export function seqOverflowed(m: SeqFile): bool {
  return m.count == m.size
}

export function seqPut(m: SeqFile, data: usize, len: u32): bool {
  if (m.count + len >= m.size) {
    m.count = m.size
    return false
  }
  memory.copy(m.buf + m.count, data, len)
  m.count += len
  return true
}

export function seqWrite(m: u64, data: u64, len: u64, r4: u64, r5: u64): u64 {
  return seqPut(changetype<SeqFile>(<usize>m), <usize>data, <u32>len) ? 0 : errno(EOVERFLOW)
}

export function seqPrintf(m: u64, fmt: u64, size: u64, args: u64, len: u64): u64 {
  const s = changetype<SeqFile>(<usize>m)
  const n = <u32>len
  if (n & 7 || <u64>n > MAX_VARARGS * 8 || (n && !args)) return errno(EINVAL)
  const err = bprintfPrepare(<usize>fmt, <u32>size, <usize>args, n >> 3)
  if (err < 0) return asResult(err)
  if (s.count < s.size) {
    const room = s.size - s.count
    const wrote = <u32>bprintf(s.buf + s.count, room, <usize>fmt)
    s.count = wrote < room ? s.count + wrote : s.size
  }
  return seqOverflowed(s) ? errno(EOVERFLOW) : 0
}
