// SPDX-License-Identifier: BSD-2-Clause
import { errnoName, SyscallError } from '../../errors/index.ts'
import {
  SO_ATTACH_BPF,
  SO_ATTACH_REUSEPORT_EBPF,
  SO_DETACH_BPF,
  SO_DETACH_REUSEPORT_BPF,
  SOL_SOCKET,
} from '../../gen/system.gen.ts'
import type { Kernel } from '../kernel.ts'
import { CallLink, type Link } from './link.ts'

function option(kernel: Kernel, socketFd: number, name: number, value: number): number {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, value, kernel.facts.littleEndian)
  return kernel.setsockopt(socketFd, SOL_SOCKET, name, bytes)
}

/** Attaches a socket filter, or with `reuseport` the program that chooses among a group's sockets. */
export function attachSocket(kernel: Kernel, progFd: number, socketFd: number, reuseport: boolean): Link {
  const result = option(kernel, socketFd, reuseport ? SO_ATTACH_REUSEPORT_EBPF : SO_ATTACH_BPF, progFd)
  if (result < 0)
    throw new SyscallError('setsockopt', -result, reuseport ? 'SO_ATTACH_REUSEPORT_EBPF' : 'SO_ATTACH_BPF')
  return new CallLink(kernel, `socket ${socketFd}`, () => {
    const undone = option(kernel, socketFd, reuseport ? SO_DETACH_REUSEPORT_BPF : SO_DETACH_BPF, 0)
    // A socket that was closed, or whose filter was replaced, has nothing to detach.
    if (undone < 0 && !['EBADF', 'ENOENT', 'ENOTSOCK'].includes(errnoName(undone))) {
      throw new SyscallError('setsockopt', -undone, 'SO_DETACH_BPF')
    }
  })
}
