// SPDX-License-Identifier: GPL-2.0-only
// Variables and functions of the kernel that programs name by BTF. The virtual kernel has no memory of its own that looks
// like Linux's: a variable is made when a program first names it, zero but for what the world knows of it.
//
//   A symbol: | next (4) | type's address (4) | pad (8) | size of a copy (8) | copies, one for each CPU … |
//   The size stands where the helpers of per-CPU variables look for it (helpers/percpu.ts).

import { Btf, btfKind, btfNameOf, btfType, btfVlen } from '../btf/btf'
import { btfTypeSkipModifiers, memberBitOffset, memberName } from '../btf/kinds'
import { PERCPU_HEADER } from '../helpers/percpu'
import { kzalloc } from '../mem/alloc'
import { cstrIs } from '../mem/bytes'
import { kernel } from '../mem/root'
import { KIND_FUNC, resolveSize } from '../verifier/btf-facts'

const HEAD: usize = 16
const FUNC_SIZE: i64 = 16

@unmanaged class KernelSymbol {
  next: usize
  type: usize
}

/** `runqueues` knows which CPU it is of. */
function fill(btf: Btf, name: usize, type: usize, at: usize, cpu: u32): void {
  if (!cstrIs(name, 'runqueues')) return
  for (let i: u32 = 0; i < btfVlen(type); i++)
    if (cstrIs(memberName(btf, type, i), 'cpu')) store<u32>(at + <usize>(memberBitOffset(type, i) >> 3), cpu)
}

/** Address of a symbol, made if it is new: one copy for each CPU; 0 without memory or without a size. */
export function kernelSymbol(btf: Btf, t: usize): u64 {
  for (let p = kernel().symbols; p; p = changetype<KernelSymbol>(p).next)
    if (changetype<KernelSymbol>(p).type == t) return <u64>(p + HEAD + PERCPU_HEADER)
  const type = btfKind(t) == KIND_FUNC ? 0 : btfTypeSkipModifiers(btf, btfType(t), 0)
  const whole = type ? resolveSize(btf, type) : FUNC_SIZE
  if (whole < 0) return 0
  const size = <usize>((max<i64>(whole, 1) + 7) & ~7)
  const p = kzalloc(HEAD + PERCPU_HEADER + size * kernel().cpus)
  if (!p) return 0
  const s = changetype<KernelSymbol>(p)
  s.next = kernel().symbols
  s.type = t
  kernel().symbols = p
  const at = p + HEAD + PERCPU_HEADER
  store<u32>(at - PERCPU_HEADER, <u32>size)
  for (let cpu: u32 = 0; cpu < kernel().cpus; cpu++) fill(btf, btfNameOf(btf, t), type, at + <usize>cpu * size, cpu)
  return <u64>at
}
