// SPDX-License-Identifier: BSD-2-Clause
/** Raw tracepoints, functions by BTF id, iterators, and many probes at once. */
import { EINVAL, RuleError, SyscallError } from '../../errors/index.ts'
import { BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN, BPF_TRACE_ITER } from '../../gen/uapi-enums.gen.ts'
import { bpf_iter_link_info } from '../../gen/uapi-layouts.gen.ts'
import { encodeStruct } from '../attr.ts'
import { readAll } from '../files.ts'
import type { Kernel } from '../kernel.ts'
import { iterCreate, linkCreate, rawTracepointOpen } from '../syscalls/link.ts'
import { BpfLink, type Link } from './link.ts'
import type { AttachTarget, IterTarget } from './target.ts'

/** Attaches to a raw tracepoint; without a name to what the program was loaded for. */
export function attachRawTracepoint(kernel: Kernel, progFd: number, name: string | undefined, cookie?: bigint): Link {
  const where = name === undefined ? 'the function it was loaded for' : `raw tracepoint ${name}`
  return new BpfLink(kernel, rawTracepointOpen(kernel, progFd, name, cookie ?? 0n), where)
}

/** Attaches to what the program was loaded for: a function, a typed tracepoint, a security hook. */
export function attachTraced(kernel: Kernel, progFd: number, attachType: number, cookie?: bigint): Link {
  const where = 'the function it was loaded for'
  const fields = {
    prog_fd: progFd,
    attach_type: attachType,
    ...(cookie === undefined ? {} : { 'tracing.cookie': cookie }),
  }
  try {
    return new BpfLink(
      kernel,
      linkCreate(kernel, () => fields, where),
      where,
    )
  } catch (error) {
    // Kernels of before 5.10 attach these only by the older command, which takes no cookie for functions.
    if (cookie !== undefined || !(error instanceof SyscallError) || error.errno !== EINVAL) throw error
    return attachRawTracepoint(kernel, progFd, undefined)
  }
}

/** Replaces a function of a loaded program. */
export function attachFreplace(
  kernel: Kernel,
  progFd: number,
  targetFd: number,
  btfId: number,
  cookie: bigint | undefined,
): Link {
  const where = `function ${btfId} of program fd ${targetFd}`
  const fields = {
    prog_fd: progFd,
    target_fd: targetFd,
    target_btf_id: btfId,
    ...(cookie === undefined ? {} : { 'tracing.cookie': cookie }),
  }
  return new BpfLink(
    kernel,
    linkCreate(kernel, () => fields, where),
    where,
  )
}

/** An iterator: each {@link IterLink.read} runs it from the start. */
export class IterLink extends BpfLink {
  /** What the program wrote with bpf_seq_write and bpf_seq_printf. */
  read(): Uint8Array {
    const fd = iterCreate(this.kernel, this.fd)
    try {
      return readAll(this.kernel, fd, this.target)
    } finally {
      this.kernel.close(fd)
    }
  }

  /** The same as text. */
  readText(): string {
    return new TextDecoder().decode(this.read())
  }
}

/** Attaches an iterator. */
export function attachIter(kernel: Kernel, progFd: number, target: IterTarget = {}): IterLink {
  const info = {
    ...(target.mapFd === undefined ? {} : { 'map.map_fd': target.mapFd }),
    ...(target.cgroupFd === undefined
      ? {}
      : { 'cgroup.cgroup_fd': target.cgroupFd, 'cgroup.order': target.cgroupOrder }),
    ...(target.tid === undefined ? {} : { 'task.tid': target.tid }),
    ...(target.pid === undefined ? {} : { 'task.pid': target.pid }),
  }
  const given = Object.keys(info).length > 0
  const fd = linkCreate(kernel, (call) => ({
    prog_fd: progFd,
    attach_type: BPF_TRACE_ITER,
    ...(given
      ? {
          iter_info: call.copy(encodeStruct(bpf_iter_link_info, info, kernel.facts.littleEndian)),
          iter_info_len: bpf_iter_link_info.size,
        }
      : {}),
  }))
  return new IterLink(kernel, fd, 'iterator')
}

/** Attaches to several kernel functions at once. */
export function attachKprobeMulti(
  kernel: Kernel,
  progFd: number,
  attachType: number,
  target: AttachTarget,
  onReturn: boolean,
): Link {
  const functions = target.functions ?? (target.function ? [target.function] : [])
  if (functions.length === 0) throw new RuleError('attach multi-kprobe: functions are needed: set functions')
  const where = `${functions.length} kernel functions`
  const fd = linkCreate(
    kernel,
    (call) => ({
      prog_fd: progFd,
      attach_type: attachType,
      'kprobe_multi.flags': onReturn ? BPF_F_KPROBE_MULTI_RETURN : 0,
      'kprobe_multi.cnt': functions.length,
      'kprobe_multi.syms': call.longs(functions.map((name) => call.text(name).address)),
      ...(target.cookie === undefined
        ? {}
        : { 'kprobe_multi.cookies': call.longs(functions.map(() => target.cookie!)) }),
    }),
    where,
  )
  return new BpfLink(kernel, fd, where)
}

/** Attaches to several places of one file at once. */
export function attachUprobeMulti(
  kernel: Kernel,
  progFd: number,
  attachType: number,
  target: AttachTarget,
  onReturn: boolean,
): Link {
  const uprobes = target.uprobes ?? (target.uprobe ? { ...target.uprobe, offsets: [target.uprobe.offset] } : undefined)
  if (!uprobes) throw new RuleError('attach multi-uprobe: a file and offsets are needed: set uprobes')
  const where = `${uprobes.offsets.length} places of ${uprobes.path}`
  const fd = linkCreate(
    kernel,
    (call) => ({
      prog_fd: progFd,
      attach_type: attachType,
      'uprobe_multi.path': call.text(uprobes.path),
      'uprobe_multi.offsets': call.longs(uprobes.offsets),
      'uprobe_multi.cnt': uprobes.offsets.length,
      'uprobe_multi.flags': onReturn ? BPF_F_UPROBE_MULTI_RETURN : 0,
      'uprobe_multi.pid': uprobes.pid !== undefined && uprobes.pid > 0 ? uprobes.pid : 0,
      ...(target.cookie === undefined
        ? {}
        : { 'uprobe_multi.cookies': call.longs(uprobes.offsets.map(() => target.cookie!)) }),
    }),
    where,
  )
  return new BpfLink(kernel, fd, where)
}
