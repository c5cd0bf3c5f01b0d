// SPDX-License-Identifier: BSD-2-Clause
// Writes the spec tables that are read from a kernel's BTF: node tools/gen/extract-uapi.mjs [vmlinux BTF file]
// Needs bpftool. Run it when the followed kernel changes, then look at the diff; the product never runs it.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { ATTR_LAYOUTS, INTERNAL_ENUMS, STRUCTS, UAPI_ENUMS } from './extract-list.mjs'

const SPDX = `// SPDX-License-Identifier: BSD-2-Clause\n// biome-ignore-all format: tables keep their columns`
const MODIFIERS = new Set(['CONST', 'VOLATILE', 'RESTRICT', 'TYPEDEF', 'TYPE_TAG'])

const btfFile = process.argv[2] ?? '/sys/kernel/btf/vmlinux'
const { types } = JSON.parse(
  execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', btfFile], { maxBuffer: 1 << 28, encoding: 'utf8' }),
)
const byId = new Map(types.map((type) => [type.id, type]))
const version = release().split('.').slice(0, 2).join('.')

function resolve(id) {
  let type = byId.get(id)
  while (MODIFIERS.has(type.kind)) type = byId.get(type.type_id)
  return type
}

function sizeOf(id) {
  const type = resolve(id)
  if (type.kind === 'PTR') return 8
  if (type.kind === 'ARRAY') return type.nr_elems * sizeOf(type.type_id)
  return type.size
}

function textOf(id) {
  const type = byId.get(id)
  if (type.kind === 'PTR') return 'pointer'
  if (type.kind === 'ARRAY') return `${textOf(type.type_id)}[${type.nr_elems}]`
  if (MODIFIERS.has(type.kind) && type.kind !== 'TYPEDEF') return textOf(type.type_id)
  if (type.kind === 'STRUCT' || type.kind === 'UNION' || type.kind === 'ENUM') {
    return type.name === '(anon)' ? type.kind.toLowerCase() : `${type.kind.toLowerCase()} ${type.name}`
  }
  return type.name
}

/** Rows [field, offset, size, type] of a struct: members of unnamed types are flattened, with a dotted path where named. */
function rowsOf(type, prefix = '', base = 0) {
  const rows = []
  for (const member of type.members) {
    const inner = resolve(member.type_id)
    const offset = base + Math.floor(member.bits_offset / 8)
    const anonymous = member.name === '(anon)'
    const aggregate = inner.kind === 'STRUCT' || inner.kind === 'UNION'
    if (member.bitfield_size) {
      if (anonymous) continue
      const size = sizeOf(member.type_id)
      const unit = Math.floor(member.bits_offset / (size * 8)) * size
      const shift = member.bits_offset - unit * 8
      rows.push([prefix + member.name, base + unit, size, `${textOf(member.type_id)}:${member.bitfield_size}@${shift}`])
    } else if (aggregate && anonymous) {
      rows.push(...rowsOf(inner, prefix, offset))
    } else if (aggregate && inner.name === '(anon)') {
      rows.push([prefix + member.name, offset, inner.size, inner.kind.toLowerCase()])
      rows.push(...rowsOf(inner, `${prefix}${member.name}.`, offset))
    } else {
      rows.push([prefix + member.name, offset, sizeOf(member.type_id), textOf(member.type_id)])
    }
  }
  return rows
}

function firstField(member) {
  return rowsOf(resolve(member.type_id))[0][0]
}

function aligned(rows, indent) {
  if (rows.length === 0) return []
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? `'${cell}'` : String(cell))))
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)))
  return cells.map((row) => {
    const text = row.map((cell, i) => {
      if (i === row.length - 1) return cell
      return cell.startsWith("'") ? `${cell},`.padEnd(widths[i] + 1) : `${cell},`.padStart(widths[i] + 1)
    })
    return `${indent}[${text.join(' ')}],`
  })
}

function layoutText(name, size, source, rows) {
  return [
    `  {`,
    `    name: '${name}', size: ${size}, source: '${source}', fields: [`,
    ...aligned(rows, '      '),
    `    ],`,
    `  },`,
  ].join('\n')
}

function layouts() {
  const attr = types.find((type) => type.kind === 'UNION' && type.name === 'bpf_attr')
  const parts = [layoutText('bpf_attr', attr.size, 'union bpf_attr', [])]
  for (const [name, marker] of ATTR_LAYOUTS) {
    const member = attr.members.find((m) => (m.name === '(anon)' ? firstField(m) : m.name) === marker)
    const rows = rowsOf(resolve(member.type_id))
    const end = Math.max(...rows.map(([, offset, size]) => offset + size))
    parts.push(layoutText(name, end, 'union bpf_attr', rows))
  }
  for (const name of STRUCTS) {
    const type = types.find((t) => (t.kind === 'STRUCT' || t.kind === 'UNION') && t.name === name)
    if (!type) throw new Error(`no struct ${name} in ${btfFile}`)
    const rows = rowsOf(type)
    parts.push(layoutText(name, type.size, `${type.kind.toLowerCase()} ${name}`, rows))
  }
  return `${SPDX}
// Struct layouts of the BPF system call and of program contexts, as x86-64 and every other 64-bit kernel lays them out.
// Provenance: BTF of Linux ${version}, written by tools/gen/extract-uapi.mjs.
//
// A layout: name, size in bytes (for the parts of union bpf_attr: end of the last field), where in the kernel it stands.
// A row: field (members of unnamed members are flattened; a dotted path where the member has a name), offset, size,
// C type; \`type[n]\` is an array, \`type:w@s\` a bit field of w bits from bit s of the unit at that offset.
export const LAYOUTS = [
${parts.join('\n')}
]
`
}

function enumText(list, exportName, head) {
  const parts = list.map(([group, first, prefix]) => {
    const type = types.find((t) => t.kind.startsWith('ENUM') && (first ? t.values[0].name === first : t.name === group))
    if (!type) throw new Error(`no enum ${group}`)
    const width = Math.max(...type.values.map((value) => value.name.length))
    const rows = type.values.map(({ name, val }) => {
      const number =
        val < -1 || !Number.isInteger(val) ? BigInt.asUintN(type.kind === 'ENUM64' ? 64 : 32, BigInt(val)) : val
      return `      [${`'${name}',`.padEnd(width + 3)} ${number > 4096 ? `0x${number.toString(16)}` : number}],`
    })
    return [
      `  {`,
      `    name: '${group}', names: ${prefix ? `'${prefix}'` : 'null'}, values: [`,
      ...rows,
      `    ],`,
      `  },`,
    ].join('\n')
  })
  return `${SPDX}\n${head}export const ${exportName} = [\n${parts.join('\n')}\n]\n`
}

writeFileSync(new URL('../../spec/uapi-layouts.mjs', import.meta.url), layouts())
writeFileSync(
  new URL('../../spec/uapi-enums.mjs', import.meta.url),
  enumText(
    UAPI_ENUMS,
    'UAPI_ENUMS',
    `// Enumerations of the kernel's user interface that loaders and the virtual kernel need.
// Provenance: BTF of Linux ${version}, written by tools/gen/extract-uapi.mjs. (Macros stand in uapi-defines.mjs.)
//
// An enumeration: its name (unnamed ones have a descriptive one), the name of the number-to-name table that is made
// from it (null: none), and rows [name, value].
`,
  ),
)
writeFileSync(
  new URL('../../spec/verifier-types.mjs', import.meta.url),
  enumText(
    INTERNAL_ENUMS,
    'VERIFIER_ENUMS',
    `// Kernel-internal enumerations that helper prototypes and the verifier's register types are written in.
// A type is a base (low BPF_BASE_TYPE_BITS = 8 bits) with flags of bpf_type_flag above.
// Provenance: BTF of Linux ${version}, written by tools/gen/extract-uapi.mjs. Layout as in uapi-enums.mjs.
`,
  ),
)
