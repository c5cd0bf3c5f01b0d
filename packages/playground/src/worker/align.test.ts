// SPDX-License-Identifier: BSD-2-Clause
import { assemble, encodeInstructions } from '@skep/core/isa'
import { describe, expect, it } from 'vitest'
import { originsOf } from './align.ts'

const bytes = (source: string) => encodeInstructions(assemble(source).instructions)

describe('translated instructions', () => {
  it('are found where dead code was taken out', () => {
    const loaded = bytes('r0 = 0\ngoto +2\nr0 = 7\nr0 = 8\nr1 = 5\nexit')
    const translated = bytes('r0 = 0\nr1 = 5\nexit')
    expect(originsOf(loaded, translated)).toEqual([0, 4, 5])
  })

  it('are told from what was put in', () => {
    const loaded = bytes('r6 = r1\nr0 = 0\nexit')
    const translated = bytes('r6 = r1\nr11 = 1\nr0 = 0\nexit'.replace('r11 = 1', 'r5 = 1'))
    expect(originsOf(loaded, translated)).toEqual([0, -1, 1, 2])
  })

  it('keep both slots of a 64-bit load, whatever address stands in it', () => {
    const loaded = bytes('r1 = 3 ll\nr0 = 0\nexit')
    const translated = bytes('r1 = 0x12345678 ll\nr0 = 0\nexit')
    expect(originsOf(loaded, translated)).toEqual([0, 1, 2, 3])
  })

  it('follow jumps whose distance changed', () => {
    const loaded = bytes('if r1 == 0 goto +3\nr0 = 1\nr0 = 2\nr0 = 3\nr0 = 4\nexit')
    const translated = bytes('if r1 == 0 goto +1\nr0 = 1\nr0 = 4\nexit')
    expect(originsOf(loaded, translated)).toEqual([0, 1, 4, 5])
  })
})
