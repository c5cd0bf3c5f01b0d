// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from '../btf/index.ts'
import { RuleError } from '../errors/index.ts'
import { BPF_PROG_TYPE_STRUCT_OPS } from '../gen/uapi-enums.gen.ts'
import type { Kernel } from '../load/kernel.ts'
import type { LoadedObject, LoadOptions } from '../load/loader.ts'
import { loadObject } from '../load/loader.ts'
import { type PlainValue, readPlain } from '../maps/plain.ts'
import { writePlain } from '../maps/plain-write.ts'
import { encodeSlots } from './slots.ts'
import type { ExternSpec, FunctionSpec, MapSpec, ProgramSpec, VariableSpec } from './spec.ts'

/** The parts of a Spec. */
export interface ObjectParts {
  name: string
  littleEndian: boolean
  license: string
  kernVersion: number
  btf: Btf | undefined
  programs: ProgramSpec[]
  functions: FunctionSpec[]
  maps: MapSpec[]
  externs: ExternSpec[]
}

/** Where a variable was found. */
interface FoundVariable {
  readonly map: MapSpec
  readonly variable: VariableSpec
}

/**
 * What an object file says. Plain data but for a few verbs: print it with `JSON.stringify`, edit it, then load it.
 *
 * ```ts
 * const object = openObject(bytes)
 * object.map('counters').maxEntries = 1024
 * object.setVariable('port', 8080)
 * using loaded = object.load(kernel)
 * ```
 */
export class ObjectSpec implements ObjectParts {
  /** Used in the kernel names of data maps. */
  name: string
  readonly littleEndian: boolean
  /** Contents of the section `license`. */
  license: string
  /** Contents of the section `version`, 0 where there is none. */
  kernVersion: number
  /** Types, with sizes and offsets filled in from ELF. */
  readonly btf: Btf | undefined
  programs: ProgramSpec[]
  /** Functions that programs call. */
  functions: FunctionSpec[]
  maps: MapSpec[]
  externs: ExternSpec[]

  constructor(parts: ObjectParts) {
    this.name = parts.name
    this.littleEndian = parts.littleEndian
    this.license = parts.license
    this.kernVersion = parts.kernVersion
    this.btf = parts.btf
    this.programs = parts.programs
    this.functions = parts.functions
    this.maps = parts.maps
    this.externs = parts.externs
  }

  /** The program of that name. @throws RuleError that says which there are */
  program(name: string): ProgramSpec {
    return this.#named(this.programs, name, 'program')
  }

  /** The map of that name; data maps are called after their section, `.rodata`. */
  map(name: string): MapSpec {
    return this.#named(this.maps, name, 'map')
  }

  #named<T extends { readonly name: string }>(list: readonly T[], name: string, what: string): T {
    const found = list.find((item) => item.name === name)
    if (found) return found
    const names = list.map((item) => item.name).join(', ') || 'none'
    throw new RuleError(`find ${what} '${name}': there is ${names}`)
  }

  /** Every function, programs included. */
  get allFunctions(): FunctionSpec[] {
    return [...this.programs, ...this.functions]
  }

  /** Whether something of it is found by types of the kernel: accesses (CO-RE), functions, symbols, what to attach to. */
  get needsKernelTypes(): boolean {
    return (
      this.programs.some((program) => program.attachBtf || program.type === BPF_PROG_TYPE_STRUCT_OPS) ||
      this.allFunctions.some((fn) => fn.coreRelos.length > 0) ||
      this.externs.some((extern) => extern.kind !== 'kconfig') ||
      this.maps.some((map) => map.origin === 'struct_ops')
    )
  }

  #variable(name: string): FoundVariable {
    for (const map of this.maps) {
      const variable = map.variables.find((v) => v.name === name)
      if (variable) return { map, variable }
    }
    const names = this.maps.flatMap((map) => map.variables.map((v) => v.name)).join(', ') || 'none'
    throw new RuleError(`find variable '${name}': there is ${names}`)
  }

  #bytesOf({ map, variable }: FoundVariable): Uint8Array {
    map.data ??= new Uint8Array(map.valueSize)
    if (variable.offset + variable.size > map.data.length) {
      throw new RuleError(`find variable '${variable.name}': it lies outside of ${map.name}`)
    }
    return map.data.subarray(variable.offset, variable.offset + variable.size)
  }

  /** Initial value of a global variable or constant: by its type where there is BTF, as bytes otherwise. */
  getVariable(name: string): PlainValue {
    const found = this.#variable(name)
    const bytes = this.#bytesOf(found)
    return this.btf && found.variable.typeId ? readPlain(this.btf, found.variable.typeId, bytes) : bytes.slice()
  }

  /**
   * Sets the initial value of a global variable or constant.
   * @throws RuleError where the value does not fit the type
   */
  setVariable(name: string, value: PlainValue): void {
    const found = this.#variable(name)
    const bytes = this.#bytesOf(found)
    if (this.btf && found.variable.typeId) {
      writePlain(this.btf, found.variable.typeId, bytes, value, `variable '${name}'`)
      return
    }
    if (!(value instanceof Uint8Array) || value.length !== bytes.length) {
      throw new RuleError(`set variable '${name}': it has no type, ${bytes.length} bytes are expected`)
    }
    bytes.set(value)
  }

  /** Creates the maps and loads the programs. @throws VerifierError, SyscallError, RuleError, RelocationError */
  load(kernel: Kernel, options: LoadOptions = {}): LoadedObject {
    return loadObject(this, kernel, options)
  }

  /** Plain data for printing: instructions and contents as hex, BTF left out. */
  toJSON(): unknown {
    const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const fn = ({ slots, ...rest }: FunctionSpec) => ({ ...rest, insns: hex(encodeSlots(slots, this.littleEndian)) })
    const map = ({ data, extra, inner, mapExtra, ...rest }: MapSpec): object => ({
      ...rest,
      mapExtra: mapExtra.toString(),
      ...(data ? { data: hex(data) } : {}),
      ...(extra ? { extra: hex(extra) } : {}),
      ...(inner ? { inner: map(inner) } : {}),
    })
    return {
      name: this.name,
      littleEndian: this.littleEndian,
      license: this.license,
      kernVersion: this.kernVersion,
      programs: this.programs.map(fn),
      functions: this.functions.map(fn),
      maps: this.maps.map(map),
      externs: this.externs,
    }
  }
}
