// SPDX-License-Identifier: GPL-2.0-only
// What is known of the words of a context beyond what BTF says: iterators and struct_ops tell.
// Kernel counterparts: struct bpf_ctx_arg_aux, bpf_iter_prog_supported, prepare_arg_info of bpf_struct_ops.c.

import { btfFind, kernelTypes } from '../../btf/name-index'
import { EINVAL, ENOMEM } from '../../gen/errno.gen'
import { ITER_ARGS } from '../../gen/attach-targets.gen'
import { MEM_RDONLY, PTR_MAYBE_NULL, PTR_TO_BTF_ID, PTR_TO_BUF, PTR_TRUSTED } from '../../gen/verifier-types.gen'
import { cstrEquals, cstrlen } from '../../mem/bytes'
import { kfree, kzalloc } from '../../mem/alloc'
import { Prog } from '../../prog/prog'
import { KIND_STRUCT, startsWith } from '../btf-facts'

@unmanaged export class CtxArg {
  offset: u32
  type: i32
  btf: usize
  btfId: u32
  refcounted: bool
  refObjId: u32
}
export const CTX_ARG_SIZE: usize = offsetof<CtxArg>()

@inline export function ctxArgAt(prog: Prog, i: u32): CtxArg {
  return changetype<CtxArg>(prog.ctxArgs + <usize>i * CTX_ARG_SIZE)
}

/** Room for so many; false without memory. */
export function reserveCtxArgs(prog: Prog, n: u32): bool {
  kfree(prog.ctxArgs)
  prog.ctxArgs = 0
  prog.ctxArgCnt = n
  if (!n) return true
  prog.ctxArgs = kzalloc(<usize>n * CTX_ARG_SIZE)
  return prog.ctxArgs != 0
}

const PREFIX: usize = 9

/** Row of ITER_ARGS behind the target's name, 0 if there is no such iterator. */
function iterRow(target: usize): usize {
  let p = ITER_ARGS
  while (load<u8>(p)) {
    const body = p + cstrlen(p) + 1
    if (cstrEquals(p, target)) return body
    let n = <i32>load<u8>(body)
    p = body + 1
    while (n--) p += 2 + cstrlen(p + 2) + 1
  }
  return 0
}

/** 0, or -EINVAL where the function is no iterator's. */
export function iterArguments(prog: Prog): i32 {
  if (!startsWith(prog.attachFuncName, 'bpf_iter_')) return -EINVAL
  const row = iterRow(prog.attachFuncName + PREFIX)
  if (!row) return -EINVAL
  const n = <u32>load<u8>(row)
  if (!reserveCtxArgs(prog, n)) return -ENOMEM
  let p = row + 1
  for (let i: u32 = 0; i < n; i++) {
    const a = ctxArgAt(prog, i)
    const kind = load<u8>(p, 1)
    a.offset = (<u32>load<u8>(p)) << 3
    if (kind >= 2) a.type = PTR_TO_BUF | PTR_MAYBE_NULL | (kind == 2 ? MEM_RDONLY : 0)
    else {
      a.type = PTR_TO_BTF_ID | PTR_MAYBE_NULL | (kind == 1 ? PTR_TRUSTED : 0)
      a.btf = changetype<usize>(kernelTypes())
      a.btfId = btfFind(kernelTypes(), p + 2, KIND_STRUCT)
    }
    p += 2 + cstrlen(p + 2) + 1
  }
  return 0
}
