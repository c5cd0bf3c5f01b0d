// SPDX-License-Identifier: BSD-2-Clause
/** Events at a tracing program's hook: tracepoints, raw tracepoints, kprobes, in a process of the visitor's naming. */
import type { Program } from '@skep/core'
import * as U from '@skep/core/uapi'
import { World } from '@skep/wasm-vm'
import type { RunInput } from '../protocol.ts'
import type { Prepared } from './perform.ts'
import type { Session } from './session.ts'

/** Fields common to all records of tracepoints: type, flags, count of nesting, process. */
const COMMON_SIZE = 8
/** Registers that hold a function's arguments on x86-64. */
const ARGUMENTS = ['di', 'si', 'dx', 'cx', 'r8', 'r9'] as const
/** Arguments of a raw tracepoint that the kernel does not have and the page makes up. */
const MOST_ARGUMENTS = 12

function recordOf(words: readonly bigint[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(COMMON_SIZE + 8 * Math.max(words.length, 7)))
  words.forEach((word, i) => {
    view.setBigUint64(COMMON_SIZE + 8 * i, BigInt.asUintN(64, word), true)
  })
  return new Uint8Array(view.buffer)
}

function isRaw(type: number): boolean {
  return type === U.BPF_PROG_TYPE_RAW_TRACEPOINT || type === U.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE
}

/** Attaches it; a tracepoint that this kernel does not have is made up first. */
function attach(world: World, program: Program, target: string): Disposable {
  try {
    return program.attach()
  } catch (error) {
    if (program.type === U.BPF_PROG_TYPE_KPROBE) throw error
    const [category, name] = isRaw(program.type) ? ['playground', target] : target.split('/')
    world.defineTracepoint({ category: category!, name: name!, args: MOST_ARGUMENTS, recordSize: 1024 })
    return program.attach()
  }
}

function fire(world: World, program: Program, target: string, words: readonly bigint[]): void {
  if (isRaw(program.type)) world.fireTracepoint({ name: target, args: words })
  else if (program.type === U.BPF_PROG_TYPE_KPROBE) {
    const registers = Object.fromEntries(ARGUMENTS.map((name, i) => [name, words[i] ?? 0n]))
    const isReturn = program.spec?.section.startsWith('kret') ?? false
    world.fireKprobe(target, isReturn ? { ax: words[0] ?? 0n } : registers, { isReturn })
  } else {
    const [category, name] = target.split('/')
    world.fireTracepoint({ category: category!, name: name!, record: recordOf(words) })
  }
}

export function prepareEvent(session: Session, name: string, input: RunInput & { kind: 'event' }): Prepared {
  const world = new World(session.kernel)
  const program = session.program(name)
  const target = program.spec?.attachTo ?? ''
  const before = world.task
  const task = world.createTask({ name: input.comm }).switch()
  const link = attach(world, program, target)
  return {
    act() {
      fire(world, program, target, input.words)
      return {
        retval: 0,
        verdict: `fired in ${input.comm}, process ${task.pid}`,
        tone: 'plain',
        dataIn: undefined,
        dataOut: undefined,
        problem: undefined,
      }
    },
    [Symbol.dispose]() {
      link[Symbol.dispose]()
      before.switch()
      task.exit()
    },
  }
}
