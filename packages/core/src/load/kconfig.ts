// SPDX-License-Identifier: BSD-2-Clause
/** Fills the `.kconfig` map: the kernel's version, what it can do, and CONFIG_ values of a given configuration. */
import { RelocationError } from '../errors/index.ts'
import type { ExternSpec } from '../object/spec.ts'
import { readFile, readText } from './files.ts'
import { gunzip } from './inflate.ts'
import type { Kernel } from './kernel.ts'

/** A configuration value: `y`, `n`, `m`, a quoted string, or a number, as they stand in a `.config` file. */
export type KconfigValues = ReadonlyMap<string, string>

/** Values of a `.config` file's text. */
export function parseKconfig(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^(CONFIG_\w+)=(.+)$/.exec(line.trim())
    if (match && !values.has(match[1]!)) values.set(match[1]!, match[2]!)
  }
  return values
}

const known = new WeakMap<Kernel, KconfigValues | undefined>()

/** The configuration that a kernel shows of itself: `/boot/config-…`, or `/proc/config.gz`. */
export function kernelKconfig(kernel: Kernel): KconfigValues | undefined {
  if (!known.has(kernel)) {
    const packed = () => {
      const bytes = readFile(kernel, '/proc/config.gz')
      return bytes && new TextDecoder().decode(gunzip(bytes))
    }
    const text = readText(kernel, `/boot/config-${kernel.facts.release}`) ?? packed()
    known.set(kernel, text === undefined ? undefined : parseKconfig(text))
  }
  return known.get(kernel)
}

const TRISTATE = { n: 0, y: 1, m: 2 } as const

function refuse(extern: ExternSpec, value: string, expected: string): RelocationError {
  return new RelocationError(`resolve extern '${extern.name}': value ${value}, expected ${expected}`)
}

function storeNumber(extern: ExternSpec, data: Uint8Array, value: bigint, little: boolean): void {
  const { type, offset, size, signed } = extern.kconfig!
  if (type !== 'int' && type !== 'char' && type !== 'bool') throw refuse(extern, String(value), `a ${type}`)
  const bits = size * 8
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n
  const max = type === 'bool' ? 1n : signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n
  if (value < min || value > max) throw refuse(extern, String(value), `${min} to ${max}`)
  let rest = BigInt.asUintN(bits, value)
  for (let i = 0; i < size; i++) {
    data[offset + (little ? i : size - 1 - i)] = Number(rest & 0xffn)
    rest >>= 8n
  }
}

function storeLetter(extern: ExternSpec, data: Uint8Array, letter: 'y' | 'n' | 'm', little: boolean): void {
  const { type, offset } = extern.kconfig!
  if (type === 'char') data[offset] = letter.charCodeAt(0)
  else if (type === 'bool' && letter !== 'm') data[offset] = letter === 'y' ? 1 : 0
  else if (type === 'tristate') data[offset + (little ? 0 : extern.kconfig!.size - 1)] = TRISTATE[letter]
  else throw refuse(extern, letter, type === 'bool' ? 'y or n, or a tristate variable' : `a ${type}`)
}

function storeText(extern: ExternSpec, data: Uint8Array, value: string): void {
  const { type, offset, size } = extern.kconfig!
  if (type !== 'char-array' || !value.endsWith('"') || value.length < 2) throw refuse(extern, value, `a ${type}`)
  // Longer text is cut, as libbpf does, so that a NUL fits.
  data.set(new TextEncoder().encode(value.slice(1, -1)).subarray(0, size - 1), offset)
}

function parseNumber(extern: ExternSpec, value: string): bigint {
  const match = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(value)
  if (!match) throw refuse(extern, value, 'a number')
  const magnitude = BigInt(match[2]!)
  return match[1] ? -magnitude : magnitude
}

function storeConfig(extern: ExternSpec, data: Uint8Array, value: string, little: boolean): void {
  if (value === 'y' || value === 'n' || value === 'm') storeLetter(extern, data, value, little)
  else if (value.startsWith('"')) storeText(extern, data, value)
  else storeNumber(extern, data, parseNumber(extern, value), little)
}

/** What fills a kconfig map. */
export interface KconfigSource {
  readonly littleEndian: boolean
  readonly config: KconfigValues | undefined
  /** `LINUX_KERNEL_VERSION` and its kin, undefined for names that mean nothing. */
  virtual(name: string): bigint | undefined
}

/** Contents of the map. @throws RelocationError where a value is missing and not weak, or does not fit */
export function kconfigData(externs: readonly ExternSpec[], size: number, source: KconfigSource): Uint8Array {
  const data = new Uint8Array(size)
  for (const extern of externs) {
    if (!extern.kconfig) continue
    const { name, weak } = extern
    if (name.startsWith('CONFIG_')) {
      const value = source.config?.get(name)
      if (value !== undefined) storeConfig(extern, data, value, source.littleEndian)
      else if (!weak) throw new RelocationError(`resolve extern '${name}': it is not in the given kernel configuration`)
      continue
    }
    const value = source.virtual(name)
    if (value !== undefined) storeNumber(extern, data, value, source.littleEndian)
    else if (!weak || !name.startsWith('LINUX_')) {
      throw new RelocationError(`resolve extern '${name}': neither CONFIG_ nor a LINUX_ value that is known`)
    }
  }
  return data
}
