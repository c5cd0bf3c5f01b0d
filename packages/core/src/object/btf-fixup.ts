// SPDX-License-Identifier: BSD-2-Clause
/**
 * The compiler leaves parts of BTF to the linker: sizes of sections and offsets of variables, which only ELF knows. And
 * the kernel knows no externs: their declarations become ordinary ones. What is done follows libbpf, so that the kernel
 * sees the same types.
 */
import { type Btf, BtfBuilder, type BtfDatasec, type BtfSecInfo } from '../btf/index.ts'
import { type ElfFile, type ElfSection, STB_LOCAL, STV_HIDDEN, STV_INTERNAL } from '../elf/index.ts'
import type { ExternSpec, FunctionSpec } from './spec.ts'

const STATIC = 0
const GLOBAL = 1

/** Types of the object with everything filled in. Ids stay the same. */
export function fixBtf(
  btf: Btf,
  elf: ElfFile,
  externs: readonly ExternSpec[],
  staticFunctions: readonly FunctionSpec[],
): Btf {
  const builder = BtfBuilder.from(btf)
  for (const id of btf.ownIds()) {
    const type = btf.type(id)
    if (type.kind === 'DATASEC') fixDatasec(builder, btf, elf, id, type, externs)
    else if (type.kind === 'FUNC' && type.linkage === GLOBAL && staticFunctions.some((fn) => fn.name === type.name)) {
      builder.set(id, { ...type, linkage: STATIC })
    }
  }
  return builder.build()
}

function fixDatasec(
  builder: BtfBuilder,
  btf: Btf,
  elf: ElfFile,
  id: number,
  type: BtfDatasec,
  externs: readonly ExternSpec[],
): void {
  if (type.name === '.kconfig') fixKconfig(builder, btf, id, type, externs)
  else if (type.name === '.ksyms') fixKsyms(builder, btf, id, type)
  else {
    const section = elf.section(type.name)
    if (section && type.size === 0) fixVariables(builder, btf, elf, section, id, type)
    else if (section) builder.set(id, { ...type, vars: sorted(type.vars) })
  }
}

function sorted(vars: readonly BtfSecInfo[]): BtfSecInfo[] {
  return [...vars].sort((a, b) => a.offset - b.offset)
}

function fixVariables(
  builder: BtfBuilder,
  btf: Btf,
  elf: ElfFile,
  section: ElfSection,
  id: number,
  type: BtfDatasec,
): void {
  const symbols = new Map(
    elf
      .symbolsOf(section)
      .filter((s) => s.binding !== STB_LOCAL)
      .map((s) => [s.name, s]),
  )
  const vars = type.vars.map((info) => {
    const variable = btf.type(info.type)
    const symbol = variable.kind === 'VAR' && variable.linkage !== STATIC ? symbols.get(variable.name) : undefined
    if (variable.kind !== 'VAR' || !symbol) return info
    if (symbol.visibility === STV_HIDDEN || symbol.visibility === STV_INTERNAL) {
      builder.set(info.type, { ...variable, linkage: STATIC })
    }
    return { ...info, offset: symbol.value }
  })
  builder.set(id, { ...type, size: section.size, vars: sorted(vars) })
}

function fixKconfig(builder: BtfBuilder, btf: Btf, id: number, type: BtfDatasec, externs: readonly ExternSpec[]): void {
  const places = new Map(externs.map((e) => [e.name, e.kconfig]))
  let size = 0
  const vars = type.vars.map((info) => {
    const variable = btf.type(info.type)
    const place = places.get(variable.name)
    if (variable.kind !== 'VAR' || !place) return info
    builder.set(info.type, { ...variable, linkage: GLOBAL })
    size = Math.max(size, place.offset + place.size)
    return { ...info, offset: place.offset }
  })
  builder.set(id, { ...type, size, vars: sorted(vars) })
}

/** Kernel symbols become 4-byte integers in a section that does not exist; functions lose their place in it. */
function fixKsyms(builder: BtfBuilder, btf: Btf, id: number, type: BtfDatasec): void {
  const intId = findInt(btf) ?? builder.add({ kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 })
  const dummy = builder.add({ kind: 'VAR', name: 'dummy_ksym', type: intId, linkage: GLOBAL })
  const vars = type.vars.map((info, index) => {
    const place = { type: info.type, offset: index * 4, size: 4 }
    const declared = btf.type(info.type)
    if (declared.kind === 'VAR') {
      builder.set(info.type, { ...declared, type: intId, linkage: GLOBAL })
      return place
    }
    if (declared.kind !== 'FUNC') return place
    builder.set(info.type, { ...declared, linkage: GLOBAL })
    nameParameters(builder, btf, declared.type)
    return { ...place, type: dummy }
  })
  builder.set(id, { ...type, size: vars.length * 4, vars })
}

/** A prototype without parameter names is no function to the kernel. */
function nameParameters(builder: BtfBuilder, btf: Btf, protoId: number): void {
  const proto = btf.type(protoId)
  if (proto.kind !== 'FUNC_PROTO' || proto.params.every((p) => p.name || !p.type)) return
  const params = proto.params.map((p) => (p.type && !p.name ? { ...p, name: 'dummy_ksym' } : p))
  builder.set(protoId, { ...proto, params })
}

function findInt(btf: Btf): number | undefined {
  for (const id of btf.ids()) {
    const type = btf.type(id)
    if (type.kind === 'INT' && type.size === 4) return id
  }
  return undefined
}
