// SPDX-License-Identifier: GPL-2.0-only

export const AF_INET = 2
export const AF_INET6 = 10

/** Bytes of an IPv4 or IPv6 address in packet order. */
export function addressBytes(text: string): Uint8Array {
  return text.includes(':') ? bytes6(text) : bytes4(text)
}

function bytes4(text: string): Uint8Array {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((n) => !(Number.isInteger(n) && n >= 0 && n < 256)))
    throw new RangeError(`address ${text}: not four numbers from 0 to 255`)
  return Uint8Array.from(parts)
}

function bytes6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const gap = 8 - front.length - back.length
  const all = tail === undefined ? front : [...front, ...new Array<number>(Math.max(gap, 0)).fill(0), ...back]
  if (all.length !== 8 || all.some((n) => !(n >= 0 && n <= 0xffff)))
    throw new RangeError(`address ${text}: not eight groups of hexadecimal digits`)
  return Uint8Array.from(all.flatMap((n) => [n >> 8, n & 0xff]))
}

/** An address with the length of its prefix, `10.0.0.1/24`; without one the whole address counts. */
export function parsePrefix(text: string): { family: number; address: Uint8Array; prefix: number } {
  const [part = '', length] = text.split('/')
  const address = addressBytes(part)
  const family = address.length === 4 ? AF_INET : AF_INET6
  return { family, address, prefix: length === undefined ? address.length * 8 : Number(length) }
}

/** Bytes of an Ethernet address, `02:00:00:00:00:01`. */
export function macBytes(text: string): Uint8Array {
  const parts = text.split(':').map((part) => Number.parseInt(part, 16))
  if (parts.length !== 6 || parts.some((n) => !(n >= 0 && n < 256))) throw new RangeError(`Ethernet address ${text}`)
  return Uint8Array.from(parts)
}

export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
