// SPDX-License-Identifier: BSD-2-Clause

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
