// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import type { BtfType } from './types.ts'

const INT_ENCODINGS: ReadonlyMap<number, string> = new Map([
  [0, '(none)'],
  [1, 'SIGNED'],
  [2, 'CHAR'],
  [4, 'BOOL'],
])
const FUNC_LINKAGE = ['static', 'global', 'extern']
const VAR_LINKAGE = ['static', 'global', 'extern']

/** One type as `bpftool btf dump … format raw` prints it: a line, and one for each element. */
export function formatRawType(btf: Btf, id: number): string {
  const type = btf.type(id)
  return `[${id}] ${type.kind} '${type.name === '' ? '(anon)' : type.name}'${formatBody(btf, type)}`
}

/** All types, or those given, in raw form. */
export function formatRaw(btf: Btf, ids: Iterable<number> = btf.ids()): string {
  let text = ''
  for (const id of ids) text += `${formatRawType(btf, id)}\n`
  return text
}

function named(name: string): string {
  return `'${name === '' ? '(anon)' : name}'`
}

function formatBody(btf: Btf, type: BtfType): string {
  switch (type.kind) {
    case 'VOID':
      return ''
    case 'INT': {
      const encoding = INT_ENCODINGS.get(type.encoding) ?? 'UNKN'
      return ` size=${type.size} bits_offset=${type.bitOffset} nr_bits=${type.bits} encoding=${encoding}`
    }
    case 'ARRAY':
      return ` type_id=${type.type} index_type_id=${type.indexType} nr_elems=${type.count}`
    case 'STRUCT':
    case 'UNION':
      return ` size=${type.size} vlen=${type.members.length}${lines(type.members, (member) => {
        const bits = member.bitSize === 0 ? '' : ` bitfield_size=${member.bitSize}`
        return `${named(member.name)} type_id=${member.type} bits_offset=${member.bitOffset}${bits}`
      })}`
    case 'ENUM':
    case 'ENUM64': {
      const suffix = type.kind === 'ENUM' ? '' : type.signed ? 'LL' : 'ULL'
      const head = ` encoding=${type.signed ? 'SIGNED' : 'UNSIGNED'} size=${type.size} vlen=${type.values.length}`
      return head + lines(type.values, ({ name, value }) => `${named(name)} val=${value}${suffix}`)
    }
    case 'FWD':
      return ` fwd_kind=${type.union ? 'union' : 'struct'}`
    case 'FUNC':
      return ` type_id=${type.type} linkage=${FUNC_LINKAGE[type.linkage] ?? '(unknown)'}`
    case 'FUNC_PROTO': {
      const params = lines(type.params, (param) => `${named(param.name)} type_id=${param.type}`)
      return ` ret_type_id=${type.returnType} vlen=${type.params.length}${params}`
    }
    case 'VAR':
      return ` type_id=${type.type}, linkage=${VAR_LINKAGE[type.linkage] ?? '(unknown)'}`
    case 'DATASEC':
      return ` size=${type.size} vlen=${type.vars.length}${lines(type.vars, (info) => {
        const what = `(${btf.kindOf(info.type)} ${named(btf.nameOf(info.type))})`
        return `type_id=${info.type} offset=${info.offset} size=${info.size} ${what}`
      })}`
    case 'FLOAT':
      return ` size=${type.size}`
    case 'DECL_TAG':
      return ` type_id=${type.type} component_idx=${type.componentIndex}`
    default:
      return ` type_id=${type.type}`
  }
}

function lines<T>(elements: readonly T[], format: (element: T) => string): string {
  return elements.map((element) => `\n\t${format(element)}`).join('')
}
