// SPDX-License-Identifier: BSD-2-Clause
/**
 * One object being loaded into one kernel. Maps, types and externs are made when something first needs them, so that a
 * single program can be verified without what the others need; everything is closed with the session unless it was taken.
 */
import { parseBtf } from '../btf/index.ts'
import { RelocationError, RuleError, SyscallError, UnsupportedError } from '../errors/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import { isMapInMap } from '../object/legacy-maps.ts'
import type { ObjectSpec } from '../object/object.ts'
import type { ExternSpec, MapSpec, ProgramSpec } from '../object/spec.ts'
import {
  applyReferences,
  CoreResolver,
  type LinkedProgram,
  linkProgram,
  patchCore,
  type ResolvedExtern,
  targetTypes,
} from '../relo/index.ts'
import { type Kallsyms, kernelSymbols, resolveExtern } from './externs.ts'
import { mapInfo } from './info.ts'
import { type KconfigValues, kconfigData, kernelKconfig } from './kconfig.ts'
import { type Kernel, type Mapping, PROT_READ, PROT_WRITE } from './kernel.ts'
import { KernelTypes } from './kernel-types.ts'
import { hasSyscallWrapper } from './links/perf.ts'
import type { LoadOptions } from './loader.ts'
import { createMap, userValueSize } from './map-create.ts'
import { kernelMapName, pinName } from './names.ts'
import { ObjectTypes } from './object-types.ts'
import { hasCookies } from './probe.ts'
import { type StructOpsTable, structOpsTable } from './struct-ops.ts'
import { mapFreeze, mapUpdateElem } from './syscalls/map.ts'
import { objGet, objPin } from './syscalls/object.ts'
import { BpfToken } from './token.ts'

/** Maps whose contents user space may not change once they are filled. */
const FROZEN: ReadonlySet<MapSpec['origin']> = new Set(['rodata', 'kconfig'])
const PIN_ROOT = '/sys/fs/bpf'

function sessionToken(kernel: Kernel, given: string | number | undefined): BpfToken | undefined {
  if (given === undefined) return undefined
  return typeof given === 'string' ? BpfToken.fromPath(kernel, given) : new BpfToken(kernel, given)
}

export class LoadSession implements Disposable {
  readonly spec: ObjectSpec
  readonly kernel: Kernel
  readonly options: LoadOptions
  readonly kernelTypes: KernelTypes
  readonly objectTypes: ObjectTypes
  /** Stands in for capabilities. */
  readonly token: BpfToken | undefined
  readonly #maps = new Map<string, number>()
  readonly #arenas = new Map<string, Mapping>()
  readonly #borrowed = new Set<string>()
  readonly #externs = new Map<string, ResolvedExtern>()
  readonly #tables = new Map<string, StructOpsTable>()
  readonly #lasting: boolean
  #core: CoreResolver | undefined

  /** `lasting`: the maps will be used; else only a verdict is wanted, and nothing is pinned or shared. */
  constructor(spec: ObjectSpec, kernel: Kernel, options: LoadOptions, lasting = true) {
    if (spec.littleEndian !== kernel.facts.littleEndian) {
      const order = (little: boolean) => (little ? 'little' : 'big')
      throw new RuleError(
        `load '${spec.name}': the object is ${order(spec.littleEndian)} endian, the kernel takes ${order(kernel.facts.littleEndian)} endian`,
      )
    }
    this.spec = spec
    this.kernel = kernel
    this.options = options
    this.#lasting = lasting
    this.kernelTypes = new KernelTypes(kernel, options.kernelBtf)
    this.token = sessionToken(kernel, options.token)
    this.objectTypes = new ObjectTypes(spec, kernel, this.token)
  }

  /** fd of a map, created now if it is not there yet. */
  map(name: string): number {
    const known = this.#maps.get(name)
    if (known !== undefined) return known
    const spec = this.spec.map(name)
    const given = this.options.maps?.[name]
    if (given !== undefined) {
      this.#borrowed.add(name)
      this.#maps.set(name, given)
      return given
    }
    const fd = this.#openPinned(spec) ?? this.#create(spec)
    return fd
  }

  /** Every fd that was created, by map name; the session no longer closes them. */
  takeMaps(): Map<string, number> {
    const maps = new Map(this.#maps)
    this.#maps.clear()
    return maps
  }

  /** Whether the map was given by the caller, who closes it. */
  isBorrowed(name: string): boolean {
    return this.#borrowed.has(name)
  }

  #pinPath(map: MapSpec): string | undefined {
    return map.pinByName && this.#lasting ? `${this.options.pinRoot ?? PIN_ROOT}/${pinName(map.name)}` : undefined
  }

  /** The map that an earlier load pinned under this name. */
  #openPinned(map: MapSpec): number | undefined {
    const path = this.#pinPath(map)
    if (!path) return undefined
    let fd: number
    try {
      fd = objGet(this.kernel, path)
    } catch (error) {
      if (error instanceof SyscallError && error.errnoName === 'ENOENT') return undefined
      throw error
    }
    this.#maps.set(map.name, fd)
    const info = mapInfo(this.kernel, fd)
    const same =
      info.type === map.type &&
      info.keySize === map.keySize &&
      info.valueSize === map.valueSize &&
      info.flags === map.flags
    if (!same) {
      throw new RuleError(
        `open map '${map.name}': ${path} is ${info.typeName} with key ${info.keySize}, value ${info.valueSize}, flags ${info.flags}, the object wants ${U.MAP_TYPE_NAMES[map.type]} with ${map.keySize}, ${map.valueSize}, ${map.flags}`,
      )
    }
    return fd
  }

  #create(map: MapSpec): number {
    const table = map.origin === 'struct_ops' ? this.structOps(map.name) : undefined
    const innerFd = isMapInMap(map.type) && map.inner ? this.#createInner(map.inner) : undefined
    try {
      const fd = createMap(this.kernel, map, {
        name: kernelMapName(this.spec.name, map),
        btfFd: this.objectTypes.fd,
        innerFd,
        token: this.token,
        ...(table
          ? { vmlinuxValueTypeId: table.valueTypeId, valueTypeBtfFd: table.btfFd, valueSize: table.valueSize }
          : {}),
      })
      this.#maps.set(map.name, fd)
      this.#fill(map, fd)
      const path = this.#pinPath(map)
      if (path) objPin(this.kernel, fd, path)
      return fd
    } finally {
      if (innerFd !== undefined) this.kernel.close(innerFd)
    }
  }

  /** The template goes away again: the outer map keeps what it needs to know of it. */
  #createInner(inner: MapSpec): number {
    const name = kernelMapName(this.spec.name, inner)
    return createMap(this.kernel, inner, { name, btfFd: this.objectTypes.fd, token: this.token })
  }

  #fill(map: MapSpec, fd: number): void {
    const { kernel } = this
    if (map.origin === 'kconfig') mapUpdateElem(kernel, fd, new Uint8Array(4), this.#kconfig(map))
    else if (map.type === U.BPF_MAP_TYPE_ARENA) this.#openArena(map, fd)
    else if (map.data && map.origin !== 'struct_ops') {
      // Blank .bss-like data is there already.
      if (map.data.length !== map.valueSize) {
        throw new RuleError(`fill map '${map.name}': ${map.data.length} bytes of data for a value of ${map.valueSize}`)
      }
      mapUpdateElem(kernel, fd, new Uint8Array(4), map.data)
    }
    if (FROZEN.has(map.origin)) this.#freeze(fd)
    if (isMapInMap(map.type)) {
      for (const { index, target } of map.initial)
        mapUpdateElem(kernel, fd, this.word(index), this.word(this.map(target)))
    }
  }

  /**
   * The first mapping gives an arena its address, with which programs are verified, unless its definition does. Variables
   * are there from the start, as libbpf has it.
   */
  #openArena(map: MapSpec, fd: number): void {
    const length = map.maxEntries * this.kernel.facts.pageSize
    if (map.data && map.data.length > length) {
      throw new RuleError(`fill arena '${map.name}': ${map.data.length} bytes of variables, it has ${length}`)
    }
    const mapping = this.kernel.mmap(fd, length, 0, PROT_READ | PROT_WRITE, map.mapExtra)
    if (typeof mapping === 'number') {
      throw new SyscallError('mmap', -mapping, `arena '${map.name}'`)
    }
    this.#arenas.set(map.name, mapping)
    if (map.data) mapping.write(0, map.data)
  }

  /** The mapping of an arena. */
  arena(name: string): Mapping | undefined {
    return this.#arenas.get(name)
  }

  /** Freezing is a promise that constants can be folded; kernels of before 5.2 do not know it. */
  #freeze(fd: number): void {
    try {
      mapFreeze(this.kernel, fd)
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errnoName !== 'EINVAL') throw error
    }
  }

  #kconfig(map: MapSpec): Uint8Array {
    const { kernel } = this
    const virtual = (name: string): bigint | undefined => {
      const given = this.options.kconfig?.get(name)
      if (given !== undefined) return BigInt(given)
      if (name === 'LINUX_KERNEL_VERSION') return BigInt(kernel.facts.version)
      if (name === 'LINUX_HAS_BPF_COOKIE') return hasCookies(kernel, this.token) ? 1n : 0n
      if (name === 'LINUX_HAS_SYSCALL_WRAPPER') return hasSyscallWrapper(kernel) ? 1n : 0n
      return undefined
    }
    const source = { littleEndian: kernel.facts.littleEndian, config: this.#kconfigValues(), virtual }
    return kconfigData(this.spec.externs, map.valueSize, source)
  }

  /** The caller's configuration; else the kernel's own, where the object asks for values at all. */
  #kconfigValues(): KconfigValues | undefined {
    if (this.options.kconfig) return this.options.kconfig
    return this.spec.externs.some((e) => e.name.startsWith('CONFIG_')) ? kernelKconfig(this.kernel) : undefined
  }

  /** A number as a 4-byte key or value. */
  word(value: number): Uint8Array {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, value, this.kernel.facts.littleEndian)
    return bytes
  }

  /** What a struct_ops map is on this kernel. */
  structOps(name: string): StructOpsTable {
    let table = this.#tables.get(name)
    if (!table) {
      table = structOpsTable(this.spec, this.spec.map(name), this.kernelTypes)
      this.#tables.set(name, table)
    }
    return table
  }

  extern(name: string): ResolvedExtern {
    const known = this.#externs.get(name)
    if (known) return known
    const index = this.spec.externs.findIndex((e) => e.name === name)
    const spec: ExternSpec | undefined = this.spec.externs[index]
    if (!spec) throw new RelocationError(`resolve extern '${name}': the object does not declare it`)
    const resolved: ResolvedExtern = spec.kconfig
      ? { kind: 'kconfig', mapFd: this.map('.kconfig'), offset: spec.kconfig.offset }
      : resolveExtern(spec, index, this.spec, this.kernelTypes, this.objectTypes.fdArray, () => this.#kallsyms())
    this.#externs.set(name, resolved)
    return resolved
  }

  /** Where the caller gives none, what the kernel itself shows. */
  #kallsyms(): Kallsyms | undefined {
    return this.options.kallsyms ?? kernelSymbols(this.kernel)
  }

  /** The program in one piece with everything resolved for this kernel. */
  link(program: ProgramSpec): LinkedProgram {
    const linked = linkProgram(program, this.spec.allFunctions)
    this.#applyCore(linked)
    applyReferences(linked.slots, linked.references, {
      map: (name) => {
        const index = this.spec.maps.findIndex((m) => m.name === name)
        return this.spec.maps[index]?.autocreate === false ? { index } : { fd: this.map(name) }
      },
      extern: (name) => this.extern(name),
    })
    return linked
  }

  #applyCore(linked: LinkedProgram): void {
    if (linked.coreRelos.length === 0 || !this.spec.btf) return
    if (!this.#core) {
      const override = this.options.targetBtf
      const target = override ? parseBtf(override) : this.kernelTypes.vmlinux
      this.#core = new CoreResolver(this.spec.btf, target && targetTypes(target), this.spec.littleEndian)
    }
    for (const relo of linked.coreRelos) patchCore(linked.slots, relo.slot, this.#core.resolve(relo))
  }

  /** Bytes of a value of the map as user space sees it. */
  valueSize(map: MapSpec): number {
    return userValueSize(map.type, map.valueSize, this.kernel.facts)
  }

  [Symbol.dispose](): void {
    for (const arena of this.#arenas.values()) arena[Symbol.dispose]()
    this.#arenas.clear()
    for (const [name, fd] of this.#maps) if (!this.#borrowed.has(name)) this.kernel.close(fd)
    this.#maps.clear()
    this.kernelTypes[Symbol.dispose]()
    this.objectTypes[Symbol.dispose]()
    this.token?.[Symbol.dispose]()
  }
}

/** Raised where a kernel cannot do what a program type needs. */
export function unsupportedType(type: number): UnsupportedError {
  return new UnsupportedError(U.PROG_TYPE_NAMES[type] ?? `program type ${type}`)
}
