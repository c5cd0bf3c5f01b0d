// SPDX-License-Identifier: GPL-2.0-only
// Special fields of the memory that a register points to. Counterpart: reg_btf_record.

import { Btf } from '../btf/btf'
import { structRecord } from '../btf/check/struct-metas'
import { BtfRecord } from '../btf/record'
import { MEM_ALLOC, PTR_TO_BTF_ID, PTR_TO_MAP_VALUE } from '../gen/verifier-types.gen'
import { baseType } from './bounds'
import { RegState } from './state'

@inline export function isAllocatedObject(type: i32): bool {
  return baseType(type) == PTR_TO_BTF_ID && (type & MEM_ALLOC) != 0
}

/** Null where there are none. */
export function regRecord(reg: RegState): BtfRecord {
  if (reg.type == PTR_TO_MAP_VALUE) return reg.map.record
  if (isAllocatedObject(reg.type)) return structRecord(changetype<Btf>(reg.btf), reg.btfId)
  return changetype<BtfRecord>(0)
}
