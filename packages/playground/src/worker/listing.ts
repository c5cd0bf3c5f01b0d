// SPDX-License-Identifier: BSD-2-Clause
/** A linked program as the page shows it: instructions, C lines, functions. */

import {
  decodeInstructions,
  formatKernel,
  functionDistance,
  type Instruction,
  isWide,
  jumpDistance,
  slotCount,
} from '@skep/core/isa'
import type { LinkedProgram } from '@skep/core/relo'
import { BPF_PSEUDO_FUNC, BPF_PSEUDO_MAP_VALUE } from '@skep/core/uapi'
import type { FunctionView, InsnView, LineView } from '../protocol.ts'

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function referenceText(linked: LinkedProgram, slot: number): string | undefined {
  const reference = linked.references.find((r) => r.slot === slot)
  switch (reference?.kind) {
    case 'map':
      return reference.map
    case 'map-value':
      return `${reference.map}[0]+${reference.offset}`
    case 'extern':
    case 'extern-call':
      return reference.extern
    default:
      return undefined
  }
}

/** Text of a 64-bit load that refers to something. */
function immediate(insn: Instruction, refers: string | undefined): string | undefined {
  if (refers === undefined) return undefined
  if (insn.src === BPF_PSEUDO_FUNC) return `func ${refers}`
  return insn.src === BPF_PSEUDO_MAP_VALUE || refers.includes('[') ? refers : `map ${refers}`
}

export function listInstructions(bytes: Uint8Array, linked: LinkedProgram): InsnView[] {
  const views: InsnView[] = []
  let slot = 0
  for (const insn of decodeInstructions(bytes)) {
    const at = slot
    slot += slotCount(insn)
    const distance = jumpDistance(insn) ?? functionDistance(insn)
    const target = distance === undefined ? undefined : at + 1 + distance
    const called = functionDistance(insn) === undefined ? undefined : linked.functions.find((f) => f.start === target)
    const refers = called?.name ?? referenceText(linked, at)
    const text = formatKernel(insn, { immediate: (i) => immediate(i, refers), callName: () => undefined })
    const code = bytes.subarray(at * 8, slot * 8)
    views.push({
      slot: at,
      text,
      bytes: isWide(insn) ? `${hex(code.subarray(0, 8))} ${hex(code.subarray(8))}` : hex(code),
      ...(target === undefined ? {} : { target }),
      ...(refers === undefined ? {} : { refers }),
    })
  }
  return views
}

export function listLines(linked: LinkedProgram): LineView[] {
  return linked.lineInfo.map(({ slot, file, line, text }) => ({ slot, file, line, text }))
}

export function listFunctions(linked: LinkedProgram): FunctionView[] {
  return linked.functions.map(({ name, start, length }) => ({ name, start, length }))
}
