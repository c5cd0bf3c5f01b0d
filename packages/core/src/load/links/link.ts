// SPDX-License-Identifier: BSD-2-Clause
import { RuleError } from '../../errors/index.ts'
import { type LinkInfo, linkInfo } from '../info.ts'
import type { Kernel } from '../kernel.ts'
import { linkDetach, linkUpdate } from '../syscalls/link.ts'
import { objGet, objPin } from '../syscalls/object.ts'

/** A program attached to something. Disposing it detaches, unless the link is pinned. */
export abstract class Link implements Disposable {
  readonly kernel: Kernel
  /** To what, in words: `xdp on interface 3`. */
  readonly target: string

  constructor(kernel: Kernel, target: string) {
    this.kernel = kernel
    this.target = target
  }

  /** Detaches now. */
  abstract detach(): void

  [Symbol.dispose](): void {
    this.detach()
  }
}

/** A link that the kernel knows as one: it has an fd, an id, and can be pinned. */
export class BpfLink extends Link {
  #fd: number
  readonly #alsoClose: readonly number[]

  /** `alsoClose`: fds that live as long as the link, such as its perf event's. */
  constructor(kernel: Kernel, fd: number, target: string, alsoClose: readonly number[] = []) {
    super(kernel, target)
    this.#fd = fd
    this.#alsoClose = alsoClose
  }

  /** The link pinned at a path. */
  static fromPin(kernel: Kernel, path: string): BpfLink {
    return new BpfLink(kernel, objGet(kernel, path), path)
  }

  /** Its file descriptor. @throws RuleError after it was closed */
  get fd(): number {
    if (this.#fd < 0) throw new RuleError(`use link to ${this.target}: it was closed`)
    return this.#fd
  }

  /** Puts another program in the place of the attached one. */
  update(program: { readonly fd: number }, expected?: { readonly fd: number }): void {
    linkUpdate(this.kernel, this.fd, program.fd, expected?.fd)
  }

  /** Detaches and keeps the link, as far as the kernel can do that for its kind. */
  forceDetach(): void {
    linkDetach(this.kernel, this.fd)
  }

  /** What the kernel knows about it. */
  info(): LinkInfo {
    return linkInfo(this.kernel, this.fd)
  }

  /** Keeps it in bpffs beyond the life of this process. */
  pin(path: string): void {
    objPin(this.kernel, this.fd, path)
  }

  override detach(): void {
    if (this.#fd < 0) return
    this.kernel.close(this.#fd)
    for (const fd of this.#alsoClose) this.kernel.close(fd)
    this.#fd = -1
  }
}

/** An attachment that is undone by a call of its own. */
export class CallLink extends Link {
  #undo: (() => void) | undefined

  constructor(kernel: Kernel, target: string, undo: () => void) {
    super(kernel, target)
    this.#undo = undo
  }

  override detach(): void {
    const undo = this.#undo
    this.#undo = undefined
    undo?.()
  }
}
