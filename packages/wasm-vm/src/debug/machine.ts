// SPDX-License-Identifier: GPL-2.0-only

/** What of a virtual kernel the stepper drives. */
export interface StepMachine {
  readonly memory: WebAssembly.Memory
  readonly exports: StepExports
}

export interface StepExports {
  debug_arm(progId: number): number
  debug_state(): number
  debug_resume(stopAt: bigint, untilLevel: number, untilFrame: number, ignoreUntil: bigint): number
  debug_clear_breakpoints(): void
  debug_breakpoint(progId: number, insn: number): number
  debug_program_of(decoded: number): number
  debug_records_of(decoded: number): number
}

/** Place of an instruction among the translated instructions of a program. */
export interface StepPlace {
  readonly progId: number
  readonly insn: number
}

/** One function on the call chain. */
export interface StepFrame extends StepPlace {
  /** Nesting of callbacks: 1 is the program itself. */
  readonly level: number
  /** Value of r10, and bytes of stack below it. */
  readonly framePointer: bigint
  readonly stackDepth: number
}

/** What is to be executed next, and the registers before it. */
export interface StepView extends StepPlace {
  readonly position: number
  /** r0 to r10. */
  readonly registers: readonly bigint[]
  readonly level: number
  /** Identifies the frame within its level: a greater one is further in. */
  readonly frame: number
}

/** How a run ended. */
export interface StepEnd {
  /** Instructions executed in all. */
  readonly position: number
  readonly r0: bigint
  /** TRAP_* of assembly/interp/run-state.ts where it left what it may touch; 0 for an ordinary end. */
  readonly trap: number
}
