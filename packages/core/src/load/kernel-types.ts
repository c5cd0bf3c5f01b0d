// SPDX-License-Identifier: BSD-2-Clause
/** The kernel's own types, parsed once per kernel, and those of its modules, fetched when something is not in vmlinux. */
import { type Btf, type BtfKind, parseBtf } from '../btf/index.ts'
import { btfInfo } from './info.ts'
import type { Kernel } from './kernel.ts'
import { getFdById, ids } from './syscalls/object.ts'

/** BTF of a loaded module; the fd stays open as long as the {@link KernelTypes}. */
export interface ModuleTypes {
  readonly name: string
  readonly btf: Btf
  readonly fd: number
}

/** Where a kernel symbol was found. */
export interface FoundType {
  readonly btf: Btf
  readonly id: number
  /** fd of the module's BTF, 0 for the kernel itself. */
  readonly fd: number
}

const parsed = new WeakMap<Uint8Array, Btf>()

function parseOnce(bytes: Uint8Array): Btf {
  let btf = parsed.get(bytes)
  if (!btf) {
    btf = parseBtf(bytes)
    parsed.set(bytes, btf)
  }
  return btf
}

export class KernelTypes implements Disposable {
  readonly #kernel: Kernel
  readonly #override: Uint8Array | undefined
  #modules: ModuleTypes[] | undefined

  /** `override` is used in the place of the kernel's own BTF. */
  constructor(kernel: Kernel, override?: Uint8Array) {
    this.#kernel = kernel
    this.#override = override
  }

  /** Types of the kernel itself, undefined where it has none. */
  get vmlinux(): Btf | undefined {
    // Reading the kernel's costs milliseconds, so it is left until something asks.
    const bytes = this.#override ?? this.#kernel.kernelBtf
    return bytes && parseOnce(bytes)
  }

  /** Types of its modules. */
  get modules(): readonly ModuleTypes[] {
    this.#modules ??= this.#loadModules()
    return this.#modules
  }

  #loadModules(): ModuleTypes[] {
    const base = this.vmlinux
    const modules: ModuleTypes[] = []
    if (!base) return modules
    for (const id of ids(this.#kernel, 'btf')) {
      const fd = getFdById(this.#kernel, 'btf', id)
      const info = btfInfo(this.#kernel, fd)
      if (info.isKernel && info.name !== 'vmlinux') {
        modules.push({ name: info.name, btf: parseBtf(btfInfo(this.#kernel, fd, true).bytes, { base }), fd })
      } else this.#kernel.close(fd)
    }
    return modules
  }

  /** Looks in the kernel, then in its modules; `module:name` looks in that module only. */
  find(name: string, kind: BtfKind): FoundType | undefined {
    const [module, symbol] = name.includes(':') ? name.split(':', 2) : [undefined, name]
    if (module === undefined || module === 'vmlinux') {
      const id = this.vmlinux?.find(symbol!, kind)
      if (id !== undefined) return { btf: this.vmlinux!, id, fd: 0 }
    }
    for (const m of this.modules) {
      if (module !== undefined && m.name !== module) continue
      const id = m.btf.findAll(symbol!, kind).find((i) => i >= m.btf.startId)
      if (id !== undefined) return { btf: m.btf, id, fd: m.fd }
    }
    return undefined
  }

  [Symbol.dispose](): void {
    for (const module of this.#modules ?? []) this.#kernel.close(module.fd)
    this.#modules = undefined
  }
}
