// SPDX-License-Identifier: GPL-2.0-only
// The dispatch loop. One source serves three engines: T = u32 is the interpreter of verified programs, T = u8 the checked
// engine, which looks at every access and counts every instruction, T = u16 the stepper, which moreover records every
// instruction and can stop before it. isChecked<T>() and isDebug<T>() are constant in each.
// Semantics: RFC 9669; the counterpart in Linux is ___bpf_prog_run of kernel/bpf/core.c.

import { Decoded, RECORD_SIZE } from '../insn/record'
import {
  ALU_ADD, ALU_AND, ALU_ARSH, ALU_DIV, ALU_LSH, ALU_MOD, ALU_MOV, ALU_MUL, ALU_NEG, ALU_OR, ALU_RSH, ALU_SDIV,
  ALU_SMOD, ALU_SUB, ALU_XOR, ATOMIC_ADD, ATOMIC_AND, ATOMIC_CMPXCHG, ATOMIC_FETCH_ADD, ATOMIC_FETCH_AND,
  ATOMIC_FETCH_OR, ATOMIC_FETCH_XOR, ATOMIC_OR, ATOMIC_XCHG, ATOMIC_XOR, COND_EQ, COND_GE, COND_GT, COND_LE, COND_LT,
  COND_NE, COND_SET, COND_SGE, COND_SGT, COND_SLE, COND_SLT, OP_ALU32_K, OP_ALU32_X, OP_ALU64_K, OP_ALU64_X,
  OP_ATOMIC32, OP_ATOMIC64, OP_CALL, OP_CALL_LOCAL, OP_CALL_REG, OP_EXIT, OP_JA, OP_JMP32_K, OP_JMP32_X, OP_JMP64_K,
  OP_JMP64_X, OP_LDX_B, OP_LDX_DW, OP_LDX_H, OP_LDX_SB, OP_LDX_SH, OP_LDX_SW, OP_LDX_W, OP_LD_ABS_B, OP_LD_ABS_H,
  OP_LD_ABS_W, OP_LD_IMM64, OP_LD_IND_B, OP_LD_IND_H, OP_LD_IND_W, OP_MAY_GOTO, OP_MOVSX32_16, OP_MOVSX32_8,
  OP_MOVSX64_16, OP_MOVSX64_32, OP_MOVSX64_8, OP_NOP, OP_PROBE_B, OP_PROBE_DW, OP_PROBE_H, OP_PROBE_SB, OP_PROBE_SH,
  OP_PROBE_SW, OP_PROBE_W, OP_STX_B, OP_STX_DW, OP_STX_H, OP_STX_W, OP_ST_B, OP_ST_DW, OP_ST_H, OP_ST_W, OP_SWAP16,
  OP_SWAP32, OP_SWAP64, OP_TAIL_CALL, OP_ZEXT16, OP_ZEXT32,
} from '../insn/ops'
import { div32, div64, mod32, mod64, sdiv32, sdiv64, smod32, smod64 } from './division'
import { FRAME_SIZE, mayGotoTaken, popFrame, pushFrame, replaceFunc } from './frame'
import { loadPacketAt } from './packet'
import { mayAccess, probeOk } from './regions'
import { debugStops } from './debug-state'
import { callFn, checkedCall, isaCall, tailCall } from './calls'
import { REGS, Run, TRAP_BUDGET, TRAP_CALL, TRAP_MEMORY, TRAP_OPCODE, TRAP_STACK } from './run-state'

@inline function isChecked<T>(): bool {
  return sizeof<T>() != 4
}
@inline function isDebug<T>(): bool {
  return sizeof<T>() == 2
}

// Operands of the record at pc
@inline function dst64(pc: usize): u64 {
  return load<u64>(REGS + <usize>load<u8>(pc, 2))
}
@inline function src64(pc: usize): u64 {
  return load<u64>(REGS + <usize>load<u8>(pc, 3))
}
@inline function dst32(pc: usize): u32 {
  return load<u32>(REGS + <usize>load<u8>(pc, 2))
}
@inline function src32(pc: usize): u32 {
  return load<u32>(REGS + <usize>load<u8>(pc, 3))
}
@inline function imm64(pc: usize): u64 {
  return load<u64>(pc, 8)
}
@inline function imm32(pc: usize): u32 {
  return load<u32>(pc, 8)
}
@inline function jumpTo(pc: usize): usize {
  return <usize>load<i32>(pc, 4)
}
@inline function setDst(pc: usize, value: u64): void {
  store<u64>(REGS + <usize>load<u8>(pc, 2), value)
}
@inline function setSrc(pc: usize, value: u64): void {
  store<u64>(REGS + <usize>load<u8>(pc, 3), value)
}
@inline function srcAddr(pc: usize): usize {
  return load<usize>(REGS + <usize>load<u8>(pc, 3)) + jumpTo(pc)
}
@inline function dstAddr(pc: usize): usize {
  return load<usize>(REGS + <usize>load<u8>(pc, 2)) + jumpTo(pc)
}
@inline function srcAddr64(pc: usize): u64 {
  return src64(pc) + <u64><i64>load<i32>(pc, 4)
}
@inline function dstAddr64(pc: usize): u64 {
  return dst64(pc) + <u64><i64>load<i32>(pc, 4)
}

/** Atomics on an address that is not naturally aligned are refused by the verifier, so also here. */
@inline function atomicOk(run: Run, pc: usize, size: u32): bool {
  return (dstAddr64(pc) & <u64>(size - 1)) == 0 && mayAccess(run, dstAddr64(pc), size, true)
}

function trapAt(run: Run, code: i32, pc: usize): u64 {
  if (!run.trap) run.trap = code
  run.trapPc = <u32>((pc - changetype<Decoded>(run.decoded).records) / RECORD_SIZE)
  return 0
}

/** Runs from the record at `start` until the frame at `base` exits; r0. `inner`: the frame to go on in, if not `base`. */
export function execute<T>(run: Run, start: usize, base: usize, inner: usize = 0): u64 {
  let pc = start
  let frame = inner ? inner : base
  let budget: i64 = isChecked<T>() ? run.budget : 0
  let value: u64 = 0
  let packet: i64 = 0
  let next: usize = 0
  let word32: u32 = 0
  let word64: u64 = 0
  while (true) {
    if (isDebug<T>()) {
      if (debugStops(run, pc, frame)) return 0
    }
    if (isChecked<T>()) {
      if (--budget < 0) return trapAt(run, TRAP_BUDGET, pc)
    }
    switch (<i32>load<u16>(pc)) {
      case OP_ALU64_K + ALU_ADD: setDst(pc, dst64(pc) + imm64(pc)); break
      case OP_ALU64_K + ALU_SUB: setDst(pc, dst64(pc) - imm64(pc)); break
      case OP_ALU64_K + ALU_MUL: setDst(pc, dst64(pc) * imm64(pc)); break
      case OP_ALU64_K + ALU_OR: setDst(pc, dst64(pc) | imm64(pc)); break
      case OP_ALU64_K + ALU_AND: setDst(pc, dst64(pc) & imm64(pc)); break
      case OP_ALU64_K + ALU_XOR: setDst(pc, dst64(pc) ^ imm64(pc)); break
      case OP_ALU64_K + ALU_MOV: setDst(pc, imm64(pc)); break
      case OP_ALU64_K + ALU_LSH: setDst(pc, dst64(pc) << imm64(pc)); break
      case OP_ALU64_K + ALU_RSH: setDst(pc, dst64(pc) >> imm64(pc)); break
      case OP_ALU64_K + ALU_ARSH: setDst(pc, <u64>(<i64>dst64(pc) >> <i64>imm64(pc))); break
      case OP_ALU64_K + ALU_DIV: setDst(pc, dst64(pc) / imm64(pc)); break
      case OP_ALU64_K + ALU_MOD: setDst(pc, dst64(pc) % imm64(pc)); break
      case OP_ALU64_K + ALU_SDIV: setDst(pc, <u64>(<i64>dst64(pc) / <i64>imm64(pc))); break
      case OP_ALU64_K + ALU_SMOD: setDst(pc, <u64>(<i64>dst64(pc) % <i64>imm64(pc))); break
      case OP_ALU64_K + ALU_NEG: setDst(pc, 0 - dst64(pc)); break
      case OP_ALU64_X + ALU_ADD: setDst(pc, dst64(pc) + src64(pc)); break
      case OP_ALU64_X + ALU_SUB: setDst(pc, dst64(pc) - src64(pc)); break
      case OP_ALU64_X + ALU_MUL: setDst(pc, dst64(pc) * src64(pc)); break
      case OP_ALU64_X + ALU_OR: setDst(pc, dst64(pc) | src64(pc)); break
      case OP_ALU64_X + ALU_AND: setDst(pc, dst64(pc) & src64(pc)); break
      case OP_ALU64_X + ALU_XOR: setDst(pc, dst64(pc) ^ src64(pc)); break
      case OP_ALU64_X + ALU_MOV: setDst(pc, src64(pc)); break
      case OP_ALU64_X + ALU_LSH: setDst(pc, dst64(pc) << (src64(pc) & 63)); break
      case OP_ALU64_X + ALU_RSH: setDst(pc, dst64(pc) >> (src64(pc) & 63)); break
      case OP_ALU64_X + ALU_ARSH: setDst(pc, <u64>(<i64>dst64(pc) >> <i64>(src64(pc) & 63))); break
      case OP_ALU64_X + ALU_DIV: setDst(pc, div64(dst64(pc), src64(pc))); break
      case OP_ALU64_X + ALU_MOD: setDst(pc, mod64(dst64(pc), src64(pc))); break
      case OP_ALU64_X + ALU_SDIV: setDst(pc, sdiv64(dst64(pc), src64(pc))); break
      case OP_ALU64_X + ALU_SMOD: setDst(pc, smod64(dst64(pc), src64(pc))); break
      case OP_ALU32_K + ALU_ADD: setDst(pc, <u64>(dst32(pc) + imm32(pc))); break
      case OP_ALU32_K + ALU_SUB: setDst(pc, <u64>(dst32(pc) - imm32(pc))); break
      case OP_ALU32_K + ALU_MUL: setDst(pc, <u64>(dst32(pc) * imm32(pc))); break
      case OP_ALU32_K + ALU_OR: setDst(pc, <u64>(dst32(pc) | imm32(pc))); break
      case OP_ALU32_K + ALU_AND: setDst(pc, <u64>(dst32(pc) & imm32(pc))); break
      case OP_ALU32_K + ALU_XOR: setDst(pc, <u64>(dst32(pc) ^ imm32(pc))); break
      case OP_ALU32_K + ALU_MOV: setDst(pc, <u64>(imm32(pc))); break
      case OP_ALU32_K + ALU_LSH: setDst(pc, <u64>(dst32(pc) << imm32(pc))); break
      case OP_ALU32_K + ALU_RSH: setDst(pc, <u64>(dst32(pc) >> imm32(pc))); break
      case OP_ALU32_K + ALU_ARSH: setDst(pc, <u64><u32>(<i32>dst32(pc) >> <i32>imm32(pc))); break
      case OP_ALU32_K + ALU_DIV: setDst(pc, <u64>(dst32(pc) / imm32(pc))); break
      case OP_ALU32_K + ALU_MOD: setDst(pc, <u64>(dst32(pc) % imm32(pc))); break
      case OP_ALU32_K + ALU_SDIV: setDst(pc, <u64><u32>(<i32>dst32(pc) / <i32>imm32(pc))); break
      case OP_ALU32_K + ALU_SMOD: setDst(pc, <u64><u32>(<i32>dst32(pc) % <i32>imm32(pc))); break
      case OP_ALU32_K + ALU_NEG: setDst(pc, <u64>(<u32>0 - dst32(pc))); break
      case OP_ALU32_X + ALU_ADD: setDst(pc, <u64>(dst32(pc) + src32(pc))); break
      case OP_ALU32_X + ALU_SUB: setDst(pc, <u64>(dst32(pc) - src32(pc))); break
      case OP_ALU32_X + ALU_MUL: setDst(pc, <u64>(dst32(pc) * src32(pc))); break
      case OP_ALU32_X + ALU_OR: setDst(pc, <u64>(dst32(pc) | src32(pc))); break
      case OP_ALU32_X + ALU_AND: setDst(pc, <u64>(dst32(pc) & src32(pc))); break
      case OP_ALU32_X + ALU_XOR: setDst(pc, <u64>(dst32(pc) ^ src32(pc))); break
      case OP_ALU32_X + ALU_MOV: setDst(pc, <u64>(src32(pc))); break
      case OP_ALU32_X + ALU_LSH: setDst(pc, <u64>(dst32(pc) << (src32(pc) & 31))); break
      case OP_ALU32_X + ALU_RSH: setDst(pc, <u64>(dst32(pc) >> (src32(pc) & 31))); break
      case OP_ALU32_X + ALU_ARSH: setDst(pc, <u64><u32>(<i32>dst32(pc) >> <i32>(src32(pc) & 31))); break
      case OP_ALU32_X + ALU_DIV: setDst(pc, <u64>(div32(dst32(pc), src32(pc)))); break
      case OP_ALU32_X + ALU_MOD: setDst(pc, <u64>(mod32(dst32(pc), src32(pc)))); break
      case OP_ALU32_X + ALU_SDIV: setDst(pc, <u64>(sdiv32(dst32(pc), src32(pc)))); break
      case OP_ALU32_X + ALU_SMOD: setDst(pc, <u64>(smod32(dst32(pc), src32(pc)))); break
      case OP_JMP64_K + COND_EQ: pc += dst64(pc) == imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_GT: pc += dst64(pc) > imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_GE: pc += dst64(pc) >= imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_SET: pc += (dst64(pc) & imm64(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_NE: pc += dst64(pc) != imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_SGT: pc += <i64>dst64(pc) > <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_SGE: pc += <i64>dst64(pc) >= <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_LT: pc += dst64(pc) < imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_LE: pc += dst64(pc) <= imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_SLT: pc += <i64>dst64(pc) < <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_K + COND_SLE: pc += <i64>dst64(pc) <= <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_EQ: pc += dst64(pc) == src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_GT: pc += dst64(pc) > src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_GE: pc += dst64(pc) >= src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_SET: pc += (dst64(pc) & src64(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_NE: pc += dst64(pc) != src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_SGT: pc += <i64>dst64(pc) > <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_SGE: pc += <i64>dst64(pc) >= <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_LT: pc += dst64(pc) < src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_LE: pc += dst64(pc) <= src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_SLT: pc += <i64>dst64(pc) < <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP64_X + COND_SLE: pc += <i64>dst64(pc) <= <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_EQ: pc += dst32(pc) == imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_GT: pc += dst32(pc) > imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_GE: pc += dst32(pc) >= imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_SET: pc += (dst32(pc) & imm32(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_NE: pc += dst32(pc) != imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_SGT: pc += <i32>dst32(pc) > <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_SGE: pc += <i32>dst32(pc) >= <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_LT: pc += dst32(pc) < imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_LE: pc += dst32(pc) <= imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_SLT: pc += <i32>dst32(pc) < <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_K + COND_SLE: pc += <i32>dst32(pc) <= <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_EQ: pc += dst32(pc) == src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_GT: pc += dst32(pc) > src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_GE: pc += dst32(pc) >= src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_SET: pc += (dst32(pc) & src32(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_NE: pc += dst32(pc) != src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_SGT: pc += <i32>dst32(pc) > <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_SGE: pc += <i32>dst32(pc) >= <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_LT: pc += dst32(pc) < src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_LE: pc += dst32(pc) <= src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_SLT: pc += <i32>dst32(pc) < <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_JMP32_X + COND_SLE: pc += <i32>dst32(pc) <= <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE; continue
      case OP_LDX_B:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 1, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u8>(srcAddr(pc)))
        break
      case OP_LDX_H:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 2, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u16>(srcAddr(pc)))
        break
      case OP_LDX_W:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 4, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u32>(srcAddr(pc)))
        break
      case OP_LDX_DW:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 8, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u64>(srcAddr(pc)))
        break
      case OP_LDX_SB:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 1, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64><i64>load<i8>(srcAddr(pc)))
        break
      case OP_LDX_SH:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 2, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64><i64>load<i16>(srcAddr(pc)))
        break
      case OP_LDX_SW:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 4, false)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64><i64>load<i32>(srcAddr(pc)))
        break
      case OP_PROBE_B: setDst(pc, probeOk(srcAddr64(pc), 1) ? <u64>load<u8>(srcAddr(pc)) : 0); break
      case OP_PROBE_H: setDst(pc, probeOk(srcAddr64(pc), 2) ? <u64>load<u16>(srcAddr(pc)) : 0); break
      case OP_PROBE_W: setDst(pc, probeOk(srcAddr64(pc), 4) ? <u64>load<u32>(srcAddr(pc)) : 0); break
      case OP_PROBE_DW: setDst(pc, probeOk(srcAddr64(pc), 8) ? <u64>load<u64>(srcAddr(pc)) : 0); break
      case OP_PROBE_SB: setDst(pc, probeOk(srcAddr64(pc), 1) ? <u64><i64>load<i8>(srcAddr(pc)) : 0); break
      case OP_PROBE_SH: setDst(pc, probeOk(srcAddr64(pc), 2) ? <u64><i64>load<i16>(srcAddr(pc)) : 0); break
      case OP_PROBE_SW: setDst(pc, probeOk(srcAddr64(pc), 4) ? <u64><i64>load<i32>(srcAddr(pc)) : 0); break
      case OP_ST_B:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 1, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u8>(dstAddr(pc), <u8>imm64(pc))
        break
      case OP_ST_H:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 2, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u16>(dstAddr(pc), <u16>imm64(pc))
        break
      case OP_ST_W:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 4, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), <u32>imm64(pc))
        break
      case OP_ST_DW:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 8, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), <u64>imm64(pc))
        break
      case OP_STX_B:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 1, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u8>(dstAddr(pc), <u8>src64(pc))
        break
      case OP_STX_H:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 2, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u16>(dstAddr(pc), <u16>src64(pc))
        break
      case OP_STX_W:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 4, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), <u32>src64(pc))
        break
      case OP_STX_DW:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 8, true)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), <u64>src64(pc))
        break
      case OP_ATOMIC32 + ATOMIC_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) + src32(pc))
        break
      case OP_ATOMIC32 + ATOMIC_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) | src32(pc))
        break
      case OP_ATOMIC32 + ATOMIC_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) & src32(pc))
        break
      case OP_ATOMIC32 + ATOMIC_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) ^ src32(pc))
        break
      case OP_ATOMIC32 + ATOMIC_FETCH_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 + src32(pc))
        setSrc(pc, <u64>word32)
        break
      case OP_ATOMIC32 + ATOMIC_FETCH_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 | src32(pc))
        setSrc(pc, <u64>word32)
        break
      case OP_ATOMIC32 + ATOMIC_FETCH_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 & src32(pc))
        setSrc(pc, <u64>word32)
        break
      case OP_ATOMIC32 + ATOMIC_FETCH_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 ^ src32(pc))
        setSrc(pc, <u64>word32)
        break
      case OP_ATOMIC32 + ATOMIC_XCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), src32(pc))
        setSrc(pc, <u64>word32)
        break
      case OP_ATOMIC32 + ATOMIC_CMPXCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        if (word32 == load<u32>(REGS)) store<u32>(dstAddr(pc), src32(pc))
        store<u64>(REGS, <u64>word32)
        break
      case OP_ATOMIC64 + ATOMIC_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) + src64(pc))
        break
      case OP_ATOMIC64 + ATOMIC_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) | src64(pc))
        break
      case OP_ATOMIC64 + ATOMIC_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) & src64(pc))
        break
      case OP_ATOMIC64 + ATOMIC_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) ^ src64(pc))
        break
      case OP_ATOMIC64 + ATOMIC_FETCH_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 + src64(pc))
        setSrc(pc, <u64>word64)
        break
      case OP_ATOMIC64 + ATOMIC_FETCH_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 | src64(pc))
        setSrc(pc, <u64>word64)
        break
      case OP_ATOMIC64 + ATOMIC_FETCH_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 & src64(pc))
        setSrc(pc, <u64>word64)
        break
      case OP_ATOMIC64 + ATOMIC_FETCH_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 ^ src64(pc))
        setSrc(pc, <u64>word64)
        break
      case OP_ATOMIC64 + ATOMIC_XCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), src64(pc))
        setSrc(pc, <u64>word64)
        break
      case OP_ATOMIC64 + ATOMIC_CMPXCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        if (word64 == load<u64>(REGS)) store<u64>(dstAddr(pc), src64(pc))
        store<u64>(REGS, <u64>word64)
        break
      case OP_MOVSX64_8: setDst(pc, <u64><i64><i8>src64(pc)); break
      case OP_MOVSX64_16: setDst(pc, <u64><i64><i16>src64(pc)); break
      case OP_MOVSX64_32: setDst(pc, <u64><i64><i32>src64(pc)); break
      case OP_MOVSX32_8: setDst(pc, <u64><u32><i32><i8>src64(pc)); break
      case OP_MOVSX32_16: setDst(pc, <u64><u32><i32><i16>src64(pc)); break
      case OP_SWAP16: setDst(pc, <u64>bswap<u16>(<u16>dst64(pc))); break
      case OP_SWAP32: setDst(pc, <u64>bswap<u32>(dst32(pc))); break
      case OP_SWAP64: setDst(pc, bswap<u64>(dst64(pc))); break
      case OP_ZEXT16: setDst(pc, dst64(pc) & 0xffff); break
      case OP_ZEXT32: setDst(pc, <u64>dst32(pc)); break
      case OP_NOP:
        break
      case OP_JA: pc += jumpTo(pc); continue
      case OP_LD_IMM64:
        setDst(pc, imm64(pc))
        pc += RECORD_SIZE * 2
        continue
      case OP_CALL:
        if (isChecked<T>()) run.budget = budget
        value = isChecked<T>() ? checkedCall(run, pc) : callFn(<i32>imm64(pc))
        if (isChecked<T>()) {
          budget = run.budget
          if (run.trap) return 0
        }
        store<u64>(REGS, value)
        break
      case OP_CALL_LOCAL:
        frame = pushFrame(run, frame, pc)
        if (!frame) return trapAt(run, TRAP_STACK, pc)
        pc += jumpTo(pc)
        continue
      case OP_CALL_REG:
        value = isaCall(run, dst64(pc))
        if (run.trap) return trapAt(run, TRAP_CALL, pc)
        store<u64>(REGS, value)
        break
      case OP_TAIL_CALL:
        next = tailCall(run)
        if (!next || !replaceFunc(run, frame, changetype<Decoded>(next))) break
        pc = changetype<Decoded>(next).records
        continue
      case OP_MAY_GOTO:
        if (!mayGotoTaken(frame)) break
        pc += jumpTo(pc)
        continue
      case OP_EXIT:
        if (frame == base) {
          if (isChecked<T>()) run.budget = budget
          return load<u64>(REGS)
        }
        pc = popFrame(run, frame)
        frame -= FRAME_SIZE
        continue
      case OP_LD_ABS_B:
      case OP_LD_ABS_H:
      case OP_LD_ABS_W:
      case OP_LD_IND_B:
      case OP_LD_IND_H:
      case OP_LD_IND_W:
        packet = loadPacketAt(run, pc)
        if (packet >= 0) {
          store<u64>(REGS, <u64>packet)
          break
        }
        // Outside the packet: the program returns 0
        store<u64>(REGS, 0)
        if (frame == base) {
          if (isChecked<T>()) run.budget = budget
          return 0
        }
        pc = popFrame(run, frame)
        frame -= FRAME_SIZE
        continue
      default:
        return trapAt(run, TRAP_OPCODE, pc)
    }
    pc += RECORD_SIZE
  }
}
