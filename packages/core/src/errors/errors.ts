// SPDX-License-Identifier: BSD-2-Clause
/**
 * The errors that Skep raises. A kernel never throws: it answers with a negative errno (see `Kernel`); these are raised
 * one layer up. Text: lower case, no full stop, the act, the value, the place; context is added with `cause`.
 */
import { describeErrno, EINVAL, errnoName } from './errno.ts'

/** What kind of failure it is, for programs that branch on it. */
export type BpfErrorCode =
  | 'elf'
  | 'btf'
  | 'asm'
  | 'relocation'
  | 'rule'
  | 'verifier'
  | 'syscall'
  | 'unsupported'
  | 'pcap'

/** Options of every error: `cause` is the error that led to this one. */
export interface BpfErrorOptions {
  readonly cause?: unknown
}

/** Base of every error that Skep raises on purpose. */
export class BpfError extends Error {
  readonly code: BpfErrorCode

  constructor(code: BpfErrorCode, message: string, options: BpfErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = new.target.name
    this.code = code
  }
}

/** An object file that is not what ELF says it should be. */
export class ElfError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super('elf', message, options)
  }
}

/** Type information that cannot be read, written or used. */
export class BtfError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super('btf', message, options)
  }
}

/** Assembly text, or instructions, that cannot be assembled, encoded or decoded. */
export class AsmError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super('asm', message, options)
  }
}

/** A capture file that cannot be read. */
export class PcapError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super('pcap', message, options)
  }
}

/** A reference in the instructions or data that cannot be resolved. */
export class RelocationError extends BpfError {
  /** Positive errno that a loader would answer with: EINVAL, or ESRCH for a symbol that the kernel does not have. */
  readonly errno: number

  constructor(message: string, options?: BpfErrorOptions & { readonly errno?: number }) {
    super('relocation', message, options)
    this.errno = options?.errno ?? EINVAL
  }
}

/** No kernel would take it, or the caller's request contradicts the file; the sentence says what would be accepted. */
export class RuleError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super('rule', message, options)
  }
}

/** A system call was refused. */
export class SyscallError extends BpfError {
  /** Positive errno, such as 22 for EINVAL. */
  readonly errno: number
  /** Name of the bpf command or of the system call, such as `BPF_MAP_CREATE` or `socket`. */
  readonly command: string

  constructor(command: string, errno: number, detail?: string, options?: BpfErrorOptions) {
    super('syscall', `${command}${detail ? ` ${detail}` : ''}: ${describeErrno(errno)}`, options)
    this.command = command
    this.errno = errno
  }

  /** Symbolic name of the errno, such as `EINVAL`. */
  get errnoName(): string {
    return errnoName(this.errno)
  }
}

/** What a {@link VerifierError} knows. */
export interface VerifierErrorDetails {
  /** The whole verifier log. */
  readonly log: string
  /** Index of the instruction at which the verifier stopped, if the log says so. */
  readonly insn?: number | undefined
  /** Positive errno that BPF_PROG_LOAD answered with. */
  readonly errno: number
  /** Source line of that instruction, as `file:line: text`. */
  readonly line?: string | undefined
}

/**
 * The kernel refused a program: the message is the last meaningful line of the log and the C line. What it means says
 * `explainRefusal` of `@skep/core/refusals`.
 */
export class VerifierError extends BpfError {
  readonly log: string
  readonly insn: number | undefined
  readonly errno: number
  readonly line: string | undefined

  constructor(message: string, details: VerifierErrorDetails, options?: BpfErrorOptions) {
    super('verifier', message, options)
    this.log = details.log
    this.insn = details.insn
    this.errno = details.errno
    this.line = details.line
  }

  /** Symbolic name of the errno, such as `EACCES`. */
  get errnoName(): string {
    return errnoName(this.errno)
  }
}

/** The kernel lacks what was asked for. */
export class UnsupportedError extends BpfError {
  /** What is missing, such as `BPF_MAP_TYPE_ARENA`. */
  readonly feature: string
  /** First Linux release that has it, such as `6.9`, where known. */
  readonly minKernel: string | undefined

  constructor(feature: string, minKernel?: string, options?: BpfErrorOptions) {
    super('unsupported', `${feature} is not available${minKernel ? `: Linux has it since ${minKernel}` : ''}`, options)
    this.feature = feature
    this.minKernel = minKernel
  }
}
