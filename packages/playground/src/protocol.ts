// SPDX-License-Identifier: BSD-2-Clause
/** What the page and the worker with the kernel say to each other. Everything is plain data. */

import type { Compilation } from './compiler.ts'

/** How a program is given something to do. */
export type InputKind = 'packet' | 'address' | 'event' | 'context'

export interface InsnView {
  readonly slot: number
  /** As the kernel prints it. */
  readonly text: string
  /** The 8 or 16 bytes in hexadecimal, a blank between slots. */
  readonly bytes: string
  readonly target?: number
  /** What a load or call refers to: a map, a function. */
  readonly refers?: string
}

export interface LineView {
  readonly slot: number
  readonly file: string
  readonly line: number
  readonly text: string
}

export interface FunctionView {
  readonly name: string
  readonly start: number
  readonly length: number
}

export interface ProgramView {
  readonly name: string
  readonly section: string
  readonly type: number
  readonly typeName: string
  readonly input: InputKind
  readonly verdict: 'accept' | 'reject' | 'unsupported'
  readonly errnoName: string
  readonly message: string
  /** Where the log of a refusal ends. */
  readonly insn: number | undefined
  readonly line: string | undefined
  readonly processedInsns: number | undefined
  readonly verificationMs: number
  readonly log: string
  readonly insns: readonly InsnView[]
  readonly lines: readonly LineView[]
  readonly functions: readonly FunctionView[]
  /** Slot of each translated instruction in `insns`, -1 where the verifier put it in. */
  readonly origins: readonly number[]
}

export interface ObjectView {
  readonly name: string
  readonly license: string
  readonly release: string
  readonly programs: readonly ProgramView[]
  readonly maps: readonly MapView[]
  readonly variables: readonly VariableView[]
  /** Why the accepted programs could not be loaded all the same; empty if they were. */
  readonly problem: string
}

export interface MapView {
  readonly name: string
  readonly type: string
  readonly maxEntries: number
  readonly keySize: number
  readonly valueSize: number
  readonly perCpu: boolean
  /** Rows of the table; undefined for maps that cannot be listed. */
  readonly rows: readonly MapRow[] | undefined
  /** How many entries there are in all, where not all are shown. */
  readonly total: number
}

export interface MapRow {
  readonly key: string
  readonly value: string
  /** Numbers in the value, for charts; a sum over CPUs. */
  readonly numbers: Readonly<Record<string, number>>
}

export interface VariableView {
  readonly name: string
  readonly section: string
  readonly value: string
}

/** One thing that happens to a program. */
export type RunInput =
  /** `socket`: socket filters get it on a packet socket, as in life; otherwise by BPF_PROG_TEST_RUN. */
  | { readonly kind: 'packet'; readonly data: Uint8Array; readonly socket: boolean }
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  /** Something happens in a process at the program's hook; `words` are fields or arguments. */
  | { readonly kind: 'event'; readonly words: readonly bigint[]; readonly comm: string }
  | { readonly kind: 'context'; readonly context: Uint8Array }

export type Engine = 'interp' | 'jit' | 'checked'

export interface World {
  /** Nanoseconds since boot that the clock shows. */
  readonly clock: number
  readonly cpu: number
  readonly engine: Engine
}

export interface RunResult {
  readonly input: number
  /** Return value, or what the action ended with. */
  readonly retval: number
  /** In words: `XDP_DROP`, `refused: EPERM`. */
  readonly verdict: string
  readonly tone: 'good' | 'bad' | 'plain'
  readonly dataIn: Uint8Array | undefined
  readonly dataOut: Uint8Array | undefined
  readonly problem: string | undefined
}

export interface RunReport {
  readonly results: readonly RunResult[]
  readonly maps: readonly MapView[]
  readonly variables: readonly VariableView[]
  readonly trace: string
  /** Numbers in maps and variables after each input, by `map[key].field`. */
  readonly samples: readonly Readonly<Record<string, number>>[]
  readonly elapsedMs: number
}

export interface StepFrameView {
  readonly program: string
  readonly name: string
  readonly slot: number
  readonly level: number
  readonly framePointer: bigint
  /** Bytes of the frame's stack, lowest address first. */
  readonly stack: Uint8Array
}

export interface StepState {
  readonly position: number
  readonly atEnd: boolean
  /** Position of the end, where it is known. */
  readonly length: number | undefined
  readonly program: string
  /** Instruction that comes next, as numbered in {@link ProgramView.insns}; -1 at the end. */
  readonly slot: number
  /** Instructions that were executed last in the program in view, the latest at the end. */
  readonly recent: readonly number[]
  readonly registers: readonly bigint[]
  /** Register values one step earlier, to mark what changed. */
  readonly previous: readonly bigint[] | undefined
  readonly frames: readonly StepFrameView[]
  readonly ctx: bigint
  readonly packet: { readonly address: bigint; readonly bytes: Uint8Array } | undefined
  readonly maps: readonly MapView[]
  readonly variables: readonly VariableView[]
  readonly trace: string
  readonly watches: readonly Uint8Array[]
  readonly r0: bigint | undefined
  /** In words, at the end. */
  readonly verdict: string | undefined
  readonly trap: number
}

export type StepAction =
  | 'into'
  | 'over'
  | 'out'
  | 'line'
  | 'continue'
  | 'back'
  | 'back-over'
  | 'back-line'
  | 'back-continue'
  | 'start'
  | 'end'

export interface Breakpoint {
  readonly program: string
  readonly slot: number
}

export interface Watch {
  readonly address: bigint
  readonly length: number
}

export interface EngineReport {
  readonly interp: { readonly retval: number; readonly nanoseconds: number }
  readonly jit: { readonly retval: number; readonly nanoseconds: number; readonly bytes: number } | undefined
  readonly runs: number
  readonly wat: string
}

/** Requests by name: what goes there, what comes back. */
export interface Calls {
  assemble: { ask: { source: string }; answer: Compilation }
  open: { ask: { bytes: Uint8Array; name: string }; answer: ObjectView }
  run: { ask: { program: string; inputs: readonly RunInput[]; world: World }; answer: RunReport }
  reset: { ask: Record<string, never>; answer: ObjectView }
  stepStart: {
    ask: { program: string; input: RunInput; world: World; position: number; breakpoints: readonly Breakpoint[] }
    answer: StepState
  }
  step: {
    ask: { action: StepAction; count: number; breakpoints: readonly Breakpoint[]; watches: readonly Watch[] }
    answer: StepState
  }
  stepTo: { ask: { position: number; watches: readonly Watch[] }; answer: StepState }
  stepStop: { ask: Record<string, never>; answer: Record<string, never> }
  engines: { ask: { program: string; input: RunInput; world: World }; answer: EngineReport }
}

export type CallName = keyof Calls

export type Request = { [K in CallName]: { id: number; call: K; ask: Calls[K]['ask'] } }[CallName]

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly ready: string }
