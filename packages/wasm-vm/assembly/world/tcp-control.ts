// SPDX-License-Identifier: GPL-2.0-only
// The congestion control of a socket: one of the kernel's own, or programs in a map of struct tcp_congestion_ops.
// Kernel counterparts: net/ipv4/tcp_cong.c and the calls of icsk_ca_ops in tcp_input.c and tcp_output.c.

import { EBUSY, ENOENT, EPERM } from '../gen/errno.gen'
import { grantRegion } from '../interp/regions'
import { currentRun } from '../interp/run-state'
import { BpfMap } from '../maps/map'
import { mapGet, mapPut } from '../maps/refs'
import { structOpsMember, structOpsProg } from '../maps/struct-ops'
import { kfree } from '../mem/alloc'
import { cstrIs, cstrPut } from '../mem/bytes'
import { Prog } from '../prog/prog'
import { runCtx } from './hook'
import { imageSize } from './image'
import { Sock, TCP_CLOSE, TCP_LISTEN } from './sock'
import {
  CONTROL_CUBIC,
  CONTROL_MAP,
  CONTROL_NONE,
  CONTROL_RENO,
  controlFlags,
  controlMapByName,
  controlName,
} from './tcp-control-list'
import {
  cubicCongAvoid,
  cubicPktsAcked,
  cubicReset,
  cubicSsthresh,
  renoCongAvoid,
  renoSsthresh,
  renoUndoCwnd,
} from './tcp-cubic'
import { tcpViewEnter, tcpViewLeave, tcpViewReset } from './tcp-view'

export const CA_OPEN: u32 = 0
export const CA_DISORDER: u32 = 1
export const CA_CWR: u32 = 2
export const CA_RECOVERY: u32 = 3
export const CA_LOSS: u32 = 4

export const EVENT_TX_START: u32 = 0
export const EVENT_CWND_RESTART: u32 = 1
export const EVENT_COMPLETE_CWR: u32 = 2
export const EVENT_LOSS: u32 = 3

const NON_RESTRICTED: u32 = 1

/** Arguments of operations that call one another: four words and a sample for each level. */
const LEVELS: u32 = 8
const LEVEL: usize = memory.data(4, 4)
const ARGS: usize = memory.data(8 * 128, 8)
const ARGS_SIZE: usize = 128

/** The program for a member, or 0. */
function programOf(sk: Sock, member: string): usize {
  if (sk.control != CONTROL_MAP) return 0
  const map = changetype<BpfMap>(sk.controlMap)
  const i = structOpsMember(map, member)
  return i < 0 ? 0 : structOpsProg(map, <u32>i)
}

/** Calls a program with the socket and up to three words; its result. */
function callProgram(sk: Sock, prog: usize, a: u64, b: u64, c: u64, count: u32): u32 {
  const level = load<u32>(LEVEL)
  if (level >= LEVELS) return 0
  const view = tcpViewEnter(sk, level)
  if (!view) return 0
  const args = ARGS + <usize>level * ARGS_SIZE
  store<u64>(args, <u64>view)
  store<u64>(args, a, 8)
  store<u64>(args, b, 16)
  store<u64>(args, c, 24)
  store<u32>(LEVEL, level + 1)
  sk.refs++
  grantRegion(currentRun(), view, imageSize(view))
  const ret = <u32>runCtx(changetype<Prog>(prog), args, count << 3, 0, 0)
  store<u32>(LEVEL, level)
  tcpViewLeave(sk, level)
  sk.refs--
  return ret
}

/** Room behind the arguments of the next call, for what they point to. */
function sampleRoom(): usize {
  return ARGS + <usize>min<u32>(load<u32>(LEVEL), LEVELS - 1) * ARGS_SIZE + 32
}

export function controlHas(sk: Sock, member: string): bool {
  return programOf(sk, member) != 0
}

export function controlSsthresh(sk: Sock): u32 {
  const prog = programOf(sk, 'ssthresh')
  if (prog) return callProgram(sk, prog, 0, 0, 0, 1)
  return sk.control == CONTROL_CUBIC ? cubicSsthresh(sk) : renoSsthresh(sk)
}

export function controlCongAvoid(sk: Sock, ack: u32, acked: u32): void {
  const prog = programOf(sk, 'cong_avoid')
  if (prog) callProgram(sk, prog, ack, acked, 0, 3)
  else if (sk.control == CONTROL_CUBIC) cubicCongAvoid(sk, acked)
  else if (sk.control != CONTROL_MAP) renoCongAvoid(sk, acked)
}

export function controlUndoCwnd(sk: Sock): u32 {
  const prog = programOf(sk, 'undo_cwnd')
  return prog ? callProgram(sk, prog, 0, 0, 0, 1) : renoUndoCwnd(sk)
}

export function controlSetState(sk: Sock, state: u32): void {
  const prog = programOf(sk, 'set_state')
  if (prog) callProgram(sk, prog, state, 0, 0, 2)
  else if (sk.control == CONTROL_CUBIC && state == CA_LOSS) cubicReset(sk)
  sk.caState = state
}

export function controlEvent(sk: Sock, event: u32): void {
  const prog = programOf(sk, 'cwnd_event')
  if (prog) callProgram(sk, prog, event, 0, 0, 2)
}

export function controlInAck(sk: Sock, flags: u32): void {
  const prog = programOf(sk, 'in_ack_event')
  if (prog) callProgram(sk, prog, flags, 0, 0, 2)
}

/** struct ack_sample: packets, round trip in microseconds (-1: unknown), packets in flight when it was sent. */
export function controlPktsAcked(sk: Sock, acked: u32, rttUs: i32, inFlight: u32): void {
  const prog = programOf(sk, 'pkts_acked')
  if (prog) {
    const sample = sampleRoom()
    store<u32>(sample, acked)
    store<i32>(sample, rttUs, 4)
    store<u32>(sample, inFlight, 8)
    callProgram(sk, prog, <u64>sample, 0, 0, 2)
  } else if (sk.control == CONTROL_CUBIC) cubicPktsAcked(sk, rttUs)
}

/** cong_control, which takes the place of window reduction and growth; false: there is none. */
export function controlRate(sk: Sock, ack: u32, flag: u32, delivered: u32, rttUs: i32, inFlight: u32): bool {
  const prog = programOf(sk, 'cong_control')
  if (!prog) return false
  // struct rate_sample
  const rs = sampleRoom()
  memory.fill(rs, 0, 88)
  store<u32>(rs, sk.delivered - delivered, 8)
  store<u32>(rs, delivered, 16)
  store<i64>(rs, <i64>rttUs, 24)
  store<i64>(rs, <i64>rttUs, 40)
  store<u32>(rs, delivered, 52)
  store<u32>(rs, inFlight, 56)
  callProgram(sk, prog, ack, flag, <u64>rs, 4)
  return true
}

export function controlMinTsoSegs(sk: Sock): u32 {
  const prog = programOf(sk, 'min_tso_segs')
  return prog ? callProgram(sk, prog, 0, 0, 0, 1) : 2
}

export function controlSndbufExpand(sk: Sock): u32 {
  const prog = programOf(sk, 'sndbuf_expand')
  return prog ? callProgram(sk, prog, 0, 0, 0, 1) : 2
}

/** tcp_init_congestion_control: a connection begins to use it. */
export function controlInit(sk: Sock): void {
  assignDefault(sk)
  sk.priorSsthresh = 0
  const prog = programOf(sk, 'init')
  if (prog) callProgram(sk, prog, 0, 0, 0, 1)
  sk.controlReady = true
}

/** tcp_cleanup_congestion_control. */
export function controlRelease(sk: Sock): void {
  const prog = sk.controlReady ? programOf(sk, 'release') : 0
  if (prog) callProgram(sk, prog, 0, 0, 0, 1)
  sk.controlReady = false
  if (sk.control == CONTROL_MAP) mapPut(changetype<BpfMap>(sk.controlMap))
  sk.control = CONTROL_NONE
  sk.controlMap = 0
}

/** The socket is freed. */
export function controlDestroy(sk: Sock): void {
  controlRelease(sk)
  kfree(sk.controlPriv)
  sk.controlPriv = 0
}

@inline function nameOf(sk: Sock): usize {
  return changetype<usize>(sk) + offsetof<Sock>('congestion0')
}

export function assignDefault(sk: Sock): void {
  if (sk.control != CONTROL_NONE) return
  sk.control = CONTROL_CUBIC
  memory.fill(nameOf(sk), 0, 16)
  cstrPut(nameOf(sk), 'cubic')
}

/** The name of a socket's control: char[16]. */
export function controlOf(sk: Sock): usize {
  assignDefault(sk)
  return nameOf(sk)
}

/** tcp_set_congestion_control: `name` is 16 bytes, zero-terminated. */
export function controlChoose(sk: Sock, name: usize, netAdmin: bool): i32 {
  assignDefault(sk)
  let kind = CONTROL_MAP
  let map: usize = 0
  if (cstrIs(name, 'reno')) kind = CONTROL_RENO
  else if (cstrIs(name, 'cubic')) kind = CONTROL_CUBIC
  else map = controlMapByName(name)
  if (kind == sk.control && map == sk.controlMap) {
    sk.controlChosen = true
    return 0
  }
  if (kind == CONTROL_MAP) {
    if (!map) return -ENOENT
    if (!(controlFlags(changetype<BpfMap>(map)) & NON_RESTRICTED) && !netAdmin) return -EPERM
    if (!changetype<BpfMap>(map).refs) return -EBUSY
    mapGet(changetype<BpfMap>(map))
  }
  controlRelease(sk)
  take(sk, kind, map)
  sk.controlChosen = true
  if (sk.state != TCP_CLOSE && sk.state != TCP_LISTEN) controlInit(sk)
  return 0
}

/** `map` comes with a reference. */
function take(sk: Sock, kind: u32, map: usize): void {
  sk.control = kind
  sk.controlMap = map
  memory.fill(nameOf(sk), 0, 16)
  if (kind == CONTROL_MAP) memory.copy(nameOf(sk), controlName(changetype<BpfMap>(map)), 16)
  else if (kind == CONTROL_RENO) cstrPut(nameOf(sk), 'reno')
  else cstrPut(nameOf(sk), 'cubic')
  cubicReset(sk)
  tcpViewReset(sk)
}

/** tcp_ca_openreq_child: an incoming connection has the control that its listener chose. */
export function controlInherit(sk: Sock, from: Sock): void {
  if (!from.controlChosen || from.control == CONTROL_NONE) return
  if (from.control == CONTROL_MAP) mapGet(changetype<BpfMap>(from.controlMap))
  take(sk, from.control, from.controlMap)
  sk.controlChosen = true
}
