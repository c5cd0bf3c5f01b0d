// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import type { BtfComposite } from './types.ts'

/** Longest chain of arrays that is followed. */
const MAX_DEPTH = 512

/** Types of padding fields, the widest first; the first is as wide as a pointer. */
function paddingTypes(pointerSize: number): readonly (readonly [string, number])[] {
  return [
    ['long', pointerSize * 8],
    ['int', 32],
    ['short', 16],
    ['char', 8],
  ]
}

function roundUp(value: number, to: number): number {
  return to === 0 ? value : Math.ceil(value / to) * to
}

/**
 * Anonymous bit fields that move the next member of a struct to its offset where alignment alone would not, by the rule of
 * libbpf's btf_dump, so that equal types print equally. One at a time: a damaged size asks for millions.
 * @param from first free bit
 * @param to bit at which the next member, or the end of the struct, is
 * @param align alignment of the next member in bytes, 0 if unknown
 * @param inBitField whether both neighbours are bit fields: then the gap within their unit is explicit too
 */
export function* paddingBefore(
  from: number,
  to: number,
  align: number,
  inBitField: boolean,
  pointerSize: number,
): Generator<string> {
  if (from >= to) return
  const types = paddingTypes(pointerSize)
  // The widest type whose next boundary is not beyond the end.
  let [name, bits] = types.find(([, width]) => roundUp(from, width) <= to) ?? types.at(-1)!
  let at = from
  const boundary = roundUp(from, bits)
  if (boundary > from && boundary <= to) {
    const alignmentIsNotEnough = boundary === to && roundUp(from, align * 8) !== boundary
    const gapIsShort = boundary !== to && to - boundary <= boundary - from
    // A field of width 0 moves on to the boundary.
    if (inBitField || alignmentIsNotEnough || gapIsShort) yield `${name}: ${inBitField ? boundary - from : 0};`
    at = boundary
  }
  while (at !== to) {
    const left = Math.min(to - at, bits)
    if (left !== bits) [name, bits] = [...types].reverse().find(([, width]) => width >= left)!
    yield `${name}: ${left};`
    at += left
  }
}

/** Whether size and alignment exist. */
export function hasLayout(btf: Btf, id: number): boolean {
  let current = btf.resolve(id)
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = btf.type(current)
    if (type.kind !== 'ARRAY') return type.kind !== 'VOID' && type.kind !== 'FWD' && type.kind !== 'FUNC_PROTO'
    current = btf.resolve(type.type)
  }
  throw btf.fail(`type ${id}: nested deeper than ${MAX_DEPTH}`)
}

/** Whether members stand where only a packed struct has them. */
export function isPacked(btf: Btf, type: BtfComposite): boolean {
  let largest = 1
  for (const member of type.members) {
    const align = hasLayout(btf, member.type) ? btf.alignOf(member.type) : 0
    if (align > 0 && member.bitSize === 0 && member.bitOffset % (8 * align) !== 0) return true
    largest = Math.max(largest, align)
  }
  return type.size % largest !== 0
}
