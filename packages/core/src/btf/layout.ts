// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'

/** Longest chain of typedefs, modifiers and arrays that is followed: libbpf's and the kernel's limit is 32 too. */
export const MAX_RESOLVE_DEPTH = 32

/** Deepest nesting of structs, arrays and typedefs that is measured. */
const MAX_NESTING = 512

/** Follows modifiers, and typedefs if asked to. */
export function resolveType(btf: Btf, id: number, throughTypedefs: boolean): number {
  let current = id
  for (let depth = 0; depth <= MAX_RESOLVE_DEPTH; depth++) {
    const type = btf.type(current)
    switch (type.kind) {
      case 'TYPEDEF':
        if (!throughTypedefs) return current
        current = type.type
        break
      case 'CONST':
      case 'VOLATILE':
      case 'RESTRICT':
      case 'TYPE_TAG':
        current = type.type
        break
      default:
        return current
    }
  }
  throw btf.fail(`type ${id}: chain of types is longer than ${MAX_RESOLVE_DEPTH} or endless`)
}

/** Size in bytes; sizes that do not fit in 32 bits are refused, as by the kernel. */
export function sizeOf(btf: Btf, id: number): number {
  let current = id
  let factor = 1
  for (let depth = 0; depth <= MAX_RESOLVE_DEPTH; depth++) {
    const type = btf.type(current)
    switch (type.kind) {
      case 'INT':
      case 'STRUCT':
      case 'UNION':
      case 'ENUM':
      case 'ENUM64':
      case 'FLOAT':
      case 'DATASEC':
        return checkedSize(btf, id, factor * type.size)
      case 'PTR':
        return checkedSize(btf, id, factor * btf.pointerSize)
      case 'ARRAY':
        // An empty array has no size whatever it is made of; a product above 2^53 is not exact but still too large.
        factor *= type.count
        current = type.type
        break
      case 'TYPEDEF':
      case 'CONST':
      case 'VOLATILE':
      case 'RESTRICT':
      case 'TYPE_TAG':
      case 'VAR':
      case 'DECL_TAG':
        current = type.type
        break
      default:
        throw btf.fail(`type ${id}: ${describe(type.kind, type.name)} has no size`)
    }
  }
  throw btf.fail(`type ${id}: chain of types is longer than ${MAX_RESOLVE_DEPTH} or endless`)
}

function checkedSize(btf: Btf, id: number, size: number): number {
  if (size > 0xffffffff) throw btf.fail(`type ${id}: size does not fit in 32 bits`)
  return size
}

function describe(kind: string, name: string): string {
  return name === '' ? kind : `${kind} ${JSON.stringify(name)}`
}

/** Alignments of composites found so far, by BTF: the walk below would otherwise repeat shared members. */
const composites = new WeakMap<Btf, Map<number, number>>()

/**
 * Natural alignment. A struct whose members or size are not multiples of it was declared packed: its alignment is 1.
 * The rule is libbpf's btf__align_of.
 */
export function alignOf(btf: Btf, id: number, depth = 0): number {
  if (depth > MAX_NESTING) throw btf.fail(`type ${id}: nested deeper than ${MAX_NESTING} or endless`)
  const type = btf.type(id)
  switch (type.kind) {
    case 'INT':
    case 'ENUM':
    case 'ENUM64':
    case 'FLOAT':
      return Math.max(1, Math.min(btf.pointerSize, type.size))
    case 'PTR':
      return btf.pointerSize
    case 'TYPEDEF':
    case 'CONST':
    case 'VOLATILE':
    case 'RESTRICT':
    case 'TYPE_TAG':
    case 'ARRAY':
    case 'VAR':
      return alignOf(btf, type.type, depth + 1)
    case 'STRUCT':
    case 'UNION':
      return alignOfComposite(btf, id, depth)
    default:
      throw btf.fail(`type ${id}: ${describe(type.kind, type.name)} has no alignment`)
  }
}

function alignOfComposite(btf: Btf, id: number, depth: number): number {
  let known = composites.get(btf)
  if (!known) {
    known = new Map()
    composites.set(btf, known)
  }
  const before = known.get(id)
  if (before !== undefined) return before
  const type = btf.typeAs(id, 'STRUCT') ?? btf.typeAs(id, 'UNION')!
  let largest = 1
  let packed = false
  for (const member of type.members) {
    const align = alignOf(btf, member.type, depth + 1)
    largest = Math.max(largest, align)
    // Bit fields share the storage of their type and say nothing about packing.
    if (member.bitSize === 0 && member.bitOffset % (8 * align) !== 0) packed = true
  }
  if (type.size % largest !== 0) packed = true
  const align = packed ? 1 : largest
  known.set(id, align)
  return align
}
