// SPDX-License-Identifier: BSD-2-Clause

/** Plain values for `JSON.stringify`: bytes become hexadecimal text, 64-bit integers numbers where exact, else text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
  return value
}

/** One JSON object on one line. */
export function formatJson(value: unknown): string {
  return JSON.stringify(plain(value))
}

/** Bytes as hexadecimal digits without blanks. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
