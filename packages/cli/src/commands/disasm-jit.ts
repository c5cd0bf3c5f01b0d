// SPDX-License-Identifier: BSD-2-Clause
/** What the virtual kernel's JIT makes of the programs of an object. */
import type { ObjectSpec, Program } from '@skep/core'
import { progLines } from '@skep/core'
import { decodeInstructions, formatKernel, slotOffsets } from '@skep/core/isa'
import type { Io } from '../io.ts'

export interface CompiledOptions {
  readonly program?: string
  readonly source: boolean
}

/** Compile when a program is loaded, not after some runs. */
const AT_LOAD = -1n

/** Text above the code of each translated instruction: its C line where one begins, and itself. */
function commentsOf(program: Program, withSource: boolean): Map<number, string> {
  const { xlated } = program.info({ xlated: true })
  const instructions = decodeInstructions(xlated)
  const slots = slotOffsets(instructions)
  const comments = new Map(instructions.map((insn, index) => [slots[index]!, formatKernel(insn)]))
  if (!withSource) return comments
  for (const { insn, file, line, text } of progLines(program.kernel, program.fd)) {
    const place = `${file.split('/').at(-1)}:${line}: ${text}`
    if (line) comments.set(insn, `${comments.get(insn)}  ; ${place}`)
  }
  return comments
}

/** Prints the module of each program, or of the one that is named. */
export async function printCompiled(object: ObjectSpec, options: CompiledOptions, io: Io): Promise<void> {
  const { createVirtualKernel, formatWat, OPTION } = await import('@skep/wasm-vm')
  using kernel = await createVirtualKernel({ engine: 'jit' })
  kernel.exports.set_option(OPTION.jitThreshold, AT_LOAD)
  if (options.program) {
    const chosen = object.program(options.program)
    for (const program of object.programs) program.autoload = program === chosen
  }
  using loaded = object.load(kernel)
  for (const [name, program] of loaded.programs) {
    const { jited } = program.info({ jited: true })
    if (!jited.length) throw new Error(`${name}: the JIT made no code of it`)
    const comments = commentsOf(program, options.source)
    io.out(`;; ${name}: ${jited.length} bytes`)
    io.out(formatWat(jited, { comment: (insn) => comments.get(insn) }).trimEnd())
  }
}
