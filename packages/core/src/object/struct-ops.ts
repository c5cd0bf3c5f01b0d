// SPDX-License-Identifier: BSD-2-Clause
/**
 * Tables of programs that the kernel calls (`SEC(".struct_ops")` and `.struct_ops.link`): each variable is a map of type
 * STRUCT_OPS whose data is the C struct, with programs where its members point to functions.
 */
import type { Btf } from '../btf/index.ts'
import type { ElfFile, ElfSection } from '../elf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { BPF_F_LINK, BPF_MAP_TYPE_STRUCT_OPS } from '../gen/uapi-enums.gen.ts'
import { SLOT_SIZE } from './slots.ts'
import type { FunctionSpec, MapSpec } from './spec.ts'

function isStructOpsSection(section: ElfSection): boolean {
  const name = section.name.startsWith('?') ? section.name.slice(1) : section.name
  return (name === '.struct_ops' || name === '.struct_ops.link') && section.size > 0
}

function variablesOf(section: ElfSection, btf: Btf): MapSpec[] {
  const id = btf.find(section.name, 'DATASEC')
  const datasec = id === undefined ? undefined : btf.typeAs(id, 'DATASEC')
  return (datasec?.vars ?? []).flatMap((info) => {
    const variable = btf.type(info.type)
    if (variable.kind !== 'VAR') return []
    const typeId = btf.resolve(variable.type)
    const map: MapSpec = {
      name: variable.name,
      origin: 'struct_ops',
      section: section.name,
      offset: info.offset,
      type: BPF_MAP_TYPE_STRUCT_OPS,
      keySize: 4,
      valueSize: btf.sizeOf(typeId),
      maxEntries: 1,
      flags: section.name.endsWith('.link') ? BPF_F_LINK : 0,
      numaNode: 0,
      mapExtra: 0n,
      pinByName: false,
      keyTypeId: 0,
      valueTypeId: typeId,
      initial: [],
      autocreate: !section.name.startsWith('?'),
      data: section.data.slice(info.offset, info.offset + info.size),
      variables: [],
    }
    return [map]
  })
}

/** The struct_ops maps of a file; `initial` says at which byte of the struct which program stands. */
export function structOpsMaps(elf: ElfFile, btf: Btf | undefined, functions: readonly FunctionSpec[]): MapSpec[] {
  if (!btf) return []
  return elf.sections.filter(isStructOpsSection).flatMap((section) => {
    const maps = variablesOf(section, btf)
    for (const { offset, symbol } of elf.relocationsFor(section)) {
      const map = maps.find((m) => m.offset <= offset && offset < m.offset + m.valueSize)
      const at = symbol.value / SLOT_SIZE
      const target = functions.find((fn) => fn.section === symbol.section?.name && fn.offset === at)
      if (!map || !target) {
        throw new RelocationError(
          `relocate ${section.name} at 0x${offset.toString(16)}: '${symbol.name}' is no program`,
        )
      }
      map.initial.push({ index: offset - map.offset, target: target.name })
    }
    return maps
  })
}
