// SPDX-License-Identifier: GPL-2.0-only
// Open-coded iterators on the stack.

import { Env } from '../env'
import { RegState } from '../state'
import { checkIds } from '../states/ids'

/** The depth does not count: it only tells rounds apart. */
export function sameIterSlot(env: Env, old: RegState, cur: RegState): bool {
  if (old.btf != cur.btf || old.btfId != cur.btfId || old.iterState != cur.iterState) return false
  return checkIds(env, old.refObjId, cur.refObjId)
}
