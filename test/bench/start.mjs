// SPDX-License-Identifier: BSD-2-Clause
// What it costs to have a kernel: size of the module, and ms until one answers, each time in fresh processes.
//   npm run bench:start -- [--runs N] [--json]
// Wall time and the processor's time (all threads of the process): the second moves less on a busy machine. "bare node"
// is a Node that does nothing, from its start to its end; "import" is loading the packages' code, "create"
// createVirtualKernel() with reading and compiling the module, "first program" a program loaded and run, "kernel" these
// three together, "again" a second kernel in the same process. The commands are from start to end, bare node included.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
})
const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const SKEP = path('packages/cli/bin/skep.mjs')
const OBJECT = path('examples/sockex1/sockex1.bpf.o')

const CHILD = `
const times = [[performance.now(), process.cpuUsage()]]
const mark = () => times.push([performance.now(), process.cpuUsage()])
const { createVirtualKernel } = await import('@skep/wasm-vm')
const { loadRaw } = await import('@skep/core')
mark()
const kernel = await createVirtualKernel()
mark()
const insns = Uint8Array.of(0xb7, 0, 0, 0, 7, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)
loadRaw(kernel, { type: 1, insns }).testRun({ dataIn: new Uint8Array(64) })
mark()
await createVirtualKernel()
mark()
const cpu = ({ user, system }) => (user + system) / 1000
const parts = {}
const between = (name, from, to) => {
  parts[name] = { wall: times[to][0] - times[from][0], cpu: cpu(times[to][1]) - cpu(times[from][1]) }
}
between('import', 0, 1)
between('create', 1, 2)
between('first program', 2, 3)
between('kernel', 0, 3)
between('again', 3, 4)
console.log(JSON.stringify(parts))
`

/** Processor time of the children so far, in ms: Node tells it of ended children too late, /proc of those waited for. */
function childrenMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

function node(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: path('test/bench'), encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** A whole process. Linux counts its processor time in steps of 10 ms, so only means over the runs say something. */
function wholeProcess(args) {
  const start = performance.now()
  const before = process.platform === 'linux' ? childrenMs() : 0
  node(args)
  return { wall: performance.now() - start, cpu: process.platform === 'linux' ? childrenMs() - before : undefined }
}

function once() {
  return {
    'bare node': wholeProcess(['-e', '0']),
    ...JSON.parse(node(['--input-type=module', '-e', CHILD])),
    'skep --help': wholeProcess([SKEP, '--help']),
    'skep verify': wholeProcess([SKEP, 'verify', '--kernel', 'virtual', OBJECT]),
  }
}

function summary(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (!sorted.length) return undefined
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { median: sorted[sorted.length >> 1], least: sorted[0], mean }
}

const bytes = readFileSync(path('packages/wasm-vm/build/skep.wasm'))
const sizes = {
  module: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
}
const runs = Array.from({ length: Number(options.runs) }, once)
const ms = Object.fromEntries(
  Object.keys(runs[0]).map((part) => [
    part,
    { wall: summary(runs.map((run) => run[part].wall)), cpu: summary(runs.map((run) => run[part].cpu)) },
  ]),
)

if (options.json) console.log(JSON.stringify({ node: process.version, sizes, ms }, undefined, 1))
else {
  for (const [name, size] of Object.entries(sizes))
    console.log(`${name.padEnd(14)}${(size / 1024).toFixed(0).padStart(8)} KiB`)
  console.log(`${'ms'.padEnd(14)}${['wall', 'least', 'cpu'].map((name) => name.padStart(8)).join('')}`)
  for (const [name, { wall, cpu }] of Object.entries(ms))
    console.log(
      name.padEnd(14) +
        [wall.median, wall.least, cpu?.mean].map((value) => (value?.toFixed(1) ?? '-').padStart(8)).join(''),
    )
}
