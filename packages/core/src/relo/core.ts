// SPDX-License-Identifier: BSD-2-Clause
/**
 * Compile once, run everywhere: resolves one relocation against the types of the target kernel.
 *
 *   local access <- parse(access string, object's BTF)
 *   for each type of the target with the same kind and name (flavour `___x` ignored):
 *     access <- match(local access, candidate); skip the candidate if it does not have it
 *     all candidates that have it must agree
 *   none has it: existence and type questions answer 0, everything else poisons the instruction
 */
import { RelocationError } from '../errors/index.ts'
import { matchSpec } from './core-match.ts'
import { type AccessSpec, type CoreReloSpec, parseSpec } from './core-spec.ts'
import { CoreKind, coreKindName, essentialName, sameKind, type TypeTable } from './core-types.ts'
import { type CoreResult, coreResult } from './core-value.ts'

/** Types of the kernel that the object will run on, found by name. */
export interface TargetTypes {
  readonly table: TypeTable
  /** Ids of the types whose name without flavour is `name`, in order. */
  idsNamed(name: string): readonly number[]
}

/** Resolves relocations of one object; candidates are remembered per local type, as they shrink to those that match. */
export class CoreResolver {
  readonly #local: TypeTable
  readonly #target: TargetTypes | undefined
  readonly #little: boolean
  readonly #candidates = new Map<number, readonly number[]>()

  constructor(local: TypeTable, target: TargetTypes | undefined, littleEndian: boolean) {
    this.#local = local
    this.#target = target
    this.#little = littleEndian
  }

  /** The decision; raises RelocationError where it is ambiguous or the record is broken. */
  resolve(relo: CoreReloSpec): CoreResult {
    const act = `relocate ${coreKindName(relo.kind)} of type ${relo.typeId} '${relo.access}'`
    try {
      return this.#resolve(relo)
    } catch (error) {
      if (error instanceof RelocationError)
        throw new RelocationError(`${act}: ${error.message}`, { cause: error, errno: error.errno })
      throw error
    }
  }

  #resolve(relo: CoreReloSpec): CoreResult {
    const local = parseSpec(this.#local, relo)
    if (relo.kind === CoreKind.typeIdLocal) {
      const id = BigInt(relo.typeId)
      return {
        original: id,
        value: id,
        originalSize: 0,
        size: 0,
        poison: false,
        validate: false,
        failMemorySize: false,
      }
    }
    const candidates = this.#candidatesOf(relo.typeId)
    let chosen: { spec: AccessSpec; result: CoreResult } | undefined
    const matching: number[] = []
    for (const candidate of candidates) {
      const spec = matchSpec(local, this.#target!.table, candidate)
      if (!spec) continue
      const result = coreResult(relo, local, spec, this.#little)
      if (!chosen) chosen = { spec, result }
      else this.#agree(chosen, spec, result)
      matching.push(candidate)
    }
    if (!chosen) return coreResult(relo, local, undefined, this.#little)
    this.#candidates.set(relo.typeId, matching)
    return chosen.result
  }

  #agree(chosen: { spec: AccessSpec; result: CoreResult }, spec: AccessSpec, result: CoreResult): void {
    if (spec.bitOffset !== chosen.spec.bitOffset) {
      throw new RelocationError(
        `candidates ${chosen.spec.rootTypeId} and ${spec.rootTypeId} have the field in different places`,
      )
    }
    if (result.poison !== chosen.result.poison || result.value !== chosen.result.value) {
      throw new RelocationError(
        `candidates ${chosen.spec.rootTypeId} and ${spec.rootTypeId} disagree: ${chosen.result.value} and ${result.value}`,
      )
    }
  }

  #candidatesOf(typeId: number): readonly number[] {
    const known = this.#candidates.get(typeId)
    if (known) return known
    const type = this.#local.type(typeId)
    const name = type.name
    if (!name) throw new RelocationError('an anonymous type cannot be found in the target')
    if (!this.#target) throw new RelocationError('the target kernel has no BTF')
    const { table } = this.#target
    const ids = this.#target.idsNamed(essentialName(name)).filter((id) => sameKind(type, table.type(id)))
    this.#candidates.set(typeId, ids)
    return ids
  }
}
