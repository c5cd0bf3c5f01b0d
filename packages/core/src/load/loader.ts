// SPDX-License-Identifier: BSD-2-Clause
/** Loads a whole object, following libbpf's bpf_object__load: maps, externs, programs, what stands in program arrays. */
import { RuleError } from '../errors/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import { BpfMap } from '../maps/map.ts'
import type { ObjectSpec } from '../object/object.ts'
import { brokenRule } from '../rules/program.ts'
import type { Kallsyms } from './externs.ts'
import type { KconfigValues } from './kconfig.ts'
import type { Kernel } from './kernel.ts'
import { verifierError } from './log.ts'
import { Program } from './program.ts'
import { attemptProgram } from './program-load.ts'
import { LoadSession } from './session.ts'
import { mapUpdateElem } from './syscalls/map.ts'
import type { LogRequest } from './syscalls/prog.ts'

/** How to load. */
export interface LoadOptions {
  /** fds of maps to use in the place of the object's, by map name; they stay the caller's. */
  readonly maps?: Readonly<Record<string, number>>
  /** Directory in bpffs of maps that are pinned by name. Default `/sys/fs/bpf`. */
  readonly pinRoot?: string
  /**
   * Kernel configuration for `__kconfig` externs, see `parseKconfig`. Default: what the kernel shows of its own. Values
   * of `LINUX_…` names in it, as numbers, stand for another kernel's in the place of what is found out about this one.
   */
  readonly kconfig?: KconfigValues
  /** Addresses for `__ksym` externs without a type, see `parseKallsyms`. Default: what the kernel shows. */
  readonly kallsyms?: Kallsyms
  /** BTF of the kernel, where it is not the kernel's own. */
  readonly kernelBtf?: Uint8Array
  /** BTF against which CO-RE relocations are resolved. Default: the kernel's. */
  readonly targetBtf?: Uint8Array
  /** Log of the verifier for programs that are accepted as well: level 1, 2, 4. */
  readonly logLevel?: number
  /**
   * A token, by its fd, or the path of a bpf file system to make one from: maps, types and programs are then made with the
   * rights that it delegates. Without it no token is looked for.
   */
  readonly token?: string | number
  /** Called where the kernel accounts maps to RLIMIT_MEMLOCK (before Linux 5.11): raise it. */
  readonly raiseMemlock?: () => void
}

/** LINUX_VERSION_CODE of 5.11: from there on memory of maps is accounted to cgroups. */
const VERSION_WITHOUT_MEMLOCK = 0x050b00

function named<T>(list: ReadonlyMap<string, T>, name: string, what: string): T {
  const found = list.get(name)
  if (found !== undefined) return found
  throw new RuleError(`find ${what} '${name}': loaded are ${[...list.keys()].join(', ') || 'none'}`)
}

/** Programs and maps of an object in a kernel. Disposing it closes everything that is not attached, pinned or shared. */
export class LoadedObject implements Disposable {
  readonly spec: ObjectSpec
  readonly kernel: Kernel
  readonly programs: ReadonlyMap<string, Program>
  readonly maps: ReadonlyMap<string, BpfMap>
  readonly #session: LoadSession

  constructor(session: LoadSession, programs: ReadonlyMap<string, Program>, maps: ReadonlyMap<string, BpfMap>) {
    this.spec = session.spec
    this.kernel = session.kernel
    this.programs = programs
    this.maps = maps
    this.#session = session
  }

  /** The program of that name. @throws RuleError that says which there are */
  program(name: string): Program {
    return named(this.programs, name, 'program')
  }

  /** The map of that name; data maps are called after their section. @throws RuleError that says which there are */
  map(name: string): BpfMap {
    return named(this.maps, name, 'map')
  }

  [Symbol.dispose](): void {
    for (const program of this.programs.values()) program[Symbol.dispose]()
    for (const map of this.maps.values()) map[Symbol.dispose]()
    this.#session[Symbol.dispose]()
  }
}

const FIRST_LOG: LogRequest = { level: 1 }

function loadProgram(session: LoadSession, name: string): Program {
  const { kernel, options } = session
  const spec = session.spec.program(name)
  const wanted = options.logLevel ? { level: options.logLevel } : undefined
  let attempt = attemptProgram(session, spec, wanted)
  // Without a log the kernel is quicker; only a refusal needs the reason.
  if (attempt.result < 0 && !wanted) attempt = attemptProgram(session, spec, FIRST_LOG)
  if (attempt.result < 0) {
    const rule = brokenRule(spec, session.spec.license, attempt.linked.slots)
    throw verifierError(name, -attempt.result, attempt.log, attempt.linked, rule)
  }
  return new Program(kernel, attempt.result, { name, type: spec.type, spec, log: attempt.log })
}

/** Programs that stand only in struct_ops tables that are not created, or at members that this kernel does not have. */
function idleStructOps(session: LoadSession): Set<string> {
  const idle = new Set<string>()
  const used = new Set<string>()
  for (const map of session.spec.maps) {
    if (map.origin !== 'struct_ops') continue
    const unknown = map.autocreate ? session.structOps(map.name).unknownPrograms : map.initial.map((i) => i.target)
    for (const { target } of map.initial) (unknown.includes(target) ? idle : used).add(target)
  }
  for (const name of used) idle.delete(name)
  return idle
}

/** Program arrays that the object fills, and tables of programs. */
function fillWithPrograms(session: LoadSession, programs: ReadonlyMap<string, Program>): void {
  const { kernel, spec } = session
  for (const map of spec.maps) {
    if (!map.autocreate || map.initial.length === 0) continue
    if (map.type === U.BPF_MAP_TYPE_PROG_ARRAY) {
      for (const { index, target } of map.initial) {
        const program = programs.get(target)
        if (program) mapUpdateElem(kernel, session.map(map.name), session.word(index), session.word(program.fd))
      }
    }
  }
}

/** Creates the maps and loads the programs of a Spec. */
export function loadObject(spec: ObjectSpec, kernel: Kernel, options: LoadOptions = {}): LoadedObject {
  if (kernel.facts.version < VERSION_WITHOUT_MEMLOCK) options.raiseMemlock?.()
  const session = new LoadSession(spec, kernel, options)
  const programs = new Map<string, Program>()
  try {
    for (const map of spec.maps) if (map.autocreate) session.map(map.name)
    for (const extern of spec.externs) session.extern(extern.name)
    const idle = idleStructOps(session)
    for (const program of spec.programs) {
      if (program.autoload && !idle.has(program.name)) programs.set(program.name, loadProgram(session, program.name))
    }
    fillWithPrograms(session, programs)
  } catch (error) {
    for (const program of programs.values()) program[Symbol.dispose]()
    session[Symbol.dispose]()
    throw error
  }
  const maps = new Map<string, BpfMap>()
  const fds = session.takeMaps()
  for (const map of spec.maps) {
    const fd = fds.get(map.name)
    if (fd === undefined) continue
    const owned = !session.isBorrowed(map.name)
    maps.set(
      map.name,
      BpfMap.ofSpec(kernel, fd, map, spec.btf, owned, {
        table: map.origin === 'struct_ops' ? session.structOps(map.name) : undefined,
        mapping: session.arena(map.name),
      }),
    )
  }
  return new LoadedObject(session, programs, maps)
}
