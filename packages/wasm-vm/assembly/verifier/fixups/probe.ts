// SPDX-License-Identifier: GPL-2.0-only
// Loads through pointers that may have gone stale become loads that survive a fault: a bad address reads as 0.
// Kernel counterpart: the BPF_PROBE_MEM part of convert_ctx_accesses.

import {
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_RDONLY,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { insnCode, insnOff } from '../../insn/raw'
import { baseType } from '../bounds'
import { Env, auxAt, insnOf } from '../env'

const CLASS_LDX: i32 = 1
const MODE_MEM: i32 = 0x60
const MODE_MEMSX: i32 = 0x80
const MODE_PROBE_MEM: i32 = 0x20
const MODE_PROBE_MEMSX: i32 = 0x40

/** Pointers behind which there may be no memory: the structures of the kernel, which are images here, all of them. */
function mayFault(type: i32): bool {
  switch (baseType(type)) {
    case PTR_TO_BTF_ID:
      return (type & (MEM_ALLOC | PTR_UNTRUSTED)) != MEM_ALLOC
    case CONST_PTR_TO_MAP:
      return true
    case PTR_TO_MEM:
      return type == (PTR_TO_MEM | MEM_RDONLY) || (type & PTR_UNTRUSTED) != 0
  }
  return false
}

/** A load from a map's own pointer: of the object's layout instead of the kernel's, whose offset imm keeps to be shown. */
function moveHome(p: usize, home: u32): void {
  store<i32>(p, insnOff(p), 4)
  store<i16>(p, <i16>home, 2)
}

export function convertProbes(env: Env): void {
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const code = insnCode(p)
    if (auxAt(env, i).mapHome) moveHome(p, auxAt(env, i).mapHome)
    if ((code & 7) != CLASS_LDX || !mayFault(auxAt(env, i).ptrType)) continue
    const mode = code & 0xe0
    if (mode == MODE_MEM) store<u8>(p, <u8>((code & 0x1f) | MODE_PROBE_MEM))
    else if (mode == MODE_MEMSX) store<u8>(p, <u8>((code & 0x1f) | MODE_PROBE_MEMSX))
  }
}
