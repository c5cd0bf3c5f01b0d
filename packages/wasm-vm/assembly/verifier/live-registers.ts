// SPDX-License-Identifier: GPL-2.0-only
// Registers that may be read after an instruction, before any path is walked.
// Counterpart: compute_live_registers of kernel/bpf/verifier.c.
//   out = union of in of the successors;  in = (out - def) + use;  until nothing changes

import { ENOMEM } from '../gen/errno.gen'
import { insnClass, insnCode, insnDst, insnImm, insnSrc } from '../insn/raw'
import { callSummary, summaryParams } from './call/summary'
import { successors } from './cfg'
import { BPF_LOG_LEVEL2, Env, auxAt, insnOf } from './env'
import { verboseInsn } from './log/disasm'
import { verbose } from './log/verbose'
import { poolZalloc } from './pool'
import { CODE_LD_IMM64 } from './subprogs'

const CALLER_SAVED: u32 = 0x3f

/** What an instruction uses in the low, what it defines in the high 16 bits. */
function usesAndDefs(env: Env, p: usize): u32 {
  const code = insnCode(p)
  const src: u32 = 1 << insnSrc(p)
  const dst: u32 = 1 << insnDst(p)
  const mode = code & 0xe0
  let def: u32 = 0
  let use: u32 = 0xffff
  switch (insnClass(p)) {
    case 0:
      if (mode == 0 && (code & 0x18) == 0x18) {
        def = dst
        use = 0
      }
      break
    case 1:
      if (mode == 0x60 || mode == 0x80) {
        def = dst
        use = src
      }
      break
    case 2:
      if (mode == 0x60) use = dst
      break
    case 3:
      if (mode == 0x60) use = dst | src
      else if (mode == 0xc0) {
        const imm = insnImm(p)
        use = dst | src
        if (imm == 0xf1) {
          use |= 1
          def = 1
        } else if (imm == 0x100) {
          def = dst
          use = src
        } else if (imm != 0x110 && imm & 1) def = src
      }
      break
    case 4:
    case 7: {
      const op = code & 0xf0
      def = dst
      if (op == 0xd0) use = dst
      else if (op == 0xb0) use = code & 8 ? src : 0
      else use = code & 8 ? dst | src : dst
      break
    }
    default:
      switch (code & 0xf0) {
        case 0:
        case 0xe0:
          use = 0
          break
        case 0x90:
          use = 1
          break
        case 0x80:
          def = CALLER_SAVED
          use = def & ~1
          if (callSummary(env, p)) use = ((1 << (summaryParams() + 1)) - 1) & ~1
          break
        default:
          use = code & 8 ? dst | src : dst
      }
  }
  return use | (def << 16)
}

export function computeLiveRegisters(env: Env): i32 {
  const n = env.len
  // For each instruction: use, def, in, out.
  const state = poolZalloc(env.pool, (<usize>n) << 3)
  if (!state) return -ENOMEM
  for (let i = 0; i < n; i++) store<u32>(state + ((<usize>i) << 3), usesAndDefs(env, insnOf(env, i)))
  const succ = memory.data(8, 4)
  let changed: bool
  do {
    changed = false
    for (let k = 0; k < env.curPostorder; k++) {
      const i = load<i32>(env.postorder + ((<usize>k) << 2))
      const p = state + ((<usize>i) << 3)
      let out: u32 = 0
      const cnt = successors(env, i, succ)
      for (let s = 0; s < cnt; s++) out |= load<u16>(state + ((<usize>load<i32>(succ + (s << 2))) << 3), 4)
      const inn = (out & ~(<u32>load<u16>(p, 2))) | load<u16>(p)
      if (out != load<u16>(p, 6) || inn != load<u16>(p, 4)) {
        store<u16>(p, <u16>inn, 4)
        store<u16>(p, <u16>out, 6)
        changed = true
      }
    }
  } while (changed)
  for (let i = 0; i < n; i++) auxAt(env, i).liveRegs = load<u16>(state + ((<usize>i) << 3), 4)
  if (env.log.level & BPF_LOG_LEVEL2) print(env)
  return 0
}

function print(env: Env): void {
  verbose(env, 'Live regs before insn:\n')
  for (let i = 0; i < env.len; i++) {
    const aux = auxAt(env, i)
    if (aux.scc) verbose(env, '%3d ', aux.scc)
    else verbose(env, '    ')
    verbose(env, '%3d: ', i)
    for (let j = 0; j < 10; j++) {
      if ((aux.liveRegs >> (<u16>j)) & 1) verbose(env, '%d', j)
      else verbose(env, '.')
    }
    verbose(env, ' ')
    verboseInsn(env, insnOf(env, i))
    if (insnCode(insnOf(env, i)) == CODE_LD_IMM64) i++
  }
}
