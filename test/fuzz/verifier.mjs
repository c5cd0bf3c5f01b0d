// SPDX-License-Identifier: BSD-2-Clause
// Random programs on both kernels: verdict, errno, message and counts must be the same; with --trace every line of the
// log at level 2. Linux only loads them; with --run those that are accepted run on the checked engine, on random
// packets, and must never trap.
//
//   node test/fuzz/verifier.mjs [--count 20000] [--seed 1] [--trace] [--run] [--mutate percent] [--kernel percent] [--stop n]
//                               [--minutes n] [--save file]
//   node test/fuzz/verifier.mjs --only <seed>     one program, with both logs
// --kernel: the share of programs that call kernel functions; numbers of a run mean the same only with the same share.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseBtf } from '@skep/core/btf'
import { linuxKernel, virtualKernel } from '../differential/kernels.mjs'
import { lastMessage, RawLoader, saysUnsupported, stats } from '../differential/raw-load.mjs'
import { rawTests } from '../differential/recorded.mjs'
import { kernelTypeIds, withKernelFunctions } from './verifier/kernel-functions.mjs'
import { FD_BASE, MAPS, withDescriptors } from './verifier/maps.mjs'
import { mutated, shrunk } from './verifier/mutations.mjs'
import { randomProgram } from './verifier/programs.mjs'
import { Random } from './verifier/random.mjs'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean' },
    mutate: { type: 'string', default: '40' },
    kernel: { type: 'string', default: '0' },
    stop: { type: 'string', default: '10' },
    only: { type: 'string' },
    run: { type: 'boolean' },
    minutes: { type: 'string', default: '1000' },
    save: { type: 'string' },
  },
})
const { kernel, reason } = await linuxKernel()
if (!kernel) {
  console.log(`fuzz:verifier: skipped, no Linux: ${reason}`)
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}

const PROG_TEST_RUN = 10
const PACKET_SIZE = 128
const RUNS = 3
const EAGAIN = -11
const ENOMEM = -12
/** A fault of the checked engine. */
const EFAULT = -14
const TRACEPOINT = 5
const TEST_RUN_TYPES = new Set([1, 3, 4, 6, 8, 10, 11, 12])

const types = kernel.kernelBtf && parseBtf(kernel.kernelBtf)
const typeIds = kernelTypeIds((name, kind) => types?.find(name, kind))

class Side {
  constructor(k) {
    this.kernel = k
    this.loader = new RawLoader(k, 1 << 20)
    this.fds = MAPS.map((map) => this.loader.createMap(map))
    const failed = this.fds.findIndex((fd) => fd < 0)
    if (failed >= 0) throw new Error(`map ${failed} of type ${MAPS[failed].type}: errno ${-this.fds[failed]}`)
  }
  load(program, logLevel) {
    const insns = this.#resolved(program)
    let answer = this.loader.load({ ...program, insns, logLevel })
    // A signal to this process ends a walk of Linux.
    for (let again = 0; answer.result === EAGAIN && again < 5; again++)
      answer = this.loader.load({ ...program, insns, logLevel })
    this.#renewProgArrays(insns)
    return answer
  }

  #resolved(program) {
    return withKernelFunctions(withDescriptors(program.insns, this.fds), typeIds)
  }

  /** Runs an accepted program on packets of random bytes; the errno of the first run that fails, or 0. */
  run(program, random) {
    const { memory } = this.kernel
    const insns = this.#resolved(program)
    const { result: fd } = this.loader.load({ ...program, insns, logLevel: 0, keep: true })
    if (fd < 0) return fd
    const packet = memory.alloc(PACKET_SIZE)
    try {
      for (let run = 0; run < RUNS; run++) {
        for (let i = 0; i < PACKET_SIZE; i++) packet.bytes[i] = random.below(256)
        const attr = new DataView(new ArrayBuffer(80))
        attr.setUint32(0, fd, true)
        attr.setUint32(8, PACKET_SIZE, true)
        attr.setBigUint64(16, packet.address, true)
        attr.setUint32(32, 1, true)
        const result = this.kernel.bpf(PROG_TEST_RUN, new Uint8Array(attr.buffer))
        if (result < 0) return result
      }
      return 0
    } finally {
      packet[Symbol.dispose]()
      this.kernel.close(fd)
      this.#renewProgArrays(insns)
    }
  }

  /** The first program that uses a program array decides which others may. */
  #renewProgArrays(insns) {
    MAPS.forEach((map, place) => {
      if (map.type !== 3) return
      const fd = this.fds[place]
      const view = new DataView(insns.buffer)
      for (let i = 0; i + 16 <= insns.length; i += 8) {
        if (insns[i] !== 0x18 || view.getInt32(i + 4, true) !== fd) continue
        this.kernel.close(fd)
        this.fds[place] = this.loader.createMap(map)
        return
      }
    })
  }
}
const linux = new Side(kernel)
const engine = values.run ? { engine: 'checked' } : {}
let ours = new Side(await virtualKernel(engine))

/** Recorded tests whose maps are among ours serve as seeds of mutations. */
function seedsOfMutations() {
  const seeds = []
  for (const test of rawTests()) {
    const places = new Map()
    for (const map of test.maps) {
      const place = MAPS.findIndex((m) => m.type === map.type && m.key === map.key && m.value === map.value)
      places.set(map.fd, place)
    }
    const insns = Uint8Array.from(Buffer.from(test.insns, 'hex'))
    if (insns.length > 8 * 200 || [...places.values()].includes(-1) || test.btf_id) continue
    const view = new DataView(insns.buffer)
    for (let i = 0; i + 16 <= insns.length; i += 8) {
      const place = places.get(view.getInt32(i + 4, true))
      if (insns[i] === 0x18 && insns[i + 1] >> 4 === 1 && place !== undefined)
        view.setInt32(i + 4, FD_BASE + place, true)
    }
    const { type, eat, flags, license } = test
    seeds.push({ insns, type, eat, flags, license })
  }
  return seeds
}
const seeds = seedsOfMutations()

function programOf(seed) {
  const random = new Random(seed)
  if (seeds.length && random.chance(Number(values.mutate))) return mutated(random, random.pick(seeds))
  const share = types ? Number(values.kernel) : 0
  const program = randomProgram(random, share > 0 && random.chance(share))
  return random.chance(25) ? mutated(random, program) : program
}

const counts = { loads: 0, accepted: 0, refused: 0, unsupported: 0 }

const clean = (log) =>
  log
    .replace(/verification time \d+ usec/g, 'verification time')
    .replace(/(\(18\) r\d+ = )0x[0-9a-f]+ */g, '$1')
    .split('\n')

/** What differs between the two, or undefined. */
function difference(program) {
  // Messages and counts without the way there: what is printed on the way costs more than the verdict.
  const level = values.trace ? 2 : 4
  const a = linux.load(program, level)
  let b
  try {
    b = ours.load(program, level)
  } catch (error) {
    return { kind: 'trap', linux: a.result, skep: String(error), trap: true }
  }
  // Not decided here, or (trampolines) refused there before it is read.
  if (saysUnsupported(b) || (a.result === -1 && a.log === '')) {
    counts.unsupported++
    return undefined
  }
  counts[a.result < 0 ? 'refused' : 'accepted']++
  // Linux compares a negative offset into a tracepoint's record as an unsigned one and lets it read before the record.
  if (program.type === TRACEPOINT && /invalid bpf_context access off=-/.test(b.log)) return undefined
  // A million steps with large states need more than the 4 GB that WebAssembly addresses; Linux has more.
  if (b.result === ENOMEM && a.result < 0 && /Processed 1000001 insn/.test(a.log)) return undefined
  const verdict = (x) => (x.result < 0 ? x.result : 'accepted')
  if (verdict(a) !== verdict(b)) {
    return {
      kind: 'verdict',
      linux: `${verdict(a)} ${lastMessage(a.log)}`,
      skep: `${verdict(b)} ${lastMessage(b.log)}`,
    }
  }
  if (a.result < 0 && lastMessage(a.log) !== lastMessage(b.log)) {
    return { kind: 'message', linux: lastMessage(a.log), skep: lastMessage(b.log) }
  }
  if (values.run && a.result >= 0 && TEST_RUN_TYPES.has(program.type)) {
    let result
    try {
      result = ours.run(program, new Random(1))
    } catch (error) {
      return { kind: 'run', linux: 'accepted', skep: String(error), trap: true }
    }
    if (result === EFAULT) return { kind: 'run', linux: 'accepted', skep: 'a trap of the checked engine' }
  }
  const [x, y] = [stats(a.log), stats(b.log)]
  if (JSON.stringify(x) !== JSON.stringify(y))
    return { kind: 'counts', linux: JSON.stringify(x), skep: JSON.stringify(y) }
  if (!values.trace) return undefined
  const [p, q] = [clean(a.log), clean(b.log)]
  const at = p.findIndex((line, i) => line !== q[i])
  return at < 0
    ? undefined
    : { kind: 'trace', linux: p.slice(at, at + 2).join('\n'), skep: q.slice(at, at + 2).join('\n') }
}

const hex = (bytes) => Buffer.from(bytes).toString('hex')

if (values.only !== undefined) {
  const program = programOf(Number(values.only))
  const found = difference(program)
  const small = found && !found.trap ? shrunk(program, (p) => difference(p)?.kind === found.kind) : program
  const level = 2
  console.log(JSON.stringify({ ...small, insns: hex(small.insns) }))
  console.log(found ?? 'no difference')
  const [a, b] = [clean(linux.load(small, level).log), clean(ours.load(small, level).log)]
  const at = a.findIndex((line, i) => line !== b[i])
  if (at < 0) console.log(a.join('\n'))
  else {
    console.log(a.slice(0, at).join('\n'))
    for (const line of a.slice(at, at + 8)) console.log(`linux ${line}`)
    for (const line of b.slice(at, at + 8)) console.log(`skep  ${line}`)
  }
  process.exit(found ? 1 : 0)
}

/** A line each so many programs. */
const PROGRESS = 10_000
const began = performance.now()

function progress() {
  const seconds = (performance.now() - began) / 1000
  const rate = Math.round(counts.loads / Math.max(seconds, 0.001))
  const { loads, accepted, refused, unsupported } = counts
  process.stderr.write(
    `fuzz:verifier: ${loads} of ${values.count} programs in ${seconds.toFixed(0)} s (${rate} a second): ${accepted} accepted, ${refused} refused, ${unsupported} undecided, ${found.length} differences\n`,
  )
}

const found = []
const from = Number(values.seed)
const deadline = Date.now() + Number(values.minutes) * 60_000
for (let seed = from; seed < from + Number(values.count) && found.length < Number(values.stop); seed++) {
  if (Date.now() > deadline) break
  const program = programOf(seed)
  const diff = difference(program)
  counts.loads++
  if (process.stderr.isTTY && counts.loads % PROGRESS === 0) progress()
  if (!diff) continue
  found.push({ seed, ...diff })
  console.log(`seed ${seed}: ${diff.kind}\n    linux ${diff.linux}\n    skep  ${diff.skep}`)
  if (diff.trap) ours = new Side(await virtualKernel(engine))
}
if (!(process.stderr.isTTY && counts.loads && counts.loads % PROGRESS === 0)) progress()
if (values.save) {
  const lines = found.map((f) => JSON.stringify({ ...f, ...programOf(f.seed), insns: hex(programOf(f.seed).insns) }))
  writeFileSync(values.save, `${lines.join('\n')}\n`)
}
console.log(
  `fuzz:verifier: seeds ${from} to ${from + counts.loads - 1}: ${counts.accepted} accepted and ${counts.refused} refused by Linux, ${counts.unsupported} undecided, ${found.length} differences`,
)
process.exit(found.length ? 1 : 0)
