// SPDX-License-Identifier: BSD-2-Clause
/** Which program types and helpers a kernel has. */
import { ENOTSUPP } from '../../errors/index.ts'
import { BPF_F_SLEEPABLE } from '../../gen/uapi-defines.gen.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { CODE_CALL, CODE_EXIT, encodeSlots } from '../../object/slots.ts'
import type { Kernel } from '../kernel.ts'
import { returnValue } from '../probe.ts'
import { type ProgLoadParams, tryProgLoad } from '../syscalls/prog.ts'

/** What a type wants beside its number. */
const EXTRAS: Readonly<Record<number, Partial<ProgLoadParams>>> = {
  [U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: { expectedAttachType: U.BPF_CGROUP_INET4_CONNECT },
  [U.BPF_PROG_TYPE_CGROUP_SOCKOPT]: { expectedAttachType: U.BPF_CGROUP_GETSOCKOPT },
  [U.BPF_PROG_TYPE_SK_LOOKUP]: { expectedAttachType: U.BPF_SK_LOOKUP },
  [U.BPF_PROG_TYPE_NETFILTER]: { expectedAttachType: U.BPF_NETFILTER },
  [U.BPF_PROG_TYPE_SYSCALL]: { flags: BPF_F_SLEEPABLE },
  [U.BPF_PROG_TYPE_TRACING]: { expectedAttachType: U.BPF_TRACE_FENTRY, attachBtfId: 1 },
  [U.BPF_PROG_TYPE_LSM]: { expectedAttachType: U.BPF_LSM_MAC, attachBtfId: 1 },
  [U.BPF_PROG_TYPE_EXT]: { attachBtfId: 1 },
}

/** Refusals that only a kernel which knows the type gives: BTF id 1 is an integer, which nothing attaches to. */
const KNOWING_REFUSALS: Readonly<Record<number, string>> = {
  [U.BPF_PROG_TYPE_TRACING]: 'attach_btf_id 1 is not a function',
  [U.BPF_PROG_TYPE_LSM]: 'attach_btf_id 1 is not a function',
  [U.BPF_PROG_TYPE_EXT]: 'Cannot replace kernel functions',
}

/** Program types that a program can be loaded for without a BTF target. */
export function needsBtfTarget(type: number): boolean {
  return type in KNOWING_REFUSALS || type === U.BPF_PROG_TYPE_STRUCT_OPS
}

/** Arguments of a load that only the type, and the attach type where given, can make fail. */
export function probeParams(kernel: Kernel, type: number, attachType?: number): ProgLoadParams {
  const base = {
    type,
    insns: returnValue(kernel, 0),
    license: 'GPL',
    kernVersion: kernel.facts.version,
    ...EXTRAS[type],
  }
  return attachType === undefined ? base : { ...base, expectedAttachType: attachType }
}

/** Whether the kernel loads the program type (with that attach type). */
export function hasProgramType(kernel: Kernel, type: number, attachType?: number): boolean {
  const params = probeParams(kernel, type, attachType)
  let { result, log } = tryProgLoad(kernel, params, { level: 1, size: 4096 })
  // Some types only return 1.
  if (result < 0 && log !== '' && !needsBtfTarget(type)) {
    ;({ result, log } = tryProgLoad(kernel, { ...params, insns: returnValue(kernel, 1) }, { level: 1, size: 4096 }))
  }
  if (result >= 0) kernel.close(result)
  const refusal = KNOWING_REFUSALS[type]
  return (
    result >= 0 ||
    (type === U.BPF_PROG_TYPE_STRUCT_OPS && result === -ENOTSUPP) ||
    (refusal !== undefined && log.includes(refusal))
  )
}

/** By name, whether the kernel has the program type. */
export function programTypeFeatures(kernel: Kernel): Map<string, boolean> {
  const types = U.PROG_TYPE_NAMES.map((name, type) => [name, type] as const).filter(([, type]) => type !== 0)
  return new Map(types.map(([name, type]) => [name, hasProgramType(kernel, type)]))
}

const NO_HELPER = /invalid func |unknown func |program of this type cannot use helper /

/** Whether programs of a type may call a helper: the call alone is refused for its arguments, not for itself. */
export function hasHelper(kernel: Kernel, type: number, helper: number): boolean {
  const slots = [
    { code: CODE_CALL, dst: 0, src: 0, off: 0, imm: helper },
    { code: CODE_EXIT, dst: 0, src: 0, off: 0, imm: 0 },
  ]
  const params = { ...probeParams(kernel, type), insns: encodeSlots(slots, kernel.facts.littleEndian) }
  const { result, log } = tryProgLoad(kernel, params, { level: 1, size: 4096 })
  if (result >= 0) kernel.close(result)
  return result >= 0 || (log !== '' && !NO_HELPER.test(log))
}

/** By program type, the helpers that it may call; types that need a BTF target are left out. */
export function helperFeatures(kernel: Kernel, types: Iterable<number>): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const type of types) {
    if (needsBtfTarget(type)) continue
    const helpers = U.FUNC_ID_NAMES.flatMap((name, id) => (id !== 0 && hasHelper(kernel, type, id) ? [name] : []))
    found.set(U.PROG_TYPE_NAMES[type] ?? String(type), helpers)
  }
  return found
}
