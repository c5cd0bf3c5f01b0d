// SPDX-License-Identifier: GPL-2.0-only
// Comparisons of packet pointers with the packet's end: they say how many bytes may be read.
// Kernel counterpart: try_match_pkt_pointers, find_good_pkt_pointers, mark_pkt_end of verifier.c (6.18).

import { PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_PACKET_META } from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnDst, insnSrc } from '../../insn/raw'
import { firstReg, more, nextReg } from '../reg-iter'
import { AT_PKT_END, BEYOND_PKT_END, frameOf, regOf, RegState, VState } from '../state'
import { JGE, JGT, JLE, JLT } from './opcodes'

const MAX_PACKET_OFF: u64 = 0xffff

/** All pointers of the same origin may be read up to where this one points. */
function noteRange(st: VState, ptr: RegState, type: i32, open: bool): void {
  const off = ptr.off
  if (off < 0 || (off == 0 && open)) return
  if (ptr.umax > MAX_PACKET_OFF || ptr.umax + <u64>off > MAX_PACKET_OFF) return
  const range = open ? off + 1 : off
  const id = ptr.id
  for (let r = firstReg(st); more(r); r = nextReg()) {
    if (r.type == type && r.id == id) r.range = max<i32>(r.range, range)
  }
}

/** A pointer that is known to lie at or behind the end. */
function markEnd(st: VState, regno: i32, open: bool): void {
  const r = regOf(frameOf(st, st.curframe), regno)
  if (r.type != PTR_TO_PACKET) return
  r.range = open ? BEYOND_PKT_END : AT_PKT_END
}

@inline function isInitial(r: RegState): bool {
  return r.type == PTR_TO_PACKET && r.id == 0 && r.off == 0 && r.varMask == 0 && r.varValue == 0
}
/** data' against the end, or metadata against the unmoved start of the packet. */
@inline function isPair(ptr: RegState, end: RegState): bool {
  return (
    (ptr.type == PTR_TO_PACKET && end.type == PTR_TO_PACKET_END) || (ptr.type == PTR_TO_PACKET_META && isInitial(end))
  )
}

/** Whether the jump compares a packet pointer with its end; then both ways learn from it. */
export function matchPacketPointers(p: usize, dst: RegState, src: RegState, here: VState, other: VState): bool {
  if ((insnCode(p) & 8) == 0 || insnClass(p) == 6) return false
  const op = insnCode(p) & 0xf0
  if (op != JGT && op != JGE && op != JLT && op != JLE) return false
  const forward = isPair(dst, src)
  if (!forward && !isPair(src, dst)) return false
  const ptr = forward ? dst : src
  const regno = forward ? insnDst(p) : insnSrc(p)
  // Seen as ptr op end: on which way the pointer lies before the end, and whether it may be equal to it there.
  const greater = op == JGT || op == JGE
  const beforeHere = greater == forward
  const equalCounts = op == JGT || op == JLE ? forward : !forward
  const before = beforeHere ? here : other
  const behind = beforeHere ? other : here
  noteRange(before, ptr, ptr.type, !equalCounts)
  markEnd(behind, regno, equalCounts)
  return true
}
