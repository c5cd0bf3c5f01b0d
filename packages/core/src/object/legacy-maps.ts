// SPDX-License-Identifier: BSD-2-Clause
/**
 * Maps of sections named `maps`: an array of C structs whose size every loader chose for itself. All start alike:
 *
 *   0 type   4 key_size   8 value_size   12 max_entries   16 map_flags
 *   20 inner_map_idx   24 numa_node                            (28 bytes: the kernel's old samples)
 *   20 id   24 pinning   28 inner_id   32 inner_idx            (36 bytes: iproute2)
 */
import type { Btf } from '../btf/index.ts'
import { ByteView } from '../bytes/index.ts'
import { type ElfFile, type ElfSection, type ElfSymbol, STT_NOTYPE, STT_OBJECT } from '../elf/index.ts'
import { ElfError } from '../errors/index.ts'
import type { MapSpec } from './spec.ts'

const KNOWN_SIZE = 20
const SAMPLES_SIZE = 28
const IPROUTE2_SIZE = 36
const PIN_GLOBAL = 2

/** Whether the section holds legacy definitions. */
export function isLegacyMapsSection(section: ElfSection): boolean {
  return section.name === 'maps' || section.name.startsWith('maps/')
}

function mapSymbols(elf: ElfFile, section: ElfSection): ElfSymbol[] {
  return elf
    .symbolsOf(section)
    .filter((symbol) => symbol.name !== '' && (symbol.type === STT_OBJECT || symbol.type === STT_NOTYPE))
    .sort((a, b) => a.value - b.value)
}

/** Key and value types of `BPF_ANNOTATE_KV_PAIR(name, key, value)`, where the file has them. */
function annotatedTypes(btf: Btf | undefined, name: string): { keyTypeId: number; valueTypeId: number } {
  const id = btf?.find(`____btf_map_${name}`, 'STRUCT')
  const members = id === undefined ? undefined : btf?.typeAs(id, 'STRUCT')?.members
  if (members?.length !== 2) return { keyTypeId: 0, valueTypeId: 0 }
  return { keyTypeId: members[0]!.type, valueTypeId: members[1]!.type }
}

/** The maps of one section, in the order of their offsets. */
export function legacyMaps(elf: ElfFile, section: ElfSection, btf: Btf | undefined): MapSpec[] {
  const symbols = mapSymbols(elf, section)
  if (symbols.length === 0) return []
  const act = `parse section ${section.index} "${section.name}"`
  const view = new ByteView(section.data, { littleEndian: elf.littleEndian, error: ElfError, act })
  const entrySize = section.size / symbols.length
  if (!Number.isInteger(entrySize) || entrySize < 16) {
    throw view.fail(`${section.size} bytes do not make ${symbols.length} map definitions`)
  }
  const inner = new Map<MapSpec, number>()
  const maps = symbols.map((symbol) => {
    const map = parseEntry(view, section, symbol, entrySize, btf)
    const index = innerIndex(view, symbol.value, entrySize)
    if (index !== undefined && isMapInMap(map.type)) inner.set(map, index)
    return map
  })
  for (const [map, index] of inner) {
    const template = maps[index]
    if (!template || template === map) throw view.fail(`map '${map.name}': inner map ${index} does not exist`)
    map.inner = { ...template, name: `${map.name}.inner`, origin: 'inner' }
  }
  return maps
}

/** BPF_MAP_TYPE_ARRAY_OF_MAPS or HASH_OF_MAPS. */
export function isMapInMap(type: number): boolean {
  return type === 12 || type === 13
}

function innerIndex(view: ByteView, at: number, entrySize: number): number | undefined {
  if (entrySize === IPROUTE2_SIZE) return undefined
  return entrySize >= SAMPLES_SIZE - 4 ? view.u32(at + 20) : undefined
}

function parseEntry(
  view: ByteView,
  section: ElfSection,
  symbol: ElfSymbol,
  entrySize: number,
  btf: Btf | undefined,
): MapSpec {
  const at = symbol.value
  view.need(at, entrySize, `map '${symbol.name}'`)
  const extra = entrySize > KNOWN_SIZE ? section.data.slice(at + KNOWN_SIZE, at + entrySize) : undefined
  return {
    name: symbol.name,
    origin: 'legacy',
    section: section.name,
    offset: at,
    type: view.u32(at),
    keySize: view.u32(at + 4),
    valueSize: view.u32(at + 8),
    maxEntries: view.u32(at + 12),
    flags: entrySize >= KNOWN_SIZE ? view.u32(at + 16) : 0,
    numaNode: entrySize === SAMPLES_SIZE ? view.u32(at + 24) : 0,
    mapExtra: 0n,
    pinByName: entrySize === IPROUTE2_SIZE && view.u32(at + 24) === PIN_GLOBAL,
    ...annotatedTypes(btf, symbol.name),
    initial: [],
    autocreate: true,
    variables: [],
    ...(extra?.some((byte) => byte !== 0) ? { extra } : {}),
  }
}
