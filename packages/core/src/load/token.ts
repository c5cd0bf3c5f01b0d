// SPDX-License-Identifier: BSD-2-Clause
/** Tokens: rights that a bpf file system hands into a user namespace (Linux 6.9). */
import { SyscallError } from '../errors/index.ts'
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../gen/system.gen.ts'
import type { Kernel } from './kernel.ts'
import { tokenCreate } from './syscalls/object.ts'

/** Takes the place of capabilities where maps are made and programs and types are loaded. */
export class BpfToken implements Disposable {
  readonly kernel: Kernel
  readonly fd: number
  readonly #owned: boolean

  /** A token by its fd, which stays the caller's unless `owned`. */
  constructor(kernel: Kernel, fd: number, owned = false) {
    this.kernel = kernel
    this.fd = fd
    this.#owned = owned
  }

  /** A new token from the bpf file system that is mounted at a path, in the caller's user namespace. */
  static fromPath(kernel: Kernel, path: string): BpfToken {
    const bpffs = kernel.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if (bpffs < 0) throw new SyscallError('open', -bpffs, path)
    try {
      return new BpfToken(kernel, tokenCreate(kernel, bpffs), true)
    } finally {
      kernel.close(bpffs)
    }
  }

  [Symbol.dispose](): void {
    if (this.#owned) this.kernel.close(this.fd)
  }
}
