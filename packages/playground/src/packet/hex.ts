// SPDX-License-Identifier: BSD-2-Clause
/** Bytes as hexadecimal text and back. */

export function toHex(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator)
}

/**
 * Reads pasted hexadecimal: plain digits, `0x` prefixes, commas, colons, and dumps as `tcpdump -XX` and `xxd` print them,
 * with offsets before and text after.
 * @throws Error that says what is wrong
 */
export function fromHex(text: string): Uint8Array {
  const digits = text
    .split('\n')
    .map((line) => {
      const dump = /^\s*(?:0x)?[0-9a-fA-F]{4,8}:\s+((?:[0-9a-fA-F]{2,}\s?)+)/.exec(line)
      return dump ? dump[1]! : line
    })
    .join(' ')
    .replace(/0x/gi, '')
    .replace(/[\s,:;\\x-]+/g, '')
  const wrong = /[^0-9a-fA-F]/.exec(digits)
  if (wrong) throw new Error(`'${wrong[0]}' is no hexadecimal digit`)
  if (digits.length % 2 !== 0) throw new Error('an odd number of hexadecimal digits: the last byte is half')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
