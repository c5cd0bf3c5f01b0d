// SPDX-License-Identifier: GPL-2.0-only
// Built-in congestion controls: Reno and CUBIC. Kernel counterparts: net/ipv4/tcp_cong.c, net/ipv4/tcp_cubic.c (RFC 9438).

import { kzalloc } from '../mem/alloc'
import { monotonicNs } from '../wasi/clock'
import { Sock } from './sock'

@inline export function inSlowStart(sk: Sock): bool {
  return sk.sndCwnd < sk.sndSsthresh
}

/** tcp_is_cwnd_limited: whether more would have been sent with a larger window. */
function isCwndLimited(sk: Sock): bool {
  if (sk.cwndLimited) return true
  return inSlowStart(sk) && sk.sndCwnd < 2 * sk.maxPacketsOut
}

/** tcp_slow_start: what is left of the acknowledged packets behind the threshold. */
export function slowStart(sk: Sock, acked: u32): u32 {
  const cwnd = min<u32>(sk.sndCwnd + acked, sk.sndSsthresh)
  const left = acked - (cwnd - sk.sndCwnd)
  sk.sndCwnd = min<u32>(cwnd, sk.sndCwndClamp)
  return left
}

/** tcp_cong_avoid_ai: one packet more for each `w` acknowledged. */
export function congAvoidAi(sk: Sock, w: u32, acked: u32): void {
  if (sk.sndCwndCnt >= w) {
    sk.sndCwndCnt = 0
    sk.sndCwnd = sk.sndCwnd + 1
  }
  sk.sndCwndCnt = sk.sndCwndCnt + acked
  if (w && sk.sndCwndCnt >= w) {
    const delta = sk.sndCwndCnt / w
    sk.sndCwndCnt = sk.sndCwndCnt - delta * w
    sk.sndCwnd = sk.sndCwnd + delta
  }
  sk.sndCwnd = min<u32>(sk.sndCwnd, sk.sndCwndClamp)
}

export function renoSsthresh(sk: Sock): u32 {
  return max<u32>(sk.sndCwnd >> 1, 2)
}

export function renoCongAvoid(sk: Sock, acked: u32): void {
  if (!isCwndLimited(sk)) return
  let n = acked
  if (inSlowStart(sk)) {
    n = slowStart(sk, n)
    if (!n) return
  }
  congAvoidAi(sk, sk.sndCwnd, n)
}

export function renoUndoCwnd(sk: Sock): u32 {
  return max<u32>(sk.sndCwnd, sk.priorCwnd)
}

// CUBIC: the window is a cubic function of the time since the last loss. Times are milliseconds, times 1024/1000 where
// they enter the function; scales are powers of two.

const BETA: u32 = 717
const SCALE: u32 = 1024
const HZ_SHIFT: u32 = 10
/** beta_scale = 8 * (1024 + 717) / 3 / (1024 - 717); cube_rtt_scale = 41 * 10. */
const BETA_SCALE: u32 = 15
const RTT_SCALE: u64 = 410

@unmanaged class Cubic {
  cnt: u32
  lastMaxCwnd: u32
  lastCwnd: u32
  lastTime: u32
  originPoint: u32
  k: u32
  delayMin: u32
  epochStart: u32
  ackCnt: u32
  tcpCwnd: u32
}

const NONE: usize = memory.data(128, 8)

function cubicOf(sk: Sock): Cubic {
  if (!sk.controlPriv) sk.controlPriv = kzalloc(104)
  return changetype<Cubic>(sk.controlPriv ? sk.controlPriv : NONE)
}

export function cubicReset(sk: Sock): void {
  if (sk.controlPriv) memory.fill(sk.controlPriv, 0, 104)
}

function milliseconds(): u32 {
  return <u32>(monotonicNs() / 1_000_000)
}

function cubeRoot(a: u64): u32 {
  let low: u64 = 0
  let high: u64 = 1 << 21
  while (low < high) {
    const mid = (low + high + 1) >> 1
    if (mid * mid * mid <= a) low = mid
    else high = mid - 1
  }
  return <u32>low
}

export function cubicSsthresh(sk: Sock): u32 {
  const ca = cubicOf(sk)
  ca.epochStart = 0
  // fast convergence: who loses below its last maximum leaves room for others
  const cwnd = sk.sndCwnd
  ca.lastMaxCwnd = cwnd < ca.lastMaxCwnd ? (cwnd * (SCALE + BETA)) / (2 * SCALE) : cwnd
  return max<u32>((cwnd * BETA) / SCALE, 2)
}

function update(sk: Sock, ca: Cubic, acked: u32): void {
  const cwnd = sk.sndCwnd
  const now = milliseconds()
  ca.ackCnt += acked
  if (ca.lastCwnd == cwnd && <i32>(now - ca.lastTime) <= 1000 / 32) return
  if (!ca.epochStart || now != ca.lastTime) {
    ca.lastCwnd = cwnd
    ca.lastTime = now
    if (!ca.epochStart) beginEpoch(ca, cwnd, now, acked)
    grow(ca, cwnd, now)
  }
  friendliness(ca, cwnd)
  ca.cnt = max<u32>(ca.cnt, 2)
}

function beginEpoch(ca: Cubic, cwnd: u32, now: u32, acked: u32): void {
  ca.epochStart = now ? now : 1
  ca.ackCnt = acked
  ca.tcpCwnd = cwnd
  if (ca.lastMaxCwnd <= cwnd) {
    ca.k = 0
    ca.originPoint = cwnd
  } else {
    ca.k = cubeRoot((((<u64>1) << (10 + 3 * HZ_SHIFT)) / RTT_SCALE) * <u64>(ca.lastMaxCwnd - cwnd))
    ca.originPoint = ca.lastMaxCwnd
  }
}

function grow(ca: Cubic, cwnd: u32, now: u32): void {
  const t = ((<u64>(now - ca.epochStart) + <u64>(ca.delayMin / 1000)) << HZ_SHIFT) / 1000
  const below = t < <u64>ca.k
  const offs = below ? <u64>ca.k - t : t - <u64>ca.k
  const delta = <u32>((RTT_SCALE * offs * offs * offs) >> (10 + 3 * HZ_SHIFT))
  const target = below ? ca.originPoint - delta : ca.originPoint + delta
  ca.cnt = target > cwnd ? cwnd / (target - cwnd) : 100 * cwnd
  if (!ca.lastMaxCwnd && ca.cnt > 20) ca.cnt = 20
}

/** Never slower than Reno would be. */
function friendliness(ca: Cubic, cwnd: u32): void {
  const delta = (cwnd * BETA_SCALE) >> 3
  while (delta && ca.ackCnt > delta) {
    ca.ackCnt -= delta
    ca.tcpCwnd++
  }
  if (ca.tcpCwnd <= cwnd) return
  ca.cnt = min<u32>(ca.cnt, cwnd / (ca.tcpCwnd - cwnd))
}

export function cubicCongAvoid(sk: Sock, acked: u32): void {
  if (!isCwndLimited(sk)) return
  let n = acked
  if (inSlowStart(sk)) {
    n = slowStart(sk, n)
    if (!n) return
  }
  const ca = cubicOf(sk)
  update(sk, ca, n)
  congAvoidAi(sk, ca.cnt, n)
}

export function cubicPktsAcked(sk: Sock, rttUs: i32): void {
  if (rttUs < 0) return
  const ca = cubicOf(sk)
  const delay = max<u32>(<u32>rttUs, 1)
  if (!ca.delayMin || ca.delayMin > delay) ca.delayMin = delay
}
