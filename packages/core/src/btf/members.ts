// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import type { BtfMember } from './types.ts'

/** A member found in a struct. */
export interface FoundMember {
  readonly member: BtfMember
  /** Offset from the start of the outermost struct in bits: anonymous structs and unions are searched through. */
  readonly bitOffset: number
}

const MAX_SEARCHED = 10_000

/** Searches a struct or union, and the anonymous ones inside it, in the order of declaration. */
export function findMember(btf: Btf, id: number, name: string): FoundMember | undefined {
  let searched = 0
  const search = (inner: number, base: number): FoundMember | undefined => {
    if (++searched > MAX_SEARCHED) throw btf.fail(`type ${id}: anonymous members nest too often or endlessly`)
    const type = btf.type(btf.resolve(inner))
    if (type.kind !== 'STRUCT' && type.kind !== 'UNION') return undefined
    for (const member of type.members) {
      const bitOffset = base + member.bitOffset
      if (member.name === name) return { member, bitOffset }
      const found = member.name === '' ? search(member.type, bitOffset) : undefined
      if (found) return found
    }
    return undefined
  }
  return search(id, 0)
}
