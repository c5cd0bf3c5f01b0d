// SPDX-License-Identifier: GPL-2.0-only
// Programs of SOCK_OPS: when TCP calls them and what they see. Kernel counterpart: tcp_call_bpf and struct bpf_sock_ops.

import { AF_INET } from '../gen/system.gen'
import { cgroupEffective } from './cgroup'
import { cgRunSockOps } from './cgroup-run'
import { BPF_CGROUP_SOCK_OPS } from '../gen/uapi-enums.gen'
import { Skb } from './skb'
import { Sock, sockDst6, sockSrc6 } from './sock'

export const OPS_TIMEOUT_INIT: u32 = 1
export const OPS_RWND_INIT: u32 = 2
export const OPS_TCP_CONNECT_CB: u32 = 3
export const OPS_ACTIVE_ESTABLISHED_CB: u32 = 4
export const OPS_PASSIVE_ESTABLISHED_CB: u32 = 5
export const OPS_NEEDS_ECN: u32 = 6
export const OPS_BASE_RTT: u32 = 7
export const OPS_RTO_CB: u32 = 8
export const OPS_RETRANS_CB: u32 = 9
export const OPS_STATE_CB: u32 = 10
export const OPS_TCP_LISTEN_CB: u32 = 11
export const OPS_RTT_CB: u32 = 12
export const OPS_PARSE_HDR_OPT_CB: u32 = 13
export const OPS_HDR_OPT_LEN_CB: u32 = 14
export const OPS_WRITE_HDR_OPT_CB: u32 = 15

export const FLAG_RTO: u32 = 1
export const FLAG_RETRANS: u32 = 2
export const FLAG_STATE: u32 = 4
export const FLAG_RTT: u32 = 8
export const FLAG_PARSE_ALL_HDR_OPT: u32 = 16
export const FLAG_PARSE_UNKNOWN_HDR_OPT: u32 = 32
export const FLAG_WRITE_HDR_OPT: u32 = 64

// Fields of struct bpf_sock_ops
const ARGS: usize = 4
const FAMILY: usize = 20
const REMOTE_IP4: usize = 24
const LOCAL_IP4: usize = 28
const REMOTE_IP6: usize = 32
const LOCAL_IP6: usize = 48
const REMOTE_PORT: usize = 64
const LOCAL_PORT: usize = 68
const IS_FULLSOCK: usize = 72
const SND_CWND: usize = 76
const CB_FLAGS: usize = 84
const STATE: usize = 88
const TCP_PART: usize = 92
const SK: usize = 184
const SKB_DATA: usize = 192
const SKB_DATA_END: usize = 200
const SKB_LEN: usize = 208
const SKB_FLAGS: usize = 212
const SIZE: usize = 224

/** Behind what programs see: the socket, options that are written (address, used, room), whether the socket is whole. */
@unmanaged export class OpsTail {
  sk: Sock
  options: usize
  used: u32
  room: u32
  full: bool
  skb: Skb
}
const CTX: usize = memory.data(224 + 32 + 64, 8)
const BUSY: usize = memory.data(4, 4)

@inline export function opsTail(ctx: usize): OpsTail {
  return changetype<OpsTail>(ctx + SIZE)
}

@inline export function opsContext(): usize {
  return CTX
}

/** Whether anybody listens to this socket. */
@inline export function opsWanted(sk: Sock): bool {
  return changetype<usize>(cgroupEffective(sk.cgroup, BPF_CGROUP_SOCK_OPS)) != 0
}

function fill(sk: Sock, op: u32, full: bool): void {
  memory.fill(CTX, 0, SIZE + 32)
  store<u32>(CTX, op)
  store<u32>(CTX, sk.family, FAMILY)
  if (sk.family == AF_INET) {
    store<u32>(CTX, sk.dstIp4, REMOTE_IP4)
    store<u32>(CTX, sk.srcIp4, LOCAL_IP4)
  } else {
    memory.copy(CTX + REMOTE_IP6, sockDst6(sk), 16)
    memory.copy(CTX + LOCAL_IP6, sockSrc6(sk), 16)
  }
  store<u32>(CTX, (<u32>sk.dstPort) << 16, REMOTE_PORT)
  store<u32>(CTX, sk.srcPort, LOCAL_PORT)
  store<u32>(CTX, u32(full), IS_FULLSOCK)
  const t = opsTail(CTX)
  t.sk = sk
  t.full = full
  if (!full) return
  store<u64>(CTX, <u64>changetype<usize>(sk), SK)
  store<u32>(CTX, sk.sndCwnd, SND_CWND)
  store<u32>(CTX, sk.srttUs, SND_CWND + 4)
  store<u32>(CTX, sk.opsFlags, CB_FLAGS)
  store<u32>(CTX, sk.state, STATE)
  const p = CTX + TCP_PART
  store<u32>(p, sk.rttMin)
  store<u32>(p, sk.sndSsthresh, 4)
  store<u32>(p, sk.rcvNxt, 8)
  store<u32>(p, sk.sndNxt, 12)
  store<u32>(p, sk.sndUna, 16)
  store<u32>(p, sk.mssCache, 20)
  store<u32>(p, sk.ecnFlags, 24)
  store<u32>(p, sk.rateDelivered, 28)
  store<u32>(p, sk.rateIntervalUs, 32)
  store<u32>(p, sk.packetsOut, 36)
  store<u32>(p, sk.retransOut, 40)
  store<u32>(p, sk.totalRetrans, 44)
  store<u32>(p, sk.segsIn, 48)
  store<u32>(p, sk.dataSegsIn, 52)
  store<u32>(p, sk.segsOut, 56)
  store<u32>(p, sk.dataSegsOut, 60)
  store<u32>(p, sk.lostOut, 64)
  store<u32>(p, sk.sackedOut, 68)
  store<u32>(p, sk.txhash, 72)
  store<u64>(p, sk.bytesReceived, 76)
  store<u64>(p, sk.bytesAcked, 84)
}

function attachPacket(skb: Skb): void {
  if (!changetype<usize>(skb)) return
  store<u64>(CTX, <u64>skb.data, SKB_DATA)
  store<u64>(CTX, <u64>skb.dataEnd, SKB_DATA_END)
  store<u32>(CTX, skb.len, SKB_LEN)
  store<u32>(CTX, <u32>load<u8>(skb.data, 13), SKB_FLAGS)
  opsTail(CTX).skb = skb
}

/** Calls the programs: what they reply, -1 if they have nothing to say. `full`: a request socket is not. */
export function sockOps(sk: Sock, op: u32, full: bool, a0: u32, a1: u32, a2: u32, skb: Skb): i32 {
  if (!opsWanted(sk) || load<u32>(BUSY)) return -1
  fill(sk, op, full)
  store<u32>(CTX, a0, ARGS)
  store<u32>(CTX, a1, ARGS + 4)
  store<u32>(CTX, a2, ARGS + 8)
  attachPacket(skb)
  store<u32>(BUSY, 1)
  const ret = cgRunSockOps(sk.cgroup, CTX)
  store<u32>(BUSY, 0)
  if (ret) return -1
  return load<i32>(CTX, ARGS)
}

/** A change of state, for those who asked. */
export function sockOpsState(sk: Sock, from: u32, to: u32): void {
  if (sk.opsFlags & FLAG_STATE) sockOps(sk, OPS_STATE_CB, true, from, to, 0, changetype<Skb>(0))
}

/** How many bytes of header options programs want in a segment (a multiple of 4, at most `room`). */
export function sockOpsOptLen(sk: Sock, room: u32, args: u32): u32 {
  if (!(sk.opsFlags & FLAG_WRITE_HDR_OPT) || !opsWanted(sk) || load<u32>(BUSY)) return 0
  fill(sk, OPS_HDR_OPT_LEN_CB, true)
  store<u32>(CTX, args, ARGS)
  const t = opsTail(CTX)
  t.room = room
  store<u32>(BUSY, 1)
  const ret = cgRunSockOps(sk.cgroup, CTX)
  store<u32>(BUSY, 0)
  if (ret || t.used == 0) return 0
  return min<u32>((t.used + 3) & ~3, room)
}

/** Lets programs write the options that they announced, at `at` in the TCP header at `header`. */
export function sockOpsOptWrite(sk: Sock, header: usize, headerLen: u32, at: usize, room: u32, args: u32): void {
  memory.fill(at, 1, room)
  fill(sk, OPS_WRITE_HDR_OPT_CB, true)
  store<u32>(CTX, args, ARGS)
  const t = opsTail(CTX)
  t.options = at
  t.room = room
  store<u64>(CTX, <u64>header, SKB_DATA)
  store<u64>(CTX, <u64>(at + <usize>room), SKB_DATA_END)
  store<u32>(CTX, headerLen, SKB_LEN)
  store<u32>(CTX, <u32>load<u8>(header, 13), SKB_FLAGS)
  store<u32>(BUSY, 1)
  cgRunSockOps(sk.cgroup, CTX)
  store<u32>(BUSY, 0)
}

/** A segment with header options arrived, for those who asked for all of them. */
export function sockOpsParse(sk: Sock, skb: Skb, unknown: bool): void {
  const wanted = FLAG_PARSE_ALL_HDR_OPT | (unknown ? FLAG_PARSE_UNKNOWN_HDR_OPT : 0)
  if (sk.opsFlags & wanted) sockOps(sk, OPS_PARSE_HDR_OPT_CB, true, 0, 0, 0, skb)
}
