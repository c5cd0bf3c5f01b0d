// SPDX-License-Identifier: GPL-2.0-only
/**
 * Steps a program forward and backward. A position is a number of executed instructions; the kernel's memory at any
 * position is had from the checkpoint before it by running on from there, so every position shows exactly what it
 * showed before. How the kernel stops and goes on stands in assembly/interp/debug-state.ts.
 */
import { DEBUG, ENTRY, FRAME, FUNC, LEVEL, LEVEL_SIZE, RECORD_SIZE, STATE_DONE, STATE_STOPPED } from './layout.ts'
import type { StepEnd, StepFrame, StepMachine, StepPlace, StepView } from './machine.ts'
import { copyOf, isTrap, writeBack } from './memory-image.ts'

interface Checkpoint {
  readonly position: number
  readonly bytes: Uint8Array
}

interface Stop {
  readonly untilLevel: number
  readonly untilFrame: number
  readonly ignoreUntil: number
}

const NO_STOP: Stop = { untilLevel: 0, untilFrame: 0, ignoreUntil: 0 }
const CHECKPOINTS = 16
const FIRST_SPACING = 4096
/** Instructions that a run may take under the stepper. */
export const STEP_LIMIT = 50_000_000

export class Stepper {
  readonly #machine: StepMachine
  readonly #base: Uint8Array
  #checkpoints: Checkpoint[] = []
  #spacing = FIRST_SPACING
  #breakpoints: readonly StepPlace[] = []
  /** Position at which memory stands, and whether the kernel can go on from there. */
  #live = 0
  #resumable = true
  #end: StepEnd | undefined
  /** Copy of the ring, with the entries of positions #windowStart … #windowStart + #windowLength - 1. */
  #windowStart = 0
  #windowLength = 0
  readonly #window = new Uint8Array(ENTRY.size * ENTRY.count)
  #position = 0

  /**
   * Starts `act`, which makes the kernel run the program with that id (0: the first that runs), and stops before its
   * first instruction. Undefined if the program did not run; then `act` has happened.
   */
  static start(machine: StepMachine, act: () => void, progId = 0): Stepper | undefined {
    const base = copyOf(machine.memory)
    machine.exports.debug_arm(progId)
    try {
      act()
    } catch (error) {
      if (!isTrap(error)) {
        writeBack(machine.memory, base)
        throw error
      }
    }
    const stepper = new Stepper(machine, base)
    if (stepper.#field(DEBUG.state) !== STATE_STOPPED) return undefined
    stepper.#checkpoints.push({ position: 0, bytes: copyOf(machine.memory) })
    stepper.#readWindow()
    return stepper
  }

  private constructor(machine: StepMachine, base: Uint8Array) {
    this.#machine = machine
    this.#base = base
  }

  /** Puts memory back to before the run. The stepper is of no use afterwards. */
  [Symbol.dispose](): void {
    writeBack(this.#machine.memory, this.#base)
    this.#checkpoints = []
  }

  /** Instructions executed up to here. */
  get position(): number {
    return this.#position
  }

  /** The end of the run, where it is known. */
  get end(): StepEnd | undefined {
    return this.#end
  }

  get atEnd(): boolean {
    return this.#end !== undefined && this.#position >= this.#end.position
  }

  setBreakpoints(places: readonly StepPlace[]): void {
    this.#breakpoints = places
  }

  /** Executes `count` instructions more, callbacks and subprograms included; true if it got that far. */
  forward(count = 1): boolean {
    return this.goTo(this.#position + count)
  }

  back(count = 1): boolean {
    return this.goTo(Math.max(0, this.#position - count)) && this.#position >= 0
  }

  /** Goes to a position, or to the end if the run is shorter: then false. */
  goTo(position: number): boolean {
    if (this.#end && position >= this.#end.position) {
      this.#position = this.#end.position
      return position === this.#end.position
    }
    if (!this.#inWindow(position)) this.#seek(position)
    this.#position = Math.min(position, this.#end?.position ?? position)
    return this.#position === position
  }

  /** Executes one instruction, and all of a subprogram or callback that it calls. */
  over(): void {
    if (this.atEnd) return
    const { level, frame } = this.#entry(this.#position)
    this.#run({ untilLevel: level, untilFrame: frame, ignoreUntil: this.#position + 1 })
  }

  /** Goes on until the subprogram or callback returns. */
  out(): void {
    if (this.atEnd) return
    const { level, frame } = this.#entry(this.#position)
    const first = this.#levelBase(level) + LEVEL.firstFrame
    const untilFrame = frame > first ? frame - FRAME.size : 0
    this.#run({ untilLevel: level, untilFrame, ignoreUntil: this.#position + 1 })
  }

  /** Goes on to the next breakpoint or the end. */
  continue(): void {
    if (!this.atEnd) this.#run({ ...NO_STOP, ignoreUntil: this.#position + 1 })
  }

  /** Goes back one instruction of this function, or to where it was called. */
  backOver(): void {
    if (this.#position === 0) return
    let position = this.#position - 1
    if (!this.atEnd) {
      const { level, frame } = this.#entry(this.#position)
      while (position > 0) {
        const entry = this.#entry(position)
        if (entry.level < level || (entry.level === level && entry.frame <= frame)) break
        position--
      }
    }
    this.goTo(position)
  }

  /** Goes back to the breakpoint before, or the beginning. */
  backContinue(): void {
    let position = this.#position
    while (position > 0) {
      position--
      const view = this.#view(position)
      if (this.#breakpoints.some((place) => place.progId === view.progId && place.insn === view.insn)) break
    }
    this.goTo(position)
  }

  /** What comes next here; undefined at the end. */
  view(): StepView | undefined {
    return this.atEnd ? undefined : this.#view(this.#position)
  }

  /** What came next at an earlier or later position of the same run. */
  viewAt(position: number): StepView | undefined {
    if (this.#end && position >= this.#end.position) return undefined
    return this.#view(position)
  }

  /** Bytes of the kernel's memory as they are here; shorter where memory ends. */
  read(address: number, length: number): Uint8Array {
    this.#settle()
    return new Uint8Array(this.#machine.memory.buffer).slice(address, address + length)
  }

  /** Runs something that looks at the kernel as it is here, such as a map lookup. Memory is put back afterwards. */
  inspect<T>(look: () => T): T {
    this.#settle()
    const kept = copyOf(this.#machine.memory)
    try {
      return look()
    } finally {
      writeBack(this.#machine.memory, kept)
    }
  }

  /** Makes the run once more from the beginning, without stops. What stands here stays. */
  replay(act: () => void): void {
    const kept = copyOf(this.#machine.memory)
    try {
      writeBack(this.#machine.memory, this.#base)
      act()
    } finally {
      writeBack(this.#machine.memory, kept)
    }
  }

  /** The call chain here, the outermost function first; empty at the end. */
  frames(): StepFrame[] {
    if (this.atEnd) return []
    this.#settle()
    const top = this.#field(DEBUG.stopLevel)
    const frames: StepFrame[] = []
    for (let level = this.#field(DEBUG.level); level <= top; level++) this.#framesOf(level, top, frames)
    return frames
  }

  #framesOf(level: number, top: number, out: StepFrame[]): void {
    const view = this.#data()
    const base = this.#levelBase(level)
    const last = view.getUint32(base + LEVEL.frame, true)
    const registers = level === top ? this.#field(DEBUG.regs) : base + LEVEL_SIZE
    for (let frame = base + LEVEL.firstFrame; frame <= last; frame += FRAME.size) {
      const inner = frame + FRAME.size
      const func = view.getUint32(frame + FRAME.func, true)
      const isLast = frame === last
      const pc = isLast ? view.getUint32(base + LEVEL.pc, true) : view.getUint32(inner, true) - RECORD_SIZE
      const r10 = isLast ? registers + 80 : inner + FRAME.callerR10
      out.push({
        level,
        framePointer: view.getBigUint64(r10, true),
        stackDepth: view.getUint32(func + FUNC.stackDepth, true),
        ...this.#place(view.getUint32(func + FUNC.decoded, true), pc),
      })
    }
  }

  #levelBase(level: number): number {
    this.#machine.exports.debug_state()
    return this.#field(DEBUG.levels) + (level - 1) * LEVEL_SIZE
  }

  #data(): DataView {
    return new DataView(this.#machine.memory.buffer)
  }

  #field(offset: number): number {
    return this.#data().getUint32(this.#machine.exports.debug_state() + offset, true)
  }

  #place(decoded: number, pc: number): StepPlace {
    const { debug_program_of, debug_records_of } = this.#machine.exports
    return { progId: debug_program_of(decoded), insn: (pc - debug_records_of(decoded)) / RECORD_SIZE }
  }

  #inWindow(position: number): boolean {
    return position >= this.#windowStart && position < this.#windowStart + this.#windowLength
  }

  /** The entry of a position that is not beyond the end. */
  #entry(position: number): { pc: number; frame: number; level: number; decoded: number; at: number } {
    if (!this.#inWindow(position)) this.#seek(position)
    const at = (position & (ENTRY.count - 1)) * ENTRY.size
    const view = new DataView(this.#window.buffer)
    return {
      at,
      pc: view.getUint32(at + ENTRY.pc, true),
      frame: view.getUint32(at + ENTRY.frame, true),
      level: view.getUint32(at + ENTRY.level, true),
      decoded: view.getUint32(at + ENTRY.decoded, true),
    }
  }

  #view(position: number): StepView {
    const { at, pc, frame, level, decoded } = this.#entry(position)
    const words = new DataView(this.#window.buffer, at, 88)
    const registers = Array.from({ length: 11 }, (_, i) => words.getBigUint64(i * 8, true))
    return { position, level, frame, registers, ...this.#place(decoded, pc) }
  }

  /** Takes over the ring: the instructions before the one where memory stands, and itself. */
  #readWindow(): void {
    const history = this.#field(DEBUG.history)
    const last = this.#isDone() ? this.#live - 1 : this.#live
    this.#window.set(new Uint8Array(this.#machine.memory.buffer, history, this.#window.length))
    this.#windowStart = Math.max(0, last - ENTRY.count + 1)
    this.#windowLength = last - this.#windowStart + 1
  }

  #restore(checkpoint: Checkpoint): void {
    writeBack(this.#machine.memory, checkpoint.bytes)
    this.#live = checkpoint.position
    this.#resumable = true
    this.#readWindow()
  }

  /** Brings memory to the current position. */
  #settle(): void {
    if (this.#live !== this.#position) this.#seek(this.#position)
  }

  /** Brings memory to a position, or to the end. */
  #seek(position: number): void {
    const canGoOn = this.#resumable && this.#live <= position
    const best = this.#checkpoints.findLast((c) => c.position <= position)!
    if (!canGoOn || best.position > this.#live) this.#restore(best)
    this.#advance(position, NO_STOP, [])
  }

  #isDone(): boolean {
    return this.#field(DEBUG.state) === STATE_DONE
  }

  #run(stop: Stop): void {
    if (!this.#resumable || this.#live > this.#position) {
      this.#restore(this.#checkpoints.findLast((c) => c.position <= this.#position)!)
    }
    this.#advance(STEP_LIMIT, stop, this.#breakpoints)
    this.#position = this.#live
  }

  /** Runs on from where memory stands, laying checkpoints. */
  #advance(target: number, stop: Stop, breakpoints: readonly StepPlace[]): void {
    const { exports } = this.#machine
    let inPieces = true
    while (this.#live < target && !this.#isDone()) {
      const last = Math.max(this.#checkpoints.at(-1)!.position, this.#live)
      const piece = inPieces ? Math.min(target, last + this.#spacing) : target
      exports.debug_clear_breakpoints()
      for (const { progId, insn } of breakpoints) exports.debug_breakpoint(progId, insn)
      this.#resume(piece, stop)
      this.#readWindow()
      if (this.#isDone()) {
        this.#finish()
        return
      }
      if (this.#live < piece) return
      if (this.#resumable) this.#checkpoint()
      else if (this.#live < target) {
        // The end of the piece fell into a callback: back, and on in one go.
        this.#restore(this.#checkpoints.at(-1)!)
        inPieces = false
      }
    }
  }

  #resume(stopAt: number, stop: Stop): void {
    const { exports } = this.#machine
    try {
      exports.debug_resume(BigInt(stopAt), stop.untilLevel, stop.untilFrame, BigInt(stop.ignoreUntil))
    } catch (error) {
      if (!isTrap(error) || this.#field(DEBUG.state) !== STATE_STOPPED) throw error
    }
    this.#live = Number(this.#data().getBigUint64(exports.debug_state() + DEBUG.steps, true))
    this.#resumable = !this.#isDone() && this.#field(DEBUG.stopLevel) === this.#field(DEBUG.level)
  }

  #finish(): void {
    const state = this.#machine.exports.debug_state()
    const data = this.#data()
    const trap = data.getUint32(state + DEBUG.trap, true)
    this.#end = { position: this.#live, r0: data.getBigUint64(state + DEBUG.r0, true), trap }
    this.#resumable = false
  }

  #checkpoint(): void {
    if (this.#live < this.#checkpoints.at(-1)!.position + this.#spacing) return
    this.#checkpoints.push({ position: this.#live, bytes: copyOf(this.#machine.memory) })
    if (this.#checkpoints.length <= CHECKPOINTS) return
    this.#checkpoints = this.#checkpoints.filter((_, i) => i % 2 === 0)
    this.#spacing *= 2
  }
}
