// SPDX-License-Identifier: BSD-2-Clause
// What a step on a map costs inside a program, on the virtual kernel (each engine) and on Linux in the same run, and how
// long ten million entries of a hash map take to store and to find.
//   npm run bench:maps -- [--rounds n] [--json] [--entries n]
// Figures are ns a step: the least of the rounds, each of which runs a loop of 1000 steps.

import { parseArgs } from 'node:util'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { loadRaw, mapCreate, mapLookupElem, mapUpdateBatch } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { linuxKernel, virtualKernel } from '../differential/kernels.mjs'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    entries: { type: 'string', default: '10000000' },
    json: { type: 'boolean', default: false },
  },
})
const STEPS = 1000
const PACKET = new Uint8Array(64)

/** A loop of STEPS turns, its number in r7; `body` may jump to `next`. */
const loop = (body, before = '', after = '') => `
  r6 = r1
  ${before}
  r7 = 0
again:
  ${body}
next:
  r7 += 1
  if r7 < ${STEPS} goto again
  ${after}
  r0 = 0
  exit`

const lookup = (key) => `
  ${key}
  *(u32 *)(r10 - 4) = r1
  ld_pseudo r1, 1, MAP
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto MISS
`
const add = 'r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\n'
const update =
  'r1 = 1\n*(u64 *)(r10 - 16) = r1\nld_pseudo r1, 1, MAP\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem\n'
const low = 'r1 = r7\nr1 &= 255'

/** The counter that goes on from run to run: keys that were never seen. */
const counter = {
  before:
    '*(u32 *)(r10 - 4) = 0\nld_pseudo r1, 1, COUNTER\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\nif r0 != 0 goto have\nr0 = 0\nexit\nhave:\nr9 = r0\nr8 = *(u64 *)(r9 + 0)',
  after: '*(u64 *)(r9 + 0) = r8',
}

const CASES = [
  {
    name: 'array: lookup, add',
    map: { type: U.BPF_MAP_TYPE_ARRAY, maxEntries: 256 },
    code: loop(`${lookup(low).replace('MISS', 'next')}${add}`),
  },
  {
    name: 'hash: lookup, add',
    map: { type: U.BPF_MAP_TYPE_HASH, maxEntries: 256 },
    fill: 256,
    code: loop(`${lookup(low).replace('MISS', 'next')}${add}`),
  },
  {
    name: 'hash: lookup, add, update every 4th',
    map: { type: U.BPF_MAP_TYPE_HASH, maxEntries: 256 },
    fill: 256,
    code: loop(`${lookup(low).replace('MISS', 'next')}${add}r1 = r7\nr1 &= 3\nif r1 != 0 goto next\n${update}`),
  },
  {
    name: 'LRU: lookup, update, evicting',
    map: { type: U.BPF_MAP_TYPE_LRU_HASH, maxEntries: 256 },
    counter: true,
    code: loop(
      `r8 += 1\n${lookup('r1 = r8').replace('MISS', 'missed')}missed:\n${update}`,
      counter.before,
      counter.after,
    ),
  },
  {
    name: 'per-CPU array: lookup, add',
    map: { type: U.BPF_MAP_TYPE_PERCPU_ARRAY, maxEntries: 256 },
    code: loop(`${lookup(low).replace('MISS', 'next')}${add}`),
  },
  {
    name: 'ring buffer: reserve, submit',
    map: { type: U.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 1 << 16 },
    drain: true,
    code: loop(
      'ld_pseudo r1, 1, MAP\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto next\n*(u64 *)(r0 + 0) = r7\nr1 = r0\nr2 = 1\ncall bpf_ringbuf_submit',
    ),
  },
]

function prepare(kernel, c) {
  const map = mapCreate(kernel, { keySize: 4, valueSize: 8, ...c.map })
  const count = mapCreate(kernel, { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 })
  for (let i = 0; i < (c.fill ?? 0); i++)
    mapUpdateBatch(kernel, map, new Uint8Array(Uint32Array.of(i).buffer), new Uint8Array(8), 1)
  const text = c.code.replace(/\bMAP\b/g, String(map)).replace(/\bCOUNTER\b/g, String(count))
  const program = loadRaw(kernel, {
    type: U.BPF_PROG_TYPE_SCHED_CLS,
    insns: encodeInstructions(assemble(text).instructions),
  })
  const position = c.drain ? kernel.mmap(map, 4096, 0, 3) : undefined
  const producer = c.drain ? kernel.mmap(map, 4096, 4096, 1) : undefined
  const run = () => {
    const { durationNs } = program.testRun({ dataIn: PACKET, repeat: c.drain ? 1 : 20 })
    if (position)
      new DataView(position.bytes.buffer, position.bytes.byteOffset).setBigUint64(
        0,
        new DataView(producer.bytes.buffer, producer.bytes.byteOffset).getBigUint64(0, true),
        true,
      )
    return durationNs / STEPS
  }
  const close = () => {
    position?.[Symbol.dispose]()
    producer?.[Symbol.dispose]()
    program[Symbol.dispose]()
    kernel.close(map)
    kernel.close(count)
  }
  return { run, close }
}

/** Least ns a step on each kernel, the rounds interleaved. */
function measure(kernels, c) {
  const prepared = kernels.map(([, kernel]) => prepare(kernel, c))
  const best = prepared.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < Number(options.rounds); round++) {
    prepared.forEach(({ run }, i) => {
      best[i] = Math.min(best[i], run())
    })
  }
  for (const { close } of prepared) close()
  return best
}

const BATCH = 10_000

/** Stores `entries` keys by batches and looks every thousandth up: seconds, and ns an entry. */
function many(kernel, entries) {
  const fd = mapCreate(kernel, {
    type: U.BPF_MAP_TYPE_HASH,
    keySize: 4,
    valueSize: 8,
    maxEntries: entries,
    flags: U.BPF_F_NO_PREALLOC,
  })
  const keys = new Uint32Array(BATCH)
  const values = new Uint8Array(BATCH * 8)
  const start = performance.now()
  for (let from = 0; from < entries; from += BATCH) {
    for (let i = 0; i < BATCH; i++) keys[i] = from + i
    mapUpdateBatch(kernel, fd, new Uint8Array(keys.buffer), values, Math.min(BATCH, entries - from))
  }
  const seconds = (performance.now() - start) / 1000
  let found = 0
  const value = new Uint8Array(8)
  for (let key = 0; key < entries; key += 1000) {
    if (mapLookupElem(kernel, fd, new Uint8Array(Uint32Array.of(key).buffer), value)) found++
  }
  kernel.close(fd)
  return { seconds, perEntry: (seconds * 1e9) / entries, found, expected: Math.ceil(entries / 1000) }
}

const { kernel: linux, reason } = await linuxKernel()
if (!linux) console.log(`bench:maps: no Linux beside: ${reason}`)
const cpus = linux?.facts.possibleCpus ?? 1
const kernels = [
  ['interpreter', await virtualKernel({ cpus })],
  ['JIT', await virtualKernel({ cpus, engine: 'jit' })],
  ...(linux ? [['Linux', linux]] : []),
]
const rows = CASES.map((c) => ({ name: c.name, ns: measure(kernels, c) }))
const entries = Number(options.entries)
const bulk = entries
  ? kernels.filter(([name]) => name !== 'JIT').map(([name, kernel]) => [name, many(kernel, entries)])
  : []

if (options.json)
  console.log(
    JSON.stringify({
      steps: rows.map(({ name, ns }) => ({ name, ns: Object.fromEntries(kernels.map(([k], i) => [k, ns[i]])) })),
      bulk: Object.fromEntries(bulk),
    }),
  )
else {
  console.log(`ns a step${' '.repeat(31)}${kernels.map(([name]) => name.padStart(12)).join('')}`)
  for (const { name, ns } of rows) console.log(`${name.padEnd(40)}${ns.map((n) => n.toFixed(2).padStart(12)).join('')}`)
  for (const [name, b] of bulk)
    console.log(
      `${entries} entries in a hash map, ${name}: ${b.seconds.toFixed(2)} s (${b.perEntry.toFixed(0)} ns an entry), ${b.found} of ${b.expected} found again`,
    )
}
process.exit(bulk.some(([, b]) => b.found !== b.expected) ? 1 : 0)
