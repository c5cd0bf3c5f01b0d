// SPDX-License-Identifier: GPL-2.0-only
// Registers that point to structures of BTF: what a load leaves in one, and how far one is trusted.
// Kernel counterparts: mark_btf_ld_reg, is_trusted_reg, is_rcu_reg, bpf_type_has_unsafe_modifiers.

import { Btf } from '../../btf/btf'
import {
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_RCU,
  NON_OWN_REF,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_TCP_SOCK,
  PTR_TRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { baseType, markKnownZero, markUnknown, mayBeNull, typeFlag } from '../bounds'
import { Env } from '../env'
import { verifierBug } from '../log/verbose'
import { RegState } from '../state'

export const TRUSTED_MODIFIERS: i32 = MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF

/** Registers of a plain type that the kernel knows a structure for. */
export function knownStructure(type: i32): string {
  switch (baseType(type)) {
    case PTR_TO_SOCKET:
      return 'sock'
    case PTR_TO_SOCK_COMMON:
      return 'sock_common'
    case PTR_TO_TCP_SOCK:
      return 'tcp_sock'
    case CONST_PTR_TO_MAP:
      return 'bpf_map'
  }
  return ''
}

@inline export function hasUnsafeModifiers(type: i32): bool {
  return (typeFlag(type) & ~TRUSTED_MODIFIERS) != 0
}

export function isTrusted(r: RegState): bool {
  if (r.refObjId) return true
  if (knownStructure(r.type) != '' && !hasUnsafeModifiers(r.type)) return true
  return (r.type & TRUSTED_MODIFIERS) != 0 && !hasUnsafeModifiers(r.type)
}

@inline export function isRcu(r: RegState): bool {
  return (r.type & MEM_RCU) != 0
}

/** What a load through such a pointer yields: a number, a further pointer, or memory that nobody vouches for. */
export function markLoaded(env: Env, r: RegState, type: i32, btf: Btf, id: u32, flags: i32): i32 {
  switch (type) {
    case SCALAR_VALUE:
      markUnknown(env, r)
      return 0
    case PTR_TO_BTF_ID:
      markKnownZero(r)
      r.type = PTR_TO_BTF_ID | flags
      r.btf = changetype<usize>(btf)
      r.btfId = id
      if (mayBeNull(flags)) r.id = ++env.idGen
      return 0
    case PTR_TO_MEM:
      markKnownZero(r)
      r.type = PTR_TO_MEM | flags
      r.memSize = 0
      return 0
  }
  return verifierBug(env, 'unexpected reg_type %d in mark_btf_ld_reg', type)
}
