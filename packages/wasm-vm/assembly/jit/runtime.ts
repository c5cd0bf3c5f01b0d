// SPDX-License-Identifier: GPL-2.0-only
// What compiled code calls besides helpers. All have the helpers' signature.

import { OP_PROBE_B, OP_PROBE_DW, OP_PROBE_H, OP_PROBE_SB, OP_PROBE_SH, OP_PROBE_W } from '../insn/ops'
import { callCompiled, isaCall, tailCallTarget } from '../interp/calls'
import { loadPacket } from '../interp/packet'
import { probeOk } from '../interp/regions'
import { currentRun } from '../interp/run-state'

export function jitProbe(at: u64, op: u64, r3: u64, r4: u64, r5: u64): u64 {
  const p = <usize>at
  const kind = <i32>op
  if (!probeOk(at, 1 << (kind & 3))) return 0
  if (kind == OP_PROBE_B) return <u64>load<u8>(p)
  if (kind == OP_PROBE_H) return <u64>load<u16>(p)
  if (kind == OP_PROBE_W) return <u64>load<u32>(p)
  if (kind == OP_PROBE_DW) return load<u64>(p)
  if (kind == OP_PROBE_SB) return <u64>(<i64>load<i8>(p))
  if (kind == OP_PROBE_SH) return <u64>(<i64>load<i16>(p))
  return <u64>(<i64>load<i32>(p))
}

/**
 * A tail call. The kernel makes it, so that modules need not import the kernel's table: engines keep every instance that
 * shares a table for as long as the table lives.
 */
export function jitTailCall(ctx: u64, map: u64, index: u64, fp: u64, r5: u64): u64 {
  const run = currentRun()
  const fn = tailCallTarget(run, <usize>map, <u32>index, <usize>fp)
  const r0 = fn ? callCompiled(fn, ctx, 0, 0, 0, 0, <usize>fp) : 0
  run.tailCalled = u32(fn != 0)
  return r0
}

export function jitPacketLoad(skb: u64, offset: u64, size: u64, r4: u64, r5: u64): u64 {
  return <u64>loadPacket(currentRun(), <usize>skb, <i32>offset, <u32>size)
}

export function jitIsaCall(id: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isaCall(currentRun(), id)
}
