// SPDX-License-Identifier: BSD-2-Clause
/** What was proved at an instruction, next to what is so now. */
import { effect } from '@preact/signals'
import type { StepState } from '../protocol.ts'
import { type Frame, type State, trail, type Visit } from '../verifier/log.ts'
import { type Agreement, agree, inWords, type Places, parseProof } from '../verifier/value.ts'
import { knowledge, program, selected, visitIndex, visits } from './document.ts'
import { step } from './step.ts'

export interface ProofRow {
  /** `r6`, `fp-8`, or `frame 0: r6`. */
  readonly place: string
  readonly raw: string
  readonly words: string
  /** What the register holds where the run stands. */
  readonly now: string | undefined
  readonly agreement: Agreement | undefined
  readonly changed: boolean
}

const SLOT_LETTERS: Readonly<Record<string, string>> = { m: 'data', '0': 'zero', '?': 'unset', i: 'unset' }

/** `mmmm????` in words: the letters stand for the eight bytes, the highest address first. */
function stackInWords(text: string): string {
  if (!/^[m0?idr_fen]{8}$/.test(text)) return inWords(parseProof(text))
  const runs = text.match(/(.)\1*/g) ?? []
  return runs
    .map((run) => `${run.length} ${run.length === 1 ? 'byte' : 'bytes'} ${SLOT_LETTERS[run[0]!] ?? 'kept'}`)
    .join(', ')
}

export function formatValue(value: bigint): string {
  const signed = BigInt.asIntN(64, value)
  if (signed >= -4096n && signed < 4096n) return signed.toString()
  return `0x${value.toString(16)}`
}

function placesOf(state: StepState): Places {
  const { packet } = state
  return {
    ctx: state.ctx,
    ...(packet ? { packet: packet.address, packetEnd: packet.address + BigInt(packet.bytes.length) } : {}),
    frames: state.frames.map(({ framePointer }) => framePointer),
  }
}

/** The stepped run, if it stands before the selected instruction. */
function here(): StepState | undefined {
  const state = step.value
  return state && !state.atEnd && state.slot === selected.value && state.program === program.value?.name
    ? state
    : undefined
}

function slotNow(name: string, state: StepState, depth: number): bigint | undefined {
  const frame = state.frames[depth]
  const offset = Number(name.slice(2))
  const at = frame ? frame.stack.length + offset : -1
  if (!frame || at < 0 || at + 8 > frame.stack.length) return undefined
  return new DataView(frame.stack.buffer, frame.stack.byteOffset).getBigUint64(at, true)
}

function rowOf(name: string, raw: string, depth: number, isTop: boolean, frames: number, changed: boolean): ProofRow {
  const state = here()
  const isRegister = name.startsWith('R')
  const isStackBytes = !isRegister && /^[m0?idr_fen]{8}$/.test(raw)
  let now: bigint | undefined
  if (state && isRegister && isTop) now = state.registers[Number(name.slice(1))]
  else if (state && name.startsWith('fp')) now = slotNow(name, state, depth)
  const proof = parseProof(raw)
  const known = now !== undefined && !isStackBytes && name !== 'refs'
  return {
    place: `${frames > 1 ? `frame ${depth}: ` : ''}${isRegister ? name.toLowerCase() : name}`,
    raw,
    words: name === 'refs' ? `held: ${raw}` : isRegister ? inWords(proof) : stackInWords(raw),
    now: now === undefined ? undefined : formatValue(now),
    agreement: known ? agree(proof, now!, depth, placesOf(state!)) : undefined,
    changed,
  }
}

function order(name: string): number {
  if (name.startsWith('R')) return Number(name.slice(1))
  return name.startsWith('fp') ? 100 - Number(name.slice(2)) : 1000
}

function entries(frame: Frame): [string, string][] {
  return Object.entries(frame).sort(([a], [b]) => order(a) - order(b))
}

function rows(state: State, only: (depth: number, name: string, raw: string) => boolean, changed: boolean): ProofRow[] {
  return state.flatMap((frame, depth) =>
    entries(frame)
      .filter(([name, raw]) => only(depth, name, raw))
      .map(([name, raw]) => rowOf(name, raw, depth, depth === state.length - 1, state.length, changed)),
  )
}

/** Rows before an instruction, and of what it changes. */
export function proofRows(visit: Visit): { before: ProofRow[]; after: ProofRow[] } {
  const before = rows(visit.before, () => true, false)
  const after = visit.after
    ? rows(visit.after, (depth, name, raw) => visit.before[depth]?.[name] !== raw, true).map((row) => ({
        ...row,
        now: undefined,
        agreement: undefined,
      }))
    : []
  return { before, after }
}

/** How many of the instructions that were executed last are those on the way to the visit, counted from the end. */
function commonWay(state: StepState, visit: Visit): number {
  const way = trail(knowledge.value, visit.path)
  const end = way.lastIndexOf(visit)
  let length = 0
  while (length < state.recent.length && length < end) {
    if (way[end - 1 - length]!.insn !== state.recent.at(-1 - length)) break
    length++
  }
  return length
}

/** The visit on the path that the run took: its proofs hold, and most of the way to it is the same. */
function matchingVisit(state: StepState, all: readonly Visit[]): number {
  let best = 0
  let longest = -1
  all.forEach((visit, index) => {
    if (visit.before.length !== state.frames.length) return
    if (proofRows(visit).before.some(({ agreement }) => agreement === 'outside')) return
    const length = commonWay(state, visit)
    if (length > longest) {
      longest = length
      best = index
    }
  })
  return best
}

effect(() => {
  const state = here()
  if (state) visitIndex.value = matchingVisit(state, visits.value)
})
