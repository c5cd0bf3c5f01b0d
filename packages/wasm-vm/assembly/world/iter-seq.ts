// SPDX-License-Identifier: GPL-2.0-only
// Reading from an iterator: the program is called for one object after the other until the reader has enough, and what it
// wrote is handed out. Kernel counterpart: bpf_seq_read of kernel/bpf/bpf_iter.c.

import { E2BIG, EAGAIN, ENOMEM, EOPNOTSUPP } from '../gen/errno.gen'
import { SeqFile, seqOverflowed } from '../helpers/seq'
import { kmalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { Link } from '../syscall/link'
import { runCtx } from './hook'
import { ITER_CGROUP } from './iter-link'
import { iterAdvance, iterEnd, iterResume, iterShow } from './iter-targets'
import { Netns } from './netns'

/** Eight pages. */
const BUFFER_SIZE: u32 = 32768

/** A file that an iterator's text is read from. */
@unmanaged export class Iterator {
  refs: u32
  link: Link
  prog: Prog
  kind: u32
  session: u64
  /** Objects that were shown. */
  number: u64
  /** Text that is not read yet: bytes from..from + count of buf. */
  buf: usize
  count: u32
  from: u32
  /** Whether the program was told that there are no more. */
  told: bool
  started: bool
  // where the pass is: see iter-targets.ts
  cursor: u64
  cursor2: u64
  netns: Netns
  /** Memory for keys and values, and whether a key is in it. */
  scratch: usize
  hasKey: bool
  /** The program has seen enough (cgroups). */
  terminated: bool
  /** Words behind meta of the context. */
  a: u64
  b: u64
  c: u64
}

/** struct bpf_iter_meta, the context that begins with its address. */
const META: usize = memory.data(24, 8)
const CTX: usize = memory.data(32, 8)
const SESSIONS: usize = memory.data(8, 8)

export function iterNewSession(): u64 {
  const s = load<u64>(SESSIONS) + 1
  store<u64>(SESSIONS, s)
  return s
}

/** Calls the program with the words of the pass: 0, or -EAGAIN if it wants the object again. */
function call(it: Iterator, seq: SeqFile): i32 {
  store<u64>(META, <u64>changetype<usize>(seq))
  store<u64>(META, it.session, 8)
  store<u64>(META, it.number, 16)
  store<u64>(CTX, <u64>META)
  store<u64>(CTX, it.a, 8)
  store<u64>(CTX, it.b, 16)
  store<u64>(CTX, it.c, 24)
  const ret = <u32>runCtx(it.prog, CTX, 32, 0, 0)
  if (!ret) return 0
  if (it.kind != ITER_CGROUP) return -EAGAIN
  it.terminated = true
  return 0
}

/** read(2): bytes at `to`, 0 at the end, or an errno. */
export function iterRead(it: Iterator, to: usize, len: u32): i32 {
  if (!it.buf) it.buf = kmalloc(BUFFER_SIZE)
  if (!it.buf) return -ENOMEM
  if (!it.count) {
    it.from = 0
    const err = fill(it, len)
    if (err) return err
  }
  const n = min(len, it.count)
  memory.copy(to, it.buf + <usize>it.from, n)
  it.count -= n
  it.from += n
  return <i32>n
}

const SEQ: usize = memory.data(offsetof<SeqFile>(), 8)

/** Fills the buffer until a reader of `want` bytes has enough; 0 or an errno. */
function fill(it: Iterator, want: u32): i32 {
  const seq = changetype<SeqFile>(SEQ)
  memory.fill(SEQ, 0, offsetof<SeqFile>())
  seq.buf = it.buf
  seq.size = BUFFER_SIZE
  // cgroups are shown in one go, or not at all
  if (it.kind == ITER_CGROUP && it.started) return it.told ? 0 : -EOPNOTSUPP
  it.started = it.started || it.kind == ITER_CGROUP
  const found = iterResume(it)
  if (found < 0) return found
  let more = found != 0
  let err = 0
  while (more) {
    const before = seq.count
    iterShow(it)
    err = call(it, seq)
    if (err < 0 || seqOverflowed(seq)) {
      // what it wrote does not count: the object comes again with the next read
      seq.count = before
      if (!before) return err ? err : -E2BIG
      break
    }
    iterAdvance(it)
    more = iterResume(it) > 0
    if (more) it.number++
    if (more && seq.count >= want) break
  }
  if (!more) err = tellEnd(it, seq)
  it.count = seq.count
  return seq.count ? 0 : err
}

/** The program is called once without an object; if that does not fit, it is again. */
function tellEnd(it: Iterator, seq: SeqFile): i32 {
  if (it.told) return 0
  const before = seq.count
  iterEnd(it)
  call(it, seq)
  it.told = !seqOverflowed(seq)
  if (it.told) return 0
  seq.count = before
  return before ? 0 : -E2BIG
}
