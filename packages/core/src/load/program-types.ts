// SPDX-License-Identifier: BSD-2-Clause
import { parseBtf } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { btfInfo, progInfo } from './info.ts'
import type { Kernel } from './kernel.ts'
import { getFdById } from './syscalls/object.ts'

/** BTF id of a function of a loaded program. */
export function functionOfProgram(kernel: Kernel, progFd: number, name: string): number {
  const { btfId } = progInfo(kernel, progFd)
  if (btfId === 0) throw new RelocationError(`resolve target '${name}': the target program was loaded without types`)
  const fd = getFdById(kernel, 'btf', btfId)
  try {
    const id = parseBtf(btfInfo(kernel, fd, true).bytes).find(name, 'FUNC')
    if (id === undefined) throw new RelocationError(`resolve target '${name}': the target program has no such function`)
    return id
  } finally {
    kernel.close(fd)
  }
}
