// SPDX-License-Identifier: BSD-2-Clause
// The same random map commands on the virtual kernel and on Linux, each map type for itself, and the recorded matrix of
// map creation; what that does not reach of arenas and struct_ops is asked of both.
//
//   node test/differential/maps-model.mjs [--ops n] [--only name] [--seed n] [--no-create] [--full] [--self]
//
// Linux waits for a grace period at each update of a map in maps: these get fewer operations unless --full is given.
// Linux is asked on one CPU (LRU lists and per-CPU free lists belong to CPUs). --self: the virtual kernel on both sides.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { arenaCreations, arenaMappings, structOpsCreations } from './maps-model/creation.mjs'
import { Walk } from './maps-model/model.mjs'
import { makePool } from './maps-model/objects.mjs'
import { createMap } from './maps-model/raw-map.mjs'
import { structOps } from './maps-model/struct-ops.mjs'
import { TYPES } from './maps-model/types.mjs'
import { oracleFolder } from './recorded.mjs'

const { values: options } = parseArgs({
  options: {
    ops: { type: 'string', default: '100000' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    create: { type: 'boolean', default: true },
    self: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
  allowNegative: true,
})

/** Runs this script again, bound to one CPU. */
function pinned() {
  if (process.env.SKEP_PINNED || options.self) return false
  const env = { ...process.env, SKEP_PINNED: '1' }
  const child = spawnSync('taskset', ['-c', '0', process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', env })
  if (child.error) return false
  process.exit(child.status ?? 1)
}
pinned()

async function secondKernel() {
  if (options.self) return { kernel: await virtualKernel({ cpus: 2 }) }
  return linuxKernel()
}

const { kernel: linux, reason } = await secondKernel()
if (!linux) {
  console.log(`parity:maps: no Linux to compare with: ${reason}`)
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}
const cpus = linux.facts.possibleCpus
const virtual = await virtualKernel({ cpus })
let failures = 0

/** One walk: how many steps were the same, undefined where they parted or there was none. */
function walkType(row, ops, seed) {
  const walk = new Walk([linux, virtual], row, { seed, cpus })
  const [theirs, ours] = walk.created
  const fail = (text) => {
    failures++
    console.log(`${row.name}: ${text}`)
  }
  if (theirs < 0 || ours < 0) {
    if (Math.min(theirs, 0) === Math.min(ours, 0)) console.log(`${row.name}: refused by both (${ours})`)
    else fail(`create: linux ${theirs}, skep ${ours}`)
    walk.dispose()
    return undefined
  }
  let n = 0
  let difference
  for (; n < ops && !difference; n++) difference = walk.step()
  difference ??= walk.freeze()
  if (difference) fail(`operation ${n}: ${difference}\n  before:\n    ${walk.history.slice(0, -1).join('\n    ')}`)
  walk.dispose()
  return difference ? undefined : n
}

function compareType(row) {
  const rounds = row.rounds ?? 1
  const ops = Math.ceil(Number(options.ops) / (options.full ? 1 : (row.slow ?? 1)) / rounds)
  const kind = row.structOps && structOps(linux.kernelBtf, row.structOps)
  if (row.structOps && !kind) return console.log(`${row.name}: skipped, the kernel has no such structure`)
  const start = performance.now()
  let same = 0
  for (let round = 0; round < rounds; round++) {
    const full = kind ? { ...row, ops: kind, value: kind.size } : row
    const n = walkType(full, ops, Number(options.seed) + round)
    if (n === undefined) return undefined
    same += n
  }
  return console.log(`${row.name}: ${same} operations the same (${Math.round(performance.now() - start)} ms)`)
}

/** The same labelled calls on both. */
function compareCalls(name, callsOf) {
  const [theirs, ours] = [callsOf(linux), callsOf(virtual)]
  let same = 0
  const parted = []
  for (const [i, { what, run }] of theirs.entries()) {
    const [expected, got] = [run(), ours[i].run()]
    if (expected === got) same++
    else parted.push(`${what}: linux ${expected}, skep ${got}`)
  }
  console.log(`${name}: ${same} of ${theirs.length} the same`)
  for (const line of parted.slice(0, 20)) console.log(`  ${line}`)
  failures += parted.length
}

function compareCreationOnBoth() {
  compareCalls('creation of ARENA', arenaCreations)
  compareCalls('mappings of ARENA', arenaMappings)
  for (const name of ['tcp_congestion_ops', 'bpf_dummy_ops']) {
    const kind = structOps(linux.kernelBtf, name)
    if (kind) compareCalls(`creation of STRUCT_OPS ${name}`, (kernel) => structOpsCreations(kernel, kind))
    else console.log(`creation of STRUCT_OPS ${name}: skipped, the kernel has no such structure`)
  }
}

const CANNOT_HOLD = -12
/** Types that were created with type information of an int. */
const STORAGES = new Set([24, 28, 29, 32])

function compareCreation() {
  const { map_create: rows } = JSON.parse(gunzipSync(readFileSync(`${oracleFolder}/extra-matrix.json.gz`)).toString())
  const inner = createMap(virtual, { type: 2, key: 4, value: 4, max: 1 })
  const [btf] = makePool(virtual, 'btf').fds
  let same = 0
  const parted = []
  for (const [type, key, value, max, flags, expected] of rows) {
    const types = STORAGES.has(type) ? { btf, btfKey: 1, btfValue: 1 } : {}
    const fd = createMap(virtual, { type, key, value, max, flags, inner, ...types })
    if (fd >= 0) virtual.close(fd)
    const got = Math.min(fd, 0)
    if (got === expected || (got === CANNOT_HOLD && expected === 0)) same++
    else parted.push(`type ${type} key ${key} value ${value} max ${max} flags ${flags}: linux ${expected}, skep ${got}`)
  }
  virtual.close(inner)
  console.log(`map creation: ${same} of ${rows.length} the same`)
  for (const line of parted.slice(0, 20)) console.log(`  ${line}`)
  failures += parted.length
}

if (options.create && oracleFolder && !options.only) compareCreation()
if (options.create && !options.only) compareCreationOnBoth()
for (const row of TYPES) if (!options.only || row.name.startsWith(options.only)) compareType(row)
console.log(failures ? `${failures} divergences` : 'no divergence')
process.exit(failures ? 1 : 0)
