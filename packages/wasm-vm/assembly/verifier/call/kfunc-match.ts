// SPDX-License-Identifier: GPL-2.0-only
// Whether a pointer to one structure may be passed as a pointer to another one.
// Counterparts: process_kf_arg_ptr_to_btf_id, btf_struct_ids_match, btf_type_ids_nocast_alias.

import { Btf, btfKind, btfNameOf, btfTypeById, btfVlen } from '../../btf/btf'
import { btfFindByNameKind, btfTypeIdSize, btfTypeSkipModifiers, memberBitOffset, memberType } from '../../btf/kinds'
import { EINVAL } from '../../gen/errno.gen'
import { PTR_TO_BTF_ID } from '../../gen/verifier-types.gen'
import { kernel } from '../../mem/root'
import { KIND_ARRAY, KIND_STRUCT, isText, kindStr } from '../btf-facts'
import { baseType } from '../bounds'
import { Env } from '../env'
import { S, Z, literalTo, reject } from '../log/verbose'
import { curReg } from '../state'
import { aliasStruct, isStructOrUnion } from './kfunc-kinds'
import { KfuncMeta, isRelease } from './kfunc-meta'

const ID: usize = memory.data(4, 4)
const SIZE: usize = memory.data(4, 4)
const TYPE: usize = memory.data(4, 4)
const NAME: usize = memory.data(48)
const STEP: usize = memory.data(8, 4)
const INIT_SUFFIX: string = '___init'

/** Number of a structure of the kernel, 0: it has none of this name. */
export function kernelStruct(name: string): u32 {
  const btf = kernel().vmlinux
  if (!btf) return 0
  return btfFindByNameKind(changetype<Btf>(btf), <usize>literalTo(NAME, 48, name), KIND_STRUCT)
}

/** The structure that member data at the offset begins, looked for inwards; 0: none begins there. */
function structAt(btf: Btf, id: u32, off: u32): u32 {
  let t = btfTypeById(btf, id)
  for (let depth = 0; depth < 32; depth++) {
    if (!t || !isStructOrUnion(t)) return 0
    if (!memberAt(btf, t, off)) return 0
    const found = load<u32>(STEP)
    const rest = load<u32>(STEP, 4)
    if (!rest) return found
    t = btfTypeById(btf, found)
    off = rest
  }
  return 0
}

/** The member structure that holds the offset: its number and the rest of the offset go to STEP. */
function memberAt(btf: Btf, t: usize, off: u32): bool {
  const n = btfVlen(t)
  for (let i: u32 = 0; i < n; i++) {
    const at = memberBitOffset(t, i) >> 3
    let m = btfTypeSkipModifiers(btf, memberType(t, i), ID)
    if (off < at || !m || !btfTypeIdSize(btf, load<u32>(ID), TYPE, SIZE)) continue
    if (off >= at + load<u32>(SIZE)) continue
    let rest = off - at
    if (btfKind(m) == KIND_ARRAY) {
      m = btfTypeSkipModifiers(btf, load<u32>(m, 12), ID)
      if (!m || !btfTypeIdSize(btf, load<u32>(ID), TYPE, SIZE) || !load<u32>(SIZE)) return false
      rest %= load<u32>(SIZE)
    }
    if (!isStructOrUnion(m)) return false
    store<u32>(STEP, load<u32>(ID))
    store<u32>(STEP, rest, 4)
    return true
  }
  return false
}

export function structIdsMatch(btf: Btf, id: u32, off: i32, needBtf: Btf, needId: u32, strict: bool): bool {
  const same = changetype<usize>(btf) == changetype<usize>(needBtf)
  if (!off && same && id == needId) return true
  if (strict || off < 0) return false
  for (let depth = 0; depth < 32; depth++) {
    id = structAt(btf, id, <u32>off)
    if (!id) return false
    if (same && id == needId) return true
    off = 0
  }
  return false
}

/** Exactly one of two names has the suffix that keeps the types apart. */
function isNocastAlias(a: usize, b: usize): bool {
  let i: usize = 0
  while (load<u8>(a + i) && load<u8>(a + i) == load<u8>(b + i)) i++
  if (load<u8>(a + i) && load<u8>(b + i)) return false
  return isText(a + i, INIT_SUFFIX) || isText(b + i, INIT_SUFFIX)
}

/** What programs see of the structure that the register points to: the function casts it itself. */
function isProjection(view: usize, real: usize): bool {
  if (isText(view, '__sk_buff')) return isText(real, 'sk_buff')
  return isText(view, 'xdp_md') && isText(real, 'xdp_buff')
}

/** ref: the structure (number refId of the kernel) that the function takes. */
export function processBtfArg(env: Env, m: KfuncMeta, i: i32, ref: usize, refId: u32): i32 {
  const reg = curReg(env, i + 1)
  const base = baseType(reg.type)
  const byId = base == PTR_TO_BTF_ID
  const btf = byId ? changetype<Btf>(reg.btf) : m.btf
  const regId = byId ? reg.btfId : kernelStruct(aliasStruct(base))
  const refName = btfNameOf(m.btf, ref)
  const own = btfTypeSkipModifiers(btf, regId, ID)
  const ownId = load<u32>(ID)
  const ownName = btfNameOf(btf, own)
  const strict = (isRelease(m) && reg.refObjId != 0) || isNocastAlias(btfNameOf(btf, btfTypeById(btf, regId)), refName)
  if (structIdsMatch(btf, ownId, reg.off, m.btf, refId, strict) || isProjection(refName, ownName)) return 0
  return reject(
    env,
    -EINVAL,
    'kernel function %S args#%d expected pointer to %s %S but R%d has a pointer to %s %S\n',
    Z(m.name),
    i,
    S(kindStr(ref)),
    Z(refName),
    i + 1,
    S(kindStr(own)),
    Z(ownName),
  )
}
