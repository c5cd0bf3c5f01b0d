// SPDX-License-Identifier: BSD-2-Clause
/**
 * Maps of the `.maps` section. Their definition is the *type* of the variable: `__uint(max_entries, 4)` is a member of type
 * `int (*)[4]`, `__type(key, u32)` one of type `u32 *`, `__array(values, …)` a zero-length array of pointers, and the
 * variable's initialiser, seen through relocations, says which maps or programs stand in it at first.
 */
import type { Btf, BtfComposite, BtfMember, BtfType } from '../btf/index.ts'
import type { ElfFile, ElfSection } from '../elf/index.ts'
import { BtfError, RelocationError } from '../errors/index.ts'
import { BPF_MAP_TYPE_PROG_ARRAY } from '../gen/uapi-enums.gen.ts'
import { isMapInMap } from './legacy-maps.ts'
import type { FunctionSpec, MapSpec } from './spec.ts'

const POINTER_SIZE = 8

class MapDefinition {
  readonly btf: Btf
  readonly map: MapSpec
  readonly seen = new Set<string>()

  constructor(btf: Btf, map: MapSpec) {
    this.btf = btf
    this.map = map
  }

  fail(message: string): BtfError {
    return new BtfError(`parse .maps: map '${this.map.name}': ${message}`)
  }

  type(id: number): BtfType {
    return this.btf.type(this.btf.resolve(id))
  }

  /** `__uint(name, value)`: length of the array behind the pointer. */
  uint(member: BtfMember): number {
    const pointer = this.type(member.type)
    const array = pointer.kind === 'PTR' ? this.btf.type(pointer.type) : undefined
    if (array?.kind !== 'ARRAY') throw this.fail(`attribute '${member.name}': expected a pointer to an array`)
    return array.count
  }

  /** `__ulong(name, value)`: the only enumerator of an anonymous enum; `__uint` will do too. */
  ulong(member: BtfMember): bigint {
    const type = this.type(member.type)
    if (type.kind === 'PTR') return BigInt(this.uint(member))
    const values = type.kind === 'ENUM' || type.kind === 'ENUM64' ? type.values : []
    const value = values[0]
    if (!value || values.length !== 1) {
      throw this.fail(`attribute '${member.name}': expected an enum with one value`)
    }
    return BigInt.asUintN(64, value.value)
  }

  /** `__type(name, type)`. */
  pointee(member: BtfMember): { id: number; size: number } {
    const pointer = this.type(member.type)
    if (pointer.kind !== 'PTR') throw this.fail(`attribute '${member.name}': expected a pointer`)
    return { id: pointer.type, size: this.btf.sizeOf(pointer.type) }
  }

  setSize(field: 'keySize' | 'valueSize', size: number): void {
    if (this.seen.has(field) && this.map[field] !== size) {
      throw this.fail(`conflicting ${field === 'keySize' ? 'key' : 'value'} sizes ${this.map[field]} and ${size}`)
    }
    this.map[field] = size
    this.seen.add(field)
  }
}

function emptyMap(name: string, origin: 'btf' | 'inner', section: string, offset: number): MapSpec {
  return {
    name,
    origin,
    section,
    offset,
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    numaNode: 0,
    mapExtra: 0n,
    pinByName: false,
    keyTypeId: 0,
    valueTypeId: 0,
    initial: [],
    autocreate: true,
    variables: [],
  }
}

type Attribute = (definition: MapDefinition, member: BtfMember) => void

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  type: (d, m) => {
    d.map.type = d.uint(m)
  },
  max_entries: (d, m) => {
    d.map.maxEntries = d.uint(m)
  },
  map_flags: (d, m) => {
    d.map.flags = d.uint(m)
  },
  numa_node: (d, m) => {
    d.map.numaNode = d.uint(m)
  },
  key_size: (d, m) => d.setSize('keySize', d.uint(m)),
  value_size: (d, m) => d.setSize('valueSize', d.uint(m)),
  key: (d, m) => {
    const { id, size } = d.pointee(m)
    d.setSize('keySize', size)
    d.map.keyTypeId = id
  },
  value: (d, m) => {
    const { id, size } = d.pointee(m)
    d.setSize('valueSize', size)
    d.map.valueTypeId = id
  },
  pinning: (d, m) => {
    const value = d.uint(m)
    if (d.map.origin === 'inner') throw d.fail('an inner map cannot be pinned')
    if (value > 1) throw d.fail(`pinning ${value} is unknown: 0 is none, 1 by name`)
    d.map.pinByName = value === 1
  },
  map_extra: (d, m) => {
    d.map.mapExtra = d.ulong(m)
  },
  values: (d, m) => parseValues(d, m),
}

function parseValues(d: MapDefinition, member: BtfMember): void {
  const inMap = isMapInMap(d.map.type)
  if (d.map.origin === 'inner') throw d.fail('inner maps of inner maps are not possible')
  if (!inMap && d.map.type !== BPF_MAP_TYPE_PROG_ARRAY) {
    throw d.fail("'values' belongs to maps of maps and program arrays")
  }
  d.setSize('valueSize', 4)
  const array = d.type(member.type)
  if (array.kind !== 'ARRAY' || array.count !== 0) throw d.fail("'values' is not an array of length zero")
  const pointer = d.type(array.type)
  if (pointer.kind !== 'PTR') throw d.fail(`'values' holds ${pointer.kind}, expected pointers`)
  const target = d.type(pointer.type)
  if (!inMap) {
    if (target.kind !== 'FUNC_PROTO') throw d.fail(`'values' points to ${target.kind}, expected functions`)
    return
  }
  if (target.kind !== 'STRUCT') throw d.fail(`'values' points to ${target.kind}, expected a map definition`)
  const inner = emptyMap(`${d.map.name}.inner`, 'inner', d.map.section, 0)
  parseMembers(new MapDefinition(d.btf, inner), target)
  d.map.inner = inner
}

function parseMembers(definition: MapDefinition, type: BtfComposite): void {
  type.members.forEach((member, index) => {
    const attribute = ATTRIBUTES[member.name]
    if (!attribute)
      throw definition.fail(`attribute '${member.name}' is unknown: ${Object.keys(ATTRIBUTES).join(', ')}`)
    if (member.name === 'values' && index !== type.members.length - 1) throw definition.fail("'values' must be last")
    attribute(definition, member)
  })
  if (definition.map.type === 0) throw definition.fail('its type is missing')
}

/** The maps that the DATASEC `.maps` lists, in its order. */
export function btfMaps(section: ElfSection, btf: Btf): MapSpec[] {
  const id = btf.find('.maps', 'DATASEC')
  const datasec = id === undefined ? undefined : btf.typeAs(id, 'DATASEC')
  if (!datasec) throw new BtfError('parse .maps: the DATASEC .maps is missing')
  return datasec.vars.map((info) => {
    const variable = btf.type(info.type)
    if (variable.kind !== 'VAR') throw new BtfError(`parse .maps: type ${info.type} is ${variable.kind}, expected VAR`)
    const map = emptyMap(variable.name, 'btf', section.name, info.offset)
    const definition = new MapDefinition(btf, map)
    const type = definition.type(variable.type)
    if (type.kind !== 'STRUCT') throw definition.fail(`its type is ${type.kind}, expected STRUCT`)
    if (info.offset + info.size > section.size) throw definition.fail('it lies outside of the section')
    parseMembers(definition, type)
    return map
  })
}

/** Reads from the relocations of `.maps` what stands in maps of maps and program arrays at first. */
export function initialMembers(
  elf: ElfFile,
  section: ElfSection,
  btf: Btf,
  maps: readonly MapSpec[],
  functions: readonly FunctionSpec[],
): void {
  for (const relocation of elf.relocationsFor(section)) {
    const { offset, symbol } = relocation
    const where = `relocate .maps at 0x${offset.toString(16)}`
    const map = maps.findLast((m) => m.section === section.name && m.offset <= offset)
    const start = map && valuesOffset(btf, map)
    if (!map || start === undefined || offset < start || (offset - start) % POINTER_SIZE !== 0) {
      throw new RelocationError(`${where}: '${symbol.name}' does not initialise a map`)
    }
    const known = isMapInMap(map.type)
      ? maps.some((m) => m.name === symbol.name && m.origin === 'btf')
      : functions.some((f) => f.name === symbol.name)
    if (!known) throw new RelocationError(`${where}: map '${map.name}': '${symbol.name}' cannot stand in it`)
    map.initial.push({ index: (offset - start) / POINTER_SIZE, target: symbol.name })
  }
}

/** Offset in the section of a map's `values`. */
function valuesOffset(btf: Btf, map: MapSpec): number | undefined {
  const id = btf.find(map.name, 'VAR')
  const variable = id === undefined ? undefined : btf.typeAs(id, 'VAR')
  const type = variable && btf.type(btf.resolve(variable.type))
  const member = type?.kind === 'STRUCT' ? type.members.at(-1) : undefined
  return member?.name === 'values' ? map.offset + member.bitOffset / 8 : undefined
}
