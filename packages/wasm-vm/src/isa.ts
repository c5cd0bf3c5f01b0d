// SPDX-License-Identifier: GPL-2.0-only
import { errnoName } from '@skep/core'
import { instantiateKernel } from './create.ts'
import { ENGINES, type EngineName } from './options.ts'

/** r0 as unsigned 64 bits, or why the instructions are malformed or went astray. */
export type InstructionsOutcome = { readonly r0: bigint } | { readonly error: string }

export interface RunInstructionsOptions {
  readonly engine?: EngineName
}

/** Results of `isa_run` below this are trap codes: see assembly/interp/run-state.ts. */
const TRAP_BASE = -1000
const TRAPS: readonly string[] = [
  'no trap',
  'unknown instruction',
  'access outside of the memory that the program may touch',
  'too many instructions',
  'calls nested too deeply',
  'call of what is no function',
]

/**
 * Runs bare instructions as RFC 9669 says, without a verifier: r1 points to a copy of `memory`, r2 is its length.
 * @param insns 8 bytes a slot, little endian
 */
export async function runInstructions(
  insns: Uint8Array,
  memory: Uint8Array,
  options: RunInstructionsOptions = {},
): Promise<InstructionsOutcome> {
  if (insns.length % 8) return { error: `${insns.length} bytes are not a whole number of instructions` }
  const exports = await instantiateKernel()
  const alloc = (length: number) => exports.user_alloc(Math.max(length, 8)) >>> 0
  const [code, data, out] = [alloc(insns.length), alloc(memory.length), alloc(8)]
  if (!code || !data || !out) return { error: 'no memory for the instructions' }
  new Uint8Array(exports.memory.buffer).set(insns, code)
  new Uint8Array(exports.memory.buffer).set(memory, data)
  const engine = ENGINES[options.engine ?? 'checked']
  const result = exports.isa_run(code, insns.length / 8, memory.length ? data : 0, memory.length, engine, out)
  if (result === 0) return { r0: new DataView(exports.memory.buffer).getBigUint64(out, true) }
  if (result > TRAP_BASE) return { error: `the instructions are malformed: ${errnoName(-result)}` }
  return { error: TRAPS[TRAP_BASE - result] ?? `trap ${TRAP_BASE - result}` }
}
