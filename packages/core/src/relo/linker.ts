// SPDX-License-Identifier: BSD-2-Clause
/**
 * Puts a program together with the functions that it calls, in the order in which libbpf appends them: at the first call
 * of a function its body goes to the end and is searched for calls itself before the caller goes on. So instruction
 * numbers in the verifier's log are the same as with libbpf.
 */
import { RelocationError } from '../errors/index.ts'
import { copySlots, type Slot } from '../object/slots.ts'
import type { CoreRelo, FuncInfo, FunctionSpec, LineInfo, Reference } from '../object/spec.ts'

const PSEUDO_FUNC = 4
const MAX_SLOTS = 1_000_000
/** Deepest chain of calls that is followed: far more than the 8 frames that any kernel runs. */
const MAX_DEPTH = 1000

/** Where a function stands in a linked program. */
export interface PlacedFunction {
  readonly name: string
  readonly start: number
  readonly length: number
}

/** A program in one piece; slots of all records count from its start. */
export interface LinkedProgram {
  readonly slots: Slot[]
  /** What is left to resolve: maps and externs. */
  readonly references: Reference[]
  readonly funcInfo: FuncInfo[]
  readonly lineInfo: LineInfo[]
  readonly coreRelos: CoreRelo[]
  readonly functions: PlacedFunction[]
}

type Moved = { readonly slot: number }

function moved<T extends Moved>(records: readonly T[], by: number): T[] {
  return records.map((record) => ({ ...record, slot: record.slot + by }))
}

class Linker {
  readonly functions: ReadonlyMap<string, FunctionSpec>
  readonly program: LinkedProgram = {
    slots: [],
    references: [],
    funcInfo: [],
    lineInfo: [],
    coreRelos: [],
    functions: [],
  }
  readonly starts = new Map<string, number>()
  depth = 0
  completeFuncInfo = true
  completeLineInfo = true

  constructor(functions: readonly FunctionSpec[]) {
    this.functions = new Map(functions.map((fn) => [fn.name, fn]))
  }

  append(fn: FunctionSpec): number {
    const start = this.program.slots.length
    if (start + fn.slots.length > MAX_SLOTS) {
      throw new RelocationError(`link '${fn.name}': more than ${MAX_SLOTS} instructions`)
    }
    this.starts.set(fn.name, start)
    for (const slot of copySlots(fn.slots)) this.program.slots.push(slot)
    this.program.functions.push({ name: fn.name, start, length: fn.slots.length })
    this.program.funcInfo.push(...moved(fn.funcInfo, start))
    this.program.coreRelos.push(...moved(fn.coreRelos, start))
    for (const record of fn.lineInfo) this.program.lineInfo.push({ ...record, slot: record.slot + start })
    // The kernel wants a record at the start of every function, or none at all.
    if (fn.funcInfo[0]?.slot !== 0) this.completeFuncInfo = false
    if (fn.lineInfo[0]?.slot !== 0) this.completeLineInfo = false
    return start
  }

  link(fn: FunctionSpec): void {
    if (++this.depth > MAX_DEPTH)
      throw new RelocationError(`link '${fn.name}': calls are nested deeper than ${MAX_DEPTH}`)
    const start = this.append(fn)
    for (const reference of fn.references) {
      const slot = start + reference.slot
      if (reference.kind === 'call' || reference.kind === 'function') this.refer(slot, reference)
      else this.program.references.push({ ...reference, slot })
    }
    this.depth--
  }

  refer(slot: number, reference: Reference & { kind: 'call' | 'function' }): void {
    const target = this.functions.get(reference.function)
    if (!target) throw new RelocationError(`link instruction ${slot}: function '${reference.function}' does not exist`)
    if (!this.starts.has(target.name)) this.link(target)
    const insn = this.program.slots[slot]!
    insn.imm = this.starts.get(target.name)! - slot - 1
    if (reference.kind === 'function') insn.src = PSEUDO_FUNC
  }
}

/** Links one program. `functions` are all functions of the object, programs included. */
export function linkProgram(
  program: FunctionSpec & { readonly exceptionCallback?: string },
  functions: readonly FunctionSpec[],
): LinkedProgram {
  const linker = new Linker(functions)
  linker.link(program)
  const callback = program.exceptionCallback
  if (callback !== undefined && !linker.starts.has(callback)) {
    const fn = linker.functions.get(callback)
    if (!fn) throw new RelocationError(`link '${program.name}': exception callback '${callback}' does not exist`)
    linker.link(fn)
  }
  if (!linker.completeFuncInfo) linker.program.funcInfo.length = 0
  if (!linker.completeLineInfo || !linker.completeFuncInfo) linker.program.lineInfo.length = 0
  return linker.program
}
