// SPDX-License-Identifier: BSD-2-Clause
/** Relocations between made types; every expected number follows from C's layout rules. */
import { describe, expect, test } from 'vitest'
import { type Btf, BtfBuilder, type BtfMember } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { CoreResolver } from './core.ts'
import { POISON_HELPER, patchCore } from './core-patch.ts'
import { CoreKind } from './core-types.ts'
import { targetTypes } from './target.ts'

const member = (name: string, type: number, bitOffset: number, bitSize = 0): BtfMember => ({
  name,
  type,
  bitOffset,
  bitSize,
})

class Types {
  readonly builder = new BtfBuilder()
  readonly int = this.integer('int', 4, 1)
  readonly u32 = this.integer('unsigned int', 4, 0)
  readonly u64 = this.integer('unsigned long', 8, 0)

  integer(name: string, size: number, encoding: number): number {
    return this.builder.add({ kind: 'INT', name, size, bits: size * 8, bitOffset: 0, encoding })
  }

  struct(name: string, size: number, members: BtfMember[], kind: 'STRUCT' | 'UNION' = 'STRUCT'): number {
    return this.builder.add({ kind, name, size, kindFlag: members.some((m) => m.bitSize > 0), members })
  }

  pointer(type: number): number {
    return this.builder.add({ kind: 'PTR', name: '', type })
  }

  array(type: number, count: number): number {
    return this.builder.add({ kind: 'ARRAY', name: '', type, indexType: this.int, count })
  }

  enumeration(name: string, values: Record<string, bigint>): number {
    const list = Object.entries(values).map(([n, value]) => ({ name: n, value }))
    return this.builder.add({ kind: 'ENUM', name, size: 4, signed: false, values: list })
  }
}

function resolver(local: Types, target: Types): CoreResolver {
  return new CoreResolver(local.builder.build(), targetTypes(target.builder.build() as Btf), true)
}

const at = (typeId: number, access: string, kind: number) => ({ slot: 0, typeId, access, kind })

describe('fields', () => {
  test('offset, size, existence in another layout; modifiers and flavours do not matter', () => {
    const local = new Types()
    const s = local.struct('s___local', 8, [member('b', local.u32, 0), member('missing', local.u32, 32)])
    const target = new Types()
    const constant = target.builder.add({ kind: 'CONST', name: '', type: target.u64 })
    target.struct('s', 24, [member('a', target.u64, 0), member('b', constant, 128)])
    const core = resolver(local, target)
    expect(core.resolve(at(s, '0:0', CoreKind.fieldByteOffset))).toMatchObject({
      original: 0n,
      value: 16n,
      originalSize: 4,
      size: 8,
      poison: false,
      failMemorySize: false,
    })
    expect(core.resolve(at(s, '0:0', CoreKind.fieldByteSize))).toMatchObject({ original: 4n, value: 8n })
    expect(core.resolve(at(s, '0:1', CoreKind.fieldExists))).toMatchObject({ original: 1n, value: 0n, poison: false })
    expect(core.resolve(at(s, '0:1', CoreKind.fieldByteOffset)).poison).toBe(true)
  })

  test('anonymous members are passed through, array indexes counted', () => {
    const local = new Types()
    const l = local.struct('s', 32, [member('v', local.array(local.u32, 8), 0)])
    const target = new Types()
    const inner = target.struct(
      '',
      44,
      [member('x', target.u64, 0), member('v', target.array(target.u32, 9), 64)],
      'STRUCT',
    )
    target.struct('s', 52, [member('y', target.u64, 0), member('', inner, 64)])
    const core = resolver(local, target)
    // 8 of y, 8 of x, 5 elements of 4.
    expect(core.resolve(at(l, '0:0:5', CoreKind.fieldByteOffset))).toMatchObject({ original: 20n, value: 36n })
    // The struct itself as an array: 2 * 52 and 16.
    expect(core.resolve(at(l, '2:0', CoreKind.fieldByteOffset))).toMatchObject({ original: 64n, value: 120n })
  })

  test('an index beyond the target array does not match; a flexible one takes any', () => {
    const local = new Types()
    const l = local.struct('s', 32, [member('v', local.array(local.u32, 8), 0)])
    const small = new Types()
    small.struct('s', 12, [member('v', small.array(small.u32, 3), 0)])
    expect(resolver(local, small).resolve(at(l, '0:0:5', CoreKind.fieldByteOffset)).poison).toBe(true)
    const flexible = new Types()
    flexible.struct('s', 4, [member('n', flexible.u32, 0), member('v', flexible.array(flexible.u32, 0), 32)])
    expect(resolver(local, flexible).resolve(at(l, '0:0:5', CoreKind.fieldByteOffset))).toMatchObject({ value: 24n })
  })

  test('bit fields: aligned load, shifts, signedness', () => {
    const local = new Types()
    const l = local.struct('s', 4, [member('f', local.u32, 3, 5)])
    const target = new Types()
    target.struct('s', 16, [member('a', target.u64, 0), member('f', target.int, 64 + 20, 7)])
    const core = resolver(local, target)
    expect(core.resolve(at(l, '0:0', CoreKind.fieldByteOffset))).toMatchObject({ value: 8n, validate: false, size: 0 })
    expect(core.resolve(at(l, '0:0', CoreKind.fieldByteSize))).toMatchObject({ value: 4n })
    // 64 - (20 + 7) and 64 - 7.
    expect(core.resolve(at(l, '0:0', CoreKind.fieldLshiftU64)).value).toBe(37n)
    expect(core.resolve(at(l, '0:0', CoreKind.fieldRshiftU64))).toMatchObject({ original: 59n, value: 57n })
    expect(core.resolve(at(l, '0:0', CoreKind.fieldSigned))).toMatchObject({ original: 0n, value: 1n })
  })

  test('a signed field of another size cannot be loaded as it was', () => {
    const local = new Types()
    const l = local.struct('s', 4, [member('f', local.int, 0)])
    const target = new Types()
    target.struct('s', 8, [member('f', target.integer('long', 8, 1), 0)])
    const result = resolver(local, target).resolve(at(l, '0:0', CoreKind.fieldByteOffset))
    expect(result).toMatchObject({ failMemorySize: true, originalSize: 4, size: 8 })
    const slots = [{ code: 0x61, dst: 1, src: 2, off: 0, imm: 0 }]
    patchCore(slots, 0, result)
    expect(slots[0]).toEqual({ code: 0x85, dst: 0, src: 0, off: 0, imm: POISON_HELPER })
  })

  test('candidates that disagree are an error', () => {
    const local = new Types()
    const l = local.struct('s', 4, [member('f', local.u32, 0)])
    const target = new Types()
    target.struct('s', 4, [member('f', target.u32, 0)])
    target.struct('s___2', 8, [member('g', target.u32, 0), member('f', target.u32, 32)])
    expect(() => resolver(local, target).resolve(at(l, '0:0', CoreKind.fieldByteOffset))).toThrow(RelocationError)
  })
})

describe('types and enumerators', () => {
  test('existence, size, id, match', () => {
    const local = new Types()
    const l = local.struct('s', 4, [member('f', local.u32, 0)])
    const none = local.struct('none', 4, [])
    const target = new Types()
    const id = target.struct('s', 12, [member('g', target.u64, 0), member('f', target.u32, 64)])
    const core = resolver(local, target)
    expect(core.resolve(at(l, '0', CoreKind.typeExists)).value).toBe(1n)
    expect(core.resolve(at(none, '0', CoreKind.typeExists)).value).toBe(0n)
    expect(core.resolve(at(l, '0', CoreKind.typeSize))).toMatchObject({ original: 4n, value: 12n })
    expect(core.resolve(at(none, '0', CoreKind.typeSize))).toMatchObject({ value: 0n, poison: false })
    expect(core.resolve(at(l, '0', CoreKind.typeIdTarget)).value).toBe(BigInt(id))
    expect(core.resolve(at(l, '0', CoreKind.typeIdLocal)).value).toBe(BigInt(l))
    expect(core.resolve(at(l, '0', CoreKind.typeMatches)).value).toBe(1n)
  })

  test('a match wants every member with its type; behind a pointer only the name', () => {
    const make = (inner: 'u32' | 'u64') => {
      const types = new Types()
      const pointee = types.struct('p', 8, [member('x', types[inner], 0)])
      types.struct('s', 8, [member('p', types.pointer(pointee), 0)])
      const direct = types.struct('d', 8, [member('p', pointee, 0)])
      return { types, s: direct - 1, d: direct }
    }
    const [a, b] = [make('u32'), make('u64')]
    const core = resolver(a.types, b.types)
    expect(core.resolve(at(a.s, '0', CoreKind.typeMatches)).value).toBe(1n)
    expect(core.resolve(at(a.d, '0', CoreKind.typeMatches)).value).toBe(0n)
    expect(core.resolve(at(a.d, '0', CoreKind.typeExists)).value).toBe(1n)
  })

  test('enumerators by name without flavour', () => {
    const local = new Types()
    const e = local.enumeration('e', { ONE___x: 1n, LOST: 9n })
    const target = new Types()
    target.enumeration('e', { ZERO: 0n, ONE: 41n })
    const core = resolver(local, target)
    expect(core.resolve(at(e, '0', CoreKind.enumvalValue))).toMatchObject({ original: 1n, value: 41n })
    expect(core.resolve(at(e, '1', CoreKind.enumvalExists))).toMatchObject({ value: 0n, poison: false })
    expect(core.resolve(at(e, '1', CoreKind.enumvalValue)).poison).toBe(true)
  })
})

test('broken records are refused', () => {
  const local = new Types()
  const s = local.struct('s', 4, [member('f', local.u32, 0)])
  const anonymous = local.struct('', 4, [member('f', local.u32, 0)])
  const core = resolver(local, new Types())
  for (const access of ['', ':', '0:', 'x', '0:7', '0:0:0', Array(65).fill('0').join(':')]) {
    expect(() => core.resolve(at(s, access, CoreKind.fieldByteOffset)), access).toThrow(RelocationError)
  }
  expect(() => core.resolve(at(s, '0:0', 13))).toThrow('not a relocation kind')
  expect(() => core.resolve(at(anonymous, '0:0', CoreKind.fieldByteOffset))).toThrow('anonymous')
  const untargeted = new CoreResolver(local.builder.build(), undefined, true)
  expect(() => untargeted.resolve(at(s, '0:0', CoreKind.fieldByteOffset))).toThrow('no BTF')
})

describe('instructions', () => {
  const result = {
    original: 8n,
    value: 24n,
    originalSize: 4,
    size: 4,
    poison: false,
    validate: true,
    failMemorySize: false,
  }

  test('immediates, offsets, 64-bit loads', () => {
    const slots = [
      { code: 0x07, dst: 1, src: 0, off: 0, imm: 8 },
      { code: 0x61, dst: 1, src: 2, off: 8, imm: 0 },
      { code: 0x18, dst: 1, src: 0, off: 0, imm: 8 },
      { code: 0, dst: 0, src: 0, off: 0, imm: 0 },
    ]
    patchCore(slots, 0, result)
    patchCore(slots, 1, { ...result, size: 8 })
    patchCore(slots, 2, { ...result, value: 0x1_0000_0002n })
    // A load of 8 bytes is BPF_LDX | BPF_MEM | BPF_DW, 0x79.
    expect(slots).toEqual([
      { code: 0x07, dst: 1, src: 0, off: 0, imm: 24 },
      { code: 0x79, dst: 1, src: 2, off: 24, imm: 0 },
      { code: 0x18, dst: 1, src: 0, off: 0, imm: 2 },
      { code: 0, dst: 0, src: 0, off: 0, imm: 1 },
    ])
  })

  test('what does not fit is refused', () => {
    const one = (code: number, off = 8, imm = 8) => [{ code, dst: 1, src: 0, off, imm }]
    expect(() => patchCore(one(0x07, 0, 9), 0, result)).toThrow('it holds 9 where the local type says 8')
    expect(() => patchCore(one(0x0f), 0, result)).toThrow('has no immediate')
    expect(() => patchCore(one(0x61), 0, { ...result, value: 40000n })).toThrow('does not fit in 16 bits')
    expect(() => patchCore(one(0x69), 0, { ...result, size: 8 })).toThrow('2 bytes accessed')
    expect(() => patchCore(one(0x05), 0, result)).toThrow('nothing to patch')
    expect(() => patchCore(one(0x18), 0, result)).toThrow('malformed')
  })

  test('poison takes both halves of a 64-bit load', () => {
    const slots = [
      { code: 0x18, dst: 1, src: 0, off: 0, imm: 8 },
      { code: 0, dst: 0, src: 0, off: 0, imm: 0 },
    ]
    patchCore(slots, 0, { ...result, poison: true })
    expect(slots.map((s) => [s.code, s.imm])).toEqual([
      [0x85, 195896080],
      [0x85, 195896080],
    ])
  })
})
