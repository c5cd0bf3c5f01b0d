// SPDX-License-Identifier: BSD-2-Clause
/** Loads one program of an object. */
import { RelocationError, RuleError, UnsupportedError } from '../errors/index.ts'
import { ESRCH } from '../gen/errno.gen.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import { encodeSlots } from '../object/slots.ts'
import type { ProgramSpec } from '../object/spec.ts'
import type { LinkedProgram } from '../relo/index.ts'
import { kernelName } from './names.ts'
import { hasNames } from './probe.ts'
import { functionOfProgram } from './program-types.ts'
import type { LoadSession } from './session.ts'
import { type LogRequest, type ProgLoadParams, tryProgLoad } from './syscalls/prog.ts'

/** LINUX_VERSION_CODE of 4.17, the first with expected_attach_type. */
const VERSION_WITH_ATTACH_TYPES = 0x041100

/** What a program is attached to by BTF id. */
interface AttachTarget {
  readonly btfId?: number
  readonly progFd?: number
  readonly btfObjFd?: number
  /** Replaces the program's own: struct_ops programs get the member's index. */
  readonly attachType?: number
}

/** Kernel names of targets: tracepoints and hooks have a prefix. */
const TARGET_PREFIX: Readonly<Record<number, readonly [string, 'FUNC' | 'TYPEDEF']>> = {
  [U.BPF_TRACE_RAW_TP]: ['btf_trace_', 'TYPEDEF'],
  [U.BPF_LSM_MAC]: ['bpf_lsm_', 'FUNC'],
  [U.BPF_LSM_CGROUP]: ['bpf_lsm_', 'FUNC'],
  [U.BPF_TRACE_ITER]: ['bpf_iter_', 'FUNC'],
}

function kernelTarget(session: LoadSession, program: ProgramSpec): AttachTarget {
  const [prefix, kind] = TARGET_PREFIX[program.expectedAttachType] ?? ['', 'FUNC' as const]
  const { attachTo } = program
  const colon = attachTo.indexOf(':') + 1
  const name = `${attachTo.slice(0, colon)}${prefix}${attachTo.slice(colon)}`
  if (!session.kernelTypes.vmlinux)
    throw new UnsupportedError(`BTF of the kernel, in which '${program.name}' has its target,`)
  const found = session.kernelTypes.find(name, kind)
  if (!found)
    throw new RelocationError(`resolve target of '${program.name}': the kernel has no ${name}`, { errno: ESRCH })
  return { btfId: found.id, btfObjFd: found.fd }
}

function structOpsTarget(session: LoadSession, program: ProgramSpec): AttachTarget {
  for (const map of session.spec.maps) {
    if (map.origin !== 'struct_ops' || !map.initial.some((i) => i.target === program.name)) continue
    const table = session.structOps(map.name)
    const member = table.members.find((m) => m.program === program.name)
    if (!member) throw new UnsupportedError(`the struct_ops member of '${program.name}' in '${map.name}'`)
    return { btfId: table.typeId, btfObjFd: table.btfFd, attachType: member.memberIndex }
  }
  throw new RuleError(`load '${program.name}': no struct_ops map of the object refers to it`)
}

function attachTarget(session: LoadSession, program: ProgramSpec): AttachTarget {
  if (program.type === U.BPF_PROG_TYPE_STRUCT_OPS) return structOpsTarget(session, program)
  const { attachBtfId, attachProgFd } = program
  if (attachBtfId !== undefined)
    return { btfId: attachBtfId, ...(attachProgFd === undefined ? {} : { progFd: attachProgFd }) }
  if (!program.attachBtf) return {}
  if (program.attachTo === '') {
    throw new RuleError(
      `load '${program.name}': section "${program.section}" names no target: add it after a slash or set attachTo`,
    )
  }
  if (program.type === U.BPF_PROG_TYPE_EXT || attachProgFd !== undefined) {
    if (attachProgFd === undefined) {
      throw new RuleError(`load '${program.name}': it replaces a function of a loaded program: set attachProgFd`)
    }
    return { btfId: functionOfProgram(session.kernel, attachProgFd, program.attachTo), progFd: attachProgFd }
  }
  return kernelTarget(session, program)
}

/** A program that was handed to the kernel. */
export interface ProgramAttempt {
  readonly linked: LinkedProgram
  readonly params: ProgLoadParams
  /** fd, or -errno. */
  readonly result: number
  readonly log: string
}

/** Links, resolves and loads; raises only where the object and the kernel do not fit. */
export function attemptProgram(session: LoadSession, program: ProgramSpec, log?: LogRequest): ProgramAttempt {
  const { kernel, spec } = session
  if (program.type === 0) {
    throw new RuleError(`load '${program.name}': section "${program.section}" says no program type: set type`)
  }
  const target = attachTarget(session, program)
  const linked = session.link(program)
  const { funcInfo, lineInfo } = session.objectTypes.records(linked)
  const btfFd = session.objectTypes.fd
  const attachType = target.attachType ?? program.expectedAttachType
  const optional = program.attachTypeOptional && kernel.facts.version < VERSION_WITH_ATTACH_TYPES
  const params: ProgLoadParams = {
    type: program.type,
    insns: encodeSlots(linked.slots, kernel.facts.littleEndian),
    license: spec.license,
    kernVersion: spec.kernVersion || kernel.facts.version,
    flags: program.flags,
    expectedAttachType: optional ? 0 : attachType,
    fdArray: session.objectTypes.fdArray,
    tokenFd: session.token?.fd,
    ...(hasNames(kernel, session.token) ? { name: kernelName(program.name) } : {}),
    ...(program.ifindex ? { ifindex: program.ifindex } : {}),
    ...(btfFd !== undefined && (funcInfo || lineInfo || needsTypes(linked)) ? { btfFd, funcInfo, lineInfo } : {}),
    ...(target.btfId ? { attachBtfId: target.btfId } : {}),
    ...(target.progFd !== undefined ? { attachProgFd: target.progFd } : {}),
    ...(target.btfObjFd ? { attachBtfObjFd: target.btfObjFd } : {}),
  }
  return { linked, params, ...tryProgLoad(kernel, params, log) }
}

/** Local type ids in the code (objects allocated by programs) need the types even without records. */
function needsTypes(linked: LinkedProgram): boolean {
  return linked.coreRelos.length > 0
}
