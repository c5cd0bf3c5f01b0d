// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import { hasLayout, isPacked, paddingBefore } from './c-layout.ts'
import { CNames } from './c-names.ts'
import { DefinitionOrder } from './c-order.ts'
import type { BtfComposite, BtfEnum, BtfFuncProto, BtfType } from './types.ts'

const MAX_DEPTH = 512

const NOT_EMITTED = 0
const EMITTING = 1
const EMITTED = 2

/** Types that compilers know without a declaration, by name in BTF. */
const BUILTIN_VA_LIST = '__builtin_va_list'

/** Vector element types of Arm compilers: in BTF they are INTs, in C nothing defines them. */
const MISSING_ALIASES: ReadonlyMap<string, string> = new Map([
  ['__Poly8_t', 'unsigned char'],
  ['__Poly16_t', 'unsigned short'],
  ['__Poly64_t', 'unsigned long long'],
  ['__Poly128_t', 'unsigned __int128'],
])

/**
 * Types as C definitions, in the order and with the layout in which libbpf's btf_dump (`bpftool btf dump … format c`)
 * prints them: compiled, they have the sizes and offsets of the BTF.
 * @param ids types to print with all they need; all types by default
 * @throws BtfError for types that C cannot express, such as structs that contain themselves
 */
export function formatC(btf: Btf, ids: Iterable<number> = btf.ids()): string {
  const printer = new CPrinter(btf)
  for (const id of ids) printer.define(id)
  return printer.text()
}

/** A declaration of `name` with this type, such as `int (*name)(void *)`; without a name, the type as in a cast. */
export function formatCDeclaration(btf: Btf, id: number, name = ''): string {
  const printer = new CPrinter(btf)
  printer.declare(id, name, 0)
  return printer.text()
}

/** Prototypes of the kernel functions that programs may call: those with the declaration tag `bpf_kfunc`. */
export function formatKfuncs(btf: Btf): string {
  let text = ''
  for (const id of btf.findAll('bpf_kfunc', 'DECL_TAG')) {
    const tag = btf.typeAs(id, 'DECL_TAG')!
    const func = tag.componentIndex === -1 ? btf.typeAs(tag.type, 'FUNC') : undefined
    if (func) text += `extern ${formatCDeclaration(btf, func.type, func.name)} __weak __ksym;\n`
  }
  return text
}

class CPrinter {
  private readonly btf: Btf
  private readonly names: CNames
  private order: DefinitionOrder | undefined
  private readonly states = new Map<number, number>()
  private readonly declared = new Set<number>()
  private out = ''
  /** Anonymous types print in every place of use: the total is bounded so that small inputs cannot ask for much. */
  private budget: number
  /** Declarations within declarations: members of anonymous types, parameters. */
  private nesting = 0

  constructor(btf: Btf) {
    this.btf = btf
    this.names = new CNames(btf)
    this.budget = (1 << 22) + 64 * (btf.bytes.length + (btf.base?.bytes.length ?? 0))
  }

  text(): string {
    return this.out
  }

  private print(text: string): void {
    this.spend(text.length)
    this.out += text
  }

  private spend(amount: number): void {
    this.budget -= amount
    if (this.budget < 0) throw this.btf.fail('types nest too often to be printed as C')
  }

  /** Defines a type and all that it needs. */
  define(id: number): void {
    this.order ??= new DefinitionOrder(this.btf)
    for (const needed of this.order.orderFor(id)) this.emit(needed, 0, 0)
  }

  /**
   * Emits definitions and forward declarations that have to stand before something is used.
   * @param container the named type that is being defined, 0 at the top
   */
  private emit(id: number, container: number, depth: number): void {
    this.spend(1)
    if (depth > MAX_DEPTH) throw this.btf.fail(`type ${id}: nested deeper than ${MAX_DEPTH}`)
    const state = this.states.get(id) ?? NOT_EMITTED
    if (state === EMITTED) return
    if (state === EMITTING) {
      this.emitAgain(id, container)
      return
    }
    const type = this.btf.type(id)
    switch (type.kind) {
      case 'INT': {
        const alias = MISSING_ALIASES.get(type.name)
        if (alias) this.print(`typedef ${alias} ${type.name};\n\n`)
        this.states.set(id, EMITTED)
        break
      }
      case 'ENUM':
      case 'ENUM64':
        if (container === 0) {
          this.enumDefinition(id, type, 0)
          this.print(';\n\n')
        }
        this.states.set(id, EMITTED)
        break
      case 'PTR':
      case 'VOLATILE':
      case 'CONST':
      case 'RESTRICT':
      case 'TYPE_TAG':
      case 'ARRAY':
        this.emit(type.type, container, depth + 1)
        break
      case 'FWD':
        this.print(`${type.union ? 'union' : 'struct'} ${this.names.tag(id)};\n\n`)
        this.states.set(id, EMITTED)
        break
      case 'TYPEDEF':
        this.states.set(id, EMITTING)
        this.emit(type.type, id, depth + 1)
        if (!this.declared.has(id)) this.typedefDefinition(id)
        this.states.set(id, EMITTED)
        break
      case 'STRUCT':
      case 'UNION':
        this.emitComposite(id, type, container, depth)
        break
      case 'FUNC_PROTO':
        this.emit(type.returnType, container, depth + 1)
        for (const param of type.params) this.emit(param.type, container, depth + 1)
    }
  }

  /** A type met while its own definition is under way: a declaration will do, as it is pointed to. */
  private emitAgain(id: number, container: number): void {
    if (this.declared.has(id)) return
    const type = this.btf.type(id)
    if (type.kind === 'STRUCT' || type.kind === 'UNION') {
      if (id === container) return
      if (type.name === '') throw this.btf.fail(`type ${id}: anonymous type contains itself`)
      this.print(`${this.compositeTag(id, type)};\n\n`)
    } else if (type.kind === 'TYPEDEF') {
      this.typedefDefinition(id)
    }
    this.declared.add(id)
  }

  private emitComposite(id: number, type: BtfComposite, container: number, depth: number): void {
    const isTop = container === 0
    this.states.set(id, EMITTING)
    if (isTop || type.name === '') {
      const inner = type.name === '' ? container : id
      for (const member of type.members) this.emit(member.type, inner, depth + 1)
    } else if (!this.declared.has(id) && id !== container) {
      this.print(`${this.compositeTag(id, type)};\n\n`)
      this.declared.add(id)
    }
    if (isTop) {
      this.compositeDefinition(id, type, 0)
      this.print(';\n\n')
    }
    this.states.set(id, isTop ? EMITTED : NOT_EMITTED)
  }

  private typedefDefinition(id: number): void {
    const type = this.btf.typeAs(id, 'TYPEDEF')!
    if (type.name === BUILTIN_VA_LIST) return
    const name = this.names.typedef(id)
    if (type.type === 0 && name === '__gnuc_va_list') {
      this.print(`typedef ${BUILTIN_VA_LIST} __gnuc_va_list`)
    } else {
      this.print('typedef ')
      this.declare(type.type, name, 0)
    }
    this.print(';\n\n')
  }

  /** `struct name` */
  private compositeTag(id: number, type: BtfComposite): string {
    const word = type.kind === 'STRUCT' ? 'struct' : 'union'
    return type.name === '' ? word : `${word} ${this.names.tag(id)}`
  }

  private compositeDefinition(id: number, type: BtfComposite, level: number): void {
    const isStruct = type.kind === 'STRUCT'
    const packed = isStruct && isPacked(this.btf, type)
    this.print(`${this.compositeTag(id, type)} {`)
    const indent = indentation(level + 1)
    let offset = 0
    let afterBitField = false
    for (const member of type.members) {
      const isBitField = member.bitSize !== 0
      const align = packed ? 1 : this.alignOf(member.type)
      this.pad(offset, member.bitOffset, align, afterBitField && isBitField, indent)
      this.print(`\n${indent}`)
      this.declare(member.type, member.name, level + 1)
      this.print(isBitField ? `: ${member.bitSize};` : ';')
      offset = member.bitOffset + (isBitField ? member.bitSize : this.sizeOf(member.type) * 8)
      afterBitField = isBitField
    }
    if (isStruct) this.pad(offset, type.size * 8, this.alignOf(id), false, indent)
    this.print(type.members.length > 0 || type.size > 0 ? `\n${indentation(level)}}` : '}')
    if (packed) this.print(' __attribute__((packed))')
  }

  private pad(from: number, to: number, align: number, inBitField: boolean, indent: string): void {
    for (const field of paddingBefore(from, to, align, inBitField, this.btf.pointerSize)) {
      this.print(`\n${indent}${field}`)
    }
  }

  /** Alignment, 0 for what has none: flexible structs may end in a forward declaration. */
  private alignOf(id: number): number {
    return hasLayout(this.btf, id) ? this.btf.alignOf(id) : 0
  }

  private sizeOf(id: number): number {
    return hasLayout(this.btf, id) ? this.btf.sizeOf(id) : 0
  }

  private enumDefinition(id: number, type: BtfEnum, level: number): void {
    this.print(type.name === '' ? 'enum' : `enum ${this.names.tag(id)}`)
    if (type.values.length === 0) return
    this.print(' {')
    const indent = indentation(level + 1)
    const suffix = type.kind === 'ENUM' ? '' : type.signed ? 'LL' : 'ULL'
    for (const { name, value } of type.values) {
      this.print(`\n${indent}${this.names.enumerator(name)} = ${value}${suffix},`)
    }
    this.print(`\n${indentation(level)}}`)
    if (type.size === 1) {
      this.print(' __attribute__((mode(byte)))')
    } else if (type.size === 8 && this.btf.pointerSize === 8) {
      // Values that need 64 bits make the enum that large by themselves.
      const isLarge = type.kind === 'ENUM64' && type.values.some(({ value }) => BigInt.asUintN(64, value) >> 32n !== 0n)
      if (!isLarge) this.print(' __attribute__((mode(word)))')
    }
  }

  /** A declaration of `name`, without the semicolon. */
  declare(id: number, name: string, level: number): void {
    if (++this.nesting > MAX_DEPTH) throw this.btf.fail(`type ${id}: nested deeper than ${MAX_DEPTH}`)
    const chain: number[] = []
    for (let current = id; ; ) {
      if (chain.push(current) > MAX_DEPTH) throw this.btf.fail(`type ${id}: chain of types is too long or endless`)
      const type = this.btf.type(current)
      if (type.kind === 'FUNC_PROTO') current = type.returnType
      else if (isLink(type.kind) && 'type' in type) current = type.type
      else break
    }
    this.declareChain(chain, name, level)
    this.nesting--
  }

  /** Prints `const volatile ` in front of a base type. */
  private leadingModifiers(chain: number[]): void {
    for (;;) {
      const kind = chain.length > 0 ? this.btf.kindOf(chain.at(-1)!) : 'VOID'
      if (kind !== 'CONST' && kind !== 'VOLATILE' && kind !== 'RESTRICT') return
      this.print(`${kind.toLowerCase()} `)
      chain.pop()
    }
  }

  /** Modifiers of arrays and functions do not exist in C. */
  private dropModifiers(chain: number[]): void {
    while (chain.length > 0) {
      const kind = this.btf.kindOf(chain.at(-1)!)
      if (kind !== 'CONST' && kind !== 'VOLATILE' && kind !== 'RESTRICT' && kind !== 'TYPE_TAG') return
      chain.pop()
    }
  }

  private declaredName(name: string, afterPointer: boolean): void {
    this.print(name !== '' && !afterPointer ? ` ${name}` : name)
  }

  /** The chain from the declared thing to its base type is printed from the base type outwards. */
  private declareChain(chain: number[], name: string, level: number): void {
    let afterPointer = true
    for (let id = chain.pop(); id !== undefined; id = chain.pop()) {
      const type = this.btf.type(id)
      switch (type.kind) {
        case 'PTR':
          this.print(afterPointer ? '*' : ' *')
          break
        case 'VOLATILE':
        case 'CONST':
        case 'RESTRICT':
          this.print(` ${type.kind.toLowerCase()}`)
          break
        case 'ARRAY':
          this.declareArray(chain, type.count, name, level, afterPointer)
          return
        case 'FUNC_PROTO':
          this.declareFunction(chain, type, name, level, afterPointer)
          return
        default:
          this.leadingModifiers(chain)
          this.baseType(id, level)
      }
      afterPointer = type.kind === 'PTR'
    }
    this.declaredName(name, afterPointer)
  }

  private baseType(id: number, level: number): void {
    const type = this.btf.type(id)
    const isAnonymous = type.name === ''
    if (isAnonymous && (type.kind === 'STRUCT' || type.kind === 'UNION')) this.compositeDefinition(id, type, level)
    else if (isAnonymous && (type.kind === 'ENUM' || type.kind === 'ENUM64')) this.enumDefinition(id, type, level)
    else this.print(this.baseName(id, type))
  }

  private baseName(id: number, type: BtfType): string {
    switch (type.kind) {
      case 'VOID':
        return 'void'
      case 'INT':
      case 'FLOAT':
        return type.name
      case 'STRUCT':
      case 'UNION':
        return this.compositeTag(id, type)
      case 'ENUM':
      case 'ENUM64':
        return `enum ${this.names.tag(id)}`
      case 'FWD':
        return `${type.union ? 'union' : 'struct'} ${this.names.tag(id)}`
      case 'TYPEDEF':
        return this.names.typedef(id)
      case 'TYPE_TAG':
        return type.kindFlag ? ` __attribute__((${type.name}))` : ` __attribute__((btf_type_tag("${type.name}")))`
      default:
        throw this.btf.fail(`type ${id}: ${type.kind} in a declaration`)
    }
  }

  private declareArray(chain: number[], count: number, name: string, level: number, afterPointer: boolean): void {
    this.dropModifiers(chain)
    const next = chain.at(-1)
    if (next === undefined) {
      this.declaredName(name, afterPointer)
    } else {
      const isArray = this.btf.kindOf(next) === 'ARRAY'
      if (name !== '' && !afterPointer) this.print(' ')
      if (!isArray) this.print('(')
      this.declareChain(chain, name, level)
      if (!isArray) this.print(')')
    }
    this.print(`[${count}]`)
  }

  private declareFunction(
    chain: number[],
    type: BtfFuncProto,
    name: string,
    level: number,
    afterPointer: boolean,
  ): void {
    this.dropModifiers(chain)
    if (chain.length > 0) {
      this.print(' (')
      this.declareChain(chain, name, level)
      this.print(')')
    } else {
      this.declaredName(name, afterPointer)
    }
    const { params } = type
    if (params.length === 0 || (params.length === 1 && params[0]!.type === 0)) {
      this.print('(void)')
      return
    }
    this.print('(')
    for (const [index, param] of params.entries()) {
      if (index > 0) this.print(', ')
      if (index === params.length - 1 && param.type === 0) this.print('...')
      else this.declare(param.type, param.name, level)
    }
    this.print(')')
  }
}

/** Deeper levels are not indented further, as in libbpf. */
const MAX_INDENTATION = 13

function indentation(level: number): string {
  return '\t'.repeat(Math.min(level, MAX_INDENTATION))
}

function isLink(kind: string): boolean {
  return ['PTR', 'VOLATILE', 'CONST', 'RESTRICT', 'TYPE_TAG', 'ARRAY'].includes(kind)
}
