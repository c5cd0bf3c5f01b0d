// SPDX-License-Identifier: BSD-2-Clause
// Writes examples/traffic.pcap: twelve frames of four protocols between made-up hosts of the documentation ranges.
//   node examples/make-traffic.mjs
import { writeFileSync } from 'node:fs'

const MACS = [0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01]
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 }

function checksum(parts) {
  const bytes = parts.flat()
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
const be16 = (value) => [value >>> 8, value & 0xff]
const be32 = (value) => [...be16(value >>> 16), ...be16(value & 0xffff)]
const text = (value) => [...Buffer.from(value)]

/** Puts the checksum of `bytes` and its pseudo header at offset `at`. */
function summed(bytes, at, pseudo) {
  const sum = checksum([pseudo, bytes])
  return bytes.with(at, sum >>> 8).with(at + 1, sum & 0xff)
}

const transport = {
  icmp: (payload) => summed([8, 0, 0, 0, 0, 1, 0, 1, ...payload], 2, []),
  icmp6: (payload, _ports, pseudo) => summed([128, 0, 0, 0, 0, 1, 0, 1, ...payload], 2, pseudo),
  udp: (payload, ports, pseudo) =>
    summed([...be16(ports[0]), ...be16(ports[1]), ...be16(8 + payload.length), 0, 0, ...payload], 6, pseudo),
  tcp: (payload, ports, pseudo) =>
    summed(
      [
        ...be16(ports[0]),
        ...be16(ports[1]),
        ...be32(1),
        ...be32(1),
        0x50,
        0x18,
        ...be16(65535),
        0,
        0,
        0,
        0,
        ...payload,
      ],
      16,
      pseudo,
    ),
}

function ipv4(kind, from, to, ports, payload) {
  const source = [192, 0, 2, from]
  const dest = [198, 51, 100, to]
  const length = { icmp: 8, udp: 8, tcp: 20 }[kind] + payload.length
  const pseudo = [...source, ...dest, 0, PROTOCOL[kind], ...be16(length)]
  const body = transport[kind](payload, ports, pseudo)
  const header = [0x45, 0, ...be16(20 + length), 0, 1, 0x40, 0, 64, PROTOCOL[kind], 0, 0, ...source, ...dest]
  return [...MACS, 0x08, 0x00, ...summed(header, 10, []), ...body]
}

function ipv6(kind, from, to, ports, payload) {
  const address = (host) => [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), host]
  const length = { icmp6: 8, udp: 8, tcp: 20 }[kind] + payload.length
  const pseudo = [...address(from), ...address(to), ...be32(length), 0, 0, 0, PROTOCOL[kind]]
  const body = transport[kind](payload, ports, pseudo)
  return [
    ...MACS,
    0x86,
    0xdd,
    0x60,
    0,
    0,
    0,
    ...be16(length),
    PROTOCOL[kind],
    64,
    ...address(from),
    ...address(to),
    ...body,
  ]
}

const arp = [...Array(6).fill(0xff), ...MACS.slice(6), 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1].concat(
  MACS.slice(6),
  [192, 0, 2, 1],
  Array(6).fill(0),
  [198, 51, 100, 1],
)

const frames = [
  arp,
  ipv4('icmp', 1, 1, [], text('ping from a skep')),
  ipv4('tcp', 1, 1, [40000, 80], text('GET / HTTP/1.0\r\n\r\n')),
  ipv4('tcp', 1, 1, [40000, 80], []),
  ipv4('udp', 2, 1, [53000, 53], text('a question')),
  ipv4('udp', 2, 1, [53001, 7], text('an echo')),
  ipv4('udp', 3, 2, [53002, 7], text('another echo')),
  ipv4('tcp', 3, 2, [40001, 443], Array(600).fill(0x5a)),
  ipv6('udp', 1, 2, [53000, 53], text('a question of version 6')),
  ipv6('icmp6', 1, 2, [], text('ping 6')),
  ipv6('tcp', 2, 1, [40002, 22], text('SSH-2.0-skep\r\n')),
  ipv4('icmp', 3, 1, [], Array(56).fill(0x21)),
]

const header = Buffer.alloc(24)
header.writeUInt32LE(0xa1b2c3d4, 0)
header.writeUInt16LE(2, 4)
header.writeUInt16LE(4, 6)
header.writeUInt32LE(65535, 16)
header.writeUInt32LE(1, 20) // LINKTYPE_ETHERNET
const records = frames.map((frame, index) => {
  const record = Buffer.alloc(16)
  record.writeUInt32LE(1_700_000_000, 0)
  record.writeUInt32LE(index * 1000, 4)
  record.writeUInt32LE(frame.length, 8)
  record.writeUInt32LE(frame.length, 12)
  return Buffer.concat([record, Buffer.from(frame)])
})
writeFileSync(new URL('traffic.pcap', import.meta.url), Buffer.concat([header, ...records]))
console.log(`traffic.pcap: ${frames.length} frames`)
