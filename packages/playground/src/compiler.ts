// SPDX-License-Identifier: BSD-2-Clause
/** A compiler is something that turns source text into an object and diagnostics. */

export interface Diagnostic {
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export interface Compilation {
  /** The object file; undefined where there were errors. */
  readonly object: Uint8Array | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Bytes of the instruction on each line in hexadecimal, for languages that have one. Lines count from 1. */
  readonly encoding?: ReadonlyMap<number, string>
}

export interface Compiler {
  readonly language: 'assembly' | 'c'
  compile(source: string): Promise<Compilation>
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

/** clang, where the page is served by the development server of a machine that has it; see vite/compiler.ts. */
class ServedClang implements Compiler {
  readonly language = 'c'

  async compile(source: string): Promise<Compilation> {
    const response = await fetch('compile', { method: 'POST', body: source })
    const answer = (await response.json()) as { object?: string; diagnostics: Diagnostic[] }
    return { object: answer.object ? fromBase64(answer.object) : undefined, diagnostics: answer.diagnostics }
  }
}

/** The C compiler that this page can reach, undefined if none. */
export async function findClang(): Promise<Compiler | undefined> {
  if (!import.meta.env.DEV) return undefined
  try {
    const response = await fetch('compile')
    const { available } = (await response.json()) as { available: boolean }
    return available ? new ServedClang() : undefined
  } catch {
    return undefined
  }
}
