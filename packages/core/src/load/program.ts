// SPDX-License-Identifier: BSD-2-Clause
import { RuleError } from '../errors/index.ts'
import type { ProgramSpec } from '../object/spec.ts'
import { type ProgInfo, type ProgInfoOptions, progInfo } from './info.ts'
import type { Kernel } from './kernel.ts'
import { type AttachTarget, attachProgram } from './links/attach.ts'
import type { Link } from './links/link.ts'
import { objGet, objPin } from './syscalls/object.ts'
import { progTestRun, type TestRunParams, type TestRunResult } from './syscalls/prog.ts'

/** What is known of a program beside its fd. */
export interface ProgramFacts {
  readonly name: string
  /** BPF_PROG_TYPE_*. */
  readonly type: number
  /** What the object file says, for programs that come from one. */
  readonly spec?: ProgramSpec
  /** Log of the verifier, where one was asked for. */
  readonly log?: string
}

/** A program in a kernel. Disposing it closes the fd; it lives on while it is attached or pinned. */
export class Program implements Disposable {
  readonly kernel: Kernel
  readonly name: string
  readonly type: number
  readonly spec: ProgramSpec | undefined
  readonly log: string
  #fd: number

  constructor(kernel: Kernel, fd: number, facts: ProgramFacts) {
    this.kernel = kernel
    this.#fd = fd
    this.name = facts.name
    this.type = facts.type
    this.spec = facts.spec
    this.log = facts.log ?? ''
  }

  /** The program pinned at a path. */
  static fromPin(kernel: Kernel, path: string): Program {
    const fd = objGet(kernel, path)
    const { name, type } = progInfo(kernel, fd)
    return new Program(kernel, fd, { name, type })
  }

  /** Its file descriptor. @throws RuleError after it was closed */
  get fd(): number {
    if (this.#fd < 0) throw new RuleError(`use program '${this.name}': it was closed`)
    return this.#fd
  }

  /** Runs it on given input (BPF_PROG_TEST_RUN). @throws SyscallError, with ENOTSUPP for types that cannot be run so */
  testRun(params: TestRunParams = {}): TestRunResult {
    return progTestRun(this.kernel, this.fd, params)
  }

  /** Attaches it: to what its section name says, or to `target`. The link detaches when it is disposed. */
  attach(target: AttachTarget = {}): Link {
    return attachProgram(this, target)
  }

  /** What the kernel knows about it. */
  info(options?: ProgInfoOptions): ProgInfo {
    return progInfo(this.kernel, this.fd, options)
  }

  /** Keeps it in bpffs beyond the life of this process. */
  pin(path: string): void {
    objPin(this.kernel, this.fd, path)
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) this.kernel.close(this.#fd)
    this.#fd = -1
  }
}
