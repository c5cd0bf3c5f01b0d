// SPDX-License-Identifier: GPL-2.0-only
// Pointers that may be NULL, after a comparison with NULL or with a pointer that is not.
// Kernel counterpart: mark_ptr_or_null_regs, mark_ptr_or_null_reg of verifier.c (6.18).

import { BPF_RES_SPIN_LOCK, BPF_SPIN_LOCK, recordHas } from '../../btf/record'
import {
  MEM_ALLOC,
  MEM_RCU,
  NON_OWN_REF,
  PTR_TO_BTF_ID,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { baseType, markPtrNotNull, mayBeNull } from '../bounds'
import { releaseReferenceNomark } from '../refs'
import { firstReg, more, nextReg } from '../reg-iter'
import { regRecord } from '../reg-record'
import { frameOf, regOf, RegState, VState } from '../state'

/** Whether a lock may be reached through it: then its id says which one. */
function mayHoldLock(r: RegState): bool {
  return recordHas(regRecord(r), BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)
}

function isAllocated(r: RegState): bool {
  return baseType(r.type) == PTR_TO_BTF_ID && (r.type & MEM_ALLOC) != 0 && (r.type & PTR_UNTRUSTED) == 0
}

function markOne(r: RegState, id: u32, isNull: bool): void {
  if (!mayBeNull(r.type) || r.id != id || (!(r.type & MEM_RCU) && !r.id)) return
  // No arithmetic was allowed on it; if there was some, leave it alone.
  if (r.smin || r.smax || r.varMask || r.varValue) return
  if (r.off && !isAllocated(r) && !(isAllocated(r) && (r.type & NON_OWN_REF) != 0)) return
  if (isNull) {
    r.type = SCALAR_VALUE
    r.id = 0
    r.refObjId = 0
    return
  }
  markPtrNotNull(r)
  if (!mayHoldLock(r)) r.id = 0
}

/** All copies of a register on one way of a comparison with NULL. */
export function markPtrOrNull(st: VState, regno: i32, isNull: bool): void {
  const r = regOf(frameOf(st, st.curframe), regno)
  const id = r.id
  const ref = r.refObjId
  // What is NULL was not acquired.
  if (ref && ref == id && isNull) releaseReferenceNomark(st, id)
  for (let x = firstReg(st); more(x); x = nextReg()) markOne(x, id, isNull)
}
