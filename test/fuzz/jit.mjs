// SPDX-License-Identifier: BSD-2-Clause
// Random verified programs on all engines: interpreter, checked engine, JIT and Linux must agree on verdict, r0 and memory.
//   npm run fuzz:jit -- [--from SEED] [--count N]
// A program's seed is its number; the first one that differs is written to a file, and its seed printed.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadRaw, mapCreate, mapLookupElem, mapUpdateElem, VerifierError } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { createVirtualKernel } from '@skep/wasm-vm'
import { generate, MEMORY_SIZE } from './generate.mjs'

const { values: options } = parseArgs({
  options: { from: { type: 'string', default: '0' }, count: { type: 'string', default: '2000' } },
})
const PSEUDO_MAP_VALUE = 2
const SOCKET_FILTER = 1
const ARRAY = 2
const PACKET = new Uint8Array(64)
const KEY = new Uint8Array(4)
const START = Uint8Array.from({ length: MEMORY_SIZE }, (_, i) => i * 37)

/** A kernel with a map that all programs share. */
class Side {
  constructor(name, kernel) {
    this.name = name
    this.kernel = kernel
    this.fd = mapCreate(kernel, { type: ARRAY, keySize: 4, valueSize: MEMORY_SIZE, maxEntries: 1 })
  }

  /** What the program of this seed does here, as text. */
  outcome(seed) {
    const insns = generate(seed, (out) => out.loadImm64(6, this.fd, 0, PSEUDO_MAP_VALUE), this.fd)
    let program
    try {
      program = loadRaw(this.kernel, { type: SOCKET_FILTER, insns }, { level: 0 })
    } catch (error) {
      if (error instanceof VerifierError) return `refused ${error.errno}`
      throw error
    }
    try {
      mapUpdateElem(this.kernel, this.fd, KEY, START)
      const { retval } = program.testRun({ dataIn: PACKET })
      const memory = new Uint8Array(MEMORY_SIZE)
      mapLookupElem(this.kernel, this.fd, KEY, memory)
      return `${(retval >>> 0).toString(16)} ${Buffer.from(memory).toString('hex')}`
    } finally {
      program[Symbol.dispose]()
    }
  }
}

async function linuxSide() {
  try {
    return [new Side('linux', await createLinuxKernel())]
  } catch (error) {
    console.log(`skipped on Linux: ${error.message}`)
    return []
  }
}

const sides = await linuxSide()
for (const engine of ['interp', 'checked', 'jit']) {
  const kernel = await createVirtualKernel({ engine })
  // Compiled at load: a program runs but once here
  if (engine === 'jit') kernel.exports.set_option(12, -1n)
  sides.push(new Side(engine, kernel))
}

const from = Number(options.from)
const count = Number(options.count)
let refused = 0
for (let seed = from; seed < from + count; seed++) {
  const outcomes = sides.map((side) => side.outcome(seed))
  if (outcomes[0].startsWith('refused')) refused++
  if (outcomes.some((outcome) => outcome !== outcomes[0])) {
    const file = `jit-${seed}.bin`
    writeFileSync(
      file,
      generate(seed, (out) => out.loadImm64(6, 0, 0, PSEUDO_MAP_VALUE), 0),
    )
    sides.forEach(({ name }, i) => {
      console.log(`${name.padEnd(8)} ${outcomes[i]}`)
    })
    console.log(`seed ${seed}: the engines differ; instructions in ${file}`)
    process.exit(1)
  }
}
console.log(
  `${count} programs from seed ${from}: ${sides.map(({ name }) => name).join(', ')} agree; ${refused} refused by all`,
)
process.exit(0)
