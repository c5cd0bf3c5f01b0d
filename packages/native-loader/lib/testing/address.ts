// SPDX-License-Identifier: BSD-2-Clause
import { endianness } from 'node:os'

const AF_INET = 2
const littleEndian = endianness() === 'LE'

/** struct sockaddr_in: family in the machine's byte order, port and address in the network's, 8 bytes of nothing. */
export function inetAddress(address: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_INET, littleEndian)
  view.setUint16(2, port)
  bytes.set(address.split('.').map(Number), 4)
  return bytes
}

/** The port of a sockaddr_in or sockaddr_in6. */
export function portOf(address: Uint8Array): number {
  return new DataView(address.buffer, address.byteOffset).getUint16(2)
}
