// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { buildFrame, checksum, DEFAULT_FRAME } from './build.ts'
import { describeFrame, differenceOf, layersOf } from './decode.ts'
import { fromHex, toHex } from './hex.ts'

describe('frames', () => {
  it('have the checksum of the example in RFC 1071', () => {
    expect(checksum(fromHex('0001 f203 f4f5 f6f7'))).toBe(~0xddf2 & 0xffff)
  })

  it('have headers whose checksums sum up to zero, as receivers test them', () => {
    const frame = buildFrame(DEFAULT_FRAME)
    expect(checksum(frame.slice(14, 34))).toBe(0)
    // RFC 768: pseudo header of addresses, protocol and length.
    const udp = frame.slice(34)
    const pseudo = Uint8Array.of(...frame.slice(26, 34), 0, 17, 0, udp.length)
    expect(checksum(Uint8Array.of(...pseudo, ...udp))).toBe(0)
  })

  it('are described', () => {
    expect(describeFrame(buildFrame(DEFAULT_FRAME))).toBe('UDP 10.0.0.1:40000 → 10.0.0.2:7')
    const six = buildFrame({
      ...DEFAULT_FRAME,
      version: 6,
      transport: 'tcp',
      source: 'fe80::1',
      destination: 'fe80::2',
    })
    expect(describeFrame(six)).toBe('TCP [fe80::1]:40000 → [fe80::2]:7')
    expect(layersOf(six).map(({ name, start }) => [name, start])).toEqual([
      ['Ethernet', 0],
      ['IPv6', 14],
      ['TCP', 54],
    ])
  })
})

describe('hexadecimal', () => {
  it('is read from a dump of tcpdump', () => {
    expect(toHex(fromHex('\t0x0000:  4500 001c 0001  E...\n\t0x0010:  0a00'))).toBe('4500001c00010a00')
  })

  it('is refused with the reason', () => {
    expect(() => fromHex('45 0')).toThrow('odd number')
    expect(() => fromHex('zz')).toThrow("'z' is no hexadecimal digit")
  })
})

describe('difference', () => {
  it('marks changed bytes, and bytes put in', () => {
    expect(differenceOf(fromHex('01020304'), fromHex('01ff0304')).added).toEqual([false, true, false, false])
    const grown = differenceOf(fromHex('010203'), fromHex('01aabb0203'))
    expect(grown.removed).toEqual([false, false, false])
    expect(grown.added).toEqual([false, true, true, false, false])
  })
})
