// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { fromHex } from '../packet/hex.ts'
import { formatWat } from './wat.ts'

describe('WebAssembly text', () => {
  it('is that of a module put together by hand', () => {
    // Sections of the core specification, 5.5: types, one import, one function, its export, its code.
    const module = fromHex(`
      00 61 73 6d 01 00 00 00
      01 0a 02 60 01 7e 01 7e 60 01 7f 00
      02 07 01 01 6b 01 66 00 01
      03 02 01 00
      07 05 01 01 30 00 01
      0a 1d 01 1b 01 01 7f 20 00 42 7f 85 50 04 40 41 e4 00 10 00 0b 20 00 29 03 08 42 80 01 7c 0b`)
    expect(formatWat(module)).toBe(`(module
  (import "k" "f" (func $f0 (param i32)))
  (export "0" (func $f1))
  (func $f1 (param i64) (result i64)
    ;; locals after the parameters: 1 × i32
    local.get 0
    i64.const -1
    i64.xor
    i64.eqz
    if
      i32.const 100
      call $f0
    end
    local.get 0
    i64.load offset=8
    i64.const 128
    i64.add
  )
)
`)
  })

  it('says what it cannot read', () => {
    expect(formatWat(fromHex('00 61 73 6d 01 00 00 00 01 05'))).toContain(';;')
  })
})
