// SPDX-License-Identifier: GPL-2.0-only
// The user's log buffer: fixed and rolling. Counterpart: bpf_vlog_* of kernel/bpf/log.c.
//
// Rolling mode keeps the last bytes: the buffer is a ring while the log is written, and is turned round at the end so
// that it begins with the oldest byte. Positions count all that was ever logged; startPos is the oldest kept.

import { copyFromUser, copyToUser } from '../../mem/user'
import { EFAULT, EINVAL, ENOSPC } from '../../gen/errno.gen'
import { BPF_LOG_FIXED, BPF_LOG_LEVEL, BPF_LOG_STATS, Log } from '../env'

export const KBUF_SIZE: usize = 1024

export function logInit(log: Log, level: u32, ubuf: u64, size: u32): i32 {
  log.level = level
  log.ubuf = ubuf
  log.lenTotal = size
  if ((ubuf != 0) != (size != 0)) return -EINVAL
  if (ubuf && !level) return -EINVAL
  if (level & ~(BPF_LOG_LEVEL | BPF_LOG_STATS | BPF_LOG_FIXED)) return -EINVAL
  if (size > 0x3fffffff) return -EINVAL
  return 0
}

function noteLength(log: Log, add: u64): void {
  const len = log.endPos + add
  if (len > 0xffffffff) log.lenMax = 0xffffffff
  else if (len > log.lenMax) log.lenMax = <u32>len
}

function put(log: Log, at: u64, from: usize, n: u64): void {
  if (log.ubuf && n && !copyToUser(log.ubuf + at, from, <usize>n)) log.ubuf = 0
}

/** Appends the n bytes at kbuf; a zero follows them there. */
export function logWrite(log: Log, bytes: u32): void {
  const n: u64 = bytes + 1
  noteLength(log, n)
  if (log.level & BPF_LOG_FIXED) {
    const at = log.endPos
    let m: u64 = 0
    if (at < log.lenTotal) {
      m = min<u64>(log.lenTotal - at, n)
      store<u8>(log.kbuf + <usize>m - 1, 0)
    }
    log.endPos = at + n - 1
    put(log, at, log.kbuf, m)
    return
  }
  const total: u64 = log.lenTotal
  const newEnd = log.endPos + n
  if (newEnd - log.startPos >= total) log.startPos = newEnd - total
  log.endPos = newEnd - 1
  if (!log.ubuf) return
  const m = min<u64>(n, total)
  const from = (newEnd - m) % total
  let to = newEnd % total
  if (to == 0) to = total
  const src = log.kbuf + <usize>(n - m)
  if (from < to) {
    put(log, from, src, to - from)
  } else {
    put(log, from, src, total - from)
    put(log, 0, log.kbuf + <usize>(n - to), to)
  }
}

/** Forgets what was logged after a position. */
export function logReset(log: Log, pos: u64): void {
  if (pos > log.endPos || !log.level) return
  log.endPos = pos
  if (log.endPos < log.startPos) log.startPos = log.endPos
  if (!log.ubuf) return
  const at: u64 = log.level & BPF_LOG_FIXED ? log.endPos + 1 : pos % log.lenTotal
  if (at < log.lenTotal) {
    store<u8>(log.kbuf, 0)
    put(log, at, log.kbuf, 1)
  }
}

function swapBytes(p: usize, n: usize): void {
  let i = p
  let j = p + n - 1
  while (i < j) {
    const t = load<u8>(i)
    store<u8>(i++, load<u8>(j))
    store<u8>(j--, t)
  }
}

function reverse(log: Log, start: u64, end: u64): bool {
  const half: u64 = KBUF_SIZE / 2
  const left = log.kbuf
  const right = log.kbuf + <usize>half
  while (end - start > 1 && end > start) {
    const n = min<u64>(half, (end - start) / 2)
    if (!copyFromUser(left, log.ubuf + start, <usize>n)) return false
    if (!copyFromUser(right, log.ubuf + end - n, <usize>n)) return false
    swapBytes(left, <usize>n)
    swapBytes(right, <usize>n)
    if (!copyToUser(log.ubuf + start, right, <usize>n)) return false
    if (!copyToUser(log.ubuf + end - n, left, <usize>n)) return false
    start += n
    end -= n
  }
  return true
}

/** Brings the log into its final order; the size it would have needed is in lenMax. */
export function logFinalize(log: Log): i32 {
  if (!log.level) {
    log.lenMax = 0
    return 0
  }
  if (log.ubuf && log.startPos) {
    const total: u64 = log.lenTotal
    const cut = total - (log.startPos % total)
    if (!reverse(log, 0, total) || !reverse(log, 0, cut) || !reverse(log, cut, total)) log.ubuf = 0
  }
  if ((log.ubuf != 0) != (log.lenTotal != 0)) return -EFAULT
  if (log.ubuf && log.lenMax > log.lenTotal) return -ENOSPC
  return 0
}
