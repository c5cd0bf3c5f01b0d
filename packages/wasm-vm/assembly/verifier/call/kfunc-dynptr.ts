// SPDX-License-Identifier: GPL-2.0-only
// Dynptrs as arguments of kernel functions, and slices of them as results.

import { EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_dynptr_clone,
  KFUNC_bpf_dynptr_from_skb,
  KFUNC_bpf_dynptr_from_skb_meta,
  KFUNC_bpf_dynptr_from_xdp,
  KFUNC_bpf_dynptr_slice,
} from '../../gen/kfuncs.gen'
import {
  ARG_PTR_TO_DYNPTR,
  BPF_DYNPTR_TYPE_INVALID,
  BPF_DYNPTR_TYPE_LOCAL,
  BPF_DYNPTR_TYPE_RINGBUF,
  BPF_DYNPTR_TYPE_SKB,
  BPF_DYNPTR_TYPE_SKB_META,
  BPF_DYNPTR_TYPE_XDP,
  CONST_PTR_TO_DYNPTR,
  DYNPTR_TYPE_LOCAL,
  DYNPTR_TYPE_RINGBUF,
  DYNPTR_TYPE_SKB,
  DYNPTR_TYPE_SKB_META,
  DYNPTR_TYPE_XDP,
  MEM_RDONLY,
  MEM_UNINIT,
  PTR_TO_MEM,
} from '../../gen/verifier-types.gen'
import { markKnownZero } from '../bounds'
import { Env } from '../env'
import { reject, verifierBug } from '../log/verbose'
import { WRITE } from '../mem/kinds'
import { mayAccessPacket } from '../mem/packet'
import { dynptrOf, processDynptrArg } from '../special/dynptr'
import { curReg } from '../state'
import { hasSuffix } from './kfunc-kinds'
import { KfuncMeta } from './kfunc-meta'

function typeFlag(type: i32): i32 {
  switch (type) {
    case BPF_DYNPTR_TYPE_LOCAL:
      return DYNPTR_TYPE_LOCAL
    case BPF_DYNPTR_TYPE_RINGBUF:
      return DYNPTR_TYPE_RINGBUF
    case BPF_DYNPTR_TYPE_SKB:
      return DYNPTR_TYPE_SKB
    case BPF_DYNPTR_TYPE_XDP:
      return DYNPTR_TYPE_XDP
    case BPF_DYNPTR_TYPE_SKB_META:
      return DYNPTR_TYPE_SKB_META
  }
  return 0
}

/** The dynptr that is read stays in the meta: its id, type and reference. */
export function dynptrArg(env: Env, m: KfuncMeta, i: i32): i32 {
  const regno = i + 1
  const reg = curReg(env, regno)
  const uninit = hasSuffix(m, i, '__uninit')
  let arg = ARG_PTR_TO_DYNPTR
  let cloned = 0
  if (reg.type == CONST_PTR_TO_DYNPTR) arg |= MEM_RDONLY
  if (uninit) arg |= MEM_UNINIT
  if (m.row == KFUNC_bpf_dynptr_from_skb) arg |= DYNPTR_TYPE_SKB
  else if (m.row == KFUNC_bpf_dynptr_from_xdp) arg |= DYNPTR_TYPE_XDP
  else if (m.row == KFUNC_bpf_dynptr_from_skb_meta) arg |= DYNPTR_TYPE_SKB_META
  else if (m.row == KFUNC_bpf_dynptr_clone && uninit) {
    if (m.dynptrType == BPF_DYNPTR_TYPE_INVALID) return verifierBug(env, 'no dynptr type for parent of clone')
    arg |= typeFlag(m.dynptrType)
    cloned = <i32>m.dynptrRef
    if (m.dynptrType == BPF_DYNPTR_TYPE_RINGBUF && !cloned)
      return verifierBug(env, 'missing ref obj id for parent of clone')
  }
  const err = processDynptrArg(env, regno, env.insnIdx, arg, cloned)
  if (err < 0 || uninit) return err
  const d = dynptrOf(env, reg)
  if (!changetype<usize>(d)) return verifierBug(env, 'failed to obtain dynptr id')
  m.dynptrId = d.id
  m.dynptrType = d.dynptrType
  m.dynptrRef = d.refObjId
  return 0
}

/** A slice as result: memory of the size that an argument gave. */
export function sliceResult(env: Env, m: KfuncMeta): i32 {
  const r0 = curReg(env, 0)
  markKnownZero(r0)
  if (!m.constFound) return verifierBug(env, 'bpf_dynptr_slice(_rdwr) no constant size')
  r0.memSize = <u32>m.constValue
  r0.type = PTR_TO_MEM | typeFlag(m.dynptrType)
  if (m.row == KFUNC_bpf_dynptr_slice) r0.type |= MEM_RDONLY
  else if (!mayAccessPacket(env, -1, WRITE))
    return reject(env, -EINVAL, 'the prog does not allow writes to packet data\n')
  if (!m.dynptrId) return verifierBug(env, 'no dynptr id')
  r0.dynptrId = m.dynptrId
  return 0
}
