// SPDX-License-Identifier: BSD-2-Clause
import { loadRaw, openObject } from '@skep/core'

const PACKET = Uint8Array.from({ length: 96 }, (_, i) => (i * 29) & 255)

/** An object of this name loaded into a kernel; call `run(repeat)` for the mean ns of a run and the program's answer. */
export function load(kernel, name, bytes) {
  const loaded = openObject(bytes, { name }).load(kernel)
  const program = loaded.programs.get(name)
  return {
    run(repeat) {
      const { retval, durationNs } = program.testRun({ dataIn: PACKET, repeat })
      return { ns: durationNs, retval: retval >>> 0 }
    },
    close: () => loaded[Symbol.dispose](),
  }
}

/** What an empty program takes on this kernel: the loop of BPF_PROG_TEST_RUN around it. */
export function overhead(kernel) {
  const insns = Uint8Array.from([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])
  const program = loadRaw(kernel, { type: 1, insns })
  const times = Array.from({ length: 9 }, () => program.testRun({ dataIn: PACKET, repeat: 20_000 }).durationNs)
  program[Symbol.dispose]()
  return median(times)
}

/** A batch of runs is short, ns, so that some fall between the interruptions of a busy machine. */
const BATCH = 400_000
/** Batches go on until the best one has not become better for this long, ms (engines compile again what is hot); at most. */
const SETTLED = 60
const PATIENCE = 2500

/** Mean ns of a run in the best of many batches, less the loop around it; and the program's answer. */
export function measure(program, loopNs) {
  const { retval } = program.run(1)
  const repeat = Math.max(2, Math.min(2000, Math.round(BATCH / Math.max(program.run(5).ns, 50))))
  const start = performance.now()
  let best = Number.POSITIVE_INFINITY
  for (let improved = start, now = start; now - improved < SETTLED && now - start < PATIENCE; now = performance.now()) {
    const { ns } = program.run(repeat)
    if (ns < best * 0.98) improved = now
    best = Math.min(best, ns)
  }
  return { ns: Math.max(best - loopNs, 1), retval }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
