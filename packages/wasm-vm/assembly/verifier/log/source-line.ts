// SPDX-License-Identifier: GPL-2.0-only
// The C line of an instruction, from BTF line info. Counterpart: verbose_linfo of kernel/bpf/log.c.

import { btfNameByOffset } from '../../btf/btf'
import { Env } from '../env'
import { Z, verbose } from './verbose'

const LINFO_SIZE: usize = 16

function findLinfo(env: Env, insn: u32): usize {
  const n = <i32>env.prog.lineInfoCnt
  if (!n || insn >= <u32>env.len) return 0
  let l = 0
  let r = n - 1
  while (l < r) {
    const m = l + (r - l + 1) / 2
    if (load<u32>(env.prog.lineInfo + <usize>m * LINFO_SIZE) <= insn) l = m
    else r = m - 1
  }
  return env.prog.lineInfo + <usize>l * LINFO_SIZE
}

/** Logs the line unless it was logged last; prefixInsn < 0: the prefix is "; ", else the number and a colon. */
export function verboseLinfo(env: Env, insn: i32, prefixInsn: i32 = -1): void {
  if (!env.log.level) return
  const prev = env.prevLinfo
  const li = findLinfo(env, <u32>insn)
  if (!li || li == prev) return
  if (prev && load<u32>(li, 4) == load<u32>(prev, 4) && load<u32>(li, 12) >> 10 == load<u32>(prev, 12) >> 10) return
  if (prefixInsn < 0) verbose(env, '; ')
  else verbose(env, '%d: ', prefixInsn)
  let s = btfNameByOffset(env.prog.btf, load<u32>(li, 8))
  while (s && (load<u8>(s) == 32 || (load<u8>(s) >= 9 && load<u8>(s) <= 13))) s++
  verbose(env, '%S', Z(s))
  let file = btfNameByOffset(env.prog.btf, load<u32>(li, 4))
  if (file) for (let p = file; load<u8>(p); p++) if (load<u8>(p) == 47) file = p + 1
  verbose(env, ' @ %S:%u\n', Z(file), load<u32>(li, 12) >> 10)
  env.prevLinfo = li
}
