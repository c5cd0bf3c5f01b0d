// SPDX-License-Identifier: BSD-2-Clause
/** What the Spec says of objects whose C source stands beside them; no kernel is needed. */
import { readFileSync } from 'node:fs'
import { BpfError, openObject, RuleError } from '@skep/core'
import * as U from '@skep/core/uapi'
import { describe, expect, test } from 'vitest'
import { fixture, pathOf } from './fixtures.ts'

describe('an object with type information', () => {
  const object = fixture('world')

  test('programs with type, section and autoload', () => {
    expect(object.license).toBe('Dual BSD/GPL')
    expect(object.programs.map((p) => p.name).sort()).toEqual([
      'call_tail',
      'drain',
      'emit',
      'read_config',
      'read_custom',
      'read_inner',
      'refused',
      'run',
      'sample',
      'tail',
      'walk',
    ])
    expect(object.program('run')).toMatchObject({
      section: 'socket',
      type: U.BPF_PROG_TYPE_SOCKET_FILTER,
      autoload: true,
    })
    expect(object.program('sample').type).toBe(U.BPF_PROG_TYPE_SCHED_CLS)
    expect(object.program('refused').autoload).toBe(false)
    expect(object.functions.map((f) => [f.name, f.isStatic]).sort()).toEqual([
      ['add_limit', false],
      ['sum_flow', true],
      ['take_command', true],
      ['triple', true],
    ])
  })

  test('maps as the C declares them', () => {
    expect(object.map('flows')).toMatchObject({
      type: U.BPF_MAP_TYPE_HASH,
      keySize: 8,
      valueSize: 32,
      maxEntries: 16,
      origin: 'btf',
    })
    expect(object.map('queue')).toMatchObject({ type: U.BPF_MAP_TYPE_QUEUE, keySize: 0, valueSize: 4, maxEntries: 4 })
    expect(object.map('outer')).toMatchObject({
      type: U.BPF_MAP_TYPE_ARRAY_OF_MAPS,
      valueSize: 4,
      inner: { name: 'outer.inner', type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 },
      initial: [
        { index: 0, target: 'first' },
        { index: 2, target: 'second' },
      ],
    })
    expect(object.map('jumps').initial).toEqual([{ index: 1, target: 'tail' }])
  })

  test('data sections with their variables', () => {
    const rodata = object.map('.rodata')
    expect(rodata).toMatchObject({ type: U.BPF_MAP_TYPE_ARRAY, maxEntries: 1, origin: 'rodata' })
    expect(rodata.flags & U.BPF_F_RDONLY_PROG).toBe(U.BPF_F_RDONLY_PROG)
    expect(rodata.variables.map((v) => [v.name, v.size]).sort()).toEqual([
      ['greeting', 8],
      ['limit', 4],
      ['paint', 4],
    ])
    expect(
      object
        .map('.data')
        .variables.map((v) => [v.name, v.isStatic])
        .sort(),
    ).toEqual([
      ['hidden', true],
      ['total', false],
    ])
    expect(object.map('.data.custom').variables).toMatchObject([{ name: 'custom', size: 4, offset: 0 }])
    expect(object.map('.bss').data).toBeUndefined()
  })

  test('externs: configuration in the order of its map, weak symbols', () => {
    const shape = object.externs.map((e) => [e.name, e.kind, e.weak, e.kconfig?.offset, e.kconfig?.type])
    // By falling alignment, then rising size, then name.
    expect(shape).toEqual([
      ['CONFIG_SKEP_NUMBER', 'kconfig', true, 0, 'int'],
      ['LINUX_KERNEL_VERSION', 'kconfig', false, 4, 'int'],
      ['CONFIG_SKEP_SWITCH', 'kconfig', true, 8, 'bool'],
      ['CONFIG_SKEP_TEXT', 'kconfig', true, 9, 'char-array'],
      ['skep_no_such_symbol', 'ksym', true, undefined, undefined],
    ])
  })

  test('references by name', () => {
    const kinds = object
      .program('run')
      .references.map((r) => ('map' in r ? r.map : 'function' in r ? r.function : r.extern))
    expect(kinds).toContain('per_cpu')
    expect(kinds).toContain('add_limit')
    expect(object.program('walk').references).toContainEqual(
      expect.objectContaining({ kind: 'function', function: 'sum_flow' }),
    )
    expect(object.functions.find((f) => f.name === 'triple')?.references).toMatchObject([
      { kind: 'map-value', map: '.data' },
    ])
  })

  test('variables are read and set by type', () => {
    const edited = fixture('world')
    expect(edited.getVariable('limit')).toBe(3)
    expect(edited.getVariable('greeting')).toBe('hello')
    expect(edited.getVariable('total')).toBe(5n)
    edited.setVariable('limit', 0xffffffff)
    edited.setVariable('paint', 'BLUE')
    edited.setVariable('greeting', 'bye')
    edited.setVariable('last', { packets: 2n ** 63n, delta: -1, color: 'RED', name: 'x', halves: [1, 2] })
    expect(edited.getVariable('limit')).toBe(4294967295)
    expect(edited.getVariable('paint')).toBe(7)
    expect(edited.getVariable('greeting')).toBe('bye')
    expect(edited.getVariable('last')).toEqual({
      packets: 2n ** 63n,
      delta: -1,
      color: 1,
      name: 'x',
      whole: 0x00020001,
      halves: [1, 2],
    })
    expect(() => edited.setVariable('limit', 2 ** 32)).toThrow(
      "set variable 'limit': 4294967296 is not in 0 to 4294967295",
    )
    expect(() => edited.setVariable('greeting', 'far too long')).toThrow(RuleError)
    expect(() => edited.setVariable('paint', 'PINK')).toThrow('none of RED, GREEN, BLUE')
    expect(() => edited.setVariable('nothing', 1)).toThrow("find variable 'nothing': there is")
  })

  test('the same bytes give the same print', () => {
    expect(JSON.stringify(fixture('world'))).toBe(JSON.stringify(fixture('world')))
  })
})

describe('an object of the old style', () => {
  const object = fixture('legacy')

  test('maps, loose section name, licence and version', () => {
    expect(object.license).toBe('GPL')
    expect(object.kernVersion).toBe(0x40203)
    expect(object.program('count').type).toBe(U.BPF_PROG_TYPE_SOCKET_FILTER)
    expect(object.map('counts')).toMatchObject({ type: 2, keySize: 4, valueSize: 8, maxEntries: 256, origin: 'legacy' })
    expect(object.map('table')).toMatchObject({ type: 13, maxEntries: 8, inner: { type: 2, valueSize: 8 } })
    expect(object.program('count').references).toMatchObject([{ kind: 'map', map: 'counts' }])
  })
})

describe('what is no object', () => {
  const bytes = readFileSync(pathOf('test/loader/fixtures/world.bpf.o'))

  test('truncated at every 16th byte: typed errors only', () => {
    for (let length = 0; length < bytes.length; length += 16) {
      try {
        openObject(bytes.subarray(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError)
      }
    }
  })

  test('mutated 2,000 times: typed errors only', () => {
    let seed = 12345
    const next = (limit: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return seed % limit
    }
    for (let round = 0; round < 2000; round++) {
      const copy = Uint8Array.from(bytes)
      for (let i = 0; i < 1 + next(4); i++) copy[next(copy.length)] = next(256)
      try {
        JSON.stringify(openObject(copy))
      } catch (error) {
        if (!(error instanceof BpfError)) throw new Error(`round ${round}: ${error}`, { cause: error })
      }
    }
  })

  test('objects for other machines are refused', () => {
    const copy = Uint8Array.from(bytes)
    copy[18] = 62
    copy[19] = 0
    expect(() => openObject(copy)).toThrow('machine 62')
  })
})
