// SPDX-License-Identifier: BSD-2-Clause
/** No engine lacks a row of the instruction set: each form runs, or is refused as what bare instructions cannot hold. */
import { INSTRUCTIONS, type InstructionForm } from '@skep/core/uapi'
import { runInstructions } from '@skep/wasm-vm'
import { expect, test } from 'vitest'

/** Forms that need a verifier, a packet, maps, types or an arena, so that bare instructions may not hold them. */
const NEEDS_KERNEL =
  /^LD_ABS|^LD_IND|^LD_MAP|^LD_BTF|^LD_FUNC|^LD_IMM64_|^LDDW_|KFUNC|^CALL_BTF|ADDR_SPACE_CAST|PSEUDO|^LD64_(?!IMM)/
const MEMORY = new Uint8Array(64)
const EXIT = [0x95, 0, 0, 0, 0, 0, 0, 0]

/** r1 holds memory, r2 a small number: the operands of what follows, which may jump over one instruction. */
function program({ name, opcode, dst, src, off, imm }: InstructionForm): Uint8Array {
  const slot = new Uint8Array(8)
  const view = new DataView(slot.buffer)
  const isStore = (opcode & 7) === 2 || (opcode & 7) === 3
  slot[0] = opcode
  const source = src === 'reg' ? ((opcode & 7) === 1 ? 1 : 2) : (src as number)
  slot[1] = (dst === 'reg' ? (isStore ? 1 : name === 'CALLX' || opcode === 0x8d ? 3 : 0) : 0) | (source << 4)
  view.setInt16(2, off === 'off' ? (isJump(opcode) ? 1 : 0) : (off as number), true)
  view.setInt32(4, immediate(imm, opcode, source), true)
  // A load-acquire reads through src
  if (name.startsWith('LOAD_ACQ')) slot[1] = 0x10
  const wide = opcode === 0x18 ? [0, 0, 0, 0, 0, 0, 0, 0] : []
  const set = [0xb7, 0, 0, 0, 7, 0, 0, 0, 0xb7, 2, 0, 0, 3, 0, 0, 0, 0xb7, 3, 0, 0, 5, 0, 0, 0]
  return Uint8Array.from([...set, ...slot, ...wide, 0xb7, 4, 0, 0, 1, 0, 0, 0, ...EXIT, ...EXIT])
}

const isJump = (opcode: number) => ((opcode & 7) === 5 || (opcode & 7) === 6) && ![0x85, 0x8d, 0x95].includes(opcode)

function immediate(imm: InstructionForm['imm'], opcode: number, source: number): number {
  if (typeof imm === 'number') return imm
  // Helper 5; a local call or jump to the second exit
  if (opcode === 0x85) return source === 1 ? 2 : 5
  return imm === 'target' ? 1 : 3
}

const rows = INSTRUCTIONS.filter(({ name, opcode, src }) => {
  return !NEEDS_KERNEL.test(name) && !(opcode === 0x18 && src !== 0)
})

test.each(rows.map((row) => ({ name: row.name, row })))('$name', async ({ row }) => {
  for (const engine of ['interp', 'checked', 'jit'] as const) {
    const outcome = await runInstructions(program(row), MEMORY, { engine })
    expect(outcome, engine).toHaveProperty('r0')
  }
})
