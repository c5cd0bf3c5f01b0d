// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest'
import type { MapSpec } from '../object/spec.ts'
import { kernelMapName, kernelName, pinName } from './names.ts'

function map(name: string, origin: MapSpec['origin']): MapSpec {
  return { name, origin, section: name } as MapSpec
}

// The examples of libbpf's internal_map_name.
test.each([
  ['my_object_name', '.rodata', 'rodata', 'my_objec.rodata'],
  ['my_object_name', '.bss', 'bss', 'my_objec.bss'],
  ['my_object_name', '.kconfig', 'kconfig', 'my_obje.kconfig'],
  ['my_object_name', '.rodata.abracadabra', 'rodata', '.rodata.abracad'],
  ['a-b', '.data', 'data', 'a_b.data'],
] as const)('%s %s', (object, name, origin, expected) => {
  expect(kernelMapName(object, map(name, origin))).toBe(expected)
})

test('other maps and programs keep 15 characters', () => {
  expect(kernelMapName('object', map('a_name_that_is_long', 'btf'))).toBe('a_name_that_is_')
  expect(kernelName('with space')).toBe('with_space')
  expect(pinName('.rodata.x')).toBe('_rodata_x')
})
