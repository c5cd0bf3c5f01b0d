// SPDX-License-Identifier: GPL-2.0-only
// Sessions: one program at the entry and at the return of what is probed. What it returns at the entry other than 0
// spares it the return; both runs of a call share eight bytes. Kernel counterpart: is_kprobe_session,
// is_uprobe_session and struct bpf_session_run_ctx of kernel/trace/bpf_trace.c.
//
//   behind the probes of the link, at link.data + link.dataLen: calls under way, the innermost last, link.aux2 of them
//   call: | probe u32 | whether its return is spared u32 | cookie u64 |

import { BPF_TRACE_KPROBE_SESSION, BPF_TRACE_UPROBE_SESSION } from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { Link } from '../syscall/link'
import { runCtx } from './hook'

const CALL: usize = 16
/** Calls under way that are known; when one more begins, the outermost is taken for one that never returns. */
const DEPTH: u32 = 64
export const SESSION_CALLS: u32 = DEPTH * <u32>CALL
const PT_REGS: u32 = 168

/** The session that runs now: address of its cookie, whether this is the return. */
const NOW: usize = memory.data(8, 8)

export function isSession(link: Link): bool {
  return link.attachType == BPF_TRACE_KPROBE_SESSION || link.attachType == BPF_TRACE_UPROBE_SESSION
}

@inline export function sessionData(): usize {
  return load<usize>(NOW)
}

@inline export function sessionReturns(): bool {
  return load<u32>(NOW, 4) != 0
}

export function runProbe(prog: Prog, regs: usize, cookie: u64): i32 {
  if (prog.active) {
    prog.recursionMisses++
    return 0
  }
  prog.active++
  const r = <i32>runCtx(prog, regs, PT_REGS, 0, cookie)
  prog.active--
  return r
}

@inline function callAt(link: Link, i: u32): usize {
  return link.data + <usize>link.dataLen + <usize>i * CALL
}

function begin(link: Link, probe: u32): usize {
  if (link.aux2 == DEPTH) {
    memory.copy(callAt(link, 0), callAt(link, 1), <usize>(DEPTH - 1) * CALL)
    link.aux2--
  }
  const call = callAt(link, link.aux2++)
  store<u32>(call, probe)
  store<u32>(call, 1, 4)
  store<u64>(call, 0, 8)
  return call
}

function runIn(link: Link, call: usize, isReturn: bool, regs: usize, cookie: u64): i32 {
  const outer = load<u64>(NOW)
  store<usize>(NOW, call + 8)
  store<u32>(NOW, u32(isReturn), 4)
  const r = runProbe(link.prog, regs, cookie)
  store<u64>(NOW, outer)
  return r
}

/** Runs the program of a session, unless this is a return without an entry, or one that it does not want: whether it ran. */
export function runSession(link: Link, probe: u32, regs: usize, cookie: u64, isReturn: bool): bool {
  if (!isReturn) {
    const call = begin(link, probe)
    const missed = link.prog.active != 0
    const r = runIn(link, call, false, regs, cookie)
    store<u32>(call, u32(r != 0 || missed), 4)
    return true
  }
  let i = link.aux2
  while (i && load<u32>(callAt(link, i - 1)) != probe) i--
  if (!i) return false
  const call = callAt(link, i - 1)
  const spared = load<u32>(call, 4) != 0
  if (!spared) runIn(link, call, true, regs, cookie)
  // calls inside this one that were not seen to return never will
  link.aux2 = i - 1
  return !spared
}
