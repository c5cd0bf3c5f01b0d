// SPDX-License-Identifier: GPL-2.0-only
// Packet data: who may touch it directly and how far it was compared with its end.
// Counterparts: may_access_direct_pkt_data, check_packet_access.

import { EINVAL } from '../../gen/errno.gen'
import { BPF_PROG_TYPE_CGROUP_SOCKOPT } from '../../gen/uapi-enums.gen'
import { Env, resolveProgType } from '../env'
import { reject } from '../log/verbose'
import { curReg } from '../state'
import { packetAccess } from '../tables'
import { WRITE } from './kinds'
import { checkFixed, rejectNegative } from './region'

/** helper: -1 for an instruction, else whether the helper's prototype allows it. */
export function mayAccessPacket(env: Env, helper: i32, access: i32): bool {
  const type = resolveProgType(env.prog)
  if (type == BPF_PROG_TYPE_CGROUP_SOCKOPT) {
    if (access == WRITE) env.seenDirectWrite = true
    return true
  }
  const rights = packetAccess(type)
  if (!(rights & (access == WRITE ? 2 : 1))) return false
  if (helper >= 0) return helper != 0
  env.seenDirectWrite = true
  return true
}

export function checkPacket(env: Env, regno: i32, off: i32, size: i32, zeroOk: bool): i32 {
  const reg = curReg(env, regno)
  if (reg.smin < 0) return rejectNegative(env, regno)
  const err = reg.range < 0 ? -EINVAL : checkFixed(env, regno, off, size, <u32>reg.range, zeroOk)
  if (err) return reject(env, err, 'R%d offset is outside of the packet\n', regno)
  env.maxPktOffset = max<u32>(env.maxPktOffset, <u32>(<u64>(<i64>off) + reg.umax + <u64>(<i64>size) - 1))
  return 0
}
