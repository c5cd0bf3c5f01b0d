// SPDX-License-Identifier: BSD-2-Clause
// Writes expected/kernel-log.txt: how the running Linux prints instructions in the verifier's log. Each form is loaded as
// the first instruction of a program; most are refused, but after they were printed. Needs root, the built packages/core
// and packages/native-loader.
import { writeFileSync } from 'node:fs'
import { createLinuxKernel } from '../../native-loader/dist/index.mjs'
import { INSTRUCTIONS } from '../dist/isa/index.mjs'

const PROG_LOAD = 5
const kernel = await createLinuxKernel()
record(kernel.memory.alloc(1 << 16), kernel.memory.alloc(8 * 64), kernel.memory.alloc(8))

function record(log, insns, license) {
  license.bytes.set(Buffer.from('GPL\0'))
  const lines = new Map()
  const pick = (field, values) => (typeof field === 'number' ? [field] : values)
  for (const form of INSTRUCTIONS) {
    const isJump = (form.opcode & 7) === 5 || (form.opcode & 7) === 6
    for (const off of pick(form.off, isJump ? [0, 1] : [-8, 0, 24])) {
      for (const imm of pick(
        form.imm,
        form.imm === 'target' ? [form.src === 1 ? 2 : 0] : form.imm === 'helper' ? [1, 5, 7] : [-5, 0, 0x7fffffff],
      )) {
        for (const [dst, src] of [
          [1, 1],
          [10, 6],
        ]) {
          const first = Buffer.alloc(8)
          first[0] = form.opcode
          first[1] = ((typeof form.src === 'number' ? form.src : src) << 4) | (form.dst === 0 ? 0 : dst)
          first.writeInt16LE(off, 2)
          first.writeInt32LE(imm, 4)
          const second = form.imm === 'imm64' ? '0000000034120080' : ''
          // The instruction, an end, and for a call a function to be called.
          const ends = form.name === 'CALL_LOCAL' ? 2 : 1
          const code = Buffer.from(
            `${first.toString('hex')}${second}${'b7000000000000009500000000000000'.repeat(ends)}`,
            'hex',
          )
          const text = load(log, insns, license, code)
          if (text) lines.set(first.toString('hex') + second, text)
        }
      }
    }
  }
  const body = [...lines].map(([hex, text]) => `${hex} ${text}`).join('\n')
  writeFileSync(new URL('expected/kernel-log.txt', import.meta.url), `${kernel.facts.release.split('-')[0]}\n${body}\n`)
  console.log(`${lines.size} instructions`)
}

function load(log, insns, license, code) {
  insns.bytes.set(code)
  log.bytes[0] = 0
  const attr = new DataView(new ArrayBuffer(128))
  attr.setUint32(0, 1, true)
  attr.setUint32(4, code.length / 8, true)
  attr.setBigUint64(8, insns.address, true)
  attr.setBigUint64(16, license.address, true)
  attr.setUint32(24, 2, true)
  attr.setUint32(28, log.length, true)
  attr.setBigUint64(32, log.address, true)
  const fd = kernel.bpf(PROG_LOAD, new Uint8Array(attr.buffer))
  if (fd >= 0) kernel.close(fd)
  const text = Buffer.from(log.bytes.subarray(0, log.bytes.indexOf(0))).toString()
  return /^0: (\([0-9a-f]{2}\) .*?)(\s+;.*)?$/m.exec(text)?.[1]
}
