// SPDX-License-Identifier: BSD-2-Clause
/** Loads bare instructions, without an object file: for tests, plugins and tools. */

import type { Kernel } from './kernel.ts'
import { verifierError } from './log.ts'
import { Program } from './program.ts'
import { type LogRequest, type ProgLoadParams, type ProgLoadResult, tryProgLoad } from './syscalls/prog.ts'

/** What to load. `insns` are 8 bytes a slot in the kernel's byte order; the licence defaults to GPL. */
export type RawProgram = Omit<ProgLoadParams, 'license'> & { readonly license?: string }

function withLicense(raw: RawProgram): ProgLoadParams {
  return { ...raw, license: raw.license ?? 'GPL' }
}

/** Loads bare instructions. @throws VerifierError */
export function loadRaw(kernel: Kernel, raw: RawProgram, log?: LogRequest): Program {
  const params = withLicense(raw)
  let answer = tryProgLoad(kernel, params, log)
  if (answer.result < 0 && !log) answer = tryProgLoad(kernel, params, { level: 1 })
  const name = raw.name ?? 'program'
  if (answer.result < 0) throw verifierError(name, -answer.result, answer.log)
  return new Program(kernel, answer.result, { name, type: raw.type, log: answer.log })
}

/** The same without raising and without keeping: the errno (0: accepted) and the log. */
export function verifyRaw(
  kernel: Kernel,
  raw: RawProgram,
  log?: LogRequest,
): ProgLoadResult & { readonly errno: number } {
  const answer = tryProgLoad(kernel, withLicense(raw), log)
  if (answer.result >= 0) kernel.close(answer.result)
  return { ...answer, errno: answer.result < 0 ? -answer.result : 0 }
}
