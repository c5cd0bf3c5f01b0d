// SPDX-License-Identifier: BSD-2-Clause
/** Which commands of bpf(2) a kernel has: each is called in a way that a kernel which knows it refuses by another errno than EINVAL. */
import { EINVAL, EOPNOTSUPP, errnoNumber } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import * as L from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, encodeStruct, type StructLayout } from '../attr.ts'
import type { Kernel } from '../kernel.ts'
import { hasBtf, loads, returnValue } from '../probe.ts'

/** No fd is ever this. */
const BAD_FD = 0xffffffff
/** An id that is valid and not in use. */
const FAR_ID = 0x7ffffffe
const FAR_PID = 0x3fffffff

type Values = Readonly<Record<string, number>>

/** Arguments that provoke EBADF, ENOENT or success. */
const PROBES: readonly (readonly [command: number, layout: StructLayout, values: Values])[] = [
  [U.BPF_MAP_CREATE, L.ATTR_MAP_CREATE, { map_type: 2, key_size: 4, value_size: 4, max_entries: 1 }],
  [U.BPF_MAP_LOOKUP_ELEM, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_MAP_UPDATE_ELEM, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_MAP_DELETE_ELEM, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_MAP_GET_NEXT_KEY, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_OBJ_GET, L.ATTR_OBJ, {}],
  [U.BPF_PROG_ATTACH, L.ATTR_PROG_ATTACH, { target_fd: BAD_FD, attach_bpf_fd: BAD_FD }],
  [U.BPF_PROG_DETACH, L.ATTR_PROG_ATTACH, { target_fd: BAD_FD, attach_bpf_fd: BAD_FD }],
  [U.BPF_PROG_TEST_RUN, L.ATTR_TEST, { prog_fd: BAD_FD }],
  [U.BPF_PROG_GET_NEXT_ID, L.ATTR_GET_ID, { start_id: FAR_ID }],
  [U.BPF_MAP_GET_NEXT_ID, L.ATTR_GET_ID, { start_id: FAR_ID }],
  [U.BPF_PROG_GET_FD_BY_ID, L.ATTR_GET_ID, { prog_id: FAR_ID }],
  [U.BPF_MAP_GET_FD_BY_ID, L.ATTR_GET_ID, { map_id: FAR_ID }],
  [U.BPF_OBJ_GET_INFO_BY_FD, L.ATTR_INFO, { bpf_fd: BAD_FD }],
  [U.BPF_PROG_QUERY, L.ATTR_QUERY, { target_fd: BAD_FD }],
  [U.BPF_RAW_TRACEPOINT_OPEN, L.ATTR_RAW_TRACEPOINT, { prog_fd: BAD_FD }],
  [U.BPF_BTF_GET_FD_BY_ID, L.ATTR_GET_ID, { btf_id: FAR_ID }],
  [U.BPF_TASK_FD_QUERY, L.ATTR_TASK_FD_QUERY, { pid: FAR_PID }],
  [U.BPF_MAP_LOOKUP_AND_DELETE_ELEM, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_MAP_FREEZE, L.ATTR_MAP_ELEM, { map_fd: BAD_FD }],
  [U.BPF_BTF_GET_NEXT_ID, L.ATTR_GET_ID, { start_id: FAR_ID }],
  [U.BPF_MAP_LOOKUP_BATCH, L.ATTR_MAP_BATCH, { map_fd: BAD_FD }],
  [U.BPF_MAP_LOOKUP_AND_DELETE_BATCH, L.ATTR_MAP_BATCH, { map_fd: BAD_FD }],
  [U.BPF_MAP_UPDATE_BATCH, L.ATTR_MAP_BATCH, { map_fd: BAD_FD }],
  [U.BPF_MAP_DELETE_BATCH, L.ATTR_MAP_BATCH, { map_fd: BAD_FD }],
  [U.BPF_LINK_CREATE, L.ATTR_LINK_CREATE, { prog_fd: BAD_FD }],
  [U.BPF_LINK_UPDATE, L.ATTR_LINK_UPDATE, { link_fd: BAD_FD }],
  [U.BPF_LINK_GET_FD_BY_ID, L.ATTR_GET_ID, { link_id: FAR_ID }],
  [U.BPF_LINK_GET_NEXT_ID, L.ATTR_GET_ID, { start_id: FAR_ID }],
  [U.BPF_ENABLE_STATS, L.ATTR_ENABLE_STATS, { type: 0 }],
  [U.BPF_ITER_CREATE, L.ATTR_ITER_CREATE, { link_fd: BAD_FD }],
  [U.BPF_LINK_DETACH, L.ATTR_LINK_DETACH, { link_fd: BAD_FD }],
  [U.BPF_PROG_BIND_MAP, L.ATTR_PROG_BIND_MAP, { prog_fd: BAD_FD }],
  [U.BPF_TOKEN_CREATE, L.ATTR_TOKEN_CREATE, { bpffs_fd: BAD_FD }],
  [U.BPF_PROG_STREAM_READ_BY_FD, L.ATTR_PROG_STREAM_READ, { prog_fd: BAD_FD }],
]

const RETURNS_FD: ReadonlySet<number> = new Set([U.BPF_MAP_CREATE, U.BPF_ENABLE_STATS])

/** Whether an answer says that the kernel does not know what it was asked. */
export function meansUnknown(result: number): boolean {
  return result === -EINVAL || result === -EOPNOTSUPP || result === -(errnoNumber('ENOSYS') ?? 38)
}

/** A wrong fd is EINVAL here, so a real map is pinned where there is no directory. */
function hasPin(kernel: Kernel): boolean {
  using call = new BpfCall(kernel)
  const map = { map_type: U.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }
  const fd = call.attempt(U.BPF_MAP_CREATE, L.ATTR_MAP_CREATE, map).result
  if (fd < 0) return false
  const pathname = call.text('/nonexistent/skep')
  const { result } = call.attempt(U.BPF_OBJ_PIN, L.ATTR_OBJ, { bpf_fd: fd, pathname })
  kernel.close(fd)
  return !meansUnknown(result)
}

/** By command name, whether the kernel has it. */
export function commandFeatures(kernel: Kernel): Map<string, boolean> {
  const found = new Map<number, boolean>()
  for (const [command, layout, values] of PROBES) {
    using call = new BpfCall(kernel)
    const result = kernel.bpf(command, encodeStruct(layout, values, call.kernel.facts.littleEndian))
    if (result >= 0 && RETURNS_FD.has(command)) kernel.close(result)
    found.set(command, !meansUnknown(result))
  }
  const program = { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns: returnValue(kernel, 0), license: 'GPL' }
  found.set(U.BPF_PROG_LOAD, loads(kernel, program))
  found.set(U.BPF_OBJ_PIN, hasPin(kernel))
  found.set(U.BPF_BTF_LOAD, hasBtf(kernel))
  return new Map(U.CMD_NAMES.map((name, command) => [name, found.get(command) ?? false]))
}
