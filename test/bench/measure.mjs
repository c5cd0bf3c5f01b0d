// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { loadRaw, openObject } from '@skep/core'

const PACKET = Uint8Array.from({ length: 96 }, (_, i) => (i * 29) & 255)
/** How long one measurement should take, ns. */
const TARGET = 4_000_000

export function readProgram(name) {
  return readFileSync(new URL(`./programs/${name}.bpf.o`, import.meta.url))
}

/** An object loaded into a kernel; call `run(repeat)` for the mean ns of a run and the program's answer. */
export function load(kernel, name) {
  const loaded = openObject(readProgram(name), { name }).load(kernel)
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
  using program = loadRaw(kernel, { type: 1, insns })
  const times = Array.from({ length: 9 }, () => program.testRun({ dataIn: PACKET, repeat: 20_000 }).durationNs)
  return median(times)
}

/** Mean ns of a run of a program that is loaded, and its answer. Compiled code is warm. */
export function measure(program, loopNs) {
  const first = program.run(1)
  program.run(200)
  const repeat = Math.max(3, Math.min(2000, Math.round(TARGET / Math.max(program.run(20).ns, 100))))
  const times = Array.from({ length: 3 }, () => program.run(repeat).ns)
  return { ns: Math.max(median(times) - loopNs, 1), retval: first.retval }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
