// SPDX-License-Identifier: BSD-2-Clause
/** Global variables: every data section becomes an array map with one value. */
import type { Btf } from '../btf/index.ts'
import { type ElfFile, type ElfSection, SHT_NOBITS, SHT_PROGBITS, STB_LOCAL, STT_OBJECT } from '../elf/index.ts'
import { ElfError } from '../errors/index.ts'
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_ARRAY } from '../gen/uapi-enums.gen.ts'
import type { MapOrigin, MapSpec, VariableSpec } from './spec.ts'

/** Largest section that a map's value can be: the kernel's KMALLOC limit is far below; files lie, sizes are checked. */
const MAX_DATA = 1 << 30

const PREFIXES: readonly (readonly [prefix: string, origin: MapOrigin])[] = [
  ['.data', 'data'],
  ['.rodata', 'rodata'],
  ['.bss', 'bss'],
]

/** What a section holds, undefined if no variables. `.data.foo` and `.rodata.str1.1` count, `.database` does not. */
export function dataOrigin(section: ElfSection): MapOrigin | undefined {
  const found = PREFIXES.find(([prefix]) => section.name === prefix || section.name.startsWith(`${prefix}.`))
  const wanted = found?.[1] === 'bss' ? SHT_NOBITS : SHT_PROGBITS
  return found && section.type === wanted && section.size > 0 ? found[1] : undefined
}

function fromBtf(btf: Btf, id: number): VariableSpec[] {
  const datasec = btf.typeAs(id, 'DATASEC')
  return (datasec?.vars ?? []).flatMap((info) => {
    const variable = btf.type(info.type)
    if (variable.kind !== 'VAR') return []
    const { name, type: typeId, linkage } = variable
    return [{ name, offset: info.offset, size: info.size, typeId, isStatic: linkage === 0 }]
  })
}

function fromSymbols(elf: ElfFile, section: ElfSection): VariableSpec[] {
  return elf
    .symbolsOf(section)
    .filter((symbol) => symbol.type === STT_OBJECT && symbol.name !== '')
    .map((s) => ({ name: s.name, offset: s.value, size: s.size, typeId: 0, isStatic: s.binding === STB_LOCAL }))
    .sort((a, b) => a.offset - b.offset)
}

/** The map of a data section. */
export function dataMap(elf: ElfFile, section: ElfSection, origin: MapOrigin, btf: Btf | undefined): MapSpec {
  if (section.size > MAX_DATA) {
    throw new ElfError(`parse section ${section.index} "${section.name}": ${section.size} bytes are too many for a map`)
  }
  const typeId = btf?.find(section.name, 'DATASEC') ?? 0
  const variables = btf && typeId ? fromBtf(btf, typeId) : fromSymbols(elf, section)
  const mappable = typeId !== 0 && variables.some((variable) => !variable.isStatic)
  return {
    name: section.name,
    origin,
    section: section.name,
    offset: 0,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: section.size,
    maxEntries: 1,
    flags: (origin === 'rodata' ? BPF_F_RDONLY_PROG : 0) | (mappable ? BPF_F_MMAPABLE : 0),
    numaNode: 0,
    mapExtra: 0n,
    pinByName: false,
    keyTypeId: 0,
    valueTypeId: typeId,
    initial: [],
    autocreate: true,
    variables,
    ...(origin === 'bss' ? {} : { data: section.data.slice() }),
  }
}

/** Section of variables that live in the arena: `__arena` globals. */
export const ARENA_SECTION = '.addr_space.1'

/** Gives the object's arena its variables and their initial contents. */
export function assignArenaData(elf: ElfFile, maps: readonly MapSpec[], btf: Btf | undefined): void {
  const section = elf.section(ARENA_SECTION)
  if (!section || section.size === 0) return
  const arena = maps.find((map) => map.type === BPF_MAP_TYPE_ARENA)
  if (!arena)
    throw new ElfError(`parse section ${section.index} "${section.name}": there is no arena for its variables`)
  arena.data = section.type === SHT_NOBITS ? new Uint8Array(section.size) : section.data.slice()
  const typeId = btf?.find(section.name, 'DATASEC') ?? 0
  arena.variables = btf && typeId ? fromBtf(btf, typeId) : fromSymbols(elf, section)
}
