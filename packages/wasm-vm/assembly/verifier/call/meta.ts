// SPDX-License-Identifier: GPL-2.0-only
// What the arguments of the helper call that is being checked have told. Counterpart: struct bpf_call_arg_meta.

import { BpfMap } from '../../maps/map'
import { Env } from '../env'

@unmanaged export class Meta {
  /** A write without initialised memory before it, to be simulated: bytes and register. */
  accessSize: i32
  regno: i32
  rawMode: bool
  pktAccess: bool
  releaseRegno: i32
  memSize: u32
  msizeMax: u64
  refObjId: u32
  dynptrId: u32
  map: BpfMap
  mapUid: u32
  funcId: i32
  subprogno: i32
  constMapKey: i64
  /** The field (a BtfField) that bpf_kptr_xchg changes. */
  kptrField: usize
  /** Type behind a per-CPU pointer. */
  retBtf: usize
  retBtfId: u32
  /** It is an object that the program allocated. */
  percpuObject: bool
}
export const META_SIZE: usize = offsetof<Meta>()

@inline export function metaOf(env: Env): Meta {
  return changetype<Meta>(env.meta)
}
/** Where a stack check may note a raw write; 0: it may not. */
@inline export function rawOf(m: Meta): usize {
  return changetype<usize>(m) != 0 && m.rawMode ? changetype<usize>(m) : 0
}
