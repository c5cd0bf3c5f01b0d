// SPDX-License-Identifier: BSD-2-Clause
// Every program of the kernel's selftests on both kernels: verdict, errno, processed instructions, states, last message.
//
//   node test/differential/parity-selftests.mjs [--object text] [--program text] [--list file] [--fresh] [--traces]
// Linux's answers are kept beside the objects; --fresh asks again. --traces compares whole logs of level 2 besides,
// of programs of which Linux processes no more than 30,000 instructions.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { openObject, parseKallsyms, parseKconfig, verifyProgram } from '@skep/core'
import { selftestObjects, selftestsFolder } from './build-selftests.mjs'
import { listed, listedUnsupported } from './divergences.mjs'
import { linuxKernel, virtualKernel } from './kernels.mjs'
import { comparableTrace } from './raw-load.mjs'

const { values } = parseArgs({
  options: {
    object: { type: 'string' },
    program: { type: 'string' },
    list: { type: 'string' },
    fresh: { type: 'boolean' },
    traces: { type: 'boolean' },
  },
})

const skip = (reason) => {
  console.log(`parity:selftests: skipped, ${reason}`)
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}
const objects = await selftestObjects()
if (!objects) skip('no objects (set SKEP_LINUX_SOURCE to a kernel source tree)')
const { kernel: linux, reason } = await linuxKernel()
if (!linux) skip(`no Linux: ${reason}`)

const ANSWERS = join(selftestsFolder, '..', 'linux-answers.json')
const answers = !values.fresh && existsSync(ANSWERS) ? JSON.parse(readFileSync(ANSWERS, 'utf8')) : {}
/** Level 4 gives the figures and the messages without the trace. */
const LEVEL = 4
const kernelBtf = linux.kernelBtf
const kallsyms = parseKallsyms(readFileSync('/proc/kallsyms', 'utf8'))

const CONFIG = '/proc/config.gz'
const KPROBES = '/sys/bus/event_source/devices/kprobe/type'
/** What objects ask of the kernel's configuration: both kernels answer as the running one. */
function configuration() {
  const config = existsSync(CONFIG) ? parseKconfig(gunzipSync(readFileSync(CONFIG)).toString()) : new Map()
  // Without kprobes the loader cannot find out, and says no.
  if (!existsSync(KPROBES)) config.set('LINUX_HAS_SYSCALL_WRAPPER', '0')
  return config
}
const kconfig = configuration()

function open(path) {
  try {
    return openObject(readFileSync(path), { name: basename(path, '.bpf.o') })
  } catch {
    return undefined
  }
}

function answer(path, name, kernel) {
  const spec = open(path)
  const { verdict, errno, message, processedInsns, totalStates, peakStates, verificationNs, insns } = verifyProgram(
    spec,
    name,
    kernel,
    {
      logLevel: LEVEL,
      logSize: 1 << 20,
      targetBtf: kernelBtf,
      kallsyms,
      ...(kernel === linux ? {} : { kconfig }),
    },
  )
  return { verdict, errno, message, processedInsns, totalStates, peakStates, verificationNs, insns }
}

function onLinux(path, name) {
  const key = `${basename(path)}:${name}`
  answers[key] ??= (() => {
    try {
      return answer(path, name, linux)
    } catch (error) {
      return { failed: String(error) }
    }
  })()
  return answers[key]
}

const options = { kernelBtf, cpus: linux.facts.possibleCpus }
let ours = await virtualKernel(options)
async function onSkep(path, name) {
  try {
    return answer(path, name, ours)
  } catch (error) {
    ours = await virtualKernel(options)
    return { failed: String(error.stack ?? error).slice(0, 400) }
  }
}

const TYPES = new Map()
const total = {
  programs: 0,
  unreached: 0,
  noOracle: 0,
  unsupported: 0,
  scope: 0,
  same: 0,
  accepted: 0,
  insns: 0,
  states: 0,
  refused: 0,
  messages: 0,
  traces: 0,
  tracesSame: 0,
}
const list = []
let unexplained = 0

/** A line of the list of divergences: what kind, where, both answers, and the entry of spec/divergences that explains it. */
function note(kind, where, theirs, mine, cause = listed('selftests', where)) {
  if (!cause) unexplained++
  list.push(`${kind}\t${where}\n    linux: ${theirs}\n    skep:  ${mine}\n    cause: ${cause ?? 'not known'}`)
}

function count(type, field) {
  const row = TYPES.get(type) ?? {}
  row[field] = (row[field] ?? 0) + 1
  TYPES.set(type, row)
  total[field]++
}

/** A message without its end of line runs into the line of the time. */
const untimed = (message) => message.replace(/verification time \d+ usec$/, '')

function compare(where, type, theirs, mine) {
  if (mine.failed) {
    count(type, 'scope')
    note('trap', where, `${theirs.errno} ${theirs.message}`, mine.failed)
    return
  }
  if (mine.verdict === 'unsupported') {
    count(type, 'unsupported')
    note('unsupported', where, `${theirs.errno} ${theirs.message}`, mine.message, listedUnsupported(mine.message))
    return
  }
  count(type, 'scope')
  if (theirs.verdict !== mine.verdict || theirs.errno !== mine.errno) {
    note('verdict', where, `${theirs.errno} ${theirs.message}`, `${mine.errno} ${mine.message}`)
    return
  }
  count(type, 'same')
  if (theirs.verdict === 'accept') {
    count(type, 'accepted')
    if (theirs.processedInsns === mine.processedInsns) count(type, 'insns')
    if (theirs.totalStates === mine.totalStates && theirs.peakStates === mine.peakStates) count(type, 'states')
    const a = [theirs.processedInsns, theirs.totalStates, theirs.peakStates].join(' ')
    const b = [mine.processedInsns, mine.totalStates, mine.peakStates].join(' ')
    if (a !== b) note('counts', where, a, b)
  } else {
    count(type, 'refused')
    if (untimed(theirs.message) === untimed(mine.message)) count(type, 'messages')
    else note('message', where, theirs.message, mine.message)
  }
}

function trace(path, name, kernel) {
  const { log } = verifyProgram(open(path), name, kernel, {
    logLevel: 2,
    logSize: 64 << 20,
    targetBtf: kernelBtf,
    kallsyms,
    ...(kernel === linux ? {} : { kconfig }),
  })
  return comparableTrace(log)
}

function compareTraces(where, path, name) {
  const a = trace(path, name, linux)
  const b = trace(path, name, ours)
  total.traces++
  const i = a.findIndex((line, k) => line !== b[k])
  if (i < 0 && a.length === b.length) total.tracesSame++
  else note('trace', where, a[i] ?? '<end>', b[i < 0 ? a.length : i] ?? '<end>')
}

for (const path of objects) {
  if (values.object && !basename(path).includes(values.object)) continue
  const spec = open(path)
  if (!spec) continue
  for (const program of spec.programs) {
    if (values.program && !program.name.includes(values.program)) continue
    const type = program.type
    const where = `${basename(path, '.bpf.o')}/${program.name}`
    count(type, 'programs')
    const theirs = onLinux(path, program.name)
    if (theirs.failed || theirs.insns === 0) {
      count(type, 'unreached')
      continue
    }
    if (theirs.errno === 1 && theirs.message === '') {
      count(type, 'noOracle')
      continue
    }
    const mine = await onSkep(path, program.name)
    compare(where, type, theirs, mine)
    if (!values.traces || mine.failed || mine.verdict === 'unsupported') continue
    if (theirs.insns && (theirs.processedInsns ?? 0) <= 30000) compareTraces(where, path, program.name)
  }
}
writeFileSync(ANSWERS, JSON.stringify(answers))

const percent = (n, of) => (of ? `${((100 * n) / of).toFixed(1)}%` : '-')
const text = list.join('\n')
if (values.list) writeFileSync(values.list, `${text}\n`)
else if (text) console.log(text)
console.log('type  programs  unreached  no oracle  unsupported  in scope  verdict  counts  states  messages')
const rows = [...TYPES].sort((a, b) => a[0] - b[0])
for (const [type, r] of [...rows, ['all', total]]) {
  const n = (field) => r[field] ?? 0
  console.log(
    [
      String(type).padEnd(5),
      String(n('programs')).padStart(8),
      String(n('unreached')).padStart(9),
      String(n('noOracle')).padStart(9),
      String(n('unsupported')).padStart(11),
      String(n('scope')).padStart(8),
      percent(n('same'), n('scope')).padStart(7),
      percent(n('insns'), n('accepted')).padStart(7),
      percent(n('states'), n('accepted')).padStart(7),
      percent(n('messages'), n('refused')).padStart(8),
    ].join('  '),
  )
}
if (total.traces) console.log(`traces the same, line by line: ${total.tracesSame} of ${total.traces}`)
console.log(`divergences: ${list.length}, of which ${unexplained} have no entry in docs/divergences.md`)
const ok =
  total.same >= 0.99 * total.scope && total.insns >= 0.9 * total.accepted && total.messages >= 0.9 * total.refused
process.exit(ok ? 0 : 1)
