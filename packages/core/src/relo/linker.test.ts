// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import type { Slot } from '../object/slots.ts'
import type { FunctionSpec, Reference } from '../object/spec.ts'
import { linkProgram } from './linker.ts'
import { applyReferences } from './references.ts'

const slot = (code: number, imm = 0, src = 0): Slot => ({ code, dst: 0, src, off: 0, imm })
const call = () => slot(0x85, -1, 1)
const exit = () => slot(0x95)

function fn(name: string, slots: Slot[], references: Reference[], records = true): FunctionSpec {
  const lines = records ? [{ slot: 0, file: 'a.c', text: name, line: 1, column: 1 }] : []
  return {
    name,
    section: '.text',
    offset: 0,
    isStatic: true,
    slots,
    references,
    funcInfo: records ? [{ slot: 0, typeId: 1 }] : [],
    lineInfo: lines,
    coreRelos: [{ slot: 1, typeId: 1, access: '0', kind: 8 }],
  }
}

const to = (at: number, name: string): Reference => ({ kind: 'call', slot: at, function: name })

describe('linking', () => {
  test('functions are appended at their first call, callees before the next call of the caller', () => {
    const main = fn('main', [call(), call(), call(), exit()], [to(0, 'a'), to(1, 'b'), to(2, 'a')])
    const a = fn('a', [call(), exit()], [to(0, 'c')])
    const b = fn('b', [exit()], [])
    const c = fn('c', [call(), exit()], [to(0, 'c')])
    const linked = linkProgram(main, [main, a, b, c])
    expect(linked.functions.map((f) => [f.name, f.start])).toEqual([
      ['main', 0],
      ['a', 4],
      ['c', 6],
      ['b', 8],
    ])
    // imm counts from the next instruction: 4 - 0 - 1, 8 - 1 - 1, 4 - 2 - 1; a calls c, c itself.
    expect([0, 1, 2, 4, 6].map((i) => linked.slots[i]!.imm)).toEqual([3, 6, 1, 1, -1])
    expect(linked.funcInfo.map((r) => r.slot)).toEqual([0, 4, 6, 8])
    expect(linked.lineInfo.map((r) => r.text)).toEqual(['main', 'a', 'c', 'b'])
    expect(linked.coreRelos.map((r) => r.slot)).toEqual([1, 5, 7, 9])
    expect(main.slots[0]!.imm).toBe(-1)
  })

  test('addresses of functions are marked for the kernel', () => {
    const main = fn('main', [slot(0x18), slot(0), exit()], [{ kind: 'function', slot: 0, function: 'f' }])
    const linked = linkProgram(main, [main, fn('f', [exit()], [])])
    expect(linked.slots[0]).toMatchObject({ src: 4, imm: 2 })
  })

  test('records are whole or not at all', () => {
    const main = fn('main', [call(), exit()], [to(0, 'bare')])
    const linked = linkProgram(main, [main, fn('bare', [exit()], [], false)])
    expect([linked.funcInfo, linked.lineInfo]).toEqual([[], []])
  })

  test('exception callbacks come in though nothing calls them', () => {
    const main = { ...fn('main', [exit()], []), exceptionCallback: 'handler' }
    expect(linkProgram(main, [main, fn('handler', [exit()], [])]).functions.map((f) => f.name)).toEqual([
      'main',
      'handler',
    ])
  })

  test('a function that is not there', () => {
    const main = fn('main', [call(), exit()], [to(0, 'lost')])
    expect(() => linkProgram(main, [main])).toThrow("function 'lost' does not exist")
  })
})

describe('references', () => {
  const resolver = {
    map: (name: string) => (name === 'absent' ? { index: 3 } : { fd: 11 }),
    extern: (name: string) =>
      ({
        config: { kind: 'kconfig', mapFd: 12, offset: 8 },
        symbol: { kind: 'btf', id: 77, btfFd: 5, fdIndex: 2 },
        address: { kind: 'address', address: 0xffffffff81000000n },
        lost: { kind: 'missing', index: 1 },
      })[name] as never,
  }
  const load = () => [slot(0x18, 4), slot(0)]

  function resolve(slots: Slot[], reference: Reference): Slot[] {
    applyReferences(slots, [reference], resolver)
    return slots
  }

  test('maps and their values', () => {
    expect(resolve(load(), { kind: 'map', slot: 0, map: 'm' })[0]).toMatchObject({ src: 1, imm: 11 })
    const value = resolve(load(), { kind: 'map-value', slot: 0, map: 'm', offset: 16 })
    expect(value.map((s) => [s.src, s.imm])).toEqual([
      [2, 11],
      [0, 20],
    ])
    const absent = resolve(load(), { kind: 'map', slot: 0, map: 'absent' })
    expect(absent.map((s) => s.imm)).toEqual([2001000003, 2001000003])
  })

  test('externs', () => {
    const all = ['config', 'symbol', 'address', 'lost'].map((extern) =>
      resolve(load(), { kind: 'extern', slot: 0, extern }).map((s) => [s.src, s.imm]),
    )
    expect(all).toEqual([
      [
        [2, 12],
        [0, 8],
      ],
      [
        [3, 77],
        [0, 5],
      ],
      [
        [0, -2130706432],
        [0, -1],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ])
    expect(resolve([call()], { kind: 'extern-call', slot: 0, extern: 'symbol' })[0]).toMatchObject({
      src: 2,
      imm: 77,
      off: 2,
    })
    expect(resolve([call()], { kind: 'extern-call', slot: 0, extern: 'lost' })[0]).toMatchObject({
      src: 0,
      imm: 2002000001,
    })
  })

  test('half a load is refused', () => {
    expect(() => resolve([slot(0x18)], { kind: 'map', slot: 0, map: 'm' })).toThrow('second half')
  })
})
