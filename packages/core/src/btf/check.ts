// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import { referencesOf } from './c-order.ts'
import type {
  BtfArray,
  BtfComposite,
  BtfDatasec,
  BtfDeclTag,
  BtfEnum,
  BtfFunc,
  BtfInt,
  BtfKind,
  BtfType,
  BtfVar,
} from './types.ts'

/**
 * Checks what parsing leaves open: that all references lead to types of a fitting kind, that sizes and offsets agree and
 * that no type contains itself. What passes can be printed, measured and encoded.
 * @throws BtfError for the first thing that is wrong
 */
export function checkBtf(btf: Btf): void {
  for (const id of btf.ownIds()) {
    const problem = problemOf(btf, btf.type(id))
    if (problem) throw btf.fail(`type ${id}: ${describe(btf.type(id))} ${problem}`)
  }
  checkLoops(btf, BY_VALUE)
  checkLoops(btf, POINTER_CHAINS)
  for (const id of btf.ownIds()) {
    const problem = layoutProblemOf(btf, btf.type(id))
    if (problem) throw btf.fail(`type ${id}: ${describe(btf.type(id))} ${problem}`)
  }
}

function describe(type: BtfType): string {
  return type.name === '' ? type.kind : `${type.kind} ${JSON.stringify(type.name)}`
}

const NAMED: readonly BtfKind[] = ['INT', 'FWD', 'TYPEDEF', 'FUNC', 'VAR', 'DATASEC', 'FLOAT', 'DECL_TAG', 'TYPE_TAG']

/** What is wrong with a type looked at alone, or with the kind of what it refers to. */
function problemOf(btf: Btf, type: BtfType): string | undefined {
  if (type.name === '' && NAMED.includes(type.kind)) return 'has no name'
  switch (type.kind) {
    case 'INT':
      return intProblem(type)
    case 'ENUM':
    case 'ENUM64':
      return enumProblem(type)
    case 'FLOAT':
      return [2, 4, 8, 12, 16].includes(type.size) ? undefined : `has size ${type.size}`
    case 'FUNC':
      return funcProblem(btf, type)
    case 'VAR':
      return varProblem(btf, type)
    case 'DATASEC':
      return datasecProblem(btf, type)
    case 'DECL_TAG':
      return declTagProblem(btf, type)
    default:
      return undefined
  }
}

function intProblem(type: BtfInt): string | undefined {
  if (![1, 2, 4, 8, 16].includes(type.size)) return `has size ${type.size}`
  if (type.bits + type.bitOffset > type.size * 8) return `has ${type.bits} bits in ${type.size} bytes`
  return [0, 1, 2, 4].includes(type.encoding) ? undefined : `has unknown encoding ${type.encoding}`
}

function enumProblem(type: BtfEnum): string | undefined {
  // A declaration without enumerators has no size yet.
  const isDeclaration = type.values.length === 0 && type.size === 0
  return isDeclaration || [1, 2, 4, 8].includes(type.size) ? undefined : `has size ${type.size}`
}

function funcProblem(btf: Btf, type: BtfFunc): string | undefined {
  if (btf.kindOf(type.type) !== 'FUNC_PROTO') return `has type ${type.type}, which is no FUNC_PROTO`
  return type.linkage > 2 ? `has unknown linkage ${type.linkage}` : undefined
}

function varProblem(btf: Btf, type: BtfVar): string | undefined {
  if (type.linkage > 2) return `has unknown linkage ${type.linkage}`
  const kind = btf.kindOf(type.type)
  return ['FUNC', 'VAR', 'DATASEC', 'FUNC_PROTO', 'DECL_TAG'].includes(kind) ? `is a ${kind}` : undefined
}

function datasecProblem(btf: Btf, type: BtfDatasec): string | undefined {
  for (const info of type.vars) {
    const kind = btf.kindOf(info.type)
    if (kind !== 'VAR' && kind !== 'FUNC') return `holds type ${info.type}, which is neither VAR nor FUNC`
    // A compiler leaves the size of the section to the loader.
    if (type.size !== 0 && info.offset + info.size > type.size) {
      return `holds type ${info.type} at ${info.offset}, outside of its ${type.size} bytes`
    }
  }
  return undefined
}

function declTagProblem(btf: Btf, type: BtfDeclTag): string | undefined {
  const target = btf.type(type.type)
  let components = 0
  if (target.kind === 'STRUCT' || target.kind === 'UNION') components = target.members.length
  else if (target.kind === 'FUNC') components = btf.typeAs(target.type, 'FUNC_PROTO')?.params.length ?? 0
  else if (target.kind !== 'VAR' && target.kind !== 'TYPEDEF') return `is on type ${type.type}, a ${target.kind}`
  const inRange = type.componentIndex >= -1 && type.componentIndex < components
  return inRange ? undefined : `is on component ${type.componentIndex} of ${components}`
}

/** What is wrong with sizes; runs after the search for loops. */
function layoutProblemOf(btf: Btf, type: BtfType): string | undefined {
  if (type.kind === 'ARRAY') return arrayProblem(btf, type)
  if (type.kind === 'STRUCT' || type.kind === 'UNION') return compositeProblem(btf, type)
  return undefined
}

function arrayProblem(btf: Btf, type: BtfArray): string | undefined {
  if (btf.kindOf(btf.resolve(type.indexType)) !== 'INT') return `has index type ${type.indexType}, which is no INT`
  btf.sizeOf(type.type)
  return type.count * btf.sizeOf(type.type) > 0xffffffff ? 'is larger than 32 bits can tell' : undefined
}

function compositeProblem(btf: Btf, type: BtfComposite): string | undefined {
  for (const member of type.members) {
    const target = btf.type(btf.resolve(member.type))
    // A flexible array has no elements, and takes no room.
    const bits = member.bitSize > 0 ? member.bitSize : bitsOf(btf, target, member.type)
    if (member.bitOffset + bits > type.size * 8) {
      return `has member ${JSON.stringify(member.name)} at bit ${member.bitOffset}, outside of its ${type.size} bytes`
    }
  }
  return undefined
}

/** Bits of a member; of an INT used as a bit field, those that it says. */
function bitsOf(btf: Btf, target: BtfType, id: number): number {
  return target.kind === 'INT' ? target.bits : btf.sizeOf(id) * 8
}

/** Kinds whose references are followed in a search for loops. */
type Followed = ReadonlySet<BtfKind>

const BY_VALUE: Followed = new Set<BtfKind>([
  'ARRAY',
  'STRUCT',
  'UNION',
  'TYPEDEF',
  'CONST',
  'VOLATILE',
  'RESTRICT',
  'TYPE_TAG',
  'VAR',
])
const POINTER_CHAINS: Followed = new Set<BtfKind>(['PTR', 'TYPEDEF', 'CONST', 'VOLATILE', 'RESTRICT', 'TYPE_TAG'])

const UNSEEN = 0
const OPEN = 1
const DONE = 2

/** Depth-first search with an explicit stack: chains may be as long as the file. */
function checkLoops(btf: Btf, followed: Followed): void {
  const states = new Uint8Array(btf.nextId)
  const stack: { readonly id: number; readonly targets: readonly number[]; next: number }[] = []
  const open = (id: number) => {
    states[id] = OPEN
    const targets = followed.has(btf.kindOf(id)) ? referencesOf(btf, id) : []
    stack.push({ id, targets, next: 0 })
  }
  for (const root of btf.ownIds()) {
    if (states[root] !== UNSEEN) continue
    open(root)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const target = top.targets[top.next++]
      if (target === undefined) {
        states[top.id] = DONE
        stack.pop()
      } else if (states[target] === OPEN) {
        throw btf.fail(`type ${target}: ${describe(btf.type(target))} contains itself`)
      } else if (states[target] === UNSEEN) {
        open(target)
      }
    }
  }
}
