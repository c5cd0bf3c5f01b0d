// SPDX-License-Identifier: BSD-2-Clause
/** One object in one kernel: opened, judged program by program, and what was accepted loaded. */
import {
  type LoadedObject,
  loadObject,
  type ObjectSpec,
  openObject,
  type Program,
  type Verdict,
  verifyProgram,
} from '@skep/core'
import { errnoName } from '@skep/core/errors'
import { type LinkedProgram, linkProgram } from '@skep/core/relo'
import { PROG_TYPE_NAMES } from '@skep/core/uapi'
import { createVirtualKernel, OPTION, packagedKernelTypes, type VirtualKernel } from '@skep/wasm-vm'
import type { ObjectView, ProgramView, World } from '../protocol.ts'
import { originsOf } from './align.ts'
import { inputKind } from './hooks.ts'
import { listFunctions, listInstructions, listLines } from './listing.ts'
import { viewMaps, viewVariables } from './map-view.ts'

const CPUS = 4
/** The clock stands still between runs, and chance is the same every time: a run can be repeated and shared. */
const START_CLOCK = 1_000_000_000n
const SEED = 0x5eedn
const ENGINE_NUMBERS = { interp: 0n, jit: 1n, checked: 2n } as const

/** Levels of the log: the way to a refusal alone, and registers and stack at every instruction. */
const VERDICT = 1
const KNOWLEDGE = 2
/** Instructions walked, beyond which the log of everything would be too long to read. */
const MAX_KNOWN = 50_000

export class Session {
  readonly kernel: VirtualKernel
  readonly spec: ObjectSpec
  readonly view: ObjectView
  #loaded: LoadedObject | undefined

  static async open(bytes: Uint8Array, name: string, module: WebAssembly.Module): Promise<Session> {
    const spec = openObject(bytes, { name })
    // Most objects do without the kernel's types, and the visit without fetching them.
    const kernelBtf = spec.needsKernelTypes && (await packagedKernelTypes())
    const options = { module, kernelBtf, cpus: CPUS, virtualTime: START_CLOCK, randomSeed: SEED }
    return new Session(await createVirtualKernel(options), spec, bytes, name)
  }

  private constructor(kernel: VirtualKernel, spec: ObjectSpec, bytes: Uint8Array, name: string) {
    this.kernel = kernel
    this.spec = spec
    const judged = this.spec.programs.map((program) => {
      const judge = (logLevel: number) => verifyProgram(openObject(bytes, { name }), program.name, kernel, { logLevel })
      const start = performance.now()
      const verdict = judge(VERDICT)
      const milliseconds = performance.now() - start
      const inFull = (verdict.processedInsns ?? 0) <= MAX_KNOWN
      return { program, verdict: inFull ? judge(KNOWLEDGE) : verdict, milliseconds }
    })
    for (const { program, verdict } of judged) program.autoload = verdict.verdict === 'accept'
    let problem = ''
    if (judged.some(({ verdict }) => verdict.verdict === 'accept')) {
      try {
        this.#loaded = loadObject(this.spec, kernel)
      } catch (error) {
        problem = (error as Error).message
      }
    }
    this.view = {
      name,
      license: this.spec.license,
      release: kernel.facts.release,
      programs: judged.map(({ program, verdict, milliseconds }) =>
        this.#viewProgram(program.name, verdict, milliseconds),
      ),
      maps: this.maps(),
      variables: this.variables(),
      problem,
    }
  }

  get loaded(): LoadedObject {
    if (!this.#loaded)
      throw new Error(this.view.problem || 'no program of this object was accepted: there is nothing to run')
    return this.#loaded
  }

  program(name: string): Program {
    const program = this.loaded.programs.get(name)
    if (!program) throw new Error(`program '${name}' was refused: it cannot run`)
    return program
  }

  maps() {
    return this.#loaded ? viewMaps(this.#loaded) : []
  }

  variables() {
    return this.#loaded ? viewVariables(this.#loaded) : []
  }

  /** Clock, CPU and engine of the runs that follow. */
  configure({ clock, cpu, engine }: World): void {
    const { exports } = this.kernel
    // Timers of programs fire on the way; a clock that is set back just shows another time.
    const ahead = BigInt(Math.round(clock)) - exports.get_option(OPTION.now)
    if (ahead > 0n) this.kernel.advance(ahead)
    else exports.set_option(OPTION.now, BigInt(Math.round(clock)))
    exports.set_option(OPTION.currentCpu, BigInt(cpu))
    exports.set_option(OPTION.engine, ENGINE_NUMBERS[engine])
  }

  #linked(name: string): LinkedProgram | undefined {
    try {
      return linkProgram(this.spec.program(name), this.spec.allFunctions)
    } catch {
      // What keeps it from being linked is the verdict's message.
      return undefined
    }
  }

  #viewProgram(name: string, verdict: Verdict, verificationMs: number): ProgramView {
    const program = this.spec.program(name)
    const linked = this.#linked(name)
    const bytes = linked ? encode(linked) : new Uint8Array()
    const loaded = this.#loaded?.programs.get(name)
    return {
      name,
      section: program.section,
      type: program.type,
      typeName: PROG_TYPE_NAMES[program.type] ?? String(program.type),
      input: inputKind(program.type, program.expectedAttachType),
      verdict: verdict.verdict,
      errnoName: verdict.errno ? errnoName(verdict.errno) : '',
      message: verdict.message,
      insn: verdict.insn,
      line: verdict.line,
      processedInsns: verdict.processedInsns,
      verificationMs: verdict.verificationNs ? verdict.verificationNs / 1e6 : verificationMs,
      log: verdict.log,
      insns: linked ? listInstructions(bytes, linked) : [],
      lines: linked ? listLines(linked) : [],
      functions: linked ? listFunctions(linked) : [],
      origins: loaded ? originsOf(bytes, loaded.info({ xlated: true }).xlated) : [],
    }
  }

  [Symbol.dispose](): void {
    this.#loaded?.[Symbol.dispose]()
    this.kernel[Symbol.dispose]()
  }
}

function encode(linked: LinkedProgram): Uint8Array {
  const bytes = new Uint8Array(linked.slots.length * 8)
  const view = new DataView(bytes.buffer)
  linked.slots.forEach((slot, i) => {
    bytes[i * 8] = slot.code
    bytes[i * 8 + 1] = (slot.src << 4) | slot.dst
    view.setInt16(i * 8 + 2, slot.off, true)
    view.setInt32(i * 8 + 4, slot.imm, true)
  })
  return bytes
}
