// SPDX-License-Identifier: BSD-2-Clause
/** Commands of bpf(2) about anything that has an fd, an id or a path: programs, maps, BTF, links. */
import { ENOENT, SyscallError } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import {
  ATTR_BTF_LOAD,
  ATTR_ENABLE_STATS,
  ATTR_GET_ID,
  ATTR_INFO,
  ATTR_OBJ,
  ATTR_TOKEN_CREATE,
} from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, decodeCString, type FieldValues, getField, type StructLayout } from '../attr.ts'
import type { Kernel, UserBuffer } from '../kernel.ts'

/** Makes the object live on in bpffs at `path`. */
export function objPin(kernel: Kernel, fd: number, path: string): void {
  using call = new BpfCall(kernel)
  call.run('BPF_OBJ_PIN', U.BPF_OBJ_PIN, ATTR_OBJ, { pathname: call.text(path), bpf_fd: fd }, path)
}

/** An fd of the object pinned at `path`; `flags`: 0, BPF_F_RDONLY or BPF_F_WRONLY. */
export function objGet(kernel: Kernel, path: string, flags = 0): number {
  using call = new BpfCall(kernel)
  return call.run('BPF_OBJ_GET', U.BPF_OBJ_GET, ATTR_OBJ, { pathname: call.text(path), file_flags: flags }, path)
}

/** Kinds of objects that have ids. */
export type IdKind = 'prog' | 'map' | 'btf' | 'link'

const ID_COMMANDS = {
  prog: ['BPF_PROG_GET_NEXT_ID', U.BPF_PROG_GET_NEXT_ID, 'BPF_PROG_GET_FD_BY_ID', U.BPF_PROG_GET_FD_BY_ID],
  map: ['BPF_MAP_GET_NEXT_ID', U.BPF_MAP_GET_NEXT_ID, 'BPF_MAP_GET_FD_BY_ID', U.BPF_MAP_GET_FD_BY_ID],
  btf: ['BPF_BTF_GET_NEXT_ID', U.BPF_BTF_GET_NEXT_ID, 'BPF_BTF_GET_FD_BY_ID', U.BPF_BTF_GET_FD_BY_ID],
  link: ['BPF_LINK_GET_NEXT_ID', U.BPF_LINK_GET_NEXT_ID, 'BPF_LINK_GET_FD_BY_ID', U.BPF_LINK_GET_FD_BY_ID],
} as const

/** The id after `id` (0: the first), undefined at the end. */
export function getNextId(kernel: Kernel, kind: IdKind, id: number): number | undefined {
  using call = new BpfCall(kernel)
  const [name, command] = ID_COMMANDS[kind]
  const { result, attr } = call.attempt(command, ATTR_GET_ID, { start_id: id })
  if (result === -ENOENT) return undefined
  if (result < 0) throw new SyscallError(name, -result)
  return getField(ATTR_GET_ID, attr, 'next_id', kernel.facts.littleEndian)
}

/** All ids of a kind, ascending. */
export function* ids(kernel: Kernel, kind: IdKind): Generator<number> {
  for (let id = getNextId(kernel, kind, 0); id !== undefined; id = getNextId(kernel, kind, id)) yield id
}

/** An fd of the object with that id. */
export function getFdById(kernel: Kernel, kind: IdKind, id: number): number {
  using call = new BpfCall(kernel)
  const [, , name, command] = ID_COMMANDS[kind]
  return call.run(name, command, ATTR_GET_ID, { start_id: id }, `id ${id}`)
}

/**
 * One BPF_OBJ_GET_INFO_BY_FD: `prepare` says which pointers and counts go in (it may allocate through the call), the
 * struct comes out as the kernel left it.
 */
export function objGetInfo<L extends StructLayout>(
  call: BpfCall,
  fd: number,
  layout: L,
  encode: (values: FieldValues<L>) => Uint8Array,
  values: FieldValues<L>,
): Uint8Array {
  const info = call.copy(encode(values))
  const fields = { bpf_fd: fd, info_len: layout.size, info }
  call.run('BPF_OBJ_GET_INFO_BY_FD', U.BPF_OBJ_GET_INFO_BY_FD, ATTR_INFO, fields)
  return info.bytes.slice(0, layout.size)
}

/** The flag that says that a token is given. */
export function tokenFlag(tokenFd: number | undefined): number {
  return tokenFd === undefined ? 0 : U.BPF_F_TOKEN_FD
}

/** A new token's fd, made from an fd of the root of a bpf file system. */
export function tokenCreate(kernel: Kernel, bpffsFd: number, flags = 0): number {
  using call = new BpfCall(kernel)
  return call.run('BPF_TOKEN_CREATE', U.BPF_TOKEN_CREATE, ATTR_TOKEN_CREATE, { flags, bpffs_fd: bpffsFd })
}

/** Answer of BPF_BTF_LOAD. */
export interface BtfLoadResult {
  /** fd, or -errno. */
  readonly result: number
  readonly log: string
}

/** Loads type information; with `logLevel` the log says why it was refused. */
export function tryBtfLoad(
  kernel: Kernel,
  btf: Uint8Array,
  logLevel = 0,
  logSize = 64 * 1024,
  tokenFd?: number,
): BtfLoadResult {
  using call = new BpfCall(kernel)
  const log: UserBuffer | undefined = logLevel ? call.alloc(logSize) : undefined
  const { result } = call.attempt(U.BPF_BTF_LOAD, ATTR_BTF_LOAD, {
    btf: call.copy(btf),
    btf_size: btf.length,
    btf_log_buf: log,
    btf_log_size: log ? logSize : undefined,
    btf_log_level: logLevel,
    btf_flags: tokenFlag(tokenFd),
    btf_token_fd: tokenFd,
  })
  return { result, log: log ? decodeCString(log.bytes) : '' }
}

/** Counts runs and their time while the returned fd is open (BPF_STATS_RUN_TIME). */
export function enableRunTimeStats(kernel: Kernel): number {
  using call = new BpfCall(kernel)
  return call.run('BPF_ENABLE_STATS', U.BPF_ENABLE_STATS, ATTR_ENABLE_STATS, { type: 0 })
}
