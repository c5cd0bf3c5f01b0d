// SPDX-License-Identifier: BSD-2-Clause
import { runConformanceCase } from '@skep/core'
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
    .option('--elf', 'accepted for the runner: the program is never an ELF file here')
    .action(async (memory: string, options: PluginOptions) => {
      const text = new TextDecoder().decode(await io.stdin())
      const outcome = await run(parseHex(text, 'program'), parseHex(memory, 'memory'), options, io)
      if ('r0' in outcome) {
        io.out(outcome.r0.toString(16))
        return
      }
      io.err(outcome.error)
      exit(EXIT_REFUSED)
    })
