// SPDX-License-Identifier: BSD-2-Clause
import { openObject } from '@skep/core'
import { describe, expect, it } from 'vitest'
import { assembleText } from '../worker/assemble.ts'
import { NEW_ASSEMBLY } from './templates.ts'

describe('the new program', () => {
  it('is an object with one XDP program under the GPL', () => {
    const { object, diagnostics } = assembleText(NEW_ASSEMBLY)
    expect(diagnostics).toEqual([])
    const spec = openObject(object!)
    expect(spec.programs.map(({ name, section }) => [name, section])).toEqual([['drop_short', 'xdp']])
    expect(spec.license).toBe('GPL')
  })
})
