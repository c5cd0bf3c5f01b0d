// SPDX-License-Identifier: GPL-2.0-only
// The dispatch loop. One source serves three engines: T = u32 is the interpreter of verified programs, T = u8 the checked
// engine, which looks at every access and counts every instruction, T = u16 the stepper, which moreover records every
// instruction and can stop before it. isChecked<T>() and isDebug<T>() are constant in each.
// Semantics: RFC 9669; the counterpart in Linux is ___bpf_prog_run of kernel/bpf/core.c.

import { Decoded, RECORD_SIZE } from '../insn/record'
import {
  OP_ARENA,
  OP_CALL,
  OP_CALL_LOCAL,
  OP_CALL_REG,
  OP_CAST_USER,
  OP_EXIT,
  OP_JA,
  OP_LDX_B,
  OP_LDX_DW,
  OP_LDX_H,
  OP_LDX_SB,
  OP_LDX_SH,
  OP_LDX_SW,
  OP_LDX_W,
  OP_LD_ABS_B,
  OP_LD_ABS_H,
  OP_LD_ABS_W,
  OP_LD_IMM64,
  OP_LD_IND_B,
  OP_LD_IND_H,
  OP_LD_IND_W,
  OP_MAY_GOTO,
  OP_MOVSX32_16,
  OP_MOVSX32_8,
  OP_MOVSX64_16,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_NOP,
  OP_PROBE_B,
  OP_PROBE_DW,
  OP_PROBE_H,
  OP_PROBE_SB,
  OP_PROBE_SH,
  OP_PROBE_SW,
  OP_PROBE_W,
  OP_STX_B,
  OP_STX_DW,
  OP_STX_H,
  OP_STX_W,
  OP_ST_B,
  OP_ST_DW,
  OP_ST_H,
  OP_ST_W,
  OP_SWAP16,
  OP_SWAP32,
  OP_SWAP64,
  OP_TAIL_CALL,
  OP_ZEXT16,
  OP_ZEXT32,
} from '../insn/ops'
import { div32, div64, mod32, mod64, sdiv32, sdiv64, smod32, smod64 } from './division'
import { enteredAt, FRAME_SIZE, mayGotoTaken, popFrame, pushFrame, replaceFunc } from './frame'
import {
  ADD32_K,
  ADD32_X,
  ADD64_K,
  ADD64_X,
  AND32_K,
  AND32_X,
  AND64_K,
  AND64_X,
  ARSH32_K,
  ARSH32_X,
  ARSH64_K,
  ARSH64_X,
  ATOMIC32_ADD,
  ATOMIC32_AND,
  ATOMIC32_CMPXCHG,
  ATOMIC32_FETCH_ADD,
  ATOMIC32_FETCH_AND,
  ATOMIC32_FETCH_OR,
  ATOMIC32_FETCH_XOR,
  ATOMIC32_OR,
  ATOMIC32_XCHG,
  ATOMIC32_XOR,
  ATOMIC64_ADD,
  ATOMIC64_AND,
  ATOMIC64_CMPXCHG,
  ATOMIC64_FETCH_ADD,
  ATOMIC64_FETCH_AND,
  ATOMIC64_FETCH_OR,
  ATOMIC64_FETCH_XOR,
  ATOMIC64_OR,
  ATOMIC64_XCHG,
  ATOMIC64_XOR,
  DIV32_K,
  DIV32_X,
  DIV64_K,
  DIV64_X,
  JEQ32_K,
  JEQ32_X,
  JEQ64_K,
  JEQ64_X,
  JGE32_K,
  JGE32_X,
  JGE64_K,
  JGE64_X,
  JGT32_K,
  JGT32_X,
  JGT64_K,
  JGT64_X,
  JLE32_K,
  JLE32_X,
  JLE64_K,
  JLE64_X,
  JLT32_K,
  JLT32_X,
  JLT64_K,
  JLT64_X,
  JNE32_K,
  JNE32_X,
  JNE64_K,
  JNE64_X,
  JSET32_K,
  JSET32_X,
  JSET64_K,
  JSET64_X,
  JSGE32_K,
  JSGE32_X,
  JSGE64_K,
  JSGE64_X,
  JSGT32_K,
  JSGT32_X,
  JSGT64_K,
  JSGT64_X,
  JSLE32_K,
  JSLE32_X,
  JSLE64_K,
  JSLE64_X,
  JSLT32_K,
  JSLT32_X,
  JSLT64_K,
  JSLT64_X,
  LSH32_K,
  LSH32_X,
  LSH64_K,
  LSH64_X,
  MOD32_K,
  MOD32_X,
  MOD64_K,
  MOD64_X,
  MOV32_K,
  MOV32_X,
  MOV64_K,
  MOV64_X,
  MUL32_K,
  MUL32_X,
  MUL64_K,
  MUL64_X,
  NEG32_K,
  NEG64_K,
  OR32_K,
  OR32_X,
  OR64_K,
  OR64_X,
  RSH32_K,
  RSH32_X,
  RSH64_K,
  RSH64_X,
  SDIV32_K,
  SDIV32_X,
  SDIV64_K,
  SDIV64_X,
  SMOD32_K,
  SMOD32_X,
  SMOD64_K,
  SMOD64_X,
  SUB32_K,
  SUB32_X,
  SUB64_K,
  SUB64_X,
  XOR32_K,
  XOR32_X,
  XOR64_K,
  XOR64_X,
} from './labels'
import { interpretArena } from './arena-access'
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
  return src64(pc) + <u64>(<i64>load<i32>(pc, 4))
}

@inline function dstAddr64(pc: usize): u64 {
  return dst64(pc) + <u64>(<i64>load<i32>(pc, 4))
}

/** Atomics on an address that is not naturally aligned are refused by the verifier, so also here. */
@inline function atomicOk(run: Run, pc: usize, size: u32): bool {
  return (dstAddr64(pc) & (<u64>(size - 1))) == 0 && mayAccess(run, dstAddr64(pc), size, true, pc)
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
      case ADD64_K:
        setDst(pc, dst64(pc) + imm64(pc))
        break
      case SUB64_K:
        setDst(pc, dst64(pc) - imm64(pc))
        break
      case MUL64_K:
        setDst(pc, dst64(pc) * imm64(pc))
        break
      case OR64_K:
        setDst(pc, dst64(pc) | imm64(pc))
        break
      case AND64_K:
        setDst(pc, dst64(pc) & imm64(pc))
        break
      case XOR64_K:
        setDst(pc, dst64(pc) ^ imm64(pc))
        break
      case MOV64_K:
        setDst(pc, imm64(pc))
        break
      case LSH64_K:
        setDst(pc, dst64(pc) << imm64(pc))
        break
      case RSH64_K:
        setDst(pc, dst64(pc) >> imm64(pc))
        break
      case ARSH64_K:
        setDst(pc, <u64>((<i64>dst64(pc)) >> (<i64>imm64(pc))))
        break
      case DIV64_K:
        setDst(pc, dst64(pc) / imm64(pc))
        break
      case MOD64_K:
        setDst(pc, dst64(pc) % imm64(pc))
        break
      case SDIV64_K:
        setDst(pc, <u64>(<i64>dst64(pc) / <i64>imm64(pc)))
        break
      case SMOD64_K:
        setDst(pc, <u64>(<i64>dst64(pc) % <i64>imm64(pc)))
        break
      case NEG64_K:
        setDst(pc, 0 - dst64(pc))
        break
      case ADD64_X:
        setDst(pc, dst64(pc) + src64(pc))
        break
      case SUB64_X:
        setDst(pc, dst64(pc) - src64(pc))
        break
      case MUL64_X:
        setDst(pc, dst64(pc) * src64(pc))
        break
      case OR64_X:
        setDst(pc, dst64(pc) | src64(pc))
        break
      case AND64_X:
        setDst(pc, dst64(pc) & src64(pc))
        break
      case XOR64_X:
        setDst(pc, dst64(pc) ^ src64(pc))
        break
      case MOV64_X:
        setDst(pc, src64(pc))
        break
      case LSH64_X:
        setDst(pc, dst64(pc) << (src64(pc) & 63))
        break
      case RSH64_X:
        setDst(pc, dst64(pc) >> (src64(pc) & 63))
        break
      case ARSH64_X:
        setDst(pc, <u64>((<i64>dst64(pc)) >> (<i64>(src64(pc) & 63))))
        break
      case DIV64_X:
        setDst(pc, div64(dst64(pc), src64(pc)))
        break
      case MOD64_X:
        setDst(pc, mod64(dst64(pc), src64(pc)))
        break
      case SDIV64_X:
        setDst(pc, sdiv64(dst64(pc), src64(pc)))
        break
      case SMOD64_X:
        setDst(pc, smod64(dst64(pc), src64(pc)))
        break
      case ADD32_K:
        setDst(pc, <u64>(dst32(pc) + imm32(pc)))
        break
      case SUB32_K:
        setDst(pc, <u64>(dst32(pc) - imm32(pc)))
        break
      case MUL32_K:
        setDst(pc, <u64>(dst32(pc) * imm32(pc)))
        break
      case OR32_K:
        setDst(pc, <u64>(dst32(pc) | imm32(pc)))
        break
      case AND32_K:
        setDst(pc, <u64>(dst32(pc) & imm32(pc)))
        break
      case XOR32_K:
        setDst(pc, <u64>(dst32(pc) ^ imm32(pc)))
        break
      case MOV32_K:
        setDst(pc, <u64>imm32(pc))
        break
      case LSH32_K:
        setDst(pc, <u64>(dst32(pc) << imm32(pc)))
        break
      case RSH32_K:
        setDst(pc, <u64>(dst32(pc) >> imm32(pc)))
        break
      case ARSH32_K:
        setDst(pc, <u64>(<u32>((<i32>dst32(pc)) >> (<i32>imm32(pc)))))
        break
      case DIV32_K:
        setDst(pc, <u64>(dst32(pc) / imm32(pc)))
        break
      case MOD32_K:
        setDst(pc, <u64>(dst32(pc) % imm32(pc)))
        break
      case SDIV32_K:
        setDst(pc, <u64>(<u32>(<i32>dst32(pc) / <i32>imm32(pc))))
        break
      case SMOD32_K:
        setDst(pc, <u64>(<u32>(<i32>dst32(pc) % <i32>imm32(pc))))
        break
      case NEG32_K:
        setDst(pc, <u64>(<u32>0 - dst32(pc)))
        break
      case ADD32_X:
        setDst(pc, <u64>(dst32(pc) + src32(pc)))
        break
      case SUB32_X:
        setDst(pc, <u64>(dst32(pc) - src32(pc)))
        break
      case MUL32_X:
        setDst(pc, <u64>(dst32(pc) * src32(pc)))
        break
      case OR32_X:
        setDst(pc, <u64>(dst32(pc) | src32(pc)))
        break
      case AND32_X:
        setDst(pc, <u64>(dst32(pc) & src32(pc)))
        break
      case XOR32_X:
        setDst(pc, <u64>(dst32(pc) ^ src32(pc)))
        break
      case MOV32_X:
        setDst(pc, <u64>src32(pc))
        break
      case LSH32_X:
        setDst(pc, <u64>(dst32(pc) << (src32(pc) & 31)))
        break
      case RSH32_X:
        setDst(pc, <u64>(dst32(pc) >> (src32(pc) & 31)))
        break
      case ARSH32_X:
        setDst(pc, <u64>(<u32>((<i32>dst32(pc)) >> (<i32>(src32(pc) & 31)))))
        break
      case DIV32_X:
        setDst(pc, <u64>div32(dst32(pc), src32(pc)))
        break
      case MOD32_X:
        setDst(pc, <u64>mod32(dst32(pc), src32(pc)))
        break
      case SDIV32_X:
        setDst(pc, <u64>sdiv32(dst32(pc), src32(pc)))
        break
      case SMOD32_X:
        setDst(pc, <u64>smod32(dst32(pc), src32(pc)))
        break
      case JEQ64_K:
        pc += dst64(pc) == imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGT64_K:
        pc += dst64(pc) > imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGE64_K:
        pc += dst64(pc) >= imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSET64_K:
        pc += (dst64(pc) & imm64(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE
        continue
      case JNE64_K:
        pc += dst64(pc) != imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGT64_K:
        pc += <i64>dst64(pc) > <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGE64_K:
        pc += <i64>dst64(pc) >= <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLT64_K:
        pc += dst64(pc) < imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLE64_K:
        pc += dst64(pc) <= imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLT64_K:
        pc += <i64>dst64(pc) < <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLE64_K:
        pc += <i64>dst64(pc) <= <i64>imm64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JEQ64_X:
        pc += dst64(pc) == src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGT64_X:
        pc += dst64(pc) > src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGE64_X:
        pc += dst64(pc) >= src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSET64_X:
        pc += (dst64(pc) & src64(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE
        continue
      case JNE64_X:
        pc += dst64(pc) != src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGT64_X:
        pc += <i64>dst64(pc) > <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGE64_X:
        pc += <i64>dst64(pc) >= <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLT64_X:
        pc += dst64(pc) < src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLE64_X:
        pc += dst64(pc) <= src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLT64_X:
        pc += <i64>dst64(pc) < <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLE64_X:
        pc += <i64>dst64(pc) <= <i64>src64(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JEQ32_K:
        pc += dst32(pc) == imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGT32_K:
        pc += dst32(pc) > imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGE32_K:
        pc += dst32(pc) >= imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSET32_K:
        pc += (dst32(pc) & imm32(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE
        continue
      case JNE32_K:
        pc += dst32(pc) != imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGT32_K:
        pc += <i32>dst32(pc) > <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGE32_K:
        pc += <i32>dst32(pc) >= <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLT32_K:
        pc += dst32(pc) < imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLE32_K:
        pc += dst32(pc) <= imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLT32_K:
        pc += <i32>dst32(pc) < <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLE32_K:
        pc += <i32>dst32(pc) <= <i32>imm32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JEQ32_X:
        pc += dst32(pc) == src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGT32_X:
        pc += dst32(pc) > src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JGE32_X:
        pc += dst32(pc) >= src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSET32_X:
        pc += (dst32(pc) & src32(pc)) != 0 ? jumpTo(pc) : RECORD_SIZE
        continue
      case JNE32_X:
        pc += dst32(pc) != src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGT32_X:
        pc += <i32>dst32(pc) > <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSGE32_X:
        pc += <i32>dst32(pc) >= <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLT32_X:
        pc += dst32(pc) < src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JLE32_X:
        pc += dst32(pc) <= src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLT32_X:
        pc += <i32>dst32(pc) < <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case JSLE32_X:
        pc += <i32>dst32(pc) <= <i32>src32(pc) ? jumpTo(pc) : RECORD_SIZE
        continue
      case OP_LDX_B:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 1, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u8>(srcAddr(pc)))
        break
      case OP_LDX_H:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 2, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u16>(srcAddr(pc)))
        break
      case OP_LDX_W:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 4, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u32>(srcAddr(pc)))
        break
      case OP_LDX_DW:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 8, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>load<u64>(srcAddr(pc)))
        break
      case OP_LDX_SB:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 1, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>(<i64>load<i8>(srcAddr(pc))))
        break
      case OP_LDX_SH:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 2, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>(<i64>load<i16>(srcAddr(pc))))
        break
      case OP_LDX_SW:
        if (isChecked<T>() && !mayAccess(run, srcAddr64(pc), 4, false, pc)) return trapAt(run, TRAP_MEMORY, pc)
        setDst(pc, <u64>(<i64>load<i32>(srcAddr(pc))))
        break
      case OP_ARENA:
        interpretArena(run, pc)
        break
      case OP_CAST_USER:
        setDst(pc, src32(pc) ? (<u64>src32(pc)) | imm64(pc) : 0)
        break
      case OP_PROBE_B:
        setDst(pc, probeOk(srcAddr64(pc), 1) ? <u64>load<u8>(srcAddr(pc)) : 0)
        break
      case OP_PROBE_H:
        setDst(pc, probeOk(srcAddr64(pc), 2) ? <u64>load<u16>(srcAddr(pc)) : 0)
        break
      case OP_PROBE_W:
        setDst(pc, probeOk(srcAddr64(pc), 4) ? <u64>load<u32>(srcAddr(pc)) : 0)
        break
      case OP_PROBE_DW:
        setDst(pc, probeOk(srcAddr64(pc), 8) ? <u64>load<u64>(srcAddr(pc)) : 0)
        break
      case OP_PROBE_SB:
        setDst(pc, probeOk(srcAddr64(pc), 1) ? <u64>(<i64>load<i8>(srcAddr(pc))) : 0)
        break
      case OP_PROBE_SH:
        setDst(pc, probeOk(srcAddr64(pc), 2) ? <u64>(<i64>load<i16>(srcAddr(pc))) : 0)
        break
      case OP_PROBE_SW:
        setDst(pc, probeOk(srcAddr64(pc), 4) ? <u64>(<i64>load<i32>(srcAddr(pc))) : 0)
        break
      case OP_ST_B:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 1, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u8>(dstAddr(pc), <u8>imm64(pc))
        break
      case OP_ST_H:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 2, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u16>(dstAddr(pc), <u16>imm64(pc))
        break
      case OP_ST_W:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 4, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), <u32>imm64(pc))
        break
      case OP_ST_DW:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 8, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), <u64>imm64(pc))
        break
      case OP_STX_B:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 1, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u8>(dstAddr(pc), <u8>src64(pc))
        break
      case OP_STX_H:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 2, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u16>(dstAddr(pc), <u16>src64(pc))
        break
      case OP_STX_W:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 4, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), <u32>src64(pc))
        break
      case OP_STX_DW:
        if (isChecked<T>() && !mayAccess(run, dstAddr64(pc), 8, true, pc)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), <u64>src64(pc))
        break
      case ATOMIC32_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) + src32(pc))
        break
      case ATOMIC32_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) | src32(pc))
        break
      case ATOMIC32_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) & src32(pc))
        break
      case ATOMIC32_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        store<u32>(dstAddr(pc), load<u32>(dstAddr(pc)) ^ src32(pc))
        break
      case ATOMIC32_FETCH_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 + src32(pc))
        setSrc(pc, <u64>word32)
        break
      case ATOMIC32_FETCH_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 | src32(pc))
        setSrc(pc, <u64>word32)
        break
      case ATOMIC32_FETCH_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 & src32(pc))
        setSrc(pc, <u64>word32)
        break
      case ATOMIC32_FETCH_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), word32 ^ src32(pc))
        setSrc(pc, <u64>word32)
        break
      case ATOMIC32_XCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        store<u32>(dstAddr(pc), src32(pc))
        setSrc(pc, <u64>word32)
        break
      case ATOMIC32_CMPXCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 4)) return trapAt(run, TRAP_MEMORY, pc)
        word32 = load<u32>(dstAddr(pc))
        if (word32 == load<u32>(REGS)) store<u32>(dstAddr(pc), src32(pc))
        store<u64>(REGS, <u64>word32)
        break
      case ATOMIC64_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) + src64(pc))
        break
      case ATOMIC64_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) | src64(pc))
        break
      case ATOMIC64_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) & src64(pc))
        break
      case ATOMIC64_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        store<u64>(dstAddr(pc), load<u64>(dstAddr(pc)) ^ src64(pc))
        break
      case ATOMIC64_FETCH_ADD:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 + src64(pc))
        setSrc(pc, <u64>word64)
        break
      case ATOMIC64_FETCH_OR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 | src64(pc))
        setSrc(pc, <u64>word64)
        break
      case ATOMIC64_FETCH_AND:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 & src64(pc))
        setSrc(pc, <u64>word64)
        break
      case ATOMIC64_FETCH_XOR:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), word64 ^ src64(pc))
        setSrc(pc, <u64>word64)
        break
      case ATOMIC64_XCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        store<u64>(dstAddr(pc), src64(pc))
        setSrc(pc, <u64>word64)
        break
      case ATOMIC64_CMPXCHG:
        if (isChecked<T>() && !atomicOk(run, pc, 8)) return trapAt(run, TRAP_MEMORY, pc)
        word64 = load<u64>(dstAddr(pc))
        if (word64 == load<u64>(REGS)) store<u64>(dstAddr(pc), src64(pc))
        store<u64>(REGS, <u64>word64)
        break
      case OP_MOVSX64_8:
        setDst(pc, <u64>(<i64>(<i8>src64(pc))))
        break
      case OP_MOVSX64_16:
        setDst(pc, <u64>(<i64>(<i16>src64(pc))))
        break
      case OP_MOVSX64_32:
        setDst(pc, <u64>(<i64>(<i32>src64(pc))))
        break
      case OP_MOVSX32_8:
        setDst(pc, <u64>(<u32>(<i32>(<i8>src64(pc)))))
        break
      case OP_MOVSX32_16:
        setDst(pc, <u64>(<u32>(<i32>(<i16>src64(pc)))))
        break
      case OP_SWAP16:
        setDst(pc, <u64>bswap<u16>(<u16>dst64(pc)))
        break
      case OP_SWAP32:
        setDst(pc, <u64>bswap<u32>(dst32(pc)))
        break
      case OP_SWAP64:
        setDst(pc, bswap<u64>(dst64(pc)))
        break
      case OP_ZEXT16:
        setDst(pc, dst64(pc) & 0xffff)
        break
      case OP_ZEXT32:
        setDst(pc, <u64>dst32(pc))
        break
      case OP_NOP:
        break
      case OP_JA:
        pc += jumpTo(pc)
        continue
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
        if (run.thrown) return 0
        store<u64>(REGS, value)
        break
      case OP_CALL_LOCAL:
        frame = pushFrame(run, frame, pc)
        if (!frame) return trapAt(run, TRAP_STACK, pc)
        pc = enteredAt(frame)
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
