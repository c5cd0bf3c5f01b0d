// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import type { ExternSpec, KconfigType } from '../object/spec.ts'
import { kconfigData, parseKconfig } from './kconfig.ts'

function extern(
  name: string,
  type: KconfigType,
  size: number,
  options: { weak?: boolean; signed?: boolean } = {},
): ExternSpec {
  const { weak = false, signed = false } = options
  return { name, kind: 'kconfig', weak, typeId: 1, kconfig: { type, offset: 0, size, signed } }
}

function data(spec: ExternSpec, text: string): number[] {
  const virtual = (name: string) => (name === 'LINUX_KERNEL_VERSION' ? 0x061205n : undefined)
  return [...kconfigData([spec], spec.kconfig!.size, { littleEndian: true, config: parseKconfig(text), virtual })]
}

test('lines of a configuration', () => {
  const text = '# CONFIG_A is not set\nCONFIG_B=y\r\nCONFIG_C="x=y"\nnonsense\nCONFIG_B=n\n'
  expect([...parseKconfig(text)]).toEqual([
    ['CONFIG_B', 'y'],
    ['CONFIG_C', '"x=y"'],
  ])
})

describe('values', () => {
  test('letters', () => {
    expect(data(extern('CONFIG_A', 'bool', 1), 'CONFIG_A=y')).toEqual([1])
    expect(data(extern('CONFIG_A', 'bool', 1), 'CONFIG_A=n')).toEqual([0])
    // enum libbpf_tristate: TRI_NO 0, TRI_YES 1, TRI_MODULE 2.
    expect(data(extern('CONFIG_A', 'tristate', 4), 'CONFIG_A=m')).toEqual([2, 0, 0, 0])
    expect(data(extern('CONFIG_A', 'char', 1), 'CONFIG_A=m')).toEqual([0x6d])
    expect(() => data(extern('CONFIG_A', 'bool', 1), 'CONFIG_A=m')).toThrow("resolve extern 'CONFIG_A': value m")
    expect(() => data(extern('CONFIG_A', 'int', 4), 'CONFIG_A=y')).toThrow('expected a int')
  })

  test('numbers fit or are refused', () => {
    expect(data(extern('CONFIG_A', 'int', 2), 'CONFIG_A=0xfffe')).toEqual([0xfe, 0xff])
    expect(data(extern('CONFIG_A', 'int', 2, { signed: true }), 'CONFIG_A=-2')).toEqual([0xfe, 0xff])
    expect(() => data(extern('CONFIG_A', 'int', 2), 'CONFIG_A=65536')).toThrow('expected 0 to 65535')
    expect(() => data(extern('CONFIG_A', 'int', 2, { signed: true }), 'CONFIG_A=32768')).toThrow('-32768 to 32767')
    expect(() => data(extern('CONFIG_A', 'int', 4), 'CONFIG_A=12x')).toThrow('expected a number')
  })

  test('text is cut so that a zero fits', () => {
    expect(data(extern('CONFIG_A', 'char-array', 4), 'CONFIG_A="abcdef"')).toEqual([0x61, 0x62, 0x63, 0])
    expect(data(extern('CONFIG_A', 'char-array', 4), 'CONFIG_A=""')).toEqual([0, 0, 0, 0])
  })

  test('what is missing: weak 0, else an error', () => {
    expect(data(extern('CONFIG_A', 'int', 4, { weak: true }), '')).toEqual([0, 0, 0, 0])
    expect(() => data(extern('CONFIG_A', 'int', 4), '')).toThrow('not in the given kernel configuration')
    expect(data(extern('LINUX_KERNEL_VERSION', 'int', 4), '')).toEqual([5, 0x12, 6, 0])
    expect(data(extern('LINUX_UNKNOWN', 'int', 4, { weak: true }), '')).toEqual([0, 0, 0, 0])
    expect(() => data(extern('OTHER', 'int', 4, { weak: true }), '')).toThrow('neither CONFIG_ nor a LINUX_ value')
  })
})
