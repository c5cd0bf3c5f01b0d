// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'

/** The committed object of a bench program. */
export function readProgram(name) {
  return readFileSync(new URL(`./programs/${name}.bpf.o`, import.meta.url))
}
