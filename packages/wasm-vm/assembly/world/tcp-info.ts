// SPDX-License-Identifier: GPL-2.0-only
// getsockopt(TCP_INFO). Kernel counterpart: tcp_get_info of net/ipv4/tcp.c.

import { Sock } from './sock'

/** Fills struct tcp_info, of which the caller sees the beginning; `to` has 248 cleared bytes. */
export function tcpInfo(sk: Sock, to: usize): void {
  store<u8>(to, <u8>sk.state)
  store<u8>(to, <u8>sk.caState, 1)
  store<u8>(to, <u8>sk.icskRetransmits, 2)
  store<u32>(to, sk.rtoUs, 8)
  store<u32>(to, sk.mssCache, 16)
  store<u32>(to, sk.packetsOut, 24)
  store<u32>(to, sk.sackedOut, 28)
  store<u32>(to, sk.lostOut, 32)
  store<u32>(to, sk.retransOut, 36)
  store<u32>(to, sk.srttUs >> 3, 68)
  store<u32>(to, sk.mdevUs >> 2, 72)
  store<u32>(to, sk.sndSsthresh, 76)
  store<u32>(to, sk.sndCwnd, 80)
  store<u32>(to, 3, 88)
  store<u32>(to, sk.totalRetrans, 100)
  store<u64>(to, sk.pacingRate ? sk.pacingRate : ~(<u64>0), 104)
  store<u64>(to, sk.maxPacing ? sk.maxPacing : ~(<u64>0), 112)
  store<u64>(to, sk.bytesAcked, 120)
  store<u64>(to, sk.bytesReceived, 128)
  store<u32>(to, sk.segsOut, 136)
  store<u32>(to, sk.segsIn, 140)
  store<u32>(to, sk.writeSeq - sk.sndNxt, 144)
  store<u32>(to, sk.rttMin, 148)
  store<u32>(to, sk.dataSegsIn, 152)
  store<u32>(to, sk.dataSegsOut, 156)
  store<u32>(to, sk.delivered, 192)
}
