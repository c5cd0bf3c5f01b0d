// SPDX-License-Identifier: BSD-2-Clause
/** What a frame is, in one line, and where its headers lie. */

export interface Layer {
  readonly name: string
  readonly start: number
  readonly length: number
}

const ETHERNET = 14
const NAMES: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' }
const HEADERS: Readonly<Record<number, number>> = { 1: 8, 6: 20, 17: 8, 58: 8 }

const u16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

function ipv4Text(bytes: Uint8Array, at: number): string {
  return bytes.slice(at, at + 4).join('.')
}

function ipv6Text(bytes: Uint8Array, at: number): string {
  const words = Array.from({ length: 8 }, (_, i) => u16(bytes, at + 2 * i).toString(16)).join(':')
  return words.replace(/(?:^|:)0(?::0)+(?::|$)/, '::')
}

interface Network {
  readonly name: string
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly length: number
}

function networkOf(bytes: Uint8Array): Network | undefined {
  const type = u16(bytes, 12)
  if (type === 0x0800 && bytes.length >= ETHERNET + 20) {
    const length = (bytes[ETHERNET]! & 0xf) * 4
    return { name: 'IPv4', source: ipv4Text(bytes, 26), destination: ipv4Text(bytes, 30), protocol: bytes[23]!, length }
  }
  if (type === 0x86dd && bytes.length >= ETHERNET + 40) {
    return {
      name: 'IPv6',
      source: ipv6Text(bytes, 22),
      destination: ipv6Text(bytes, 38),
      protocol: bytes[20]!,
      length: 40,
    }
  }
  return undefined
}

/** `UDP 10.0.0.1:40000 → 10.0.0.2:7` */
export function describeFrame(bytes: Uint8Array): string {
  if (bytes.length < ETHERNET) return `${bytes.length} bytes: too short for a frame`
  const network = networkOf(bytes)
  if (!network) return u16(bytes, 12) === 0x0806 ? 'ARP' : `EtherType 0x${u16(bytes, 12).toString(16).padStart(4, '0')}`
  const at = ETHERNET + network.length
  const hasPorts = (network.protocol === 6 || network.protocol === 17) && bytes.length >= at + 4
  const name = NAMES[network.protocol] ?? `protocol ${network.protocol}`
  const bracket = (address: string) => (network.name === 'IPv6' && hasPorts ? `[${address}]` : address)
  const from = `${bracket(network.source)}${hasPorts ? `:${u16(bytes, at)}` : ''}`
  const to = `${bracket(network.destination)}${hasPorts ? `:${u16(bytes, at + 2)}` : ''}`
  return `${name} ${from} → ${to}`
}

/** Headers in order; the rest is payload. */
export function layersOf(bytes: Uint8Array): Layer[] {
  if (bytes.length < ETHERNET) return []
  const layers: Layer[] = [{ name: 'Ethernet', start: 0, length: ETHERNET }]
  const network = networkOf(bytes)
  if (!network) return layers
  layers.push({ name: network.name, start: ETHERNET, length: network.length })
  const start = ETHERNET + network.length
  const name = NAMES[network.protocol]
  const length = HEADERS[network.protocol] ?? 0
  if (name && bytes.length >= start + length) {
    const size = network.protocol === 6 ? ((bytes[start + 12]! >> 4) & 0xf) * 4 : length
    layers.push({ name, start, length: size })
  }
  return layers
}

/** Ranges in which two frames differ, as [start, end) of each. */
export interface Difference {
  readonly same: boolean
  /** For each byte of `before` and `after`, whether it is not in the other. */
  readonly removed: readonly boolean[]
  readonly added: readonly boolean[]
}

/** What changed: equal beginnings and ends are matched, and the middle byte by byte where lengths agree. */
export function differenceOf(before: Uint8Array, after: Uint8Array): Difference {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++
  const aligned = before.length === after.length
  const mark = (bytes: Uint8Array, other: Uint8Array) =>
    Array.from(bytes, (byte, i) => i >= start && i < bytes.length - end && !(aligned && byte === other[i]))
  const removed = mark(before, after)
  const added = mark(after, before)
  return { same: !removed.includes(true) && !added.includes(true), removed, added }
}
