// SPDX-License-Identifier: BSD-2-Clause
/** Chooses the way in which a program is attached, by its type and attach type. */
import { RuleError } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { attachPoint, progTypeName } from '../../rules/attach.ts'
import type { Kernel } from '../kernel.ts'
import type { Program } from '../program.ts'
import { functionOfProgram } from '../program-types.ts'
import { attachByCall, attachCgroup, attachInterface, attachNetfilter, attachNetns, attachSockmap } from './hook.ts'
import type { Link } from './link.ts'
import { attachKprobe, attachPerfEvent, attachTracepoint, attachUprobe } from './perf.ts'
import { attachSocket } from './socket.ts'
import type { AttachTarget } from './target.ts'
import {
  attachFreplace,
  attachIter,
  attachKprobeMulti,
  attachRawTracepoint,
  attachTraced,
  attachUprobeMulti,
} from './trace.ts'

export type { AttachTarget } from './target.ts'

interface Attachment {
  readonly kernel: Kernel
  readonly fd: number
  readonly program: Program
  readonly attachType: number
  readonly target: AttachTarget
}

function needs(attachment: Attachment, what: string): RuleError {
  return new RuleError(`attach '${attachment.program.name}': ${progTypeName(attachment.program.type)} needs ${what}`)
}

/** What the section says behind its slash, where the target does not. */
function named(attachment: Attachment, given: string | undefined, what: string): string {
  const name = given ?? attachment.program.spec?.attachTo
  if (!name) throw needs(attachment, what)
  return name
}

function isReturn({ program }: Attachment): boolean {
  const section = program.spec?.section.replace(/^\?/, '') ?? ''
  return section.startsWith('kret') || section.startsWith('uret')
}

function attachProbe(a: Attachment): Link {
  const { kernel, fd, target, attachType } = a
  switch (attachType) {
    case U.BPF_TRACE_KPROBE_MULTI:
    case U.BPF_TRACE_KPROBE_SESSION:
      return attachKprobeMulti(
        kernel,
        fd,
        attachType,
        { ...target, function: named(a, target.function, 'functions') },
        isReturn(a),
      )
    case U.BPF_TRACE_UPROBE_MULTI:
    case U.BPF_TRACE_UPROBE_SESSION:
      return attachUprobeMulti(kernel, fd, attachType, target, isReturn(a))
    default:
      break
  }
  if (target.perfEventFd !== undefined) return attachEvent(a)
  if (target.uprobe) return attachUprobe(kernel, fd, target.uprobe, isReturn(a), target.cookie)
  if (/^\??u(ret)?probe/.test(a.program.spec?.section ?? '')) throw needs(a, 'a file and an offset: set uprobe')
  return attachKprobe(
    kernel,
    fd,
    named(a, target.function, 'a kernel function: set function'),
    isReturn(a),
    target.cookie,
  )
}

function attachEvent(a: Attachment): Link {
  const { perfEventFd, cookie } = a.target
  if (perfEventFd === undefined) throw needs(a, 'an open perf event: set perfEventFd')
  return attachPerfEvent(a.kernel, a.fd, perfEventFd, `perf event fd ${perfEventFd}`, false, cookie)
}

function attachTracing(a: Attachment): Link {
  if (a.attachType === U.BPF_TRACE_ITER) return attachIter(a.kernel, a.fd, a.target.iter)
  return attachTraced(a.kernel, a.fd, a.attachType, a.target.cookie)
}

function attachExtension(a: Attachment): Link {
  const { freplace } = a.target
  if (!freplace) return attachTraced(a.kernel, a.fd, a.attachType, a.target.cookie)
  const { progFd } = freplace
  const name = () => named(a, freplace.function, 'a function: set freplace.function')
  const btfId = freplace.btfId ?? functionOfProgram(a.kernel, progFd, name())
  return attachFreplace(a.kernel, a.fd, progFd, btfId, a.target.cookie)
}

function attachTypeOf(program: Program, target: AttachTarget): number {
  const said = target.attachType ?? program.spec?.expectedAttachType ?? 0
  if (target.netkit === undefined) return said
  const peer = target.peer ?? said === U.BPF_NETKIT_PEER
  return peer ? U.BPF_NETKIT_PEER : U.BPF_NETKIT_PRIMARY
}

/** By what kind of place the attach type names. */
function attachByPoint(a: Attachment): Link {
  const { kernel, fd, attachType, target, program } = a
  const point = attachPoint(program.type, attachType)
  switch (point.target) {
    case 'cgroup':
      return attachCgroup(kernel, fd, attachType, target)
    case 'ifindex':
      return attachInterface(kernel, fd, attachType, target)
    case 'netns':
      return attachNetns(kernel, fd, attachType, target)
    case 'sockmap':
      return attachSockmap(kernel, fd, attachType, target)
    case 'hook':
      return attachNetfilter(kernel, fd, target.netfilter)
    case 'lirc':
      if (target.mapFd === undefined) throw needs(a, 'the fd of a lirc device: set mapFd')
      return attachByCall(kernel, fd, target.mapFd, attachType)
    default:
      throw needs(a, `a ${point.target}, which is attached in another way`)
  }
}

/** Attaches a program: {@link Program.attach}. */
export function attachProgram(program: Program, target: AttachTarget): Link {
  const { kernel, fd, type } = program
  const attachType = attachTypeOf(program, target)
  const a: Attachment = { kernel, fd, program, attachType, target }
  switch (type) {
    case U.BPF_PROG_TYPE_SOCKET_FILTER:
    case U.BPF_PROG_TYPE_SK_REUSEPORT:
      if (target.socketFd === undefined) throw needs(a, 'a socket: set socketFd')
      return attachSocket(kernel, fd, target.socketFd, type === U.BPF_PROG_TYPE_SK_REUSEPORT)
    case U.BPF_PROG_TYPE_TRACEPOINT:
      if (target.perfEventFd !== undefined) return attachEvent(a)
      return attachTracepoint(kernel, fd, named(a, target.tracepoint, 'category/name: set tracepoint'), target.cookie)
    case U.BPF_PROG_TYPE_RAW_TRACEPOINT:
    case U.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
      return attachRawTracepoint(kernel, fd, named(a, target.tracepoint, 'a name: set tracepoint'), target.cookie)
    case U.BPF_PROG_TYPE_TRACING:
      return attachTracing(a)
    case U.BPF_PROG_TYPE_LSM:
      if (attachType === U.BPF_LSM_CGROUP) return attachCgroup(kernel, fd, attachType, target)
      return attachTraced(kernel, fd, attachType, target.cookie)
    case U.BPF_PROG_TYPE_EXT:
      return attachExtension(a)
    case U.BPF_PROG_TYPE_KPROBE:
      return attachProbe(a)
    case U.BPF_PROG_TYPE_PERF_EVENT:
      return attachEvent(a)
    default:
      return attachByPoint(a)
  }
}
