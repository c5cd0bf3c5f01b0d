// SPDX-License-Identifier: BSD-2-Clause
/** A stepped run: positions of the kernel's stepper in terms of the program as it was loaded. */
import { __sk_buff, PROG_TYPE_NAMES, xdp_md } from '@skep/core/uapi'
import { type StepExports, type StepPlace, Stepper, type StepView } from '@skep/wasm-vm/debug'
import type { Breakpoint, Calls, ProgramView, StepAction, StepFrameView, StepState, Watch } from '../protocol.ts'
import { type Outcome, type Prepared, prepare } from './perform.ts'
import type { Session } from './session.ts'

/** Instructions that a step over a C line may take before it stops anyway. */
const LINE_LIMIT = 10_000
const MAX_PACKET = 4096
/** Executed instructions that the page is told of. */
const RECENT = 64
/** Bytes of a frame's stack that are shown. */
const MAX_STACK = 512

type Ask = Calls['stepStart']['ask']

export class Steps {
  readonly #session: Session
  readonly #stepper: Stepper
  readonly #ask: Ask
  readonly #prepared: Prepared
  readonly #names = new Map<number, ProgramView>()
  readonly #ids = new Map<string, number>()
  #ctx = 0n
  #outcome: Outcome | undefined
  #places: readonly StepPlace[] = []
  #watches: readonly Watch[] = []

  constructor(session: Session, ask: Ask) {
    this.#session = session
    this.#ask = ask
    session.configure({ ...ask.world, engine: 'checked' })
    for (const view of session.view.programs) {
      const program = session.loaded.programs.get(view.name)
      if (!program) continue
      const { id } = program.info()
      this.#names.set(id, view)
      this.#ids.set(view.name, id)
    }
    const { exports } = session.kernel
    const machine = { memory: exports.memory, exports: exports as unknown as StepExports }
    this.#prepared = prepare(session, ask.program, ask.input)
    const stepper = Stepper.start(machine, () => void this.#act(), this.#ids.get(ask.program))
    if (!stepper) {
      this.#prepared[Symbol.dispose]()
      throw new Error(`${ask.program} did not run: the event did not reach it`)
    }
    this.#stepper = stepper
    this.#ctx = stepper.view()?.registers[1] ?? 0n
    this.setBreakpoints(ask.breakpoints)
    stepper.goTo(ask.position)
  }

  #act(): void {
    this.#outcome = this.#prepared.act()
  }

  setBreakpoints(breakpoints: readonly Breakpoint[]): void {
    this.#places = breakpoints.flatMap(({ program, slot }) => {
      const progId = this.#ids.get(program)
      const insn = this.#session.view.programs.find((p) => p.name === program)?.origins.indexOf(slot) ?? -1
      return progId === undefined || insn < 0 ? [] : [{ progId, insn }]
    })
    this.#stepper.setBreakpoints(this.#places)
  }

  watch(watches: readonly Watch[]): void {
    this.#watches = watches
  }

  goTo(position: number): void {
    this.#stepper.goTo(Math.max(0, position))
  }

  do(action: StepAction, count: number): void {
    for (let i = 0; i < count; i++) this.#once(action)
  }

  #once(action: StepAction): void {
    const stepper = this.#stepper
    switch (action) {
      case 'into':
        stepper.forward()
        break
      case 'over':
        stepper.over()
        break
      case 'out':
        stepper.out()
        break
      case 'line':
        this.#line(() => stepper.over())
        break
      case 'continue':
        stepper.continue()
        break
      case 'back':
        stepper.back()
        break
      case 'back-over':
        stepper.backOver()
        break
      case 'back-line':
        this.#line(() => stepper.backOver())
        break
      case 'back-continue':
        stepper.backContinue()
        break
      case 'start':
        stepper.goTo(0)
        break
      case 'end':
        stepper.setBreakpoints([])
        stepper.continue()
        stepper.setBreakpoints(this.#places)
    }
  }

  /** Moves until the C line changes. */
  #line(move: () => void): void {
    const before = this.#lineAt(this.#stepper.view())
    for (let i = 0; i < LINE_LIMIT; i++) {
      const { position } = this.#stepper
      move()
      if (this.#stepper.position === position || this.#stepper.atEnd) return
      const line = this.#lineAt(this.#stepper.view())
      if (line !== undefined && line !== before) return
    }
  }

  #lineAt(view: StepView | undefined): string | undefined {
    if (!view) return undefined
    const program = this.#names.get(view.progId)
    const slot = this.#slotOf(view)
    const line = program?.lines.findLast((l) => l.slot <= slot)
    return line ? `${program!.name} ${view.level} ${view.frame} ${line.file}:${line.line}` : String(view.position)
  }

  /** Slot as loaded; of an instruction that the verifier put in, that of the next one which was loaded. */
  #slotOf({ progId, insn }: StepPlace): number {
    const origins = this.#names.get(progId)?.origins
    for (let i = insn; origins && i < origins.length; i++) if (origins[i]! >= 0) return origins[i]!
    return insn
  }

  #frames(): StepFrameView[] {
    return this.#stepper.frames().map((frame) => {
      const program = this.#names.get(frame.progId)
      const slot = this.#slotOf(frame)
      const fn = program?.functions.findLast((f) => f.start <= slot)
      const depth = Math.min(frame.stackDepth, MAX_STACK)
      return {
        program: program?.name ?? '',
        name: fn?.name ?? program?.name ?? `program ${frame.progId}`,
        slot,
        level: frame.level,
        framePointer: frame.framePointer,
        stack: this.#stepper.read(Number(frame.framePointer) - depth, depth),
      }
    })
  }

  /** Slots of the last instructions, as far as they belong to the program. */
  #recent(progId: number | undefined): number[] {
    const slots: number[] = []
    for (let i = 1; i <= RECENT && i <= this.#stepper.position; i++) {
      const view = this.#stepper.viewAt(this.#stepper.position - i)
      if (view?.progId !== progId) break
      if (view) slots.push(this.#slotOf(view))
    }
    return slots.reverse()
  }

  #packet(): StepState['packet'] {
    const view = this.#session.view.programs.find((p) => p.name === this.#ask.program)
    if (view?.input !== 'packet') return undefined
    const { data, data_end: end } = view.typeName === PROG_TYPE_NAMES[6] ? xdp_md.fields : __sk_buff.fields
    const context = this.#stepper.read(Number(this.#ctx), __sk_buff.size)
    const words = new DataView(context.buffer)
    const from = words.getUint32(data.offset, true)
    const to = words.getUint32(end.offset, true)
    if (from === 0 || to < from) return undefined
    return { address: BigInt(from), bytes: this.#stepper.read(from, Math.min(to - from, MAX_PACKET)) }
  }

  /** How the run ends, in words: it is made once more from the beginning, without stops. */
  #verdict(): string | undefined {
    if (!this.#stepper.atEnd) return undefined
    if (!this.#outcome) {
      try {
        this.#stepper.replay(() => this.#act())
      } catch (error) {
        return (error as Error).message
      }
    }
    return this.#outcome?.verdict
  }

  state(): StepState {
    const stepper = this.#stepper
    const view = stepper.view()
    const program = view ? this.#names.get(view.progId) : undefined
    const { position, end } = stepper
    const inside = stepper.inspect(() => ({
      maps: this.#session.maps(),
      variables: this.#session.variables(),
      trace: this.#session.kernel.readTracePipe(),
    }))
    return {
      position,
      atEnd: stepper.atEnd,
      length: end?.position,
      program: program?.name ?? this.#ask.program,
      slot: view ? this.#slotOf(view) : -1,
      recent: this.#recent(view?.progId),
      registers: view?.registers ?? [],
      previous: position > 0 ? stepper.viewAt(position - 1)?.registers : undefined,
      frames: this.#frames(),
      ctx: this.#ctx,
      packet: this.#packet(),
      ...inside,
      watches: this.#watches.map(({ address, length }) => stepper.read(Number(address), length)),
      r0: stepper.atEnd ? end?.r0 : undefined,
      verdict: this.#verdict(),
      trap: stepper.atEnd ? (end?.trap ?? 0) : 0,
    }
  }

  [Symbol.dispose](): void {
    this.#stepper[Symbol.dispose]()
    this.#prepared[Symbol.dispose]()
  }
}
