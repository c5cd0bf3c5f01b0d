// SPDX-License-Identifier: BSD-2-Clause
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { UsageError } from './exit.ts'

/** Reads a file named on the command line; the error says which and why. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a directory' : String(code)
    throw new Error(`${path}: ${reason}`, { cause })
  }
}

/** Name of the object in a file, which is part of the kernel names of its data maps: as libbpf makes it. */
export function objectName(path: string): string {
  return basename(path).replace(/\..*$/, '') || 'object'
}

/** Hexadecimal bytes, blanks between them allowed. Raises UsageError with the offending part. */
export function parseHex(text: string, what: string): Uint8Array {
  const digits = text.replace(/\s+/g, '').replace(/^0x/i, '')
  const wrong = /[^0-9a-f]/i.exec(digits)
  if (wrong) throw new UsageError(`${what}: "${wrong[0]}" is not a hexadecimal digit`)
  if (digits.length % 2) throw new UsageError(`${what}: an odd number of hexadecimal digits`)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

/** The `HEX|@FILE` form of options that take bytes. */
export async function readBytesOption(text: string, what: string): Promise<Uint8Array> {
  return text.startsWith('@') ? readInput(text.slice(1)) : parseHex(text, what)
}

/** A whole number of the command line, decimal or 0x. */
export function parseCount(text: string, what: string, least = 0, most = 0xffffffff): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw new UsageError(`${what}: "${text}" is not a number from ${least} to ${most}`)
  return value
}
