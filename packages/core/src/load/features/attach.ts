// SPDX-License-Identifier: BSD-2-Clause
/** Which attach types a kernel has: a program is loaded for each and attached to something that does not exist. */
import { ATTACH_POINTS } from '../../gen/attach.gen.ts'
import { SECTIONS } from '../../gen/sections.gen.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { ATTR_LINK_CREATE, ATTR_PROG_ATTACH } from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, type FieldValues } from '../attr.ts'
import type { Kernel } from '../kernel.ts'
import { returnValue } from '../probe.ts'
import { tryProgLoad } from '../syscalls/prog.ts'
import { meansUnknown } from './commands.ts'
import { hasMapType } from './maps.ts'
import { hasProgramType, needsBtfTarget, probeParams } from './programs.ts'

type Point = (typeof ATTACH_POINTS)[number]

const BAD_FD = 0xffffffff
const FAR_INTERFACE = 0x7fffffff

/** Kinds where a wrong target is EINVAL as well: that the program loads is all that can be asked. */
const SILENT: ReadonlySet<number> = new Set([U.BPF_XDP])

function linkFields(call: BpfCall, point: Point, progFd: number): FieldValues<typeof ATTR_LINK_CREATE> {
  const base = { prog_fd: progFd, attach_type: point.attachType }
  switch (point.target) {
    case 'ifindex':
      return { ...base, target_ifindex: FAR_INTERFACE }
    case 'functions':
      return { ...base, 'kprobe_multi.cnt': 1, 'kprobe_multi.syms': 1 }
    case 'offsets':
      return {
        ...base,
        'uprobe_multi.path': call.text('/nonexistent'),
        'uprobe_multi.offsets': call.longs([0]),
        'uprobe_multi.cnt': 1,
      }
    case 'hook':
      return base
    default:
      return { ...base, target_fd: BAD_FD }
  }
}

function attaches(kernel: Kernel, point: Point, progFd: number): boolean {
  using call = new BpfCall(kernel)
  const { attachType } = point
  const attach = { target_fd: BAD_FD, attach_bpf_fd: progFd, attach_type: attachType }
  const answers: number[] = []
  if (point.progAttach) answers.push(call.attempt(U.BPF_PROG_ATTACH, ATTR_PROG_ATTACH, attach).result)
  if (point.linkType)
    answers.push(call.attempt(U.BPF_LINK_CREATE, ATTR_LINK_CREATE, linkFields(call, point, progFd)).result)
  for (const fd of answers) if (fd > 0) kernel.close(fd)
  return answers.some((answer) => !meansUnknown(answer))
}

function hasPoint(kernel: Kernel, point: Point): boolean {
  if (point.target === 'map') return hasMapType(kernel, U.BPF_MAP_TYPE_STRUCT_OPS)
  if (needsBtfTarget(point.type) || SILENT.has(point.attachType))
    return hasProgramType(kernel, point.type, point.attachType)
  for (const value of [0, 1]) {
    const params = { ...probeParams(kernel, point.type, point.attachType), insns: returnValue(kernel, value) }
    const { result } = tryProgLoad(kernel, params)
    if (result < 0) continue
    try {
      return attaches(kernel, point, result)
    } finally {
      kernel.close(result)
    }
  }
  return false
}

/** Attach types that are no argument of an attach call (programs of device maps, of SO_REUSEPORT): the program loads. */
function loadsWith(kernel: Kernel, attachType: number): boolean {
  const row = SECTIONS.find((section) => section.attachType === attachType && attachType !== 0)
  return row !== undefined && hasProgramType(kernel, row.type, attachType)
}

/** By name, whether some program can be attached with the type. */
export function attachTypeFeatures(kernel: Kernel): Map<string, boolean> {
  return new Map(
    U.ATTACH_TYPE_NAMES.map((name, attachType) => {
      const points = ATTACH_POINTS.filter((point) => point.attachType === attachType)
      return [name, points.length > 0 ? points.some((point) => hasPoint(kernel, point)) : loadsWith(kernel, attachType)]
    }),
  )
}
