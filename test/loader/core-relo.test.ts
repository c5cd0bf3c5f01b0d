// SPDX-License-Identifier: BSD-2-Clause
/** CO-RE against the running kernel's types, and against types made for the purpose. */
import { existsSync, readFileSync } from 'node:fs'
import { BpfMap, type IterLink, ids, openObject, RelocationError } from '@skep/core'
import { BtfBuilder } from '@skep/core/btf'
import * as U from '@skep/core/uapi'
import { describe, expect, test } from 'vitest'
import { eachKernel, fixture, ipv4Frame } from './fixtures.ts'

const at = eachKernel()
const frame = ipv4Frame(6)
const CILIUM = '/usr/share/gocode/src/github.com/cilium/ebpf/btf/testdata'

test('an iterator reads kernel structs by the names of their members', () => {
  using loaded = fixture('iter').load(at.kernel)
  using map = BpfMap.create(at.kernel, {
    type: U.BPF_MAP_TYPE_HASH,
    keySize: 12,
    valueSize: 20,
    maxEntries: 3,
    name: 'seen',
  })
  using link = loaded.programs.get('dump_maps')!.attach() as IterLink
  const before = [...ids(at.kernel, 'map')]
  const lines = link.readText().trim().split('\n')
  const after = new Set(ids(at.kernel, 'map'))
  expect(lines).toContain(`${map.info().id} seen 12 20`)
  const seen = lines.map((line) => Number(line.split(' ')[0]))
  // Other processes make maps as well: what was there before and after must have been seen, in order.
  const stayed = before.filter((id) => after.has(id))
  expect(seen.filter((id) => stayed.includes(id))).toEqual(stayed)
})

test('questions: fields, sizes, types, enumerators of the running kernel', () => {
  using loaded = fixture('iter').load(at.kernel)
  // There: id, the size of name, the struct and its size, the value of BPF_MAP_TYPE_HASH (1) in the place of 77, and
  // size 0 of what does not exist.
  const { retval } = loaded.programs.get('questions')!.testRun({ dataIn: frame })
  expect(retval).toBe(1 | 4 | 8 | 16 | 32 | 128)
})

test('questions about other types than the kernel has', () => {
  const builder = new BtfBuilder()
  const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset, bitSize: 0 })
  const int = builder.add({ kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 })
  const char = builder.add({ kind: 'INT', name: 'char', size: 1, bits: 8, bitOffset: 0, encoding: 1 })
  const name = builder.add({ kind: 'ARRAY', name: '', type: char, indexType: int, count: 32 })
  const members = [member('no_such_member', int, 0), member('name', name, 32)]
  builder.add({ kind: 'STRUCT', name: 'bpf_map', size: 36, kindFlag: false, members })
  builder.add({ kind: 'STRUCT', name: 'no_such_struct', size: 4, kindFlag: false, members: [member('member', int, 0)] })
  const values = [
    { name: 'BPF_MAP_TYPE_HASH', value: 1n },
    { name: 'NO_SUCH_ENUMERATOR', value: 2n },
  ]
  builder.add({ kind: 'ENUM', name: 'bpf_map_type', size: 4, signed: false, values })
  const object = fixture('iter')
  object.program('dump_maps').autoload = false
  using loaded = object.load(at.kernel, { targetBtf: builder.finish() })
  const { retval } = loaded.programs.get('questions')!.testRun({ dataIn: frame })
  expect(retval).toBe(2 | 8 | 32 | 64)
})

describe('programs of cilium/ebpf that check their own relocations', () => {
  const read = (name: string) => readFileSync(`${CILIUM}/${name}`)

  test('each returns 0, or the line that went wrong', (context) => {
    if (!existsSync(`${CILIUM}/relocs-el.elf`)) context.skip('golang-github-cilium-ebpf-dev is not installed')
    const object = openObject(read('relocs-el.elf'))
    const targetBtf = object.btf!.bytes
    const failures: string[] = []
    for (const { name } of object.programs) {
      const single = openObject(read('relocs-el.elf'))
      for (const program of single.programs) program.autoload = program.name === name
      if (name.startsWith('err_ambiguous')) {
        expect(() => single.load(at.kernel, { targetBtf })).toThrow(RelocationError)
        continue
      }
      using loaded = single.load(at.kernel, { targetBtf })
      const { retval } = loaded.programs.get(name)!.testRun({ dataIn: frame })
      if (retval !== 0) failures.push(`${name}: line ${retval}`)
    }
    expect(failures).toEqual([])
  })

  test('fields are read from where another layout has them', (context) => {
    if (!existsSync(`${CILIUM}/relocs_read-el.elf`)) context.skip('golang-github-cilium-ebpf-dev is not installed')
    const targetBtf = openObject(read('relocs_read_tgt-el.elf')).btf!.bytes
    using loaded = openObject(read('relocs_read-el.elf')).load(at.kernel, { targetBtf })
    for (const program of loaded.programs.values()) {
      expect([program.name, program.testRun({ dataIn: frame }).retval]).toEqual([program.name, 0])
    }
  })
})
