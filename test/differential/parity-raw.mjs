// SPDX-License-Identifier: BSD-2-Clause
// Verdict, errno and message of the virtual kernel against Linux's recorded answers, over the kernel's raw tests.
//
//   node test/differential/parity-raw.mjs [--live] [--filter text] [--list file]
// --live asks the running Linux instead of the recording.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { lastMessage, RawLoader, stats } from './raw-load.mjs'
import { oracleFolder, rawTests } from './recorded.mjs'

const { values } = parseArgs({
  options: { live: { type: 'boolean' }, filter: { type: 'string' }, list: { type: 'string' } },
})
if (!oracleFolder) {
  console.log('parity:raw: skipped, no recorded answers here (set SKEP_ORACLE)')
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}

const ours = new RawLoader(await virtualKernel())
const live = values.live ? await linuxKernel() : undefined
if (live && !live.kernel) {
  console.log(`parity:raw: skipped, no Linux: ${live.reason}`)
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}
const theirs = live?.kernel ? new RawLoader(live.kernel) : undefined

const counts = {
  total: 0,
  unsupported: 0,
  accepted: 0,
  acceptedSame: 0,
  refused: 0,
  refusedSame: 0,
  messages: 0,
  states: 0,
  statesSame: 0,
}
const divergences = []

function diverges(test, kind, expected, got) {
  divergences.push({ set: test.set, test: test.test, kind, expected, got })
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
  if (errno === 524 || msg.startsWith('skep: unsupported')) {
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

for (const test of rawTests()) {
  if (values.filter && !test.test.includes(values.filter)) continue
  counts.total++
  let expected = { errno: test.errno, msg: test.msg }
  if (theirs) {
    const answer = theirs.runRecorded(test)
    expected = { errno: answer.result < 0 ? -answer.result : 0, msg: lastMessage(answer.log), stats: stats(answer.log) }
  }
  compare(test, expected)
}

const percent = (n, of) => (of ? `${((100 * n) / of).toFixed(2)}%` : '-')
const text = divergences
  .map((d) => `${d.kind}\t${d.set}\t${d.test}\n    linux: ${d.expected}\n    skep:  ${d.got}`)
  .join('\n')
if (values.list) writeFileSync(values.list, `${text}\n`)
else if (text) console.log(text)
console.log(`tests ${counts.total}, unsupported ${counts.unsupported}`)
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
const failed =
  counts.acceptedSame < counts.accepted ||
  counts.refusedSame < counts.refused ||
  counts.messages < 0.95 * counts.refusedSame
process.exit(failed ? 1 : 0)
