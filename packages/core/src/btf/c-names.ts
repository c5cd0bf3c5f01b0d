// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'

/**
 * Names that are unique in C: the second type called `x` becomes `x___2`, as in libbpf. Tags of structs, unions and enums
 * are one name space, typedefs and enumerators another.
 */
export class CNames {
  private readonly btf: Btf
  private readonly tags = new Map<string, number>()
  private readonly identifiers = new Map<string, number>()
  private readonly resolved = new Map<number, string>()

  constructor(btf: Btf) {
    this.btf = btf
  }

  private static count(names: Map<string, number>, name: string): string {
    const uses = (names.get(name) ?? 0) + 1
    names.set(name, uses)
    return uses > 1 ? `${name}___${uses}` : name
  }

  private resolve(id: number, names: Map<string, number>): string {
    const name = this.btf.nameOf(id)
    if (name === '') return ''
    const known = this.resolved.get(id)
    if (known !== undefined) return known
    const type = this.btf.type(id)
    const isDeclaration = type.kind === 'FWD' || (type.kind === 'ENUM' && type.values.length === 0)
    const unique = isDeclaration ? name : CNames.count(names, name)
    this.resolved.set(id, unique)
    return unique
  }

  /** Tag of a struct, union or enum. */
  tag(id: number): string {
    return this.resolve(id, this.tags)
  }

  /** Name of a typedef. */
  typedef(id: number): string {
    return this.resolve(id, this.identifiers)
  }

  /** Name of an enumerator that is about to be printed. */
  enumerator(name: string): string {
    return CNames.count(this.identifiers, name)
  }
}
