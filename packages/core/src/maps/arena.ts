// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from '../btf/index.ts'
import { RuleError } from '../errors/index.ts'
import type { Mapping } from '../load/kernel.ts'
import type { VariableSpec } from '../object/spec.ts'
import { type PlainValue, readPlain } from './plain.ts'
import { writePlain } from './plain-write.ts'

/**
 * The memory of an arena as its caller has it: the object's `__arena` variables by name, and what pointers lead to.
 *
 * A pointer is what a program stored or a member holds: the caller's address, or its lower half, which is what programs
 * themselves use. What is read is copied; reading and writing bring pages into being, as for any caller.
 */
export class ArenaMemory {
  readonly mapping: Mapping
  readonly #name: string
  readonly #variables: readonly VariableSpec[]
  readonly #btf: Btf | undefined

  constructor(name: string, mapping: Mapping, variables: readonly VariableSpec[] = [], btf?: Btf) {
    this.#name = name
    this.mapping = mapping
    this.#variables = variables
    this.#btf = btf
  }

  /** Where the arena begins for its caller. */
  get address(): bigint {
    return this.mapping.address
  }

  /** Names of the variables, in the order of their places. */
  get variables(): string[] {
    return this.#variables.map(({ name }) => name)
  }

  /** A pointer to a variable. */
  addressOf(name: string): bigint {
    return this.address + BigInt(this.#variable(name).offset)
  }

  /** The value of a variable, by its type; its bytes where the object has no types. */
  get(name: string): PlainValue {
    const { offset, size, typeId } = this.#variable(name)
    return this.#read(typeId, offset, size)
  }

  set(name: string, value: PlainValue): void {
    const { offset, size, typeId } = this.#variable(name)
    this.#write(typeId, offset, size, value, `'${name}'`)
  }

  /** A copy of `length` bytes from a pointer on. */
  bytes(pointer: bigint, length: number): Uint8Array {
    return this.mapping.read(this.#offset(pointer, length), length)
  }

  /** What a pointer leads to, as a type of the object: its name, such as `elem`, or its number. */
  read(pointer: bigint, type: string | number): PlainValue {
    const id = this.#type(type)
    const size = this.#types.sizeOf(id)
    return this.#read(id, this.#offset(pointer, size), size)
  }

  write(pointer: bigint, type: string | number, value: PlainValue): void {
    const id = this.#type(type)
    const size = this.#types.sizeOf(id)
    this.#write(id, this.#offset(pointer, size), size, value, `'${type}' at 0x${pointer.toString(16)}`)
  }

  get #types(): Btf {
    if (!this.#btf) throw new RuleError(`use arena '${this.#name}': its object has no types`)
    return this.#btf
  }

  #type(type: string | number): number {
    if (typeof type === 'number') return type
    const types = this.#types
    const id = types.find(type, 'STRUCT') ?? types.find(type, 'UNION') ?? types.find(type)
    if (id === undefined) throw new RuleError(`use arena '${this.#name}': its object has no type '${type}'`)
    return id
  }

  #variable(name: string): VariableSpec {
    const found = this.#variables.find((variable) => variable.name === name)
    if (found) return found
    const names = this.variables.join(', ') || 'none'
    throw new RuleError(`find variable '${name}' of arena '${this.#name}': there is ${names}`)
  }

  /** An arena lies within one range of 4 GiB: the lower half of a pointer says all. */
  #offset(pointer: bigint, length: number): number {
    const offset = Number(BigInt.asUintN(32, pointer - this.address))
    if (offset + length <= this.mapping.length) return offset
    throw new RuleError(`use arena '${this.#name}': ${length} bytes at 0x${pointer.toString(16)} are not in it`)
  }

  #read(typeId: number, offset: number, size: number): PlainValue {
    const bytes = this.mapping.read(offset, size)
    return this.#btf && typeId ? readPlain(this.#btf, typeId, bytes) : bytes
  }

  #write(typeId: number, offset: number, size: number, value: PlainValue, what: string): void {
    let bytes = value
    if (this.#btf && typeId) {
      bytes = this.mapping.read(offset, size)
      writePlain(this.#btf, typeId, bytes, value, what)
    } else if (!(value instanceof Uint8Array) || value.length !== size) {
      throw new RuleError(`set ${what}: it has no type, ${size} bytes are expected`)
    }
    this.mapping.write(offset, bytes as Uint8Array)
  }
}
