// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PcapError } from '../errors/index.ts'
import { encodePcap, LINKTYPE_ETHERNET, parsePcap } from './index.ts'

// A big-endian capture with microseconds, written by hand after draft-ietf-opsawg-pcap.
const bigEndian = Uint8Array.from(
  ['a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001', '00000002 00000003 00000002 00000040 abcd']
    .join('')
    .replaceAll(' ', '')
    .match(/../g)!
    .map((hex) => Number.parseInt(hex, 16)),
)

describe('pcap', () => {
  it('reads big endian and microseconds', () => {
    const { linkType, packets } = parsePcap(bigEndian)
    expect(linkType).toBe(LINKTYPE_ETHERNET)
    expect(packets).toEqual([{ timestamp: 2_000_003_000n, data: Uint8Array.of(0xab, 0xcd), originalLength: 64 }])
  })

  it('refuses what is cut short, of another format, or too large', () => {
    for (let end = 0; end < bigEndian.length; end++) {
      if (end === 24) continue
      expect(() => parsePcap(bigEndian.subarray(0, end))).toThrow(PcapError)
    }
    expect(() => parsePcap(Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0))).toThrow(/pcapng/)
    expect(() => parsePcap(bigEndian.with(32, 0xff))).toThrow(/too large/)
  })

  it('reads what it writes', () => {
    const packet = fc.record({
      timestamp: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
      data: fc.uint8Array({ maxLength: 100 }),
      originalLength: fc.nat(100000),
    })
    fc.assert(
      fc.property(fc.array(packet), (packets) => {
        expect(parsePcap(encodePcap({ linkType: 1, packets }))).toEqual({ linkType: 1, packets })
      }),
    )
  })
})
