// SPDX-License-Identifier: GPL-2.0-only
// Whether two states use ids in the same way, and registers that are the same but for ids.
// Counterparts: check_ids, check_scalar_ids, regs_exact.

import { Env } from '../env'
import { BPF_ADD_CONST, REG_PREFIX_ID, RegState, sameBytes } from '../state'

/** Pairs (old id, new id) seen in this comparison, ended by a zero. */
const MAP_ROWS: i32 = (11 + 64) * 8 + 1
export const IDMAP_SIZE: usize = <usize>MAP_ROWS * 8

export function resetIdmap(env: Env): void {
  env.idmapTmp = env.idGen
  store<u64>(env.idmap, 0)
}

export function checkIds(env: Env, oldId: u32, curId: u32): bool {
  if ((oldId != 0) != (curId != 0)) return false
  if (!oldId) return true
  let p = env.idmap
  for (let i = 0; i < MAP_ROWS - 1; i++, p += 8) {
    const o = load<u32>(p)
    if (!o) {
      store<u32>(p, oldId)
      store<u32>(p, curId, 4)
      store<u64>(p, 0, 8)
      return true
    }
    if (o == oldId) return load<u32>(p, 4) == curId
    if (load<u32>(p, 4) == curId) return false
  }
  return false
}

/** An old id of zero fits all; a new one of zero stands for one that nothing shares. Distances must hang together too. */
export function checkScalarIds(env: Env, oldId: u32, curId: u32): bool {
  if (!oldId) return true
  if (!curId) curId = ++env.idmapTmp
  if (!checkIds(env, oldId, curId)) return false
  return !(oldId & BPF_ADD_CONST) || checkIds(env, oldId & ~BPF_ADD_CONST, curId & ~BPF_ADD_CONST)
}

export function regsExact(env: Env, a: RegState, b: RegState): bool {
  return sameBytes(a, b, REG_PREFIX_ID) && checkIds(env, a.id, b.id) && checkIds(env, a.refObjId, b.refObjId)
}
