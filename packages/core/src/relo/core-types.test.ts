// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest'
import { coreKindName, essentialName } from './core-types.ts'

// The rule of libbpf's bpf_core_is_flavor_sep: X___Y where X and Y are no underscores, the last one counts.
test.each([
  ['task_struct', 'task_struct'],
  ['task_struct___v2', 'task_struct'],
  ['a___b___c', 'a___b'],
  ['a____b', 'a____b'],
  ['a___', 'a___'],
  ['___a', '___a'],
  ['a__b', 'a__b'],
  ['x___1', 'x'],
  ['', ''],
])('%s', (name, expected) => {
  expect(essentialName(name)).toBe(expected)
})

test('kinds have the names that libbpf prints', () => {
  expect([0, 2, 6, 12].map(coreKindName)).toEqual(['byte_off', 'field_exists', 'local_type_id', 'type_matches'])
})
