// SPDX-License-Identifier: BSD-2-Clause
import { SyscallError } from '../errors/index.ts'
import { O_CLOEXEC, O_RDONLY } from '../gen/system.gen.ts'
import type { Kernel } from './kernel.ts'

const CHUNK = 64 * 1024

/** Everything that can be read from an fd. */
export function readAll(kernel: Kernel, fd: number, what = `fd ${fd}`): Uint8Array {
  const chunks: Uint8Array[] = []
  const chunk = new Uint8Array(CHUNK)
  let length = 0
  for (;;) {
    const count = kernel.read(fd, chunk)
    if (count === -11) continue
    if (count < 0) throw new SyscallError('read', -count, what)
    if (count === 0) break
    chunks.push(chunk.slice(0, count))
    length += count
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of chunks) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A file that the kernel shows, undefined where there is none. */
export function readFile(kernel: Kernel, path: string): Uint8Array | undefined {
  const fd = kernel.open(path, O_RDONLY | O_CLOEXEC)
  if (fd < 0) return undefined
  try {
    return readAll(kernel, fd, path)
  } finally {
    kernel.close(fd)
  }
}

/** Its text. */
export function readText(kernel: Kernel, path: string): string | undefined {
  const bytes = readFile(kernel, path)
  return bytes && new TextDecoder().decode(bytes)
}
