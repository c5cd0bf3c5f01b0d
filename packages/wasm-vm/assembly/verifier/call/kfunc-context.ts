// SPDX-License-Identifier: GPL-2.0-only
// The kernel's own structure of a program's context. Counterpart: get_kern_ctx_btf_id.

import { Btf, btfTypeById, btfVlen } from '../../btf/btf'
import { memberName, memberType } from '../../btf/kinds'
import { EINVAL } from '../../gen/errno.gen'
import { KERNEL_CONTEXTS, KERNEL_CONTEXT_COUNT, KERNEL_CONTEXT_OFFSETS } from '../../gen/kfuncs.gen'
import { cstrEquals } from '../../mem/bytes'
import { kernelStruct } from './kfunc-match'
import { Env, resolveProgType } from '../env'
import { reject } from '../log/verbose'
import { isStructOrUnion } from './kfunc-kinds'

/** Number of the structure, or -errno. */
export function kernelContext(env: Env, btf: Btf): i32 {
  const type = resolveProgType(env.prog)
  const all = btfTypeById(btf, kernelStruct('bpf_ctx_convert'))
  if (!all || type >= KERNEL_CONTEXT_COUNT) return -EINVAL
  const name = KERNEL_CONTEXTS + <usize>load<u16>(KERNEL_CONTEXT_OFFSETS + ((<usize>type) << 1))
  const n = btfVlen(all)
  for (let i: u32 = 0; i < n; i++) {
    if (!cstrEquals(memberName(btf, all, i), name)) continue
    const id = memberType(all, i)
    if (isStructOrUnion(btfTypeById(btf, id))) return <i32>id
    return reject(env, -EINVAL, 'kern ctx type id %u is not a struct\n', id)
  }
  return -EINVAL
}
