// SPDX-License-Identifier: GPL-2.0-only
// The legacy packet loads, BPF_LD | BPF_ABS and BPF_IND: big-endian values of the packet that the context (an __sk_buff
// in r6) stands for. Counterpart in Linux: bpf_skb_load_helper_* and bpf_internal_load_pointer_neg_helper.

import { OP_LD_ABS_B, OP_LD_IND_B } from '../insn/ops'
import { recImm, recOp, recSrc } from '../insn/record'
import { REGS, Run } from './run-state'

// Offsets of data and data_end in struct __sk_buff
const SKB_DATA: usize = 76
const SKB_DATA_END: usize = 80
// Bases of the ancillary address ranges (uapi linux/filter.h)
const SKF_NET_OFF: i32 = -0x100000
const SKF_LL_OFF: i32 = -0x200000

const R6: usize = 48

/** The value at `offset` of the packet of `skb`, `size` 1, 2 or 4; -1 if it lies outside. */
export function loadPacket(run: Run, skb: usize, offset: i32, size: u32): i64 {
  const end = <i64>load<u32>(skb, SKB_DATA_END)
  const data = <i64>load<u32>(skb, SKB_DATA)
  let at: i64
  let low = data
  if (offset >= 0) {
    at = data + <i64>offset
  } else {
    low = run.packetHead ? <i64>run.packetHead : data
    if (offset >= SKF_NET_OFF) at = (run.netHeader ? <i64>run.netHeader : data) + <i64>(offset - SKF_NET_OFF)
    else if (offset >= SKF_LL_OFF) at = (run.macHeader ? <i64>run.macHeader : data) + <i64>(offset - SKF_LL_OFF)
    else return -1
  }
  if (at < low || at + <i64>size > end) {
    return run.packetLoader ? call_indirect<i64>(run.packetLoader, skb, offset, size) : -1
  }
  const p = <usize>at
  if (size == 1) return <i64>load<u8>(p)
  if (size == 2) return <i64>bswap<u16>(load<u16>(p))
  return <i64>bswap<u32>(load<u32>(p))
}

/** What the load at `pc` reads, -1 if it lies outside the packet. */
export function loadPacketAt(run: Run, pc: usize): i64 {
  const op = recOp(pc)
  let offset = <i32>recImm(pc)
  if (op >= OP_LD_IND_B) offset += load<i32>(REGS + recSrc(pc))
  const size: u32 = 1 << (op >= OP_LD_IND_B ? op - OP_LD_IND_B : op - OP_LD_ABS_B)
  return loadPacket(run, load<usize>(REGS, R6), offset, size)
}
