// SPDX-License-Identifier: BSD-2-Clause
// Speed and memory of the virtual kernel's verifier beside Linux's, on the same programs in the same run.
//
//   node test/differential/bench-verifier.mjs [--object text]

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { openObject, verifyProgram } from '@skep/core'
import { selftestObjects } from './build-selftests.mjs'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { RawLoader, stats } from './raw-load.mjs'

const { values } = parseArgs({ options: { object: { type: 'string' } } })
const PROG_LOAD = 5

function insn(code, dst, src, off, imm) {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint8(0, code)
  view.setUint8(1, dst | (src << 4))
  view.setInt16(2, off, true)
  view.setInt32(4, imm, true)
  return [...new Uint8Array(view.buffer)]
}
const program = (...insns) => Uint8Array.from(insns.flat())
const EXIT = [insn(0xb7, 0, 0, 0, 0), insn(0x95, 0, 0, 0, 0)]

const RAW = {
  // Counts to a million: the limit of processed instructions ends it.
  'counting loop': program(insn(0xb7, 1, 0, 0, 0), insn(0x07, 1, 0, 0, 1), insn(0xa5, 1, 0, -2, 1000000), ...EXIT),
  // The counter lives on the stack and indexes it, which asks for precision.
  'loop on the stack': program(
    insn(0xb7, 1, 0, 0, 0),
    insn(0x7b, 10, 1, -8, 0),
    insn(0x79, 2, 10, -8, 0),
    insn(0x07, 2, 0, 0, 1),
    insn(0x7b, 10, 2, -8, 0),
    insn(0xbf, 3, 10, 0, 0),
    insn(0x57, 2, 0, 0, 0x1f),
    insn(0x0f, 3, 2, 0, 0),
    insn(0x73, 3, 1, -64, 0),
    insn(0x79, 2, 10, -8, 0),
    insn(0xa5, 2, 0, -9, 150000),
    ...EXIT,
  ),
  'straight line': program(...Array.from({ length: 4000 }, (_, i) => insn(0xb7, i % 6, 0, 0, i)), ...EXIT),
}

const { kernel: linux, reason } = await linuxKernel()
if (!linux) console.log(`without Linux: ${reason}`)
const ours = await virtualKernel()
const sides = [['skep', ours], ...(linux ? [['linux', linux]] : [])]

/** A kernel that counts the time of its program loads. */
function timed(kernel) {
  const clock = { ms: 0 }
  const proxy = new Proxy(kernel, {
    get(target, key) {
      const value = target[key]
      if (key !== 'bpf') return typeof value === 'function' ? value.bind(target) : value
      return (cmd, attr) => {
        const start = performance.now()
        const result = target.bpf(cmd, attr)
        if (cmd === PROG_LOAD) clock.ms += performance.now() - start
        return result
      }
    },
  })
  return { proxy, clock }
}

/** The fastest of so many runs counts: other work on the machine only slows. */
const RUNS = 5
const rate = (insns, ms) => `${(insns / ms / 1000).toFixed(2)} million a second`

for (const [name, insns] of Object.entries(RAW)) {
  for (const [side, kernel] of sides) {
    const loader = new RawLoader(kernel, 1 << 16)
    loader.load({ insns, type: 1, logLevel: 4 })
    let ms = Number.POSITIVE_INFINITY
    let n = 0
    for (let i = 0; i < RUNS; i++) {
      const start = performance.now()
      const { log } = loader.load({ insns, type: 1, logLevel: 4 })
      ms = Math.min(ms, performance.now() - start)
      n = stats(log)?.insns ?? 0
    }
    console.log(
      `${name.padEnd(20)} ${side.padEnd(6)} ${String(n).padStart(8)} instructions ${ms.toFixed(1)} ms, ${rate(n, ms)}`,
    )
  }
}

for (const [side, kernel] of sides) {
  const loader = new RawLoader(kernel, 1 << 12)
  const insns = program(...EXIT)
  const once = () => loader.load({ insns, type: 1, logLevel: 0 })
  for (let i = 0; i < 2000; i++) once()
  const start = performance.now()
  for (let i = 0; i < 5000; i++) once()
  console.log(`two instructions     ${side.padEnd(6)} ${((performance.now() - start) / 5).toFixed(1)} us a load`)
}

const objects = (await selftestObjects()) ?? []
const totals = new Map(sides.map(([side]) => [side, { ms: 0, insns: 0, programs: 0 }]))
for (const path of objects) {
  if (values.object && !path.includes(values.object)) continue
  const bytes = readFileSync(path)
  let names
  try {
    names = openObject(bytes, { name: basename(path) }).programs.map((p) => p.name)
  } catch {
    continue
  }
  for (const name of names) {
    const runs = sides.map(([side, kernel]) => {
      const { proxy, clock } = timed(kernel)
      try {
        const spec = openObject(bytes, { name: basename(path) })
        const verdict = verifyProgram(spec, name, proxy, { logLevel: 4, logSize: 1 << 20, targetBtf: linux?.kernelBtf })
        return { side, ms: clock.ms, verdict }
      } catch {
        return { side, ms: 0, verdict: { verdict: 'trap' } }
      }
    })
    // Only where both did the same work.
    const [first] = runs
    if (!runs.every((r) => r.verdict.verdict === 'accept' && r.verdict.processedInsns === first.verdict.processedInsns))
      continue
    for (const { side, ms, verdict } of runs) {
      const t = totals.get(side)
      t.ms += ms
      t.insns += verdict.processedInsns
      t.programs++
    }
  }
}
for (const [side, t] of totals) {
  if (t.programs)
    console.log(
      `selftests            ${side.padEnd(6)} ${t.programs} programs, ${t.insns} instructions in ${t.ms.toFixed(0)} ms, ${rate(t.insns, t.ms)}`,
    )
}
process.exit(0)
