// SPDX-License-Identifier: BSD-2-Clause
/** Builds Ethernet frames with right lengths and checksums. */

export type Transport = 'udp' | 'tcp' | 'icmp'

export interface FrameFields {
  readonly version: 4 | 6
  readonly transport: Transport
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
  readonly ttl: number
  readonly payload: string
}

export const DEFAULT_FRAME: FrameFields = {
  version: 4,
  transport: 'udp',
  source: '10.0.0.1',
  destination: '10.0.0.2',
  sourcePort: 40000,
  destinationPort: 7,
  ttl: 64,
  payload: 'hello',
}

const ETHERNET = 14
const PROTOCOLS = { udp: 17, tcp: 6, icmp: 1 } as const
const ICMPV6 = 58

function ipv4(text: string): number[] {
  const parts = text.trim().split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !(Number.isInteger(part) && part >= 0 && part <= 255)))
    throw new Error(`'${text}' is no IPv4 address`)
  return parts
}

function ipv6(text: string): number[] {
  const halves = text.trim().split('::')
  const words = (part: string | undefined) => (part ? part.split(':').map((word) => Number.parseInt(word, 16)) : [])
  const head = words(halves[0])
  const tail = words(halves[1])
  const zeros = halves.length === 2 ? new Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0) : []
  const all = [...head, ...zeros, ...tail]
  if (all.length !== 8 || halves.length > 2 || all.some((word) => !(word >= 0 && word <= 0xffff)))
    throw new Error(`'${text}' is no IPv6 address`)
  return all.flatMap((word) => [word >> 8, word & 0xff])
}

/** Internet checksum (RFC 1071). */
export function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 0xff
  bytes[at + 1] = value & 0xff
}

function transportBytes(fields: FrameFields): Uint8Array {
  const payload = new TextEncoder().encode(fields.payload)
  const length = { udp: 8, tcp: 20, icmp: 8 }[fields.transport]
  const bytes = new Uint8Array(length + payload.length)
  bytes.set(payload, length)
  if (fields.transport === 'icmp') {
    bytes[0] = fields.version === 4 ? 8 : 128
    put16(bytes, 4, 1)
    put16(bytes, 6, 1)
    return bytes
  }
  put16(bytes, 0, fields.sourcePort)
  put16(bytes, 2, fields.destinationPort)
  if (fields.transport === 'udp') put16(bytes, 4, bytes.length)
  else {
    bytes[7] = 1
    bytes[12] = 0x50
    bytes[13] = 0x02
    put16(bytes, 14, 0xffff)
  }
  return bytes
}

const CHECKSUM_AT = { udp: 6, tcp: 16, icmp: 2 } as const

function sumOf(bytes: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  return sum
}

/** The frame. @throws Error for addresses that are none */
export function buildFrame(fields: FrameFields): Uint8Array {
  const isV4 = fields.version === 4
  const addresses = isV4
    ? [...ipv4(fields.source), ...ipv4(fields.destination)]
    : [...ipv6(fields.source), ...ipv6(fields.destination)]
  const inner = transportBytes(fields)
  const protocol = fields.transport === 'icmp' && !isV4 ? ICMPV6 : PROTOCOLS[fields.transport]
  const hasPseudoHeader = fields.transport !== 'icmp' || !isV4
  const start = hasPseudoHeader ? sumOf(addresses) + inner.length + protocol : 0
  put16(inner, CHECKSUM_AT[fields.transport], checksum(inner, start))
  const header = new Uint8Array(isV4 ? 20 : 40)
  if (isV4) {
    header.set([0x45, 0, 0, 0, 0, 1, 0x40, 0, fields.ttl & 0xff, protocol])
    put16(header, 2, 20 + inner.length)
    header.set(addresses, 12)
    put16(header, 10, checksum(header))
  } else {
    header.set([0x60, 0, 0, 0, 0, 0, protocol, fields.ttl & 0xff])
    put16(header, 4, inner.length)
    header.set(addresses, 8)
  }
  const frame = new Uint8Array(ETHERNET + header.length + inner.length)
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1])
  put16(frame, 12, isV4 ? 0x0800 : 0x86dd)
  frame.set(header, ETHERNET)
  frame.set(inner, ETHERNET + header.length)
  return frame
}
