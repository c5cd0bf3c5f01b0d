// SPDX-License-Identifier: BSD-2-Clause

/** Where a command writes. Tests put their own in place. */
export interface Io {
  /** A line of the result. */
  out(line: string): void
  /** A line for the person at the terminal: errors, progress. */
  err(line: string): void
  /** Bytes of the result, for binary output on standard output. */
  readonly stdin: () => Promise<Uint8Array>
  /** Whether {@link err} is a terminal, on which progress may be shown. */
  readonly interactive: boolean
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

export const processIo: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  stdin: readStdin,
  interactive: process.stderr.isTTY === true,
}
