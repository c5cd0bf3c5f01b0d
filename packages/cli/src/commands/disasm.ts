// SPDX-License-Identifier: BSD-2-Clause
import { encodeSlots, type FunctionSpec, type ObjectSpec, openObject } from '@skep/core'
import { decodeInstructions, formatKernel, formatLlvm, slotOffsets } from '@skep/core/isa'
import { Command, Option } from 'commander'
import { objectName, readInput } from '../inputs.ts'
import type { Io } from '../io.ts'
import type { CommandBuilder } from '../program.ts'
import { lineTexts } from '../source-lines.ts'
import { printCompiled } from './disasm-jit.ts'

interface DisasmOptions {
  style: 'kernel' | 'llvm'
  program?: string
  source: boolean
  jit?: boolean
}

/** What the reference of an instruction names: `map counters`, `call add_bytes`. */
function referenceTexts(fn: FunctionSpec): Map<number, string> {
  const texts = new Map<number, string>()
  for (const reference of fn.references) {
    const { slot } = reference
    if (reference.kind === 'map') texts.set(slot, `map ${reference.map}`)
    else if (reference.kind === 'map-value') texts.set(slot, `map value ${reference.map}+${reference.offset}`)
    else if (reference.kind === 'call' || reference.kind === 'function')
      texts.set(slot, `${reference.kind} ${reference.function}`)
    else texts.set(slot, `extern ${reference.extern}`)
  }
  return texts
}

function printFunction(object: ObjectSpec, fn: FunctionSpec, options: DisasmOptions, io: Io): void {
  const instructions = decodeInstructions(encodeSlots(fn.slots, object.littleEndian), object.littleEndian)
  const offsets = slotOffsets(instructions)
  const references = referenceTexts(fn)
  const lines = options.source ? lineTexts(fn) : new Map<number, string>()
  io.out(`${fn.name} (section ${fn.section}, ${fn.slots.length} instructions):`)
  let shown: string | undefined
  for (const [index, insn] of instructions.entries()) {
    const slot = offsets[index] ?? 0
    const line = lines.get(slot)
    if (line && line !== shown) io.out(`; ${line}`)
    shown = line ?? shown
    const text =
      options.style === 'kernel'
        ? `(${insn.code.toString(16).padStart(2, '0')}) ${formatKernel(insn)}`
        : formatLlvm(insn)
    const reference = references.get(slot)
    io.out(`${String(slot).padStart(6)}: ${text}${reference ? `  # ${reference}` : ''}`)
  }
}

/** `skep disasm`: the instructions of an object, with its C lines. */
export const disasmCommand: CommandBuilder = ({ io }) =>
  new Command('disasm')
    .argument('<file>', 'BPF object file')
    .addOption(new Option('--style <style>', 'whose text').choices(['kernel', 'llvm']).default('kernel'))
    .option('--program <name>', 'only this program or function')
    .option('--no-source', 'without the C lines')
    .option(
      '--jit',
      "the WebAssembly that the virtual kernel's JIT makes of each program, instead of the object's code",
    )
    .action(async (file: string, options: DisasmOptions) => {
      const object = openObject(await readInput(file), { name: objectName(file) })
      if (options.jit) {
        await printCompiled(object, options, io)
        return
      }
      const all = object.allFunctions
      const chosen = options.program ? all.filter((fn) => fn.name === options.program) : all
      if (!chosen.length) throw new Error(`${file}: no program or function ${options.program ?? ''}`.trimEnd())
      for (const [index, fn] of chosen.entries()) {
        if (index) io.out('')
        printFunction(object, fn, options, io)
      }
    })
