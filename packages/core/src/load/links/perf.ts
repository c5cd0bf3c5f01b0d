// SPDX-License-Identifier: BSD-2-Clause
/** Programs that run from perf events: tracepoints, kprobes, uprobes, samples. */
import { RuleError, SyscallError, UnsupportedError } from '../../errors/index.ts'
import {
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_SET_BPF,
  PERF_FLAG_FD_CLOEXEC,
} from '../../gen/system.gen.ts'
import { BPF_PERF_EVENT, PERF_TYPE_TRACEPOINT } from '../../gen/uapi-enums.gen.ts'
import { perf_event_attr } from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, encodeStruct, type FieldValues } from '../attr.ts'
import { readText } from '../files.ts'
import type { Kernel } from '../kernel.ts'
import { linkCreate } from '../syscalls/link.ts'
import { BpfLink, CallLink, type Link } from './link.ts'
import type { UprobeTarget } from './target.ts'

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']
const EVENT_SOURCES = '/sys/bus/event_source/devices'

/** LINUX_VERSION_CODE of 5.15, the first with links for perf events. */
const VERSION_WITH_PERF_LINKS = 0x050f00

/** Opens a perf event of any process on CPU 0, or of one process on any CPU. */
function openEvent(kernel: Kernel, attr: FieldValues<typeof perf_event_attr>, pid: number, what: string): number {
  const bytes = encodeStruct(perf_event_attr, { ...attr, size: perf_event_attr.size }, kernel.facts.littleEndian)
  const fd = kernel.perfEventOpen(bytes, pid, pid < 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC)
  if (fd < 0) throw new SyscallError('perf_event_open', -fd, what)
  return fd
}

function ioctl(kernel: Kernel, fd: number, request: number, arg: number, name: string): void {
  const result = kernel.ioctl(fd, request, arg)
  if (result < 0) throw new SyscallError('ioctl', -result, name)
}

/** Attaches to an open perf event; the event is closed with the link where `owned`. */
export function attachPerfEvent(
  kernel: Kernel,
  progFd: number,
  eventFd: number,
  where: string,
  owned: boolean,
  cookie?: bigint,
): Link {
  const events = owned ? [eventFd] : []
  try {
    if (kernel.facts.version >= VERSION_WITH_PERF_LINKS) {
      const fields = {
        prog_fd: progFd,
        target_fd: eventFd,
        attach_type: BPF_PERF_EVENT,
        'perf_event.bpf_cookie': cookie,
      }
      const fd = linkCreate(kernel, () => fields, where)
      try {
        ioctl(kernel, eventFd, PERF_EVENT_IOC_ENABLE, 0, 'PERF_EVENT_IOC_ENABLE')
      } catch (error) {
        kernel.close(fd)
        throw error
      }
      return new BpfLink(kernel, fd, where, events)
    }
    if (cookie) throw new UnsupportedError('a cookie for a perf event', '5.15')
    ioctl(kernel, eventFd, PERF_EVENT_IOC_SET_BPF, progFd, 'PERF_EVENT_IOC_SET_BPF')
    ioctl(kernel, eventFd, PERF_EVENT_IOC_ENABLE, 0, 'PERF_EVENT_IOC_ENABLE')
  } catch (error) {
    for (const fd of events) kernel.close(fd)
    throw error
  }
  return new CallLink(kernel, where, () => {
    kernel.ioctl(eventFd, PERF_EVENT_IOC_DISABLE, 0)
    for (const fd of events) kernel.close(fd)
  })
}

/** Number of a tracepoint `category/name`. */
function tracepointId(kernel: Kernel, name: string): number {
  if (!/^[\w-]+\/[\w-]+$/.test(name)) throw new RuleError(`attach tracepoint '${name}': expected category/name`)
  for (const root of TRACEFS) {
    const text = readText(kernel, `${root}/events/${name}/id`)
    if (text) return Number(text.trim())
  }
  throw new RuleError(
    `attach tracepoint '${name}': ${TRACEFS.join(' and ')} have no such event, or tracefs is not mounted`,
  )
}

/** Attaches to a tracepoint `category/name`. */
export function attachTracepoint(kernel: Kernel, progFd: number, name: string, cookie?: bigint): Link {
  const where = `tracepoint ${name}`
  const event = openEvent(kernel, { type: PERF_TYPE_TRACEPOINT, config: tracepointId(kernel, name) }, -1, where)
  return attachPerfEvent(kernel, progFd, event, where, true, cookie)
}

/** Number of the event source, and the config bit that asks for the return of the function. */
function probeSource(kernel: Kernel, kind: 'kprobe' | 'uprobe'): { type: number; returnBit: bigint } {
  const type = readText(kernel, `${EVENT_SOURCES}/${kind}/type`)
  if (!type) throw new UnsupportedError(`${kind}s by perf events`, '4.17')
  const format = readText(kernel, `${EVENT_SOURCES}/${kind}/format/retprobe`)
  const bit = /config:(\d+)/.exec(format ?? '')?.[1] ?? '0'
  return { type: Number(type.trim()), returnBit: 1n << BigInt(bit) }
}

/** Attaches to a kernel function's start or return. */
export function attachKprobe(kernel: Kernel, progFd: number, name: string, onReturn: boolean, cookie?: bigint): Link {
  const { type, returnBit } = probeSource(kernel, 'kprobe')
  const [symbol, offset] = name.split('+', 2)
  const where = `${onReturn ? 'kretprobe' : 'kprobe'} ${name}`
  using call = new BpfCall(kernel)
  const attr = {
    type,
    config: onReturn ? returnBit : 0n,
    kprobe_func: call.text(symbol!),
    probe_offset: BigInt(offset ?? 0),
  }
  return attachPerfEvent(kernel, progFd, openEvent(kernel, attr, -1, where), where, true, cookie)
}

/** Names of the wrappers of bpf(2) that kernels of 4.17 and later have, by architecture. */
const WRAPPERS = ['__x64_sys_bpf', '__arm64_sys_bpf', '__s390x_sys_bpf', '__riscv_sys_bpf']

/**
 * Whether system calls take their registers in a struct, asked as libbpf asks it: by probing the wrapper. A kernel without
 * kprobes says no, where nothing could come of it.
 */
export function hasSyscallWrapper(kernel: Kernel): boolean {
  const type = readText(kernel, `${EVENT_SOURCES}/kprobe/type`)
  if (!type) return false
  return WRAPPERS.some((name) => {
    using call = new BpfCall(kernel)
    const attr = { type: Number(type.trim()), size: perf_event_attr.size, kprobe_func: call.text(name) }
    const bytes = encodeStruct(perf_event_attr, attr, kernel.facts.littleEndian)
    const fd = kernel.perfEventOpen(bytes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)
    if (fd >= 0) kernel.close(fd)
    return fd >= 0
  })
}

/** Attaches to a place in a program's or library's code. */
export function attachUprobe(
  kernel: Kernel,
  progFd: number,
  target: UprobeTarget,
  onReturn: boolean,
  cookie?: bigint,
): Link {
  const { type, returnBit } = probeSource(kernel, 'uprobe')
  const where = `${onReturn ? 'uretprobe' : 'uprobe'} ${target.path}+${target.offset}`
  using call = new BpfCall(kernel)
  const attr = {
    type,
    config: onReturn ? returnBit : 0n,
    uprobe_path: call.text(target.path),
    probe_offset: BigInt(target.offset),
  }
  return attachPerfEvent(kernel, progFd, openEvent(kernel, attr, target.pid ?? -1, where), where, true, cookie)
}
