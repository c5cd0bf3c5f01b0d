// SPDX-License-Identifier: BSD-2-Clause
// How fast programs run: Linux's JIT, our JIT, our interpreter, our checked engine, interleaved in one process.
//   npm run bench -- [--only NAME,…] [--rounds N] [--json] [--svg FILE]
// A round loads every program anew on every engine: on Linux the same program can differ by 2 from load to load. A load's
// figure is that of its best batch, so that a busy machine does not blur it; the table has medians over loads. Without bpf(2) the columns of Linux are empty.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createLinuxKernel } from '@skep/native-loader'
import { createVirtualKernel } from '@skep/wasm-vm'
import { drawChart } from './chart.mjs'
import { geometricMean, load, measure, median, overhead } from './measure.mjs'
import { readProgram } from './objects.mjs'
import { PROGRAMS } from './programs.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    svg: { type: 'string' },
  },
})
const ENGINES = ['jit', 'interp', 'checked']
/** Slow engines need fewer rounds: their figures hardly move. */
const SLOW_ROUNDS = 3

async function linuxKernel() {
  try {
    return await createLinuxKernel()
  } catch (error) {
    console.error(`no Linux to compare with: ${error.message}`)
    return undefined
  }
}

/** Instructions that one run executes, as the checked engine counts them. */
function countInsns(kernel, name) {
  const program = load(kernel, name, readProgram(name))
  program.run(1)
  const count = Number(kernel.exports.executed_insns())
  program.close()
  return count
}

const linux = await linuxKernel()
const kernels = new Map(linux ? [['linux', linux]] : [])
for (const engine of ENGINES) kernels.set(engine, await createVirtualKernel({ engine }))
const loops = new Map([...kernels].map(([name, kernel]) => [name, overhead(kernel)]))
const names = options.only?.split(',')
const rows = PROGRAMS.filter(([name]) => !names || names.includes(name)).map(([name, kind, about]) => ({
  name,
  kind,
  about,
  insns: countInsns(kernels.get('checked'), name),
  samples: new Map([...kernels.keys()].map((engine) => [engine, []])),
}))

for (let round = 0; round < Number(options.rounds); round++) {
  for (const row of rows) {
    const answers = new Map()
    for (const [engine, kernel] of kernels) {
      if (round >= SLOW_ROUNDS && (engine === 'interp' || engine === 'checked')) continue
      const program = load(kernel, row.name, readProgram(row.name))
      const { ns, retval } = measure(program, loops.get(engine))
      program.close()
      row.samples.get(engine).push(ns)
      answers.set(engine, retval)
    }
    if (new Set(answers.values()).size > 1) {
      throw new Error(`${row.name}: the engines disagree: ${JSON.stringify([...answers])}`)
    }
  }
}

const results = rows.map(({ samples, ...row }) => {
  const ns = Object.fromEntries([...samples].map(([engine, times]) => [engine, median(times)]))
  return { ...row, ns, ratio: linux ? Object.fromEntries(ENGINES.map((e) => [e, ns[e] / ns.linux])) : undefined }
})
const pure = results.filter(({ kind }) => kind === 'pure')
const means =
  linux && pure.length
    ? Object.fromEntries(ENGINES.map((engine) => [engine, geometricMean(pure.map(({ ratio }) => ratio[engine]))]))
    : undefined

const rate = (row, engine) => (row.ns[engine] === undefined ? '-' : Math.round((row.insns / row.ns[engine]) * 1000))
function printTable() {
  const heads = ['Linux', 'JIT', 'interp', 'checked']
  console.log(
    `${'M instructions/s'.padEnd(46)}${heads.map((h) => h.padStart(9)).join('')}   time over Linux's JIT: JIT, interp`,
  )
  for (const row of results) {
    const rates = ['linux', ...ENGINES].map((engine) => String(rate(row, engine)).padStart(9)).join('')
    const ratio = row.ratio ? `${row.ratio.jit.toFixed(2).padStart(8)}${row.ratio.interp.toFixed(1).padStart(8)}` : ''
    console.log(`${row.name.padEnd(11)}${row.about.padEnd(35).slice(0, 35)}${rates}${ratio}`)
  }
  if (means) {
    console.log(
      `geometric mean over Linux's JIT, pure programs: JIT ${means.jit.toFixed(3)}, interpreter ` +
        `${means.interp.toFixed(1)}, checked ${means.checked.toFixed(1)}`,
    )
  }
}

if (options.json) console.log(JSON.stringify({ node: process.version, results, means }, undefined, 1))
else printTable()
if (options.svg) writeFileSync(options.svg, drawChart(results, means))
process.exit(0)
