// SPDX-License-Identifier: GPL-2.0-only
// What acknowledgements and silence mean: round-trip times, duplicate acknowledgements, fast recovery with proportional
// rate reduction (RFC 6937), timeouts, and the undoing of both when they turn out to be for nothing. Without selective
// acknowledgements, so losses of one window are found one by one (NewReno). Kernel counterpart: net/ipv4/tcp_input.c.

import { monotonicNs } from '../wasi/clock'
import { Skb } from './skb'
import { Sock } from './sock'
import { FLAG_RTT, OPS_RTT_CB, sockOps } from './sock-ops'
import {
  CA_CWR,
  CA_DISORDER,
  CA_LOSS,
  CA_OPEN,
  CA_RECOVERY,
  controlCongAvoid,
  controlEvent,
  controlHas,
  controlInAck,
  controlPktsAcked,
  controlRate,
  controlSetState,
  controlSsthresh,
  controlUndoCwnd,
  EVENT_COMPLETE_CWR,
  EVENT_LOSS,
} from './tcp-control'
import {
  dropFirst,
  inFlight,
  INFINITE_SSTHRESH,
  milliseconds,
  push,
  pushLost,
  retransmit,
  RTO_MAX,
  RTO_MIN,
  Seg,
  segEnd,
} from './tcp-output'
import { timerArm, timerStop } from './tcp-timer'

const FLAG_DATA_ACKED: u32 = 0x04
const FLAG_RETRANS_DATA_ACKED: u32 = 0x08
const FLAG_SND_UNA_ADVANCED: u32 = 0x400
/** enum tcp_ca_ack_event_flags. */
const IN_ACK_SLOWPATH: u32 = 1
/** Duplicate acknowledgements that mean a loss. */
const REORDERING: u32 = 3

@inline function before(a: u32, b: u32): bool {
  return <i32>(a - b) < 0
}

/** tcp_rtt_estimator, and the timeout that follows from it. */
export function measured(sk: Sock, rttUs: u32): void {
  let m = <i32>max<u32>(rttUs, 1)
  if (sk.opsFlags & FLAG_RTT) sockOps(sk, OPS_RTT_CB, true, rttUs, sk.srttUs, 0, changetype<Skb>(0))
  if (<u32>m < sk.rttMin) sk.rttMin = <u32>m
  if (sk.srttUs) {
    m -= <i32>(sk.srttUs >> 3)
    sk.srttUs = sk.srttUs + <u32>m
    if (m < 0) {
      m = -m
      m -= <i32>(sk.mdevUs >> 2)
      if (m > 0) m >>= 3
    } else m -= <i32>(sk.mdevUs >> 2)
    sk.mdevUs = sk.mdevUs + <u32>m
    sk.rttvarUs = max<u32>(sk.mdevUs, RTO_MIN)
  } else {
    sk.srttUs = (<u32>m) << 3
    sk.mdevUs = (<u32>m) << 1
    sk.rttvarUs = max<u32>(sk.mdevUs, RTO_MIN)
  }
  sk.rtoUs = min<u32>((sk.srttUs >> 3) + sk.rttvarUs, RTO_MAX)
}

// the state machine

function initUndo(sk: Sock): void {
  sk.undoMarker = sk.sndUna
  sk.retransStamp = 0
}

/** tcp_current_ssthresh. */
function currentSsthresh(sk: Sock): u32 {
  if (sk.caState == CA_CWR || sk.caState == CA_RECOVERY) return sk.sndSsthresh
  return max<u32>(sk.sndSsthresh, (sk.sndCwnd >> 1) + (sk.sndCwnd >> 2))
}

function markLost(sk: Sock, s: Seg): void {
  if (s.lost) return
  s.lost = true
  sk.lostOut++
  sk.lost++
}

function addDuplicate(sk: Sock): void {
  if (sk.sackedOut + sk.lostOut >= sk.packetsOut) return
  sk.sackedOut++
  sk.delivered++
}

/** tcp_remove_reno_sacks: one acknowledgement filled a hole, the rest eat duplicates. */
function eatDuplicates(sk: Sock, acked: u32): void {
  if (acked) {
    const behind = <i32>acked - <i32>sk.sackedOut
    sk.delivered += <u32>max<i32>(behind, 1)
    sk.sackedOut = acked - 1 >= sk.sackedOut ? 0 : sk.sackedOut - (acked - 1)
  }
  // no more can have left the network than is out
  if (sk.sackedOut + sk.lostOut > sk.packetsOut) sk.sackedOut = sk.packetsOut - min<u32>(sk.lostOut, sk.packetsOut)
}

function enterRecovery(sk: Sock): void {
  sk.priorSsthresh = 0
  initUndo(sk)
  if (sk.caState < CA_CWR) {
    sk.priorSsthresh = currentSsthresh(sk)
    sk.highSeq = sk.sndNxt
    sk.priorCwnd = sk.sndCwnd
    sk.prrDelivered = 0
    sk.prrOut = 0
    sk.sndSsthresh = controlSsthresh(sk)
  }
  sk.highSeq = sk.sndNxt
  controlSetState(sk, CA_RECOVERY)
}

function endReduction(sk: Sock): void {
  if (controlHas(sk, 'cong_control')) return
  if (sk.sndSsthresh < INFINITE_SSTHRESH && (sk.caState == CA_CWR || sk.undoMarker)) {
    sk.sndCwnd = sk.sndSsthresh
    sk.sndCwndStamp = milliseconds()
  }
  controlEvent(sk, EVENT_COMPLETE_CWR)
}

/** tcp_cwnd_reduction: as many leave as come in, down to the threshold. */
function reduce(sk: Sock, newlyAcked: i32, newlyLost: u32, flag: u32): void {
  if (newlyAcked <= 0 || !sk.priorCwnd) return
  const delta = <i32>sk.sndSsthresh - <i32>inFlight(sk)
  sk.prrDelivered += <u32>newlyAcked
  let count: i32
  if (delta < 0) {
    const dividend = <u64>sk.sndSsthresh * <u64>sk.prrDelivered + <u64>sk.priorCwnd - 1
    count = <i32>(dividend / <u64>sk.priorCwnd) - <i32>sk.prrOut
  } else {
    count = max<i32>(<i32>sk.prrDelivered - <i32>sk.prrOut, newlyAcked)
    if (flag & FLAG_SND_UNA_ADVANCED && !newlyLost) count++
    count = min<i32>(delta, count)
  }
  count = max<i32>(count, sk.prrOut ? 0 : 1)
  sk.sndCwnd = inFlight(sk) + <u32>count
}

/** tcp_undo_cwnd_reduction: nothing was lost. */
function undo(sk: Sock, unmark: bool): void {
  if (unmark) {
    for (let at = sk.segFirst; at && at != sk.sendHead; at = changetype<Seg>(at).next) changetype<Seg>(at).lost = false
    sk.lostOut = 0
  }
  if (sk.priorSsthresh) {
    sk.sndCwnd = controlUndoCwnd(sk)
    if (sk.priorSsthresh > sk.sndSsthresh) sk.sndSsthresh = sk.priorSsthresh
  }
  sk.sndCwndStamp = milliseconds()
  sk.undoMarker = 0
}

/** Whether what is acknowledged was sent before the first retransmission: the echoed time tells (Eifel, RFC 3522). */
function wasOnlyLate(sk: Sock, echo: u32): bool {
  return sk.undoMarker != 0 && sk.retransStamp != 0 && echo != 0 && before(echo, sk.retransStamp)
}

/** All of the window in which the loss was is acknowledged. */
function leaveRecovery(sk: Sock, echo: u32): void {
  sk.sackedOut = 0
  if (wasOnlyLate(sk, echo)) undo(sk, false)
  else if (sk.caState == CA_RECOVERY || sk.caState == CA_CWR) endReduction(sk)
  sk.undoMarker = 0
  sk.retransStamp = 0
  controlSetState(sk, CA_OPEN)
}

/** What the acknowledgements so far say. tcp_fastretrans_alert. */
function alert(sk: Sock, flag: u32, acked: u32, duplicate: bool, echo: u32): void {
  const advanced = (flag & FLAG_SND_UNA_ADVANCED) != 0
  if (sk.caState != CA_OPEN && sk.caState != CA_DISORDER && !before(sk.sndUna, sk.highSeq)) {
    eatDuplicates(sk, acked)
    leaveRecovery(sk, echo)
    return
  }
  if (advanced) eatDuplicates(sk, acked)
  else if (duplicate) addDuplicate(sk)
  switch (sk.caState) {
    case CA_RECOVERY:
      if (!advanced) return
      if (wasOnlyLate(sk, echo)) {
        undo(sk, true)
        controlSetState(sk, CA_OPEN)
        return
      }
      // a part: what comes next is lost as well
      if (sk.segFirst && sk.segFirst != sk.sendHead) markLost(sk, changetype<Seg>(sk.segFirst))
      return
    case CA_LOSS:
      if (advanced && wasOnlyLate(sk, echo)) {
        undo(sk, true)
        sk.icskRetransmits = 0
        controlSetState(sk, CA_OPEN)
      }
      return
    default:
      break
  }
  if (sk.sackedOut >= REORDERING) {
    enterRecovery(sk)
    if (sk.segFirst && sk.segFirst != sk.sendHead) markLost(sk, changetype<Seg>(sk.segFirst))
    return
  }
  const state = sk.sackedOut ? CA_DISORDER : CA_OPEN
  if (sk.caState != CA_CWR && sk.caState != state) controlSetState(sk, state)
}

/**
 * An acknowledgement of a connection: up to `ack`; `duplicate`: it says nothing new and carries nothing; `echo`: time that
 * the other end gives back, 0 if none.
 */
export function tcpAck(sk: Sock, ack: u32, duplicate: bool, echo: u32): void {
  const deliveredBefore = sk.delivered
  const lostBefore = sk.lost
  const flightBefore = inFlight(sk)
  const packetsBefore = sk.packetsOut
  let flag: u32 = 0
  controlInAck(sk, IN_ACK_SLOWPATH)
  if (<i32>(ack - sk.sndUna) > 0) flag |= FLAG_SND_UNA_ADVANCED
  if (flag) {
    sk.bytesAcked += <u64>(ack - sk.sndUna)
    sk.sndUna = ack
    sk.icskRetransmits = 0
  }
  let acked: u32 = 0
  let rttUs: i32 = -1
  let flight: u32 = 0
  while (sk.segFirst && sk.segFirst != sk.sendHead) {
    const s = changetype<Seg>(sk.segFirst)
    if (before(ack, segEnd(s))) break
    if (s.retrans) flag |= FLAG_RETRANS_DATA_ACKED
    else {
      rttUs = <i32>((monotonicNs() - s.sentNs) / 1000)
      flight = s.inFlight
    }
    flag |= FLAG_DATA_ACKED
    acked++
    dropFirst(sk)
  }
  if (acked) {
    // what was sent twice tells nothing of the time that it took
    if (rttUs >= 0 && !(flag & FLAG_RETRANS_DATA_ACKED)) measured(sk, <u32>rttUs)
    else if (flag & FLAG_RETRANS_DATA_ACKED) rttUs = -1
    if (sk.packetsOut) timerArm(sk, sk.rtoUs)
    else timerStop(sk)
    controlPktsAcked(sk, acked, rttUs, flight)
  }
  if (!packetsBefore) return
  alert(sk, flag, acked, duplicate, echo)
  const newlyAcked = sk.delivered - deliveredBefore
  if (!controlRate(sk, ack, flag, deliveredBefore, rttUs, flightBefore)) {
    if (sk.caState == CA_RECOVERY || sk.caState == CA_CWR) reduce(sk, <i32>newlyAcked, sk.lost - lostBefore, flag)
    else if (flag & FLAG_DATA_ACKED) {
      controlCongAvoid(sk, ack, newlyAcked)
      sk.sndCwndStamp = milliseconds()
    }
  }
  pushLost(sk)
  push(sk)
}

/** tcp_enter_loss. */
function enterLoss(sk: Sock): void {
  sk.sackedOut = 0
  sk.retransOut = 0
  for (let at = sk.segFirst; at && at != sk.sendHead; at = changetype<Seg>(at).next) {
    const s = changetype<Seg>(at)
    s.retrans = false
    markLost(sk, s)
  }
  const again = sk.caState == CA_LOSS && !sk.icskRetransmits
  if (sk.caState <= CA_DISORDER || !before(sk.sndUna, sk.highSeq) || again) {
    sk.priorSsthresh = currentSsthresh(sk)
    sk.priorCwnd = sk.sndCwnd
    sk.sndSsthresh = controlSsthresh(sk)
    controlEvent(sk, EVENT_LOSS)
    initUndo(sk)
  }
  sk.sndCwnd = inFlight(sk) + 1
  sk.sndCwndCnt = 0
  sk.sndCwndStamp = milliseconds()
  controlSetState(sk, CA_LOSS)
  sk.highSeq = sk.sndNxt
}

/** Nothing came back in time: the first segment goes out again, and the next time is twice as long. */
export function tcpTimeout(sk: Sock): void {
  if (!sk.segFirst || sk.segFirst == sk.sendHead) return
  enterLoss(sk)
  sk.icskRetransmits++
  sk.rtoUs = min<u32>(sk.rtoUs << 1, RTO_MAX)
  timerArm(sk, sk.rtoUs)
  retransmit(sk, changetype<Seg>(sk.segFirst))
}
