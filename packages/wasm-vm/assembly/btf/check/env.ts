// SPDX-License-Identifier: GPL-2.0-only
// State of one check of type information. Kernel counterpart: struct btf_verifier_env.

import { Btf } from '../btf'
import { Log } from '../../verifier/env'

export const PHASE_META: u32 = 0
export const PHASE_TYPE: u32 = 1

export const NOT_VISITED: u8 = 0
export const VISITED: u8 = 1
export const RESOLVED: u8 = 2

export const MODE_TBD: u32 = 0
export const MODE_PTR: u32 = 1
export const MODE_STRUCT: u32 = 2

export const MAX_RESOLVE_DEPTH: u32 = 32
export const BTF_MAX_TYPE: u32 = 0x000fffff
export const BTF_MAX_NAME_OFFSET: u32 = 0x00ffffff
export const BTF_MAX_SIZE: u32 = 16 << 20

/** A type that is being resolved: type u32, number u32, next member u32. */
export const VERTEX: usize = 12

@unmanaged export class BtfEnv {
  btf: Btf
  log: Log
  /** u8[nrTypes]. */
  visit: usize
  stack: usize
  top: u32
  logTypeId: u32
  phase: u32
  mode: u32
  // header as copied: sections from the end of the header
  typeOff: u32
  typeLen: u32
  strOff: u32
  strLen: u32
  hdrLen: u32
  typesCap: u32
}

@inline export function vertexType(v: usize): usize {
  return load<usize>(v)
}

@inline export function vertexId(v: usize): u32 {
  return load<u32>(v, 4)
}

@inline export function vertexNext(v: usize): u32 {
  return load<u32>(v, 8)
}

export function isResolved(env: BtfEnv, id: u32): bool {
  return load<u8>(env.visit + id) == RESOLVED
}
export function popResolved(env: BtfEnv, resolvedId: u32, resolvedSize: u32): void {
  const id = vertexId(env.stack + <usize>--env.top * VERTEX)
  store<u32>(env.btf.resolvedSizes + ((<usize>id) << 2), resolvedSize)
  store<u32>(env.btf.resolvedIds + ((<usize>id) << 2), resolvedId)
  store<u8>(env.visit + id, RESOLVED)
}
export function setNextMember(env: BtfEnv, next: u32): void {
  store<u32>(env.stack + <usize>(env.top - 1) * VERTEX, next, 8)
}
