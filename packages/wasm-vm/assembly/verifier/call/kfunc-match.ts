// SPDX-License-Identifier: GPL-2.0-only
// Whether a pointer to one structure may be passed as a pointer to another one.
// Counterparts: process_kf_arg_ptr_to_btf_id, btf_struct_ids_match, btf_type_ids_nocast_alias.

import { Btf, btfNameOf, btfTypeById } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { kernelType } from '../../btf/name-index'
import { EINVAL } from '../../gen/errno.gen'
import { MEM_ALLOC, PTR_TO_BTF_ID } from '../../gen/verifier-types.gen'
import { KIND_STRUCT, isText, kindStr } from '../btf-facts'
import { baseType } from '../bounds'
import { structIdsMatch } from '../btf/walk'
import { Env } from '../env'
import { S, Z, reject } from '../log/verbose'
import { curReg } from '../state'
import { aliasStruct } from './kfunc-kinds'
import { KfuncMeta, isRelease } from './kfunc-meta'

const ID: usize = memory.data(4, 4)
const INIT_SUFFIX: string = '___init'

/** Number of a structure of the kernel, 0: it has none of this name. */
@inline export function kernelStruct(name: string): u32 {
  return kernelType(name, KIND_STRUCT)
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
  if (
    structIdsMatch(env, btf, ownId, reg.off, m.btf, refId, strict, (reg.type & MEM_ALLOC) == 0) ||
    isProjection(refName, ownName)
  )
    return 0
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
