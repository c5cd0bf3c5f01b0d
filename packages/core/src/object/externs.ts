// SPDX-License-Identifier: BSD-2-Clause
/** Symbols that the kernel provides: configuration (`__kconfig`), its variables and functions (`__ksym`). */
import type { Btf } from '../btf/index.ts'
import { type ElfFile, type ElfSymbol, SHN_UNDEF, STB_LOCAL, STB_WEAK, STT_NOTYPE } from '../elf/index.ts'
import { BtfError } from '../errors/index.ts'
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARRAY } from '../gen/uapi-enums.gen.ts'
import type { ExternSpec, KconfigType, MapSpec } from './spec.ts'

const INT_SIGNED = 1
const INT_BOOL = 4
const LINKAGE_EXTERN = 2

interface KconfigShape {
  readonly type: KconfigType
  readonly size: number
  readonly align: number
  readonly signed: boolean
}

function isExtern(symbol: ElfSymbol): boolean {
  return (
    symbol.sectionIndex === SHN_UNDEF &&
    symbol.binding !== STB_LOCAL &&
    symbol.type === STT_NOTYPE &&
    symbol.name !== ''
  )
}

function scalarType(btf: Btf, id: number): { type: KconfigType; signed: boolean } | undefined {
  const type = btf.type(btf.resolve(id))
  if (type.kind === 'ENUM' || type.kind === 'ENUM64') {
    return type.name === 'libbpf_tristate' ? { type: 'tristate', signed: false } : undefined
  }
  if (type.kind === 'ARRAY') {
    const element = type.count > 0 ? scalarType(btf, type.type) : undefined
    return element?.type === 'char' ? { type: 'char-array', signed: false } : undefined
  }
  if (type.kind !== 'INT') return undefined
  if (type.encoding & INT_BOOL) return type.size === 1 ? { type: 'bool', signed: false } : undefined
  const signed = (type.encoding & INT_SIGNED) !== 0
  return [1, 2, 4, 8].includes(type.size) ? { type: type.size === 1 ? 'char' : 'int', signed } : undefined
}

function kconfigShape(btf: Btf, name: string, typeId: number): KconfigShape {
  const scalar = scalarType(btf, typeId)
  if (!scalar) {
    throw new BtfError(`resolve extern '${name}': a configuration value is bool, char, an integer, tristate or char[]`)
  }
  return { ...scalar, size: btf.sizeOf(typeId), align: btf.alignOf(typeId) }
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Lays the values out as libbpf does: by falling alignment, rising size, name. */
function layOut(found: { spec: ExternSpec; shape: KconfigShape }[]): ExternSpec[] {
  let end = 0
  return found
    .sort(
      (a, b) => b.shape.align - a.shape.align || a.shape.size - b.shape.size || compareText(a.spec.name, b.spec.name),
    )
    .map(({ spec, shape }) => {
      const offset = Math.ceil(end / shape.align) * shape.align
      end = offset + shape.size
      return { ...spec, kconfig: { type: shape.type, offset, size: shape.size, signed: shape.signed } }
    })
}

/** Where BTF declares the symbol. */
function declaration(btf: Btf, name: string): { section: string; typeId: number; isFunction: boolean } | undefined {
  for (const id of btf.findAll(name)) {
    const type = btf.type(id)
    const isFunction = type.kind === 'FUNC'
    if (!(type.kind === 'VAR' || isFunction) || type.linkage !== LINKAGE_EXTERN) continue
    for (const section of ['.kconfig', '.ksyms']) {
      const sectionId = btf.find(section, 'DATASEC')
      const datasec = sectionId === undefined ? undefined : btf.typeAs(sectionId, 'DATASEC')
      if (datasec?.vars.some((info) => info.type === id)) return { section, typeId: type.type, isFunction }
    }
  }
  return undefined
}

/** A variable without a type (`extern const void x __ksym`) is looked up by address. */
function ksymType(btf: Btf, typeId: number): number {
  const id = btf.resolve(typeId)
  return btf.kindOf(id) === 'VOID' ? 0 : id
}

/** The externs of a file: configuration values first, in the order of their map. */
export function findExterns(elf: ElfFile, btf: Btf | undefined): ExternSpec[] {
  if (!btf) return []
  const kconfig: { spec: ExternSpec; shape: KconfigShape }[] = []
  const ksyms: ExternSpec[] = []
  for (const symbol of elf.symbols.filter(isExtern)) {
    const { name } = symbol
    const found = declaration(btf, name)
    // What BTF does not declare is an error only where an instruction refers to it.
    if (!found) continue
    const weak = symbol.binding === STB_WEAK
    if (found.section === '.kconfig') {
      if (found.isFunction) throw new BtfError(`resolve extern '${name}': a function cannot be in .kconfig`)
      const spec = { name, kind: 'kconfig', weak, typeId: found.typeId } as const
      kconfig.push({ spec, shape: kconfigShape(btf, name, found.typeId) })
    } else if (found.isFunction) ksyms.push({ name, kind: 'kfunc', weak, typeId: found.typeId })
    else ksyms.push({ name, kind: 'ksym', weak, typeId: ksymType(btf, found.typeId) })
  }
  return [...layOut(kconfig), ...ksyms.sort((a, b) => compareText(a.name, b.name))]
}

/** The map that holds the configuration values, undefined if there are none. */
export function kconfigMap(externs: readonly ExternSpec[], btf: Btf | undefined): MapSpec | undefined {
  const values = externs.filter((e) => e.kconfig)
  const last = values.at(-1)?.kconfig
  if (!last) return undefined
  const typeId = btf?.find('.kconfig', 'DATASEC') ?? 0
  return {
    name: '.kconfig',
    origin: 'kconfig',
    section: '.kconfig',
    offset: 0,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: last.offset + last.size,
    maxEntries: 1,
    flags: BPF_F_RDONLY_PROG | BPF_F_MMAPABLE,
    numaNode: 0,
    mapExtra: 0n,
    pinByName: false,
    keyTypeId: 0,
    valueTypeId: typeId,
    initial: [],
    autocreate: true,
    variables: values.map(({ name, typeId: type, kconfig }) => ({
      name,
      offset: kconfig!.offset,
      size: kconfig!.size,
      typeId: type,
      isStatic: false,
    })),
  }
}
