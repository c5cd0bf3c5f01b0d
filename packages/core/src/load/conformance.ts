// SPDX-License-Identifier: BSD-2-Clause
/**
 * Runs instructions of the conformance suite on a kernel as that kernel loads programs: the case becomes a function that
 * a small program calls with r1 = memory and r2 = its length, and whose r0 it stores. The memory is the value of an
 * array map, so that every access which the suite allows is allowed here too; r0 goes to a second value, since a return
 * value would keep 32 bits only.
 *
 *     main:  r1 = &memory (or 0)   r2 = length   call case   r1 = &result   *(u64 *)(r1 + 0) = r0   r0 = 0   exit
 *     case:  …
 */
import { SyscallError, VerifierError } from '../errors/index.ts'
import * as I from '../gen/isa.gen.ts'
import { BPF_MAP_TYPE_ARRAY, BPF_PROG_TYPE_SOCKET_FILTER } from '../gen/uapi-enums.gen.ts'
import { encodeInstructions, type Instruction, instruction, LD_IMM64, loadImm64 } from '../isa/index.ts'
import type { Kernel } from './kernel.ts'
import { loadRaw } from './raw.ts'
import { mapCreate, mapLookupElem, mapUpdateElem } from './syscalls/map.ts'

/** What became of a case: r0 as unsigned 64 bits, or why it did not load or run. */
export type ConformanceOutcome = { readonly r0: bigint } | { readonly error: string }

const RESULT_SIZE = 8
/** Smallest input that BPF_PROG_TEST_RUN takes for a socket filter: an Ethernet header. */
const FRAME_SIZE = 14

/** Address of the value of an array map's first element. */
function loadValueAddress(dst: number, mapFd: number): Instruction {
  return loadImm64(dst, BigInt(mapFd), I.BPF_PSEUDO_MAP_VALUE)
}

function mainProgram(memoryFd: number, length: number, resultFd: number): Instruction[] {
  const mov = (dst: number, imm: number) => instruction({ code: I.BPF_ALU64 | I.BPF_MOV | I.BPF_K, dst, imm })
  const after = [
    loadValueAddress(1, resultFd),
    instruction({ code: I.BPF_STX | I.BPF_MEM | I.BPF_DW, dst: 1, src: 0 }),
    mov(0, 0),
    instruction({ code: I.BPF_JMP | I.BPF_EXIT }),
  ]
  const slots = after.reduce((sum, insn) => sum + (insn.code === LD_IMM64 ? 2 : 1), 0)
  return [
    length ? loadValueAddress(1, memoryFd) : mov(1, 0),
    mov(2, length),
    instruction({ code: I.BPF_JMP | I.BPF_CALL, src: I.BPF_PSEUDO_CALL, imm: slots }),
    ...after,
  ]
}

/**
 * Loads and runs a case.
 * @param insns the case's instructions, 8 bytes a slot, in the kernel's byte order
 * @param memory bytes at r1; r2 holds their number. Without any, r1 is 0
 */
export function runConformanceCase(kernel: Kernel, insns: Uint8Array, memory: Uint8Array): ConformanceOutcome {
  const fds: number[] = []
  const array = (valueSize: number) => {
    const fd = mapCreate(kernel, { type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize, maxEntries: 1 })
    fds.push(fd)
    return fd
  }
  const key = new Uint8Array(4)
  try {
    const resultFd = array(RESULT_SIZE)
    const memoryFd = memory.length ? array(memory.length) : -1
    if (memory.length) mapUpdateElem(kernel, memoryFd, key, memory)
    const main = encodeInstructions(mainProgram(memoryFd, memory.length, resultFd), kernel.facts.littleEndian)
    const code = new Uint8Array(main.length + insns.length)
    code.set(main)
    code.set(insns, main.length)
    using program = loadRaw(kernel, { type: BPF_PROG_TYPE_SOCKET_FILTER, insns: code })
    program.testRun({ dataIn: new Uint8Array(FRAME_SIZE) })
    const result = new Uint8Array(RESULT_SIZE)
    mapLookupElem(kernel, resultFd, key, result)
    return { r0: new DataView(result.buffer).getBigUint64(0, kernel.facts.littleEndian) }
  } catch (error) {
    if (error instanceof VerifierError || error instanceof SyscallError) return { error: error.message }
    throw error
  } finally {
    for (const fd of fds) kernel.close(fd)
  }
}
