// SPDX-License-Identifier: GPL-2.0-only
// What can be said of a call before the walk: parameters, result, fast calls.
// Counterparts: get_call_summary, mark_fastcall_patterns.

import { RET_VOID } from '../../gen/verifier-types.gen'
import {
  BPF_FUNC_get_current_task,
  BPF_FUNC_get_current_task_btf,
  BPF_FUNC_get_smp_processor_id,
} from '../../gen/uapi-enums.gen'
import { insnCode, insnDst, insnImm, insnOff, insnSrc } from '../../insn/raw'
import { Btf, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { kernelFunction } from '../../kfunc/known'
import { kernel } from '../../mem/root'
import { Env, auxAt, insnOf, subprogAt } from '../env'
import { isHelperCall } from '../subprogs'
import { kfuncIsFast } from './kfunc-add'
import { allowedKfunc } from './kfunc-meta'
import { helperProto, protoArg, protoFastcall, protoResult } from '../tables'

// The last summary: parameters, whether there is a result, whether the call keeps registers that it does not use.
const SUMMARY: usize = memory.data(16, 4)

@inline export function summaryParams(): i32 {
  return load<i32>(SUMMARY)
}

@inline function summaryVoid(): bool {
  return load<i32>(SUMMARY, 4) != 0
}

@inline function summaryFast(): bool {
  return load<i32>(SUMMARY, 8) != 0
}

/** Helpers that Linux's x86-64 compiler or verifier replaces by instructions. */
function isInlined(id: i32): bool {
  return id == BPF_FUNC_get_smp_processor_id || id == BPF_FUNC_get_current_task || id == BPF_FUNC_get_current_task_btf
}

function kfuncSummary(env: Env, p: usize): bool {
  if (!allowedKfunc(env, p)) return false
  const btf = changetype<Btf>(kernel().vmlinux)
  const proto = btfTypeById(btf, btfType(kernelFunction(insnImm(p))))
  store<i32>(SUMMARY, btfVlen(proto))
  store<i32>(SUMMARY, btfType(proto) == 0 ? 1 : 0, 4)
  store<i32>(SUMMARY, kfuncIsFast(env, p) ? 1 : 0, 8)
  return true
}

/** False when nothing is known; the walk will say why. */
export function callSummary(env: Env, p: usize): bool {
  if (insnSrc(p) == 2) return kfuncSummary(env, p)
  if (!isHelperCall(p)) return false
  const proto = helperProto(env, insnImm(p))
  if (!proto) return false
  let n = 0
  while (n < 5 && protoArg(proto, n)) n++
  store<i32>(SUMMARY, n)
  store<i32>(SUMMARY, protoResult(proto) == RET_VOID ? 1 : 0, 4)
  store<i32>(SUMMARY, protoFastcall(proto) && isInlined(insnImm(p)) ? 1 : 0, 8)
  return true
}

/** Spills around a call that a compiler adds for kernels which do not know that the call keeps the registers. */
function markPattern(env: Env, sub: i32, call: i32, lowest: i32): void {
  if (!callSummary(env, insnOf(env, call))) return
  const params = summaryParams()
  let clobbered: u32 = ((1 << (params + 1)) - 1) & (summaryVoid() ? ~1 : ~0)
  let expected: u32 = ~clobbered & 0x3f
  let off = lowest
  let i = 1
  for (; i <= 6; i++, off += 8) {
    if (call - i < 0 || call + i >= env.len) break
    const stx = insnOf(env, call - i)
    const ldx = insnOf(env, call + i)
    if (insnCode(stx) != 0x7b || insnCode(ldx) != 0x79 || insnDst(stx) != 10 || insnSrc(ldx) != 10) break
    const reg = insnSrc(stx)
    if (reg != insnDst(ldx) || !((expected >> reg) & 1)) break
    if (insnOff(stx) != off || insnOff(ldx) != off) break
    expected &= ~(1 << reg)
    auxAt(env, call - i).fastcallPattern = true
    auxAt(env, call + i).fastcallPattern = true
  }
  if (i == 1) return
  const s = subprogAt(env, sub)
  if (summaryFast()) auxAt(env, call).fastcallSpills = <u8>(i - 1)
  else s.keepFastcallStack = true
  if (off < s.fastcallStackOff) s.fastcallStackOff = <i16>off
}

export function markFastcallPatterns(env: Env): void {
  for (let s = 0; s < env.subprogCnt; s++) {
    const start = subprogAt(env, s).start
    const end = subprogAt(env, s + 1).start
    let lowest = 0
    for (let i = start; i < end; i++) {
      const p = insnOf(env, i)
      if (insnCode(p) == 0x7b && insnDst(p) == 10 && insnOff(p) < lowest) lowest = insnOff(p)
    }
    for (let i = start; i < end; i++) if (insnCode(insnOf(env, i)) == 0x85) markPattern(env, s, i, lowest)
  }
}
