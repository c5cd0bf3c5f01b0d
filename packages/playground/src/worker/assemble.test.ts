// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { assembleText } from './assemble.ts'

const SOURCE = `# comment
  .section socket,"ax",@progbits
  .globl main
main:
  r0 = 0
  if r0 == 0 goto out
  r1 = 0x1122334455667788 ll
out: exit
`

describe('assembling in the page', () => {
  it('shows the encoding at its line, jumps resolved', () => {
    const { encoding, diagnostics } = assembleText(SOURCE)
    expect(diagnostics).toEqual([])
    // RFC 9669: b7 is mov of an immediate, 15 jeq with one, 18 the 64-bit load, 95 exit.
    expect(encoding!.get(5)).toBe('b700000000000000')
    expect(encoding!.get(6)).toBe('1500020000000000')
    expect(encoding!.get(7)).toBe('1801000088776655 0000000044332211')
    expect(encoding!.get(8)).toBe('9500000000000000')
    expect(encoding!.get(1)).toBeUndefined()
  })

  it('says where an error is', () => {
    const { object, diagnostics } = assembleText('r0 = 0\nr1 = r99\nexit')
    expect(object).toBeUndefined()
    expect(diagnostics[0]).toMatchObject({ line: 2, severity: 'error' })
    expect(diagnostics[0]!.message).not.toMatch(/^assemble/)
  })
})
