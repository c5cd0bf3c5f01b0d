// SPDX-License-Identifier: BSD-2-Clause
import { encodeSlots, openObject, RuleError, runConformanceCase } from '@skep/core'
import { isElf, parseElf, SHF_EXECINSTR } from '@skep/core/elf'
import { linkProgram } from '@skep/core/relo'
import { Command, Option } from 'commander'
import { EXIT_REFUSED } from '../exit.ts'
import { parseHex } from '../inputs.ts'
import type { Io } from '../io.ts'
import { engineOption, type KernelName, kernelOption, openKernel } from '../kernels.ts'
import type { CommandBuilder } from '../program.ts'

interface PluginOptions {
  kernel: KernelName
  engine?: 'interp' | 'jit' | 'checked'
  mode: 'isa' | 'linux'
  elf?: boolean
}

/**
 * Instructions of an object file, as the runner writes one for a case: code in one section, most often `.text`. What its
 * first program or function calls is linked behind it.
 */
function insnsOfObject(bytes: Uint8Array): Uint8Array {
  const object = openObject(bytes, { name: 'program' })
  const [entry, ...others] = object.programs
  if (others.length) throw new RuleError('program: more than one program in the object file')
  const first = entry ?? object.allFunctions[0]
  if (!first) return codeOf(bytes)
  const { slots, references } = linkProgram(first, object.allFunctions)
  const [needed] = references
  if (needed)
    throw new RuleError(`program: it refers to a ${needed.kind.replace('-', ' ')}, which the suite does not give`)
  return encodeSlots(slots, object.littleEndian)
}

/** The code of an object file without symbols. */
function codeOf(bytes: Uint8Array): Uint8Array {
  const code = parseElf(bytes).sections.find(({ flags, size }) => (flags & SHF_EXECINSTR) !== 0 && size > 0)
  if (!code) throw new RuleError('program: no code in the object file')
  return code.data
}

async function run(insns: Uint8Array, memory: Uint8Array, options: PluginOptions, io: Io) {
  if (options.mode === 'isa') {
    const { runInstructions } = await import('@skep/wasm-vm')
    return runInstructions(insns, memory, options.engine ? { engine: options.engine } : {})
  }
  using kernel = await openKernel(options.kernel, io, options)
  return runConformanceCase(kernel, insns, memory)
}

/**
 * `skep conformance-plugin`: the protocol by which the runner of bpf_conformance drives a runtime. Memory as hexadecimal
 * bytes in the argument, the program as hexadecimal bytes on standard input, r0 in hexadecimal on standard output.
 */
export const conformancePluginCommand: CommandBuilder = ({ io, exit }) =>
  new Command('conformance-plugin')
    .argument('[memory]', 'hexadecimal bytes of the memory at r1', '')
    .addOption(kernelOption(['virtual', 'linux'], 'virtual'))
    .addOption(engineOption)
    .addOption(
      new Option('--mode <mode>', 'isa: as RFC 9669 says; linux: loaded as Linux loads programs')
        .choices(['isa', 'linux'])
        .default('isa'),
    )
    .option('--debug', 'accepted for the runner, changes nothing')
    .option('--elf', 'the program may be an ELF object file; the first bytes say whether it is')
    .action(async (memory: string, options: PluginOptions) => {
      const text = new TextDecoder().decode(await io.stdin())
      const bytes = parseHex(text, 'program')
      const insns = isElf(bytes) ? insnsOfObject(bytes) : bytes
      const outcome = await run(insns, parseHex(memory, 'memory'), options, io)
      if ('r0' in outcome) {
        io.out(outcome.r0.toString(16))
        return
      }
      io.err(outcome.error)
      exit(EXIT_REFUSED)
    })
