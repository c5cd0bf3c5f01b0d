// SPDX-License-Identifier: BSD-2-Clause
/** Writes what a kernel knows - fds, BTF ids, addresses - into the instructions that refer to it. */
import { RelocationError } from '../errors/index.ts'
import type { Slot } from '../object/slots.ts'
import type { Reference } from '../object/spec.ts'
import { poison } from './core-patch.ts'

const PSEUDO_MAP_FD = 1
const PSEUDO_MAP_VALUE = 2
const PSEUDO_BTF_ID = 3
const PSEUDO_KFUNC_CALL = 2

/** Helper numbers that no kernel has: what stands in the place of a map or kfunc that is not there. */
export const POISON_MAP_BASE = 2001000000
export const POISON_KFUNC_BASE = 2002000000

/** What an extern is on this kernel. */
export type ResolvedExtern =
  /** Offset in the `.kconfig` map. */
  | { readonly kind: 'kconfig'; readonly mapFd: number; readonly offset: number }
  /** A variable or function by BTF id; `btfFd` of a module's BTF, 0 for the kernel itself. */
  | { readonly kind: 'btf'; readonly id: number; readonly btfFd: number; readonly fdIndex: number }
  | { readonly kind: 'address'; readonly address: bigint }
  /** A weak symbol that the kernel does not have; `index` identifies it in the poisoned call. */
  | { readonly kind: 'missing'; readonly index: number }

/** Answers of the loader. */
export interface ReferenceResolver {
  /** fd of a map; a map that is not created gives its index. */
  map(name: string): { readonly fd: number } | { readonly index: number }
  extern(name: string): ResolvedExtern
}

function loadMap(slots: Slot[], slot: number, source: number, map: { fd: number } | { index: number }): void {
  if (!('fd' in map)) {
    poison(slots, slot, POISON_MAP_BASE + map.index)
    return
  }
  slots[slot]!.src = source
  slots[slot]!.imm = map.fd
}

function loadExtern(slots: Slot[], slot: number, extern: ResolvedExtern): void {
  const low = slots[slot]!
  const high = slots[slot + 1]!
  switch (extern.kind) {
    case 'kconfig':
      low.src = PSEUDO_MAP_VALUE
      low.imm = extern.mapFd
      high.imm = extern.offset
      return
    case 'btf':
      low.src = PSEUDO_BTF_ID
      low.imm = extern.id
      high.imm = extern.btfFd
      return
    case 'address':
      low.imm = Number(BigInt.asIntN(32, extern.address))
      high.imm = Number(BigInt.asIntN(32, extern.address >> 32n))
      return
    default:
      low.imm = 0
      high.imm = 0
  }
}

function callExtern(slots: Slot[], slot: number, extern: ResolvedExtern): void {
  if (extern.kind !== 'btf') {
    poison(slots, slot, POISON_KFUNC_BASE + (extern.kind === 'missing' ? extern.index : 0))
    return
  }
  const insn = slots[slot]!
  insn.src = PSEUDO_KFUNC_CALL
  insn.imm = extern.id
  insn.off = extern.fdIndex
}

/** Resolves maps and externs of a linked program in place. */
export function applyReferences(slots: Slot[], references: readonly Reference[], resolver: ReferenceResolver): void {
  for (const reference of references) {
    const { slot } = reference
    if (reference.kind !== 'extern-call' && slots[slot + 1] === undefined) {
      throw new RelocationError(`relocate instruction ${slot}: the second half of the 64-bit load is missing`)
    }
    switch (reference.kind) {
      case 'map':
        loadMap(slots, slot, PSEUDO_MAP_FD, resolver.map(reference.map))
        break
      case 'map-value':
        slots[slot + 1]!.imm = slots[slot]!.imm + reference.offset
        loadMap(slots, slot, PSEUDO_MAP_VALUE, resolver.map(reference.map))
        break
      case 'extern':
        loadExtern(slots, slot, resolver.extern(reference.extern))
        break
      case 'extern-call':
        callExtern(slots, slot, resolver.extern(reference.extern))
        break
      default:
        break
    }
  }
}
