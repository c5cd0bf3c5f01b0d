// SPDX-License-Identifier: GPL-2.0-only
// Extensions (freplace): programs in the place of functions of another program. While a program has one it is
// interpreted, and its calls look here. Kernel counterpart: bpf_trampoline_link_prog of kernel/bpf/trampoline.c.

import { EBUSY, EINVAL, ENOMEM } from '../gen/errno.gen'
import { Decoded, FuncRef, funcAt } from '../insn/record'
import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from './prog'

/** Puts `ext` into the place of a function of `target`; 0 or an errno. */
export function extensionAttach(target: Prog, sub: u32, ext: Prog): i32 {
  if (sub >= max<u32>(target.subprogCnt, 1)) return -EINVAL
  if (target.extProgs && load<usize>(target.extProgs + ((<usize>sub) << 2))) return -EBUSY
  // what is called by tail calls is not extended, and the other way round: loops without end could be made
  if (target.progArrayMembers) return -EBUSY
  if (!target.extProgs) {
    target.extProgs = kzalloc((<usize>max<u32>(target.subprogCnt, 1)) << 2)
    if (!target.extProgs) return -ENOMEM
  }
  store<usize>(target.extProgs + ((<usize>sub) << 2), changetype<usize>(ext))
  target.extCnt++
  target.isExtended = true
  return 0
}

export function extensionDetach(target: Prog, sub: u32): void {
  if (!target.extProgs) return
  const at = target.extProgs + ((<usize>sub) << 2)
  if (!load<usize>(at)) return
  store<usize>(at, 0)
  target.isExtended = false
  if (--target.extCnt) return
  kfree(target.extProgs)
  target.extProgs = 0
}

/** The extension of a function, or 0. */
@inline export function extensionOf(target: Prog, sub: u32): usize {
  return target.extCnt ? load<usize>(target.extProgs + ((<usize>sub) << 2)) : 0
}

/** The function that a call of subprogram `index` enters. */
export function calledFunc(decoded: Decoded, index: u32): FuncRef {
  const owner = changetype<Prog>(decoded.owner)
  if (changetype<usize>(owner) && owner.extCnt) {
    const ext = extensionOf(owner, index)
    if (ext && changetype<Prog>(ext).decoded) return funcAt(changetype<Decoded>(changetype<Prog>(ext).decoded), 0)
  }
  return funcAt(decoded, index)
}
