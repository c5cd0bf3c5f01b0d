// SPDX-License-Identifier: GPL-2.0-only
// Saved interrupt flags on the stack.

import { Env } from '../env'
import { RegState } from '../state'
import { checkIds } from '../states/ids'

export function sameIrqSlot(env: Env, old: RegState, cur: RegState): bool {
  return checkIds(env, old.refObjId, cur.refObjId) && old.irqClass == cur.irqClass
}
