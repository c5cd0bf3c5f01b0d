// SPDX-License-Identifier: GPL-2.0-only
/** Copies of a kernel's whole memory: everything that it is. */

export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError
}

export function copyOf(memory: WebAssembly.Memory): Uint8Array {
  return new Uint8Array(memory.buffer).slice()
}

/** Memory cannot shrink: what has been added since is cleared. */
export function writeBack(memory: WebAssembly.Memory, bytes: Uint8Array): void {
  const all = new Uint8Array(memory.buffer)
  all.set(bytes)
  all.fill(0, bytes.length)
}
