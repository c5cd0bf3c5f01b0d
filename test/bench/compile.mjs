// SPDX-License-Identifier: BSD-2-Clause
// What compiling costs: from load to first result, beside the interpreter's, verification apart.
//   node test/bench/compile.mjs
// Programs are straight lines of mixed arithmetic with a branch every tenth instruction, as long as said. Median of loads.
import { loadRaw } from '@skep/core'
import { createVirtualKernel } from '@skep/wasm-vm'
import { median } from './measure.mjs'

const SIZES = [100, 1000, 10_000, 50_000]
const PACKET = new Uint8Array(64)
/** Setting 12: runs before a program is compiled; -1 compiles at load. */
const OPTION_JIT_AFTER = 12

function program(length) {
  const out = Buffer.alloc(length * 8)
  const emit = (at, code, dst, src, off, imm) => {
    out[at * 8] = code
    out[at * 8 + 1] = dst | (src << 4)
    out.writeInt16LE(off, at * 8 + 2)
    out.writeInt32LE(imm, at * 8 + 4)
  }
  for (let reg = 0; reg < 10; reg++) if (reg !== 1) emit(reg === 0 ? 0 : reg - 1, 0xb7, reg, 0, 0, reg + 1)
  const ops = [0x07, 0x0f, 0x04, 0x0c, 0xa7, 0xaf, 0x27, 0x47, 0x5f]
  for (let at = 9; at < length - 1; at++) {
    const op = ops[at % ops.length]
    const dst = [0, 2, 3, 4, 5, 6, 7, 8, 9][(at * 7) % 9]
    if (at % 10 === 0 && at < length - 4) emit(at, 0x15, dst, 0, 2, at)
    else emit(at, op, dst, op & 8 ? [2, 3, 4, 5][at % 4] : 0, 0, op & 8 ? 0 : (at % 1000) | 1)
  }
  emit(length - 1, 0x95, 0, 0, 0, 0)
  return out
}

/** Median µs of a load and of the first run after it. */
function timed(kernel, insns) {
  const loads = []
  const runs = []
  for (let i = 0; i < (insns.length > 80_000 ? 7 : 40); i++) {
    // A constant of its own, or the engine would find the module that it compiled before
    insns.writeInt32LE(i, 4)
    const start = performance.now()
    const loaded = loadRaw(kernel, { type: 1, insns }, { level: 0 })
    const middle = performance.now()
    loaded.testRun({ dataIn: PACKET })
    runs.push((performance.now() - middle) * 1000)
    loads.push((middle - start) * 1000)
    loaded[Symbol.dispose]()
  }
  return { load: median(loads), run: median(runs) }
}

const interp = await createVirtualKernel({ engine: 'interp' })
const jit = await createVirtualKernel({ engine: 'jit' })
jit.exports.set_option(OPTION_JIT_AFTER, -1n)
console.log(
  'instructions   compile µs   ns an instruction   first run µs   interpreter: first run µs   verify and load µs',
)
for (const size of SIZES) {
  const insns = program(size)
  const plain = timed(interp, insns)
  const compiled = timed(jit, insns)
  const compile = compiled.load - plain.load
  const columns = [
    size,
    compile.toFixed(0),
    ((compile * 1000) / size).toFixed(0),
    compiled.run.toFixed(0),
    plain.run.toFixed(0),
    plain.load.toFixed(0),
  ]
  const widths = [12, 13, 20, 15, 27, 21]
  console.log(columns.map((text, i) => String(text).padStart(widths[i])).join(''))
}
process.exit(0)
