// SPDX-License-Identifier: GPL-2.0-only
// The type of the kernel that a program's own type of the same name stands for.
// Kernel counterparts: btf_get_ptr_to_btf_id, bpf_core_find_cands.

import { Btf, btfKind, btfNameOf, btfType, btfTypeById } from '../../btf/btf'
import { kernelTypes } from '../../btf/name-index'
import { EINVAL, ENOENT, ESRCH } from '../../gen/errno.gen'
import { cstrlen } from '../../mem/bytes'
import { isModifier, kindStr } from '../btf-facts'
import { Env } from '../env'
import { S, Z, reject } from '../log/verbose'

/** Length of a name without its flavour: of task_struct___mine, that of task_struct. */
function essentialLength(name: usize): usize {
  const n = <i32>cstrlen(name)
  for (let i = n - 5; i >= 0; i--) {
    const p = name + <usize>i
    const under = load<u8>(p, 1) == 95 && load<u8>(p, 2) == 95 && load<u8>(p, 3) == 95
    if (under && load<u8>(p) != 95 && load<u8>(p, 4) != 95) return <usize>(i + 1)
  }
  return <usize>n
}

function sameStart(a: usize, b: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false
  return true
}

/** Number of the kernel's type that a pointer's target stands for, or -errno. */
export function matchingKernelType(env: Env, btf: Btf, ptr: usize, arg: i32): i32 {
  let t = btfTypeById(btf, btfType(ptr))
  while (t && isModifier(t)) t = btfTypeById(btf, btfType(t))
  const name = t ? btfNameOf(btf, t) : 0
  const kind = S(kindStr(t))
  const kernel = kernelTypes()
  if (!name || !load<u8>(name) || !changetype<usize>(kernel))
    return reject(
      env,
      -EINVAL,
      "arg#%d reference type('%s %S') candidate matching error: %d\n",
      arg,
      kind,
      Z(name),
      -EINVAL,
    )
  const n = essentialLength(name)
  let found: u32 = 0
  let count = 0
  for (let id: u32 = 1; id < kernel.nrTypes; id++) {
    const k = btfTypeById(kernel, id)
    if (btfKind(k) != btfKind(t)) continue
    const other = btfNameOf(kernel, k)
    if (!other || !sameStart(name, other, n) || essentialLength(other) != n) continue
    found = id
    count++
  }
  if (count == 1) return <i32>found
  return reject(
    env,
    count ? -ESRCH : -ENOENT,
    "arg#%d reference type('%s %S') %s\n",
    arg,
    kind,
    Z(name),
    S(count ? 'is ambiguous' : 'has no matches'),
  )
}
