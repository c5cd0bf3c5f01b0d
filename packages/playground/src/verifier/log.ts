// SPDX-License-Identifier: BSD-2-Clause
/**
 * Reads what the verifier knew out of its log at level 2: at every instruction, on every path, each register and stack
 * slot before and after it.
 *
 * The log prints a state in full where a path begins (`from 5 to 27: …`) and at calls; after an instruction it prints
 * only what that instruction touched. So the reader carries a state along and patches it.
 */

/** Registers (`R0`) and stack slots (`fp-8`) of one frame, as the log words them. */
export type Frame = Readonly<Record<string, string>>

/** Frames of a call chain, the outermost first. */
export type State = readonly Frame[]

/** One visit of an instruction. */
export interface Visit {
  readonly insn: number
  /** The path on which it was visited: index in {@link VerifierKnowledge.paths}. */
  readonly path: number
  readonly before: State
  /** Undefined where the verifier stopped at this instruction. */
  after: State | undefined
}

/** A stretch that the verifier walked in one go. */
export interface Path {
  /** The jump that it branches off, undefined for the beginning of a function. */
  readonly from: number | undefined
  readonly to: number
  /** The path from which it branches. */
  readonly parent: number | undefined
  /** Number of visits of the parent up to the branch. */
  readonly parentVisits: number
  readonly visits: Visit[]
  /** Where it ended because what follows was known to be safe from there. */
  prunedAt?: number
}

export interface VerifierKnowledge {
  readonly paths: readonly Path[]
  /** Visits by instruction, in the order of the log. */
  readonly byInsn: ReadonlyMap<number, readonly Visit[]>
  /** Text of the last message: what was wrong; empty for an accepted program. */
  readonly message: string
}

const INSN = /^(\d+): \(([0-9a-f]{2})\) (.*?)(?:\s+; ?(.*))?$/
const FROM = /^from (\d+) to (\d+)(?: \(speculative execution\))?: (.*)$/
const STATE = /^(\d+): (?=(?:frame\d+: )?(?:R\d|fp-|refs=|cb|$))(.*)$/
const CALLER_AT = /^to caller at (\d+):/
const VALIDATING = /^Validating \S+ func#\d+/
const CALL_HELPER = 0x85
/** Visits that are kept for one instruction: a loop of a million turns is not told in full. */
const MAX_VISITS = 200

/** Splits `R1=ctx() R2=pkt(off=1,r=2)` at blanks outside of brackets. */
export function splitState(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    const char = text[i]
    if (char === '(' || char === '[') depth++
    else if (char === ')' || char === ']') depth--
    else if ((char === ' ' || char === undefined) && depth <= 0) {
      if (i > start) parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return parts
}

interface ParsedState {
  readonly frame: number
  readonly values: Record<string, string>
}

/** One frame's part of a state. */
export function parseState(text: string): ParsedState {
  const match = /^\s*frame(\d+): (.*)$/.exec(text)
  const values: Record<string, string> = {}
  for (const part of splitState(match ? match[2]! : text.trim())) {
    const found = /^(R\d+|fp-\d+|refs)(?:_[a-zA-Z]+)?=(.*)$/.exec(part)
    if (found) values[found[1]!] = found[2]!
  }
  return { frame: match ? Number(match[1]) : 0, values }
}

class LogReader {
  readonly paths: Path[] = []
  readonly byInsn = new Map<number, Visit[]>()
  /** Branches that are still to be walked: the visits at which they were put off. */
  private readonly open: { insn: number; path: number; visits: number }[] = []
  private state: Frame[] = [{}]
  private last: Visit | undefined
  private expect: 'callee' | 'caller' | undefined
  private returned = false
  message = ''

  read(log: string): void {
    for (const line of log.split('\n')) this.line(line)
    if (this.last && this.message) this.last.after = undefined
  }

  private line(line: string): void {
    if (line.startsWith(' ') && this.expect) {
      this.callState(line)
      return
    }
    const insn = INSN.exec(line)
    if (insn) {
      this.visit(Number(insn[1]), Number.parseInt(insn[2]!, 16), insn[3]!, insn[4])
      return
    }
    const from = FROM.exec(line)
    if (from) {
      this.from(Number(from[1]), Number(from[2]), from[3]!)
      return
    }
    const state = STATE.exec(line)
    if (state) {
      this.merge(state[2]!)
      return
    }
    this.other(line)
  }

  private callState(line: string): void {
    const { frame, values } = parseState(line)
    if (this.expect === 'callee') this.state = [...this.state.slice(0, frame), values]
    else this.state = [...this.state.slice(0, frame), values]
    this.expect = undefined
    this.closeLast()
  }

  private other(line: string): void {
    if (line === 'callee:') this.expect = 'callee'
    else if (CALLER_AT.test(line)) {
      this.expect = 'caller'
      this.returned = true
    } else if (VALIDATING.test(line)) {
      this.state = [{}]
      this.last = undefined
      this.paths.push({ from: undefined, to: 0, parent: undefined, parentVisits: 0, visits: [] })
    } else if (/^\d+: safe$/.test(line)) {
      const path = this.paths.at(-1)
      if (path) path.prunedAt = Number.parseInt(line, 10)
    } else if (isMessage(line)) this.message = this.message && isDetail(line) ? `${this.message}\n${line}` : line
  }

  private path(): number {
    if (this.paths.length === 0) {
      this.paths.push({ from: undefined, to: 0, parent: undefined, parentVisits: 0, visits: [] })
    }
    return this.paths.length - 1
  }

  private from(from: number, to: number, text: string): void {
    const { frame, values } = parseState(text)
    if (this.returned) {
      // The same path goes on after a call.
      this.returned = false
      this.state = [...this.state.slice(0, frame), values]
      return
    }
    const index = this.open.findLastIndex((branch) => branch.insn === from)
    const branch = index < 0 ? undefined : this.open.splice(index, this.open.length - index)[0]
    const outer = branch ? this.paths[branch.path]?.visits[branch.visits - 1]?.before : undefined
    this.state = [...(outer ?? this.state).slice(0, frame), values]
    while (this.state.length < frame + 1) this.state.splice(-1, 0, {})
    this.last = undefined
    this.message = ''
    this.paths.push({ from, to, parent: branch?.path, parentVisits: branch?.visits ?? 0, visits: [] })
  }

  private merge(text: string): void {
    const { frame, values } = parseState(text)
    const frames = this.state.slice(0, frame + 1)
    while (frames.length < frame + 1) frames.push({})
    frames[frame] = { ...frames[frame], ...values }
    if (values.refs === undefined && frames[frame].refs !== undefined && Object.keys(values).length > 0) {
      const { refs: _gone, ...rest } = frames[frame]
      frames[frame] = rest
    }
    this.state = frames
    this.closeLast()
  }

  private closeLast(): void {
    if (this.last) this.last.after = this.state
  }

  private visit(insn: number, code: number, text: string, touched: string | undefined): void {
    const path = this.path()
    this.returned = false
    const visit: Visit = { insn, path, before: this.state, after: undefined }
    this.paths[path]!.visits.push(visit)
    const visits = this.byInsn.get(insn)
    if (!visits) this.byInsn.set(insn, [visit])
    else if (visits.length < MAX_VISITS) visits.push(visit)
    this.last = visit
    // Only what follows the last instruction is about it.
    this.message = ''
    if (code === CALL_HELPER && !text.startsWith('call pc')) this.clobber()
    if (touched) this.merge(touched)
    visit.after = this.state
    if (/^if |^may_goto|^call bpf_loop|^call pc/.test(text)) {
      this.open.push({ insn, path, visits: this.paths[path]!.visits.length })
    }
  }

  /** A call leaves nothing in the registers of its arguments. */
  private clobber(): void {
    const frames = [...this.state]
    const { R1: _1, R2: _2, R3: _3, R4: _4, R5: _5, ...rest } = frames.at(-1) ?? {}
    frames[Math.max(frames.length - 1, 0)] = rest
    this.state = frames
  }
}

const NOISE =
  /^(func#|Live regs|\s|;|$|mark_precise|processed |verification time|stack depth|SCC |caller:|returning from|\(\d|propagating|BPF program is not|arg#|Func#|\d+:(?:\s|$)|frame \d+: |last_idx|regs=|parent |update liveness|live-in)/
const DETAIL = /^(cur state|old state|BPF_EXIT instruction|R\d.*(outside|unbounded|offset)|Processed)/

function isMessage(line: string): boolean {
  return !NOISE.test(line)
}

/** Whether the line adds to the message before it. */
function isDetail(line: string): boolean {
  return DETAIL.test(line)
}

/** What a log of level 2 tells. */
export function readVerifierLog(log: string): VerifierKnowledge {
  const reader = new LogReader()
  reader.read(log)
  return { paths: reader.paths, byInsn: reader.byInsn, message: reader.message }
}

/** The instructions from the beginning to the end of a path, those of the paths that it branches from included. */
export function trail(knowledge: VerifierKnowledge, path: number): Visit[] {
  const parts: Visit[][] = []
  let found = knowledge.paths[path]
  let visits = found?.visits ?? []
  while (found) {
    parts.push(visits)
    const parent: Path | undefined = found.parent === undefined ? undefined : knowledge.paths[found.parent]
    visits = parent?.visits.slice(0, found.parentVisits) ?? []
    found = parent
  }
  return parts.reverse().flat()
}
