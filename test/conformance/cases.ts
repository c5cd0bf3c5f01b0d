// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { assemble, encodeInstructions, parseConformanceCase } from '@skep/core/isa'

/** Where the public suite's `.data` files lie; they are not part of this repository. */
const FOLDER =
  process.env.SKEP_CONFORMANCE ??
  fileURLToPath(new URL('../../../shared/conformance/bpf_conformance/', import.meta.url))

export interface Case {
  readonly name: string
  readonly insns: Uint8Array
  readonly memory: Uint8Array
  /** r0, or undefined: loading or running must fail. */
  readonly result: bigint | undefined
}

/** Why there are no cases, if there are none. */
export function whyNoCases(): string | undefined {
  return existsSync(FOLDER)
    ? undefined
    : `the conformance suite is not at ${FOLDER} (SKEP_CONFORMANCE names its folder)`
}

/** All cases of the suite. */
export function readCases(): Case[] {
  if (whyNoCases() !== undefined) return []
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.data'))
    .map((name) => {
      const { asm, raw, memory, result } = parseConformanceCase(readFileSync(`${FOLDER}/${name}`, 'utf8'))
      const insns = raw ?? encodeInstructions(assemble(asm!).instructions)
      return { name, insns, memory: memory ?? new Uint8Array(), result }
    })
}
