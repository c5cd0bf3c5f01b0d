// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const FOLDER = process.env.SKEP_ORACLE ?? fileURLToPath(new URL('../../../shared/oracle/', import.meta.url))
const FILE = `${FOLDER}/test_bpf-6.12.jsonl.gz`

/** Smallest packet that BPF_PROG_TEST_RUN takes. */
const FRAME_SIZE = 14

/** An instruction test of Linux's lib/test_bpf.c. */
export interface Vector {
  readonly name: string
  readonly insns: Uint8Array
  /** Packets with what the program must return for them, 32 bits. */
  readonly runs: readonly { readonly packet: Uint8Array; readonly result: number }[]
}

interface Line {
  readonly descr: string
  readonly kind: string
  readonly insns: string
  readonly data: string
  readonly tests: readonly [length: number, result: number][]
}

export function whyNoVectors(): string | undefined {
  return existsSync(FILE) ? undefined : `the vectors are not at ${FILE} (SKEP_ORACLE names their folder)`
}

/** The eBPF vectors, those for classic BPF left out. */
export function readVectors(): Vector[] {
  if (whyNoVectors() !== undefined) return []
  const lines = gunzipSync(readFileSync(FILE)).toString().trimEnd().split('\n')
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ kind }) => kind === 'ebpf')
    .map(({ descr, insns, data, tests }) => ({
      name: descr,
      insns: Buffer.from(insns, 'hex'),
      runs: tests.map(([length, result]) => {
        const packet = new Uint8Array(Math.max(length, FRAME_SIZE))
        packet.set(Buffer.from(data, 'hex').subarray(0, length))
        return { packet, result: result >>> 0 }
      }),
    }))
}
