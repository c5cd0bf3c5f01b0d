// SPDX-License-Identifier: BSD-2-Clause
// What tests share: objects and texts of this folder, tools that may be absent, and reproducible damage to inputs.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { BpfError } from '../src/errors/index.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Root of the checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

export function fixtureObject(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${folder}objects/${name}`))
}

export function fixtureText(path: string): string {
  return readFileSync(`${folder}${path}`, 'utf8')
}

/** Output of a tool; undefined, with a line that says so, where it is not installed. */
export function toolOutput(tool: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
    console.warn(`skipped: ${tool} is not installed`)
    return undefined
  }
}

/** A file outside of the checkout that may be absent; then a line says what is skipped. */
export function optionalFile(path: string, what: string): Uint8Array | undefined {
  if (existsSync(path)) return new Uint8Array(readFileSync(path))
  console.warn(`skipped: ${what} (${path} is not there)`)
  return undefined
}

/** Small generator of numbers (mulberry32), so that a printed seed repeats a run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Values that parsers get wrong more often than random ones. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff]

/** A copy with some bytes changed: single ones, or a field of 2, 4 or 8 bytes set to an extreme. */
export function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = bytes.slice()
  const changes = 1 + random(4)
  for (let i = 0; i < changes; i++) {
    const at = random(copy.length)
    if (random(2) === 0) {
      copy[at] = random(2) === 0 ? random(256) : EDGES[random(EDGES.length)]!
    } else {
      const width = [2, 4, 8][random(3)]!
      const start = at - (at % width)
      copy.fill(EDGES[random(EDGES.length)]!, start, Math.min(copy.length, start + width))
    }
  }
  return copy
}

/**
 * Runs a parser over 1,000 truncated and 10,000 mutated copies of the inputs: it may refuse with a typed error or accept,
 * and nothing else; and never takes a second.
 */
export function expectRobust(inputs: readonly Uint8Array[], parse: (bytes: Uint8Array, index: number) => void): void {
  const seed = Number(process.env.SKEP_SEED ?? Date.now() % 0x7fffffff)
  console.info(`seed ${seed} (SKEP_SEED repeats it)`)
  const random = randomNumbers(seed)
  let refused = 0
  let count = 0
  const run = (bytes: Uint8Array, what: string) => {
    // Processor time: what else runs on the machine is not the parser's.
    const start = process.cpuUsage()
    try {
      parse(bytes, count++)
    } catch (error) {
      refused++
      expect(error, `seed ${seed}: ${what}: ${String((error as Error).stack)}`).toBeInstanceOf(BpfError)
    }
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000, `seed ${seed}: ${what}: milliseconds`).toBeLessThan(1000)
  }
  for (let i = 0; i < 1000; i++) {
    const input = inputs[i % inputs.length]!
    const length = random(input.length)
    run(input.slice(0, length), `truncation ${i} to ${length} bytes`)
  }
  for (let i = 0; i < 10_000; i++) run(mutate(inputs[i % inputs.length]!, random), `mutation ${i}`)
  // Damage that is never noticed would mean that nothing is checked.
  expect(refused).toBeGreaterThan(1000)
}
