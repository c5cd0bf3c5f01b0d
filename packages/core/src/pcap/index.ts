// SPDX-License-Identifier: BSD-2-Clause
/**
 * Capture files of the classic pcap format (draft-ietf-opsawg-pcap): read in both byte orders and both time resolutions,
 * written in little endian with nanoseconds.
 */
import { ByteCursor, ByteWriter } from '../bytes/index.ts'
import { PcapError } from '../errors/index.ts'

const MAGIC_MICROSECONDS = 0xa1b2c3d4
const MAGIC_NANOSECONDS = 0xa1b23c4d
const MAGIC_PCAPNG = 0x0a0d0d0a
/** Largest record that readers accept, as libpcap's MAXIMUM_SNAPLEN. */
const LARGEST_RECORD = 262144

/** Link-layer type of Ethernet frames. */
export const LINKTYPE_ETHERNET = 1

/** One captured frame. */
export interface PcapPacket {
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint
  /** The captured bytes. */
  readonly data: Uint8Array
  /** Length of the frame on the wire in bytes: at least that of `data`. */
  readonly originalLength: number
}

export interface Pcap {
  /** Link-layer header type, such as {@link LINKTYPE_ETHERNET}. */
  readonly linkType: number
  readonly packets: PcapPacket[]
}

function openCursor(bytes: Uint8Array): { cursor: ByteCursor; nanoseconds: boolean } {
  for (const littleEndian of [true, false]) {
    const cursor = new ByteCursor(bytes, { littleEndian, error: PcapError, act: 'parse pcap' })
    const magic = cursor.nextU32('magic number')
    if (magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS)
      return { cursor, nanoseconds: magic === MAGIC_NANOSECONDS }
    if (magic === MAGIC_PCAPNG) throw new PcapError('parse pcap: this is pcapng: convert it with `editcap -F pcap`')
  }
  throw new PcapError('parse pcap: not a capture file: the magic number is unknown')
}

/** Reads a capture. Raises {@link PcapError} for anything that is not one, or is cut short. */
export function parsePcap(bytes: Uint8Array): Pcap {
  const { cursor, nanoseconds } = openCursor(bytes)
  const major = cursor.nextU16('version')
  if (major !== 2) throw cursor.fail(`version ${major} is unknown`)
  cursor.skip(2 + 4 + 4 + 4, 'header')
  const linkType = cursor.nextU32('link type') & 0xffff
  const packets: PcapPacket[] = []
  while (cursor.left > 0) {
    const seconds = BigInt(cursor.nextU32('timestamp'))
    const fraction = BigInt(cursor.nextU32('timestamp'))
    const length = cursor.nextU32('captured length')
    const originalLength = cursor.nextU32('original length')
    if (length > LARGEST_RECORD) throw cursor.fail(`packet ${packets.length}: captured length ${length} is too large`)
    const data = cursor.nextSlice(length, `packet ${packets.length}`)
    packets.push({ timestamp: seconds * 1_000_000_000n + fraction * (nanoseconds ? 1n : 1000n), data, originalLength })
  }
  return { linkType, packets }
}

/** Writes a capture. */
export function encodePcap(pcap: Pcap): Uint8Array {
  const writer = new ByteWriter(true)
  writer.u32(MAGIC_NANOSECONDS).u16(2).u16(4).u32(0).u32(0).u32(LARGEST_RECORD).u32(pcap.linkType)
  for (const packet of pcap.packets) {
    writer.u32(Number(packet.timestamp / 1_000_000_000n)).u32(Number(packet.timestamp % 1_000_000_000n))
    writer.u32(packet.data.length).u32(packet.originalLength).put(packet.data)
  }
  return writer.finish()
}
