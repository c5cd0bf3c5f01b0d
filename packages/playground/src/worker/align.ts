// SPDX-License-Identifier: BSD-2-Clause
/**
 * Which instruction of the program as loaded each translated instruction is: the verifier takes dead code out and puts
 * code in. A longest common subsequence of the two lists, since what stays is in order.
 */
import { decodeInstructions, type Instruction, isWide, jumpDistance, slotCount } from '@skep/core/isa'

/** What stays the same of an instruction: not distances, not addresses. */
function shapeOf(insn: Instruction): string {
  if (isWide(insn)) return `${insn.code} ${insn.dst}`
  const jumps = jumpDistance(insn) !== undefined
  const call = (insn.code & 0xf7) === 0x85
  const off = jumps ? '' : insn.off
  const imm = (jumps && insn.code === 0x06) || call ? '' : insn.imm
  return `${insn.code} ${insn.dst} ${call ? '' : insn.src} ${off} ${imm}`
}

/** Cells of the table of the middle part, beyond which order alone decides. */
const MAX_CELLS = 4_000_000

/** Pairs of indexes of a longest common subsequence. */
function common(a: readonly string[], b: readonly string[]): [number, number][] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const pairs: [number, number][] = Array.from({ length: start }, (_, i) => [i, i])
  pairs.push(
    ...middle(a.slice(start, endA), b.slice(start, endB)).map(([i, j]): [number, number] => [i + start, j + start]),
  )
  for (let i = 0; i < a.length - endA; i++) pairs.push([endA + i, endB + i])
  return pairs
}

function middle(a: readonly string[], b: readonly string[]): [number, number][] {
  if (a.length * b.length > MAX_CELLS) {
    return Array.from({ length: Math.min(a.length, b.length) }, (_, i) => [i, i])
  }
  const width = b.length + 1
  const lengths = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j
      lengths[at] = a[i] === b[j] ? lengths[at + width + 1]! + 1 : Math.max(lengths[at + width]!, lengths[at + 1]!)
    }
  }
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++
    else j++
  }
  return pairs
}

/** For each slot of the translated instructions its slot as loaded, -1 where there is none. */
export function originsOf(loaded: Uint8Array, translated: Uint8Array): number[] {
  const before = decodeInstructions(loaded)
  const after = decodeInstructions(translated)
  const starts = (insns: readonly Instruction[]) => {
    let slot = 0
    return insns.map((insn) => {
      const at = slot
      slot += slotCount(insn)
      return at
    })
  }
  const beforeSlots = starts(before)
  const afterSlots = starts(after)
  const origins: number[] = new Array(translated.length / 8).fill(-1)
  for (const [i, j] of common(before.map(shapeOf), after.map(shapeOf))) {
    for (let k = 0; k < slotCount(after[j]!); k++) origins[afterSlots[j]! + k] = beforeSlots[i]! + k
  }
  return origins
}
