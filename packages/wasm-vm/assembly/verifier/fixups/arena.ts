// SPDX-License-Identifier: GPL-2.0-only
// Instructions that work on an arena, in the forms that engines know.
// Kernel counterpart: the cases of PTR_TO_ARENA in convert_ctx_accesses and do_misc_fixups.

import { BPF_F_NO_USER_CONV } from '../../gen/uapi-enums.gen'
import { PTR_TO_ARENA } from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnImm, insnOff } from '../../insn/raw'
import { Env, auxAt, insnOf } from '../env'

const CODE_LD_IMM64: i32 = 0x18
const CODE_MOV64_REG: i32 = 0xbf
const CODE_MOV32_REG: u8 = 0xbc
const CAST: i32 = 1
const CAST_TO_PROGRAM: i32 = 1

// Modes of loads and stores: those of a program, and those that they become
const MODE: i32 = 0xe0
const MODE_MEM: i32 = 0x60
const MODE_MEMSX: i32 = 0x80
const MODE_ATOMIC: i32 = 0xc0
const PROBE_MEM32: i32 = 0xa0
const PROBE_MEM32SX: i32 = 0xc0
const PROBE_ATOMIC: i32 = 0xe0

function accessMode(code: i32): i32 {
  switch (code & MODE) {
    case MODE_MEM:
      return PROBE_MEM32
    case MODE_MEMSX:
      return PROBE_MEM32SX
    case MODE_ATOMIC:
      return PROBE_ATOMIC
  }
  return 0
}

/** The upper half of a pointer that only programs use is zero. */
function convertCast(env: Env, p: usize): void {
  if (insnImm(p) != CAST_TO_PROGRAM && !(env.prog.arena.mapFlags & BPF_F_NO_USER_CONV)) return
  store<u8>(p, CODE_MOV32_REG)
  store<i16>(p, 0, 2)
  store<i32>(p, 0, 4)
}

export function convertArenaUse(env: Env): void {
  if (!changetype<usize>(env.prog.arena)) return
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const code = insnCode(p)
    const cls = insnClass(p)
    if (code == CODE_LD_IMM64) i++
    else if (code == CODE_MOV64_REG && insnOff(p) == CAST) convertCast(env, p)
    else if (cls == 7 && auxAt(env, i).needsZext) store<u8>(p, <u8>((code & 0xf8) | 4))
    else if (cls >= 1 && cls <= 3 && auxAt(env, i).ptrType == PTR_TO_ARENA) {
      store<u8>(p, <u8>((code & ~MODE) | accessMode(code)))
    }
  }
}
