// SPDX-License-Identifier: BSD-2-Clause
// What a call of the library costs: map operations through BpfMap, on both kernels side by side.
//   npm run bench:api -- [--rounds N] [--json]
// Figures are medians over rounds, in µs of processor time a call. "null call" is the system call with an attr that is ready: the floor.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BpfMap, openObject } from '@skep/core'
import { BPF_MAP_LOOKUP_ELEM, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH } from '@skep/core/uapi'
import { createLinuxKernel, linuxAvailability } from '@skep/native-loader'
import { createVirtualKernel } from '@skep/wasm-vm'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
})
const CALLS = 20_000
const ENTRIES = 1000
const OBJECT = new URL('../../examples/sockex1/sockex1.bpf.o', import.meta.url)
const PACKET = Uint8Array.from({ length: 64 }, (_, i) => i)

function filled(kernel, type) {
  const map = BpfMap.create(kernel, { type, keySize: 4, valueSize: 8, maxEntries: ENTRIES })
  for (let i = 0; i < ENTRIES; i++) map.update(i, BigInt(i))
  return map
}

/** Operations as [name, what one call does]; the round's calls go over all keys. */
function operations(kernel) {
  const array = filled(kernel, BPF_MAP_TYPE_ARRAY)
  const hash = filled(kernel, BPF_MAP_TYPE_HASH)
  const loaded = openObject(readFileSync(OBJECT), { name: 'sockex1' }).load(kernel)
  const typed = loaded.maps.get('bytes_by_protocol')
  const program = loaded.programs.get('count_bytes')
  const keys = Array.from({ length: ENTRIES }, (_, i) => new Uint8Array(Uint32Array.of(i).buffer))
  const value = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const attr = new Uint8Array(32)
  const buffers = [kernel.memory.alloc(8), kernel.memory.alloc(8)]
  const view = new DataView(attr.buffer)
  view.setUint32(0, array.fd, true)
  view.setBigUint64(8, buffers[0].address, true)
  view.setBigUint64(16, buffers[1].address, true)
  let cursor
  return [
    ['null call (lookup with a ready attr)', () => kernel.bpf(BPF_MAP_LOOKUP_ELEM, attr)],
    ['lookup, array, bytes', (i) => array.lookupBytes(keys[i])],
    ['lookup, array, key as number', (i) => array.lookup(i)],
    ['lookup, array, typed key and value', (i) => typed.lookup(i % 256)],
    ['update, array, bytes', (i) => array.update(keys[i], value)],
    ['update, array, typed key and value', (i) => typed.update(i % 256, i)],
    ['lookup, hash, bytes', (i) => hash.lookupBytes(keys[i])],
    ['update, hash, bytes', (i) => hash.update(keys[i], value)],
    [
      'next key, hash, bytes',
      () => {
        cursor = hash.nextKey(cursor)
      },
    ],
    ['entries of a hash, each', undefined, () => [...hash].length],
    ['test run of a small program', () => program.testRun({ dataIn: PACKET })],
  ]
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

/** µs of processor time a call of one operation: what else runs on the machine counts less than on the clock. */
function time([, once, many]) {
  const before = process.cpuUsage()
  let calls = 0
  if (many) while (calls < CALLS) calls += many()
  else for (; calls < CALLS; calls++) once(calls % ENTRIES)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function kernels() {
  const all = new Map([['virtual', await createVirtualKernel()]])
  const { available, reason } = linuxAvailability()
  if (available) all.set('linux', await createLinuxKernel())
  else console.error(`no Linux to compare with: ${reason}`)
  return all
}

const results = new Map()
const prepared = [...(await kernels())].map(([name, kernel]) => [name, operations(kernel)])
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [kernel, list] of prepared) {
    for (const operation of list) {
      const row = results.get(operation[0]) ?? {}
      results.set(operation[0], row)
      row[kernel] ??= []
      row[kernel].push(time(operation))
    }
  }
}
const rows = [...results].map(([name, row]) => ({
  name,
  us: Object.fromEntries(Object.entries(row).map(([kernel, times]) => [kernel, median(times)])),
}))

if (options.json) console.log(JSON.stringify({ node: process.version, calls: CALLS, rows }, undefined, 1))
else {
  const names = prepared.map(([name]) => name)
  console.log(`${'µs a call'.padEnd(40)}${names.map((name) => name.padStart(10)).join('')}`)
  for (const { name, us } of rows)
    console.log(`${name.padEnd(40)}${names.map((kernel) => us[kernel].toFixed(2).padStart(10)).join('')}`)
}
process.exit(0)
