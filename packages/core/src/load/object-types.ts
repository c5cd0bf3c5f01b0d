// SPDX-License-Identifier: BSD-2-Clause
import { type Btf, BtfBuilder, parseBtf, sanitizeBtf } from '../btf/index.ts'
import { BtfError, describeErrno, SyscallError } from '../errors/index.ts'
import { bpf_func_info, bpf_line_info } from '../gen/uapi-layouts.gen.ts'
import type { ObjectSpec } from '../object/object.ts'
import type { LinkedProgram } from '../relo/index.ts'
import { encodeStruct, type StructLayout } from './attr.ts'
import type { Kernel } from './kernel.ts'
import { btfFeatures, hasBtf } from './probe.ts'
import { tryBtfLoad } from './syscalls/object.ts'
import type { Records } from './syscalls/prog.ts'
import type { BpfToken } from './token.ts'

function concat(records: readonly Uint8Array[], layout: StructLayout): Records | undefined {
  if (records.length === 0) return undefined
  const bytes = new Uint8Array(records.length * layout.size)
  records.forEach((record, i) => {
    bytes.set(record, i * layout.size)
  })
  return { bytes, recordSize: layout.size }
}

/** Encoded types with the places of the strings that line records refer to. */
interface EncodedTypes {
  readonly bytes: Uint8Array
  readonly strings: ReadonlyMap<string, number>
  /** Number of line records that they were made for. */
  readonly records: number
}

const encoded = new WeakMap<Btf, EncodedTypes>()

/** Line records refer to strings of the loaded types, so their text is put there. */
function encodeTypes(btf: Btf, spec: ObjectSpec): EncodedTypes {
  const lines = spec.allFunctions.flatMap((fn) => fn.lineInfo)
  const known = encoded.get(btf)
  if (known?.records === lines.length) return known
  const builder = BtfBuilder.from(btf)
  const strings = new Map<string, number>()
  for (const record of lines) {
    for (const text of [record.file, record.text]) if (!strings.has(text)) strings.set(text, builder.string(text))
  }
  const made = { bytes: builder.finish(), strings, records: lines.length }
  encoded.set(btf, made)
  return made
}

/** The object's types in the kernel: loaded once, when the first map or program wants them. */
export class ObjectTypes implements Disposable {
  readonly #spec: ObjectSpec
  readonly #kernel: Kernel
  readonly #token: BpfToken | undefined
  #strings: ReadonlyMap<string, number> = new Map()
  #fd: number | undefined
  #loaded = false
  #functions = false
  /** fds of modules' types that calls refer to by index; 0 stands for the kernel itself. */
  readonly fdArray: number[] = []

  constructor(spec: ObjectSpec, kernel: Kernel, token?: BpfToken) {
    this.#spec = spec
    this.#kernel = kernel
    this.#token = token
  }

  /** fd of the types, undefined where the object has none or the kernel takes none. */
  get fd(): number | undefined {
    if (!this.#loaded) {
      this.#loaded = true
      this.#fd = this.#load()
    }
    return this.#fd
  }

  #load(): number | undefined {
    const { btf } = this.#spec
    if (!btf || !hasBtf(this.#kernel, this.#token)) return undefined
    let answer = this.#tryLoad(btf)
    const features = btfFeatures(this.#kernel, this.#token)
    this.#functions = features.func
    if (answer.result < 0) {
      // Either the kernel is older than the compiler, or the types are wrong: what it does not know is taken out.
      const sanitized = parseBtf(sanitizeBtf(btf, features))
      answer = this.#tryLoad(sanitized, 1)
    }
    if (answer.result >= 0) return answer.result
    if (!this.#needed()) return undefined
    const cause = new SyscallError('BPF_BTF_LOAD', -answer.result)
    const reason = answer.log.trimEnd().split('\n').at(-1) || describeErrno(answer.result)
    throw new BtfError(`load types of '${this.#spec.name}': ${reason}`, { cause })
  }

  #tryLoad(btf: Btf, logLevel = 0) {
    const { bytes, strings } = encodeTypes(btf, this.#spec)
    this.#strings = strings
    return tryBtfLoad(this.#kernel, bytes, logLevel, undefined, this.#token?.fd)
  }

  /** Without types a struct_ops map or a map with special fields cannot be; everything else can do without. */
  #needed(): boolean {
    return this.#spec.maps.some((map) => map.origin === 'struct_ops')
  }

  /** Function and line records of a linked program, none where the kernel would not take them. */
  records(linked: LinkedProgram): { funcInfo: Records | undefined; lineInfo: Records | undefined } {
    if (this.fd === undefined || !this.#functions) return { funcInfo: undefined, lineInfo: undefined }
    const little = this.#kernel.facts.littleEndian
    const functions = linked.funcInfo.map((r) =>
      encodeStruct(bpf_func_info, { insn_off: r.slot, type_id: r.typeId }, little),
    )
    const lines = linked.lineInfo.map((r) =>
      encodeStruct(
        bpf_line_info,
        {
          insn_off: r.slot,
          file_name_off: this.#strings.get(r.file),
          line_off: this.#strings.get(r.text),
          line_col: ((r.line << 10) | r.column) >>> 0,
        },
        little,
      ),
    )
    return { funcInfo: concat(functions, bpf_func_info), lineInfo: concat(lines, bpf_line_info) }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) this.#kernel.close(this.#fd)
    this.#fd = undefined
  }
}
