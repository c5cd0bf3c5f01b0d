// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeSlots, encodeSlots } from './slots.ts'

test('registers swap nibbles with the byte order', () => {
  // r1 = r2 as llvm-mc encodes it: bf 21 on little endian, bf 12 on big endian.
  const slots = [{ code: 0xbf, dst: 1, src: 2, off: -2, imm: 3 }]
  expect([...encodeSlots(slots, true)]).toEqual([0xbf, 0x21, 0xfe, 0xff, 3, 0, 0, 0])
  expect([...encodeSlots(slots, false)]).toEqual([0xbf, 0x12, 0xff, 0xfe, 0, 0, 0, 3])
})

test('decoding and encoding undo each other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 64 }), fc.boolean(), (bytes, little) => {
      const whole = bytes.subarray(0, bytes.length - (bytes.length % 8))
      expect(encodeSlots(decodeSlots(whole, little), little)).toEqual(Uint8Array.from(whole))
    }),
  )
})

test('half an instruction is refused', () => {
  expect(() => decodeSlots(new Uint8Array(12), true)).toThrow('12 bytes are not a multiple of 8')
})
