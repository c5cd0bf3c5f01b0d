// SPDX-License-Identifier: BSD-2-Clause
// Writes forms.s: the bytes of every form of instruction with several operands, for a disassembler to read.
import { writeFileSync } from 'node:fs'
import { INSTRUCTIONS } from '../dist/isa/index.mjs'

const values = (field, free) => (typeof field === 'number' ? [field] : free)
let text = '# Written by forms.mjs. SPDX-License-Identifier: BSD-2-Clause\n\t.text\n'
for (const form of INSTRUCTIONS) {
  const dst = form.dst === 0 ? 0 : 3
  const src = typeof form.src === 'number' ? form.src : 4
  for (const off of values(form.off, [-2, 0, 0x7fff])) {
    for (const imm of values(form.imm, [-5, 0x7fffffff, -0x80000000])) {
      const bytes = Buffer.alloc(8)
      bytes[0] = form.opcode
      bytes[1] = (src << 4) | dst
      bytes.writeInt16LE(off, 2)
      bytes.writeInt32LE(imm, 4)
      const tail = form.imm === 'imm64' ? [0, 0, 0, 0, 0x34, 0x12, 0, 0x80] : []
      text += `\t.byte ${[...bytes, ...tail].join(', ')}\n`
    }
  }
}
writeFileSync(new URL('forms.s', import.meta.url), text)
