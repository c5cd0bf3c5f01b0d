// SPDX-License-Identifier: BSD-2-Clause
import { type MapSpec, type ObjectSpec, openObject, type ProgramSpec } from '@skep/core'
import { Command } from 'commander'
import { objectName, readInput } from '../inputs.ts'
import type { Io } from '../io.ts'
import { formatJson } from '../output/json.ts'
import { attachTypeName, kernelVersionText, mapTypeName, progTypeName } from '../output/names.ts'
import { formatTable } from '../output/table.ts'
import type { CommandBuilder } from '../program.ts'

/** Kinds of types in the object's BTF, and how many of each. */
function btfSummary(object: ObjectSpec): Record<string, number> {
  const counts: Record<string, number> = {}
  if (!object.btf) return counts
  for (const id of object.btf.ids()) {
    const { kind } = object.btf.type(id)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

function references(program: ProgramSpec): string {
  const counts = new Map<string, number>()
  for (const { kind } of program.references) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  if (program.coreRelos.length) counts.set('core', program.coreRelos.length)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

function describeMap(map: MapSpec): string[] {
  const details = [
    map.flags ? `flags 0x${map.flags.toString(16)}` : '',
    map.mapExtra ? `map_extra ${map.mapExtra}` : '',
    map.pinByName ? 'pinned by name' : '',
    map.inner ? `of ${mapTypeName(map.inner.type)}` : '',
    map.initial.length ? `initial ${map.initial.map((member) => `[${member.index}]=${member.target}`).join(' ')}` : '',
    map.variables.length ? `variables ${map.variables.map((variable) => variable.name).join(' ')}` : '',
  ]
  const sizes = [map.keySize, map.valueSize, map.maxEntries].map(String)
  return [map.name, map.origin, mapTypeName(map.type), ...sizes, details.filter(Boolean).join(', ')]
}

const PROGRAM_COLUMNS = [
  { title: 'program' },
  { title: 'section' },
  { title: 'type' },
  { title: 'attach type' },
  { title: 'insns', align: 'right' },
  { title: 'references' },
] as const
const MAP_COLUMNS = [
  { title: 'map' },
  { title: 'from' },
  { title: 'type' },
  { title: 'key', align: 'right' },
  { title: 'value', align: 'right' },
  { title: 'entries', align: 'right' },
  { title: 'details' },
] as const

function print(path: string, object: ObjectSpec, io: Io): void {
  io.out(path)
  const version = object.kernVersion ? `, kernel version ${kernelVersionText(object.kernVersion)}` : ''
  io.out(`  licence ${object.license || 'none'}${version}, ${object.littleEndian ? 'little' : 'big'} endian`)
  const types = Object.entries(btfSummary(object))
  const total = types.reduce((sum, [, count]) => sum + count, 0)
  io.out(`  BTF ${total ? `${total} types: ${types.map(([kind, count]) => `${count} ${kind}`).join(', ')}` : 'none'}`)
  const table = (columns: typeof PROGRAM_COLUMNS | typeof MAP_COLUMNS, rows: string[][]) => {
    if (rows.length) io.out(`\n${formatTable(columns, rows).replace(/^/gm, '  ')}`)
  }
  table(
    PROGRAM_COLUMNS,
    object.programs.map((program) => [
      program.name,
      program.section + (program.autoload ? '' : ' (not loaded by default)'),
      progTypeName(program.type),
      attachTypeName(program.type, program.expectedAttachType),
      String(program.slots.length),
      references(program),
    ]),
  )
  table(MAP_COLUMNS, object.maps.map(describeMap))
  if (object.functions.length) {
    io.out(
      `\n  functions: ${object.functions.map((f) => `${f.name} (${f.isStatic ? 'static' : 'global'})`).join(', ')}`,
    )
  }
  if (object.externs.length) {
    io.out(`\n  externs: ${object.externs.map((e) => `${e.name} (${e.weak ? 'weak ' : ''}${e.kind})`).join(', ')}`)
  }
}

/** `skep inspect`: what an object file says. */
export const inspectCommand: CommandBuilder = ({ io }) =>
  new Command('inspect')
    .argument('<files...>', 'BPF object files')
    .option('--json', 'one JSON object a line')
    .action(async (files: string[], options: { json?: boolean }) => {
      for (const [index, file] of files.entries()) {
        const object = await openObject(await readInput(file), { name: objectName(file) })
        if (options.json) {
          io.out(formatJson({ object: file, ...(object.toJSON() as object), btf: btfSummary(object) }))
          continue
        }
        if (index) io.out('')
        print(file, object, io)
      }
    })
