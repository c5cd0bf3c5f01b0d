// SPDX-License-Identifier: BSD-2-Clause
/** Commands of bpf(2) that attach programs. */
import { SyscallError } from '../../errors/index.ts'
import { BPF_F_REPLACE } from '../../gen/uapi-defines.gen.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import {
  ATTR_ITER_CREATE,
  ATTR_LINK_CREATE,
  ATTR_LINK_DETACH,
  ATTR_LINK_UPDATE,
  ATTR_PROG_ATTACH,
  ATTR_QUERY,
  ATTR_RAW_TRACEPOINT,
} from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, type FieldValues, getBigField, getField } from '../attr.ts'
import type { Kernel } from '../kernel.ts'

/** Fields of LINK_CREATE by their kernel names, `prog_fd` and `attach_type` among them. */
export type LinkCreateFields = FieldValues<typeof ATTR_LINK_CREATE>

/** A new link's fd. `build` makes the fields; buffers that it allocates through the call live until it has returned. */
export function linkCreate(kernel: Kernel, build: (call: BpfCall) => LinkCreateFields, detail?: string): number {
  using call = new BpfCall(kernel)
  return call.run('BPF_LINK_CREATE', U.BPF_LINK_CREATE, ATTR_LINK_CREATE, build(call), detail)
}

/** Puts another program behind a link; with `oldProgFd` only if that one is there now. */
export function linkUpdate(kernel: Kernel, linkFd: number, progFd: number, oldProgFd?: number): void {
  using call = new BpfCall(kernel)
  const flags = oldProgFd === undefined ? 0 : BPF_F_REPLACE
  const fields = { link_fd: linkFd, new_prog_fd: progFd, old_prog_fd: oldProgFd, flags }
  call.run('BPF_LINK_UPDATE', U.BPF_LINK_UPDATE, ATTR_LINK_UPDATE, fields)
}

/** Detaches without closing the link. */
export function linkDetach(kernel: Kernel, linkFd: number): void {
  using call = new BpfCall(kernel)
  call.run('BPF_LINK_DETACH', U.BPF_LINK_DETACH, ATTR_LINK_DETACH, { link_fd: linkFd })
}

/** An fd from which an iterator's output is read. */
export function iterCreate(kernel: Kernel, linkFd: number): number {
  using call = new BpfCall(kernel)
  return call.run('BPF_ITER_CREATE', U.BPF_ITER_CREATE, ATTR_ITER_CREATE, { link_fd: linkFd })
}

/** Opens a raw tracepoint; without a name the one that the program was loaded for (fentry, tp_btf, LSM). */
export function rawTracepointOpen(kernel: Kernel, progFd: number, name?: string, cookie = 0n): number {
  using call = new BpfCall(kernel)
  const fields = { name: name === undefined ? 0 : call.text(name), prog_fd: progFd, cookie }
  return call.run('BPF_RAW_TRACEPOINT_OPEN', U.BPF_RAW_TRACEPOINT_OPEN, ATTR_RAW_TRACEPOINT, fields, name)
}

/** Arguments of PROG_ATTACH and PROG_DETACH. */
export interface ProgAttachParams {
  /** fd of the cgroup, sockmap, … */
  readonly targetFd: number
  readonly progFd?: number
  readonly attachType: number
  /** BPF_F_ALLOW_OVERRIDE 1, BPF_F_ALLOW_MULTI 2, BPF_F_REPLACE 4 … */
  readonly flags?: number
  readonly replaceFd?: number
}

function attachFields(params: ProgAttachParams): FieldValues<typeof ATTR_PROG_ATTACH> {
  return {
    target_fd: params.targetFd,
    attach_bpf_fd: params.progFd,
    attach_type: params.attachType,
    attach_flags: params.flags,
    replace_bpf_fd: params.replaceFd,
  }
}

/** The old way to attach, without a link: stays until detached. */
export function progAttach(kernel: Kernel, params: ProgAttachParams): void {
  using call = new BpfCall(kernel)
  call.run('BPF_PROG_ATTACH', U.BPF_PROG_ATTACH, ATTR_PROG_ATTACH, attachFields(params))
}

export function progDetach(kernel: Kernel, params: ProgAttachParams): void {
  using call = new BpfCall(kernel)
  call.run('BPF_PROG_DETACH', U.BPF_PROG_DETACH, ATTR_PROG_ATTACH, attachFields(params))
}

/** What is attached somewhere. */
export interface QueryResult {
  readonly progIds: readonly number[]
  readonly attachFlags: number
  /** Changes with every attach and detach where the hook keeps one (tcx, cgroup since 6.17). */
  readonly revision: bigint
}

/** Ids of the programs attached to a cgroup or other target. `queryFlags`: BPF_F_QUERY_EFFECTIVE 1. */
export function progQuery(
  kernel: Kernel,
  targetFd: number,
  attachType: number,
  queryFlags = 0,
  room = 64,
): QueryResult {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const buffer = call.alloc(room * 4)
  const { result, attr } = call.attempt(U.BPF_PROG_QUERY, ATTR_QUERY, {
    target_fd: targetFd,
    attach_type: attachType,
    query_flags: queryFlags,
    prog_ids: buffer,
    prog_cnt: room,
  })
  if (result < 0) throw new SyscallError('BPF_PROG_QUERY', -result)
  const count = Math.min(room, getField(ATTR_QUERY, attr, 'prog_cnt', little))
  const bytes = buffer.bytes.slice(0, count * 4)
  const view = new DataView(bytes.buffer)
  return {
    progIds: Array.from({ length: count }, (_, i) => view.getUint32(i * 4, little)),
    attachFlags: getField(ATTR_QUERY, attr, 'attach_flags', little),
    revision: getBigField(ATTR_QUERY, attr, 'revision', little),
  }
}
