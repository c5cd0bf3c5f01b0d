// SPDX-License-Identifier: BSD-2-Clause
// Loads one program on both kernels with log level 2 and shows where the two traces part.
//
//   node test/differential/trace-diff.mjs --test "name of a recorded raw test" [--context 12] [--level 2]
//   node test/differential/trace-diff.mjs --hex b700…95… --type 1
//   node test/differential/trace-diff.mjs --object file.bpf.o --program name

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { comparableTrace, LOG_SIZE, RawLoader } from './raw-load.mjs'
import { rawTests } from './recorded.mjs'

const { values } = parseArgs({
  options: {
    test: { type: 'string' },
    hex: { type: 'string' },
    object: { type: 'string' },
    program: { type: 'string' },
    type: { type: 'string', default: '1' },
    context: { type: 'string', default: '12' },
    level: { type: 'string', default: '2' },
    linux: { type: 'boolean' },
    ours: { type: 'boolean' },
  },
})

const { kernel, reason } = await linuxKernel()
if (!kernel) throw new Error(`no Linux here: ${reason}`)
const level = Number(values.level)

/** One program of an object file, through the loader. */
async function ofObject(on) {
  const { openObject, parseKallsyms, verifyProgram } = await import('@skep/core')
  const spec = openObject(readFileSync(values.object), { name: basename(values.object, '.bpf.o') })
  const kallsyms = parseKallsyms(readFileSync('/proc/kallsyms', 'utf8'))
  const options = { logLevel: level, logSize: LOG_SIZE, targetBtf: kernel.kernelBtf, kallsyms }
  const { verdict, errno, log, message } = verifyProgram(spec, values.program, on, options)
  return { result: verdict === 'accept' ? 0 : -errno, log: log || message }
}

async function ofTest(on) {
  const test = values.hex
    ? { insns: values.hex, type: Number(values.type), eat: 0, flags: 0, license: 'GPL', btf_id: 0, maps: [] }
    : rawTests().find((t) => t.test === values.test)
  if (!test) throw new Error(`no recorded test named ${values.test}`)
  return new RawLoader(on).runRecorded(test, level)
}

const load = values.object ? ofObject : ofTest
const theirs = await load(kernel)
if (values.linux) console.log(theirs.log)
const ours = values.linux
  ? theirs
  : await load(await virtualKernel({ kernelBtf: kernel.kernelBtf, cpus: kernel.facts.possibleCpus }))
if (values.ours) console.log(ours.log)
console.log(
  `linux ${theirs.result < 0 ? theirs.result : 'accepted'}, skep ${ours.result < 0 ? ours.result : 'accepted'}`,
)

const a = comparableTrace(theirs.log)
const b = comparableTrace(ours.log)
let i = 0
while (i < a.length && i < b.length && a[i] === b[i]) i++
if (i === a.length && i === b.length) {
  console.log(`traces equal, ${i} lines`)
} else {
  const context = Number(values.context)
  for (let k = Math.max(0, i - context); k < i; k++) console.log(`      ${a[k]}`)
  for (let k = i; k < i + 6; k++) console.log(`linux ${a[k] ?? '<end>'}`)
  for (let k = i; k < i + 6; k++) console.log(`skep  ${b[k] ?? '<end>'}`)
}
process.exit(0)
