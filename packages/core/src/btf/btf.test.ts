// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { expectRobust, fixtureObject, fixtureText, optionalFile, toolOutput } from '../../test-fixtures/fixtures.ts'
import { parseElf } from '../elf/index.ts'
import { BtfError } from '../errors/index.ts'
import {
  type Btf,
  BtfBuilder,
  type BtfFeatures,
  type BtfType,
  checkBtf,
  encodeBtfExt,
  encodeFuncInfo,
  encodeLineInfo,
  formatC,
  formatCDeclaration,
  formatKfuncs,
  formatRaw,
  lineOf,
  parseBtf,
  parseBtfExt,
  sanitizeBtf,
} from './index.ts'

const sectionOf = (name: string, section: string) => parseElf(fixtureObject(`${name}.o`)).section(section)!.data
const btfOf = (name: string) => parseBtf(sectionOf(name, '.BTF'))
const VMLINUX = '/sys/kernel/btf/vmlinux'

/** Definitions without what bpftool puts around them. */
function definitions(text: string): string {
  const start = text.indexOf('#endif\n') + '#endif\n'.length
  const end = text.lastIndexOf('#ifndef BPF_NO_PRESERVE_ACCESS_INDEX')
  const body = text.slice(start, end)
  // Newer bpftools define two attributes and list kernel functions.
  return body
    .replace(/^#ifndef __(ksym|weak)\n.*\n#endif\n\n/gm, '')
    .replace(/\n\/\* BPF kfuncs \*\/[\s\S]*/, '')
    .trim()
}

describe('parseBtf', () => {
  for (const name of ['kinds', 'kinds-big', 'code-v4']) {
    it(`reads ${name}.o as bpftool does`, () => {
      const btf = btfOf(name)
      expect(formatRaw(btf)).toBe(fixtureText(`expected/${name}.raw`))
      expect(btf.littleEndian).toBe(name !== 'kinds-big')
      checkBtf(btf)
    })
  }

  it('meets every kind that clang makes', () => {
    const kinds = new Set([...btfOf('kinds').ids()].map((id) => btfOf('kinds').kindOf(id)))
    for (const kind of [
      'INT',
      'PTR',
      'ARRAY',
      'STRUCT',
      'UNION',
      'ENUM',
      'FWD',
      'TYPEDEF',
      'VOLATILE',
      'CONST',
    ] as const) {
      expect(kinds).toContain(kind)
    }
    for (const kind of [
      'RESTRICT',
      'FUNC',
      'FUNC_PROTO',
      'VAR',
      'DATASEC',
      'FLOAT',
      'DECL_TAG',
      'TYPE_TAG',
      'ENUM64',
    ]) {
      expect(kinds).toContain(kind)
    }
  })

  it('knows sizes, alignments and offsets of C', () => {
    const btf = btfOf('kinds')
    const id = (name: string) => btf.find(name, 'STRUCT')!
    // As clang's sizeof, _Alignof and offsetof say for kinds.c; but no alignment is above a pointer's, as in libbpf.
    expect([btf.sizeOf(id('nested')), btf.alignOf(id('nested'))]).toEqual([192, 8])
    expect([btf.sizeOf(id('packed')), btf.alignOf(id('packed'))]).toEqual([15, 1])
    expect(btf.sizeOf(id('gaps'))).toBe(32)
    expect(btf.sizeOf(btf.find('matrix_t')!)).toBe(24)
    expect(btf.member(id('nested'), 'y')!.bitOffset).toBe(32)
    expect(btf.member(id('nested'), 'wide')!.bitOffset).toBe(176 * 8)
    expect(btf.member(id('bits'), 'c')!.member).toMatchObject({ bitOffset: 10, bitSize: 40 })
    expect(btf.member(id('nested'), 'nothing')).toBeUndefined()
    expect(btf.typeAs(btf.resolve(btf.find('u64')!), 'INT')!.name).toBe('unsigned long long')
    expect(() => btf.sizeOf(btf.find('forward')!)).toThrow(/type \d+: FWD "forward" has no size/)
    expect(() => btf.sizeOf(0)).toThrow('type 0: VOID has no size')
  })

  it('finds names', () => {
    const btf = btfOf('kinds')
    expect(btf.findAll('nested').map((id) => btf.kindOf(id))).toEqual(['STRUCT'])
    expect(btf.find('nested', 'UNION')).toBeUndefined()
    expect(btf.type(btf.find('large', 'ENUM64')!)).toMatchObject({
      values: [{ name: 'LARGE', value: 0x123456789abcn }],
    })
    expect(btf.type(btf.find('negative', 'ENUM')!)).toMatchObject({
      signed: true,
      values: [{ value: -3n }, { value: 0n }],
    })
  })

  it('says what is wrong and where', () => {
    const bytes = sectionOf('kinds', '.BTF')
    const damage = (at: number, value: number) => () => {
      const copy = bytes.slice()
      new DataView(copy.buffer).setUint32(at, value, true)
      const btf = parseBtf(copy)
      for (const id of btf.ids()) btf.type(id)
    }
    expect(() => parseBtf(new Uint8Array(5))).toThrow('parse .BTF: header at 0x0: 24 bytes wanted, 5 left')
    expect(damage(0, 0)).toThrow('parse .BTF: header at 0x0: no BTF magic')
    expect(damage(0, 0x0002eb9f)).toThrow('header at 0x2: unknown version 2')
    expect(damage(4, 8)).toThrow('header at 0x4: header size 8, expected at least 24')
    expect(damage(8, 2)).toThrow('type section offset 2 is not a multiple of 4')
    expect(damage(12, 0x7fffffff)).toThrow(/type section at 0x18: 2147483647 bytes wanted, \d+ left/)
    expect(damage(16, 0)).toThrow('type section and string section overlap')
    // The first type is a PTR of 12 bytes: name, info, type.
    expect(damage(24, 0xffffff)).toThrow('type 1 at 0x18: name offset 0xffffff is outside of the string section')
    expect(damage(28, 31 << 24)).toThrow('parse .BTF: type 1 at 0x18: unknown kind 31')
    expect(damage(28, (4 << 24) | 0xffff)).toThrow(/type 1 at 0x18: 786432 bytes wanted, \d+ left/)
    expect(damage(32, 9999)).toThrow(/type 1 at 0x18: refers to type 9999, the last is \d+/)
    expect(() => btfOf('kinds').type(9999)).toThrow(/parse .BTF: type 9999 does not exist, the last is \d+/)
  })

  it('reads the running kernel in well under a second, as bpftool does', { timeout: 120_000 }, () => {
    const bytes = optionalFile(VMLINUX, 'BTF of the running kernel')
    if (!bytes) return
    const start = process.cpuUsage()
    const btf = parseBtf(bytes)
    expect(btf.find('task_struct', 'STRUCT')).toBeDefined()
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(1000)
    expect(btf.member(btf.find('sk_buff', 'STRUCT')!, 'len')!.bitOffset % 32).toBe(0)
    checkBtf(btf)
    expect(formatKfuncs(btf)).toMatch(
      /^extern struct task_struct \*bpf_task_acquire\(struct task_struct \*p\) __weak __ksym;$/m,
    )
    const raw = toolOutput('bpftool', 'btf', 'dump', 'file', VMLINUX, 'format', 'raw')
    if (raw !== undefined) expect(formatRaw(btf) === raw).toBe(true)
    // Since 7.5 the definitions are sorted by default.
    const version = /v(\d+)\.(\d+)/.exec(toolOutput('bpftool', 'version') ?? '')
    const sorts = version !== null && Number(version[1]) * 100 + Number(version[2]) >= 705
    const c = toolOutput('bpftool', 'btf', 'dump', 'file', VMLINUX, 'format', 'c', ...(sorts ? ['unsorted'] : []))
    if (c === undefined) return
    // bpftool before 7.3 does not print that an enum has one byte.
    const comparable = (text: string) => text.replaceAll(' __attribute__((mode(byte)))', '').trim().split('\n')
    const mine = comparable(formatC(btf))
    const theirs = comparable(definitions(c))
    expect(mine.length).toBe(theirs.length)
    expect(mine.filter((line, index) => line !== theirs[index])).toEqual([])
  })

  it('survives damaged input', { timeout: 300_000 }, () => {
    const inputs = [sectionOf('kinds', '.BTF'), sectionOf('kinds-big', '.BTF'), sectionOf('code-v4', '.BTF')]
    expectRobust(inputs, (bytes, index) => {
      const btf = parseBtf(bytes)
      expect(btf.count).toBeLessThanOrEqual(bytes.length / 12)
      for (const id of btf.ids()) {
        btf.type(id)
        for (const act of [() => btf.sizeOf(id), () => btf.alignOf(id), () => btf.member(id, 'none')]) ignoreTyped(act)
      }
      ignoreTyped(() => checkBtf(btf))
      // Printing and writing take milliseconds each: a part of the inputs is enough.
      if (index % 8 !== 0) return
      ignoreTyped(() => formatRaw(btf))
      ignoreTyped(() => formatC(btf))
      BtfBuilder.from(btf).finish()
    })
  })

  it('survives damaged .BTF.ext', { timeout: 120_000 }, () => {
    const btf = btfOf('code-v4')
    expectRobust([sectionOf('code-v4', '.BTF.ext')], (bytes) => void parseBtfExt(bytes, btf))
  })
})

/** Runs what may refuse a damaged type with the error of BTF, and with no other. */
function ignoreTyped(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
  }
}

describe('formatC', () => {
  for (const name of ['kinds', 'code-v4']) {
    it(`prints ${name}.o as bpftool does`, () => {
      const mine = formatC(btfOf(name)).trim()
      // The bpftool of the expected text does not print that an enum has one byte.
      expect(mine.replaceAll(' __attribute__((mode(byte)))', '')).toBe(definitions(fixtureText(`expected/${name}.h`)))
    })
  }

  it('declares names', () => {
    const btf = btfOf('kinds')
    const member = (name: string) => btf.member(btf.find('nested', 'STRUCT')!, name)!.member.type
    expect(formatCDeclaration(btf, member('callback'), 'callback')).toBe(
      'int (*callback)(struct nested *, const char *, ...)',
    )
    expect(formatCDeclaration(btf, member('table'), 'x')).toBe('void (*(*x)[4])(void)')
    expect(formatCDeclaration(btf, member('opaque'))).toBe('struct forward *')
    expect(formatCDeclaration(btf, 0)).toBe('void')
  })

  it('refuses types that contain themselves', () => {
    const builder = new BtfBuilder()
    builder.add({
      kind: 'STRUCT',
      name: 's',
      size: 8,
      kindFlag: false,
      members: [{ name: 'm', type: 1, bitOffset: 0, bitSize: 0 }],
    })
    expect(() => formatC(builder.build())).toThrow('type 1: contains itself')
    expect(() => checkBtf(builder.build())).toThrow('type 1: STRUCT "s" contains itself')
  })

  it('bounds what nested anonymous types print', () => {
    const builder = new BtfBuilder()
    builder.add({ kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 })
    for (let id = 2; id < 40; id++) {
      const member = { type: id - 1, bitOffset: 0, bitSize: 0 }
      const members = [
        { ...member, name: 'a' },
        { ...member, name: 'b' },
      ]
      builder.add({ kind: 'UNION', name: '', size: 4, kindFlag: false, members })
    }
    builder.add({ kind: 'TYPEDEF', name: 't', type: 39 })
    expect(() => formatC(builder.build())).toThrow('types nest too often')
  })
})

describe('loops', () => {
  const loop = (...types: BtfType[]): Btf => {
    const builder = new BtfBuilder()
    for (const type of types) builder.add(type)
    return builder.build()
  }

  it('are refused by size, alignment and resolution', () => {
    const typedefs = loop({ kind: 'TYPEDEF', name: 'a', type: 2 }, { kind: 'TYPEDEF', name: 'b', type: 1 })
    expect(() => typedefs.sizeOf(1)).toThrow('chain of types is longer than 32 or endless')
    expect(() => typedefs.resolve(1)).toThrow(BtfError)
    expect(() => checkBtf(typedefs)).toThrow('TYPEDEF "a" contains itself')
    expect(() => formatC(typedefs)).toThrow(BtfError)
    expect(() => formatCDeclaration(loop({ kind: 'PTR', name: '', type: 1 }), 1, 'x')).toThrow('too long or endless')
    expect(() => checkBtf(loop({ kind: 'PTR', name: '', type: 1 }))).toThrow('PTR contains itself')
    const array = loop({ kind: 'ARRAY', name: '', type: 1, indexType: 1, count: 2 })
    expect(() => array.sizeOf(1)).toThrow(BtfError)
    expect(() => array.alignOf(1)).toThrow(BtfError)
  })

  it('through a pointer to a struct are fine', () => {
    const list = loop(
      { kind: 'PTR', name: '', type: 2 },
      {
        kind: 'STRUCT',
        name: 'list',
        size: 8,
        kindFlag: false,
        members: [{ name: 'next', type: 1, bitOffset: 0, bitSize: 0 }],
      },
    )
    checkBtf(list)
    expect(formatC(list)).toBe('struct list {\n\tstruct list *next;\n};\n\n')
  })

  it('of sizes are guarded', () => {
    const big = loop(
      { kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 },
      { kind: 'ARRAY', name: '', type: 1, indexType: 1, count: 0xffffffff },
      { kind: 'ARRAY', name: '', type: 2, indexType: 1, count: 0xffffffff },
      { kind: 'ARRAY', name: '', type: 3, indexType: 1, count: 0 },
    )
    expect(() => big.sizeOf(3)).toThrow('type 3: size does not fit in 32 bits')
    expect(big.sizeOf(4)).toBe(0)
  })
})

describe('BtfBuilder', () => {
  for (const name of ['kinds', 'kinds-big', 'code-v4']) {
    it(`writes ${name} again with the same types`, () => {
      const btf = btfOf(name)
      const again = BtfBuilder.from(btf).build()
      expect(formatRaw(again)).toBe(formatRaw(btf))
      expect(again.littleEndian).toBe(btf.littleEndian)
      expect(again.bytes.length).toBeLessThanOrEqual(btf.bytes.length)
    })
  }

  it('continues the numbers of a base', () => {
    const base = btfOf('kinds')
    const builder = new BtfBuilder({ base })
    const pointer = builder.add({ kind: 'PTR', name: '', type: base.find('nested', 'STRUCT')! })
    builder.add({ kind: 'TYPEDEF', name: 'split_type', type: pointer })
    const split = builder.build()
    expect([split.startId, split.count, split.nextId]).toEqual([base.nextId, 2, base.nextId + 2])
    expect(split.nameOf(base.nextId + 1)).toBe('split_type')
    expect(split.find('nested')).toBe(base.find('nested'))
    expect(formatCDeclaration(split, base.nextId + 1, 'x')).toBe('split_type x')
    expect(split.typeAs(split.resolve(pointer + 1), 'PTR')).toBeDefined()
    expect(() => base.type(pointer)).toThrow(BtfError)
  })

  it('refuses values that do not fit', () => {
    const add = (type: BtfType) => () => {
      const builder = new BtfBuilder()
      builder.add(type)
      return builder.finish()
    }
    const member = { name: 'm', type: 0, bitOffset: 1 << 24, bitSize: 3 }
    expect(add({ kind: 'STRUCT', name: 's', size: 4, kindFlag: true, members: [member] })).toThrow(
      'encode .BTF: type 1: member "m": bit offset 16777216 is out of range',
    )
    const values = [{ name: 'E', value: 1n << 32n }]
    expect(add({ kind: 'ENUM', name: 'e', size: 4, signed: false, values })).toThrow(
      'enumerator "E": 4294967296 does not fit',
    )
    expect(add({ kind: 'FLOAT', name: 'a\0b', size: 4 })).toThrow('has a zero byte')
  })
})

describe('sanitizeBtf', () => {
  const none: BtfFeatures = {
    func: false,
    funcGlobal: false,
    datasec: false,
    float: false,
    declTag: false,
    typeTag: false,
    enum64: false,
    questionMarkInDatasec: false,
  }

  it('leaves only kinds of Linux 4.18, ids and sizes as they were', () => {
    const btf = btfOf('kinds')
    const plain = parseBtf(sanitizeBtf(btf, none))
    const first = ['INT', 'PTR', 'ARRAY', 'STRUCT', 'UNION', 'ENUM', 'FWD', 'TYPEDEF', 'VOLATILE', 'CONST', 'RESTRICT']
    for (const id of plain.ids()) expect(first).toContain(plain.kindOf(id))
    for (const name of ['nested', 'bits', 'tagged']) {
      expect(plain.find(name, 'STRUCT')).toBe(btf.find(name, 'STRUCT'))
      expect(plain.sizeOf(plain.find(name)!)).toBe(btf.sizeOf(btf.find(name)!))
    }
    expect(plain.kindOf(btf.find('.data.packed')!)).toBe('STRUCT')
    expect(plain.nameOf(btf.find('.data.packed')!)).toBe('_data_packed')
    expect(plain.typeAs(btf.find('negative', 'ENUM')!, 'ENUM')).toMatchObject({ signed: false })
  })

  it('changes nothing for a kernel that knows all', () => {
    const all = Object.fromEntries(Object.keys(none).map((key) => [key, true])) as unknown as BtfFeatures
    const btf = btfOf('kinds')
    expect(formatRaw(parseBtf(sanitizeBtf(btf, all)))).toBe(formatRaw(btf))
  })
})

describe('parseBtfExt', () => {
  const btf = btfOf('code-v4')
  const ext = parseBtfExt(sectionOf('code-v4', '.BTF.ext'), btf)

  it('names the functions at their offsets', () => {
    const elf = parseElf(fixtureObject('code-v4.o'))
    for (const { sectionName, records } of ext.funcInfo) {
      const functions = elf
        .symbolsOf(elf.section(sectionName)!)
        .filter(({ type }) => type === 2)
        .map(({ name, value }) => [value, name])
        .sort(([a], [b]) => Number(a) - Number(b))
      expect(records.map(({ insnOffset, typeId }) => [insnOffset, btf.nameOf(typeId)])).toEqual(functions)
    }
    expect(ext.funcInfo.map(({ sectionName }) => sectionName)).toEqual(['.text', 'socket', 'xdp'])
  })

  it('names the lines', () => {
    const socket = ext.lineInfo.find(({ sectionName }) => sectionName === 'socket')!
    const source = fixtureText('code.c').split('\n')
    for (const record of socket.records) {
      const { line, column } = lineOf(record)
      expect(btf.string(record.fileNameOffset)).toMatch(/code\.c$/)
      expect(btf.string(record.lineOffset)).toBe(source[line - 1])
      expect(column).toBeGreaterThanOrEqual(0)
    }
    expect(socket.records.length).toBeGreaterThan(2)
  })

  it('is written again, and encoded as BPF_PROG_LOAD takes it', () => {
    expect(parseBtfExt(encodeBtfExt(ext), btf)).toEqual(ext)
    expect(encodeFuncInfo([{ insnOffset: 8, typeId: 3 }], true)).toEqual(Uint8Array.of(8, 0, 0, 0, 3, 0, 0, 0))
    expect(encodeLineInfo(ext.lineInfo[0]!.records, true).length).toBe(ext.lineInfo[0]!.records.length * 16)
  })

  it('reads records that are longer than known', () => {
    const longer = (() => {
      const bytes = encodeBtfExt({ ...ext, funcInfo: [], lineInfo: [], coreRelos: [] })
      const record = [
        12, 0, 0, 0, /* section */ 0, 0, 0, 0, 1, 0, 0, 0, /* record */ 16, 0, 0, 0, 5, 0, 0, 0, 9, 9, 9, 9,
      ]
      const all = Uint8Array.of(...bytes, ...record)
      new DataView(all.buffer).setUint32(12, record.length, true)
      return all
    })()
    expect(parseBtfExt(longer, btf).funcInfo[0]!.records).toEqual([{ insnOffset: 16, typeId: 5 }])
  })
})
