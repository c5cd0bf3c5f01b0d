// SPDX-License-Identifier: BSD-2-Clause
import { writeFile } from 'node:fs/promises'
import { assemble, assembleObject, encodeInstructions } from '@skep/core/isa'
import { Command } from 'commander'
import { readInput } from '../inputs.ts'
import { toHex } from '../output/json.ts'
import type { CommandBuilder } from '../program.ts'

interface AsmOptions {
  out?: string
  bigEndian?: boolean
}

/** `skep asm`: assembly text to instructions, as hexadecimal lines or as an object file. */
export const asmCommand: CommandBuilder = ({ io }) =>
  new Command('asm')
    .argument('<file>', 'assembly text, - for standard input')
    .option('-o, --out <file>', 'write an ELF object (sections, symbols and data as the text says)')
    .option('--big-endian', 'encode for a big-endian kernel')
    .action(async (file: string, options: AsmOptions) => {
      const text = new TextDecoder().decode(file === '-' ? await io.stdin() : await readInput(file))
      const littleEndian = !options.bigEndian
      if (options.out) {
        const object = assembleObject(text, { littleEndian })
        await writeFile(options.out, object)
        io.out(`${options.out}: ${object.length} bytes`)
        return
      }
      const code = encodeInstructions(assemble(text).instructions, littleEndian)
      for (let at = 0; at < code.length; at += 8) io.out(toHex(code.subarray(at, at + 8)).replace(/..(?=.)/g, '$& '))
    })
