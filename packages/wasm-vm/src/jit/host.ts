// SPDX-License-Identifier: GPL-2.0-only
import type { KernelExports } from '../exports.ts'
import { WASI_EBADF, WASI_OK } from '../wasi/host.ts'

const OP_COMPILE = 1
const OP_FREE = 2
const WASI_EINVAL = 28
/** Table entries are taken in blocks, since every growth costs. */
const TABLE_BLOCK = 256

/**
 * Instantiates the modules that the kernel's JIT emits, and gives their functions places in the kernel's table. The
 * request is described in assembly/jit/host.ts. An emitted module exports its functions as "0", "1" …
 */
export class JitHost {
  readonly #exports: () => KernelExports
  /** Free places in the table, by how many lie side by side. */
  readonly #free = new Map<number, number[]>()
  #next = 0

  constructor(exports: () => KernelExports) {
    this.#exports = exports
  }

  /** Carries out the request at this address; a WASI errno. */
  handle(request: number): number {
    const { memory } = this.#exports()
    const at = request >>> 0
    const view = new DataView(memory.buffer)
    const word = (index: number) => view.getUint32(at + 4 * index, true)
    switch (word(0)) {
      case OP_COMPILE: {
        const first = this.#compile(new Uint8Array(memory.buffer, word(1), word(2)), word(3))
        if (first === 0) return WASI_EINVAL
        // Instantiating does not run code, but the table may have grown, and memory with it.
        new DataView(memory.buffer).setUint32(at + 16, first, true)
        return WASI_OK
      }
      case OP_FREE:
        this.#release(word(4), word(3))
        return WASI_OK
      default:
        return WASI_EBADF
    }
  }

  #compile(bytes: Uint8Array, functions: number): number {
    const exports = this.#exports()
    const { table } = exports
    const code = bytes.slice()
    try {
      const module = new WebAssembly.Module(code)
      const imports: Record<string, WebAssembly.ImportValue> = {}
      for (const { module: from, name } of WebAssembly.Module.imports(module)) {
        if (from === 'f') imports[name] = table.get(Number(name)) as WebAssembly.ImportValue
      }
      const k = { memory: exports.memory }
      const instance = new WebAssembly.Instance(module, { k, f: imports })
      const first = this.#place(functions)
      for (let i = 0; i < functions; i++) table.set(first + i, instance.exports[String(i)] as () => void)
      return first
    } catch (error) {
      // A module that does not validate, or does not link, is a defect of ours.
      if (error instanceof WebAssembly.LinkError || !WebAssembly.validate(code)) throw error
      // A host may forbid compilation at run time (a content security policy, memory): then the interpreter serves.
      return 0
    }
  }

  #place(functions: number): number {
    const free = this.#free.get(functions)?.pop()
    if (free !== undefined) return free
    const { table } = this.#exports()
    if (this.#next === 0) this.#next = table.length
    const first = this.#next
    const missing = first + functions - table.length
    if (missing > 0) table.grow(Math.max(missing, TABLE_BLOCK))
    this.#next = first + functions
    return first
  }

  #release(first: number, functions: number): void {
    const { table } = this.#exports()
    for (let i = 0; i < functions; i++) table.set(first + i, null)
    const free = this.#free.get(functions)
    if (free) free.push(first)
    else this.#free.set(functions, [first])
  }
}
