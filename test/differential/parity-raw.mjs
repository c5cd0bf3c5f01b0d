// SPDX-License-Identifier: BSD-2-Clause
// Verdict, errno and message of the virtual kernel against Linux's recorded answers, over the kernel's raw tests.
//
//   node test/differential/parity-raw.mjs [--live] [--traces] [--bpf-only] [--filter text] [--list file]
// --live asks the running Linux instead of the recording (tests that name a BTF id are always asked of it: their numbers
// mean something else in each kernel); --traces compares the whole logs of level 2 besides.
// --bpf-only gives both kernels a caller that has CAP_BPF and nothing else: rules against leaks and speculation hold.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { comparableTrace, lastMessage, RawLoader, saysUnsupported, stats } from './raw-load.mjs'
import { oracleFolder, rawTests } from './recorded.mjs'

const { values } = parseArgs({
  options: {
    live: { type: 'boolean' },
    traces: { type: 'boolean' },
    'bpf-only': { type: 'boolean' },
    filter: { type: 'string' },
    list: { type: 'string' },
  },
})
if (values['bpf-only'] && process.getuid() === 0) {
  const only = (set) => `--${set}=-all,+bpf`
  const drop = [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    only('inh-caps'),
    only('ambient-caps'),
    only('bounding-set'),
  ]
  const { status } = spawnSync('setpriv', [...drop, process.execPath, ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
if (!oracleFolder) {
  console.log('parity:raw: skipped, no recorded answers here (set SKEP_ORACLE)')
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}

const CAP_BPF = 1n << 39n
const ours = new RawLoader(await virtualKernel(values['bpf-only'] ? { capabilities: CAP_BPF } : {}))
const live = values.live || values.traces || values['bpf-only'] ? await linuxKernel() : undefined
if (live && !live.kernel) {
  console.log(`parity:raw: skipped, no Linux: ${live.reason}`)
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}
const theirs = live?.kernel ? new RawLoader(live.kernel) : undefined

let namesAsked
/** Who judges what names a BTF id: the running Linux, whose types the virtual kernel has. Undefined where there is none. */
async function namesOracle() {
  namesAsked ??= theirs ?? (await linuxKernel().then(({ kernel }) => kernel && new RawLoader(kernel)))
  return namesAsked
}

const counts = {
  total: 0,
  noOracle: 0,
  named: 0,
  unsupported: 0,
  accepted: 0,
  acceptedSame: 0,
  refused: 0,
  refusedSame: 0,
  messages: 0,
  states: 0,
  statesSame: 0,
  traces: 0,
  tracesSame: 0,
}
const divergences = []
/** Tests that name a BTF id which the running Linux answers in another way than the recorded one. */
const named = []

function diverges(test, kind, expected, got) {
  divergences.push({ set: test.set, test: test.test, kind, expected, got })
}

/** A target or calls of kernel functions, by BTF ids of the kernel that was asked: a recording says nothing about others. */
function namesTypeIds(test) {
  if (test.btf_id) return true
  const bytes = Buffer.from(test.insns, 'hex')
  for (let i = 0; i < bytes.length; i += 8) {
    if (bytes[i] === 0x85 && bytes[i + 1] >> 4 === 2 && bytes.readInt32LE(i + 4) !== 0) return true
  }
  return false
}

function compare(test, expected) {
  let got
  try {
    got = ours.runRecorded(test)
  } catch (error) {
    diverges(test, 'trap', `${expected.errno} ${expected.msg}`, String(error))
    return
  }
  const errno = got.result < 0 ? -got.result : 0
  const msg = lastMessage(got.log)
  if (saysUnsupported(got)) {
    counts.unsupported++
    diverges(test, 'unsupported', `${expected.errno} ${expected.msg}`, msg)
    return
  }
  const same = errno === expected.errno
  counts[expected.errno ? 'refused' : 'accepted']++
  if (same) counts[expected.errno ? 'refusedSame' : 'acceptedSame']++
  else diverges(test, 'errno', `${expected.errno} ${expected.msg}`, `${errno} ${msg}`)
  if (expected.errno && same) {
    if (msg === expected.msg) counts.messages++
    else diverges(test, 'message', expected.msg, msg)
  }
  if (expected.stats && !expected.errno) {
    counts.states++
    const mine = stats(got.log)
    if (JSON.stringify(mine) === JSON.stringify(expected.stats)) counts.statesSame++
    else diverges(test, 'states', JSON.stringify(expected.stats), JSON.stringify(mine))
  }
}

function compareTraces(test) {
  const a = comparableTrace(theirs.runRecorded(test, 2).log)
  const b = comparableTrace(ours.runRecorded(test, 2).log)
  counts.traces++
  const i = a.findIndex((line, k) => line !== b[k])
  if (i < 0 && a.length === b.length) counts.tracesSame++
  else diverges(test, 'trace', a[i] ?? '<end>', b[i] ?? '<end>')
}

/** Types that a caller without CAP_NET_ADMIN or CAP_PERFMON may load. */
const PLAIN_TYPES = new Set([1, 8])

/** TRACING, EXT, LSM. */
const TRAMPOLINE_TYPES = new Set([26, 28, 29])

for (const test of rawTests()) {
  if (values.filter && !test.test.includes(values.filter)) continue
  if (values['bpf-only'] && !PLAIN_TYPES.has(test.type)) continue
  counts.total++
  let expected = { errno: test.errno, msg: test.msg }
  const names = namesTypeIds(test)
  const oracle = names ? await namesOracle() : theirs
  if (names && !oracle) {
    named.push(`${test.set}\t${test.test}: ids of another kernel, no Linux here to ask`)
    counts.noOracle++
    continue
  }
  if (oracle) {
    const answer = oracle.runRecorded(test)
    if (answer.map) continue
    const errno = answer.result < 0 ? -answer.result : 0
    const msg = lastMessage(answer.log)
    if (errno !== test.errno || msg !== test.msg) {
      const changed = `recorded ${test.errno} ${test.msg}, here ${errno} ${msg}`
      if (names) named.push(`${test.set}\t${test.test}: ${changed}`)
    }
    if (names) counts.named++
    expected = { errno, msg, ...(theirs ? { stats: stats(answer.log) } : {}) }
  }
  // Trampolines are barred on the machine that was asked: no verdict of a verifier.
  if (expected.errno === 1 && expected.msg === '' && TRAMPOLINE_TYPES.has(test.type)) {
    counts.noOracle++
    continue
  }
  const unsupported = counts.unsupported
  compare(test, expected)
  if (values.traces && counts.unsupported === unsupported) compareTraces(test)
}

const percent = (n, of) => (of ? `${((100 * n) / of).toFixed(2)}%` : '-')
const text = divergences
  .map((d) => `${d.kind}\t${d.set}\t${d.test}\n    linux: ${d.expected}\n    skep:  ${d.got}`)
  .join('\n')
if (values.list) writeFileSync(values.list, `${text}\n`)
else if (text) console.log(text)
if (counts.named) console.log(`asked of the running Linux, as they name BTF ids: ${counts.named} tests`)
for (const line of named) console.log(`    ${line}`)
console.log(`tests ${counts.total}, no answer of Linux ${counts.noOracle}, unsupported ${counts.unsupported}`)
console.log(
  `accepted by Linux: ${counts.acceptedSame} of ${counts.accepted} the same (${percent(counts.acceptedSame, counts.accepted)})`,
)
console.log(
  `refused by Linux: errno ${counts.refusedSame} of ${counts.refused} the same (${percent(counts.refusedSame, counts.refused)})`,
)
console.log(
  `message the same: ${counts.messages} of ${counts.refusedSame} (${percent(counts.messages, counts.refusedSame)})`,
)
if (counts.states) console.log(`instruction and state counts the same: ${counts.statesSame} of ${counts.states}`)
if (counts.traces) console.log(`traces the same, line by line: ${counts.tracesSame} of ${counts.traces}`)
const failed =
  counts.acceptedSame < counts.accepted ||
  counts.refusedSame < counts.refused ||
  counts.messages < 0.95 * counts.refusedSame
process.exit(failed ? 1 : 0)
