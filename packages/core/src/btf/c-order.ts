// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'

const ORDERING = 1
const ORDERED = 2

/** Nesting beyond this is no program's. */
const MAX_DEPTH = 512

/**
 * The order in which types must be defined in C, found as libbpf's btf_dump does it. A named struct or union is needed in
 * full where it is embedded, but only declared where it is pointed to; a typedef is needed if what it leads to is, that is
 * if the way there is not only through pointers to named structs ("weak").
 */
export class DefinitionOrder {
  private readonly btf: Btf
  private readonly states: Uint8Array
  /** Types that another type refers to: anonymous enums among them are printed where they are used. */
  private readonly referenced: Uint8Array
  /** Weak types are visited each time they are met: the total is bounded. */
  private budget: number

  constructor(btf: Btf) {
    this.btf = btf
    this.budget = (1 << 20) + 64 * btf.nextId
    this.states = new Uint8Array(btf.nextId)
    // Void needs no definition.
    this.states[0] = ORDERED
    this.referenced = markReferenced(btf)
  }

  /** Types that have to be defined for this one, itself included, in order; none of those given before. */
  orderFor(id: number): number[] {
    const queue: number[] = []
    this.visit(id, false, queue, 0)
    return queue
  }

  /** @returns whether it is strong: a definition, not a declaration, is needed for what uses it. */
  private visit(id: number, throughPointer: boolean, queue: number[], depth: number): boolean {
    if (depth > MAX_DEPTH) throw this.btf.fail(`type ${id}: nested deeper than ${MAX_DEPTH}`)
    if (--this.budget < 0) throw this.btf.fail(`type ${id}: types nest too often to be ordered`)
    const state = this.states[id]
    if (state === ORDERED) return true
    const type = this.btf.type(id)
    if (state === ORDERING) {
      const isComposite = type.kind === 'STRUCT' || type.kind === 'UNION'
      if (isComposite && throughPointer && type.name !== '') return false
      throw this.btf.fail(`type ${id}: contains itself`)
    }
    const follow = (next: number, pointer: boolean) => this.visit(next, pointer, queue, depth + 1)
    switch (type.kind) {
      case 'INT':
      case 'FLOAT':
      case 'FUNC':
      case 'VAR':
      case 'DATASEC':
      case 'DECL_TAG':
        this.states[id] = ORDERED
        return false
      case 'PTR': {
        const strong = follow(type.type, true)
        this.states[id] = ORDERED
        return strong
      }
      case 'ARRAY':
        return follow(type.type, false)
      case 'STRUCT':
      case 'UNION':
        if (throughPointer && type.name !== '') return false
        this.states[id] = ORDERING
        for (const member of type.members) follow(member.type, false)
        if (type.name !== '') queue.push(id)
        this.states[id] = ORDERED
        return true
      case 'ENUM':
      case 'ENUM64':
      case 'FWD':
        if (type.name !== '' || this.referenced[id] === 0) queue.push(id)
        this.states[id] = ORDERED
        return true
      case 'TYPEDEF':
        if (!follow(type.type, throughPointer) && throughPointer) return false
        queue.push(id)
        this.states[id] = ORDERED
        return true
      case 'VOLATILE':
      case 'CONST':
      case 'RESTRICT':
      case 'TYPE_TAG':
        return follow(type.type, throughPointer)
      case 'FUNC_PROTO': {
        let strong = follow(type.returnType, throughPointer)
        for (const param of type.params) strong = follow(param.type, throughPointer) || strong
        return strong
      }
      case 'VOID':
        return false
    }
  }
}

function markReferenced(btf: Btf): Uint8Array {
  const referenced = new Uint8Array(btf.nextId)
  for (const id of btf.ids()) for (const target of referencesOf(btf, id)) referenced[target] = 1
  return referenced
}

/** Ids that a type refers to, 0 for void included. */
export function referencesOf(btf: Btf, id: number): readonly number[] {
  const type = btf.type(id)
  switch (type.kind) {
    case 'ARRAY':
      return [type.indexType, type.type]
    case 'STRUCT':
    case 'UNION':
      return type.members.map((member) => member.type)
    case 'FUNC_PROTO':
      return [type.returnType, ...type.params.map((param) => param.type)]
    case 'DATASEC':
      return type.vars.map((info) => info.type)
    default:
      return 'type' in type ? [type.type] : []
  }
}
