// SPDX-License-Identifier: GPL-2.0-only

/** A whole kernel at one moment: objects, maps, files, sockets, clocks. Plain data: it can be kept, copied, sent. */
export interface KernelSnapshot {
  /** All of linear memory. */
  readonly memory: Uint8Array
  /** Where the host's scratch memory is in it. */
  readonly scratch: number
}

const WASM_PAGE = 65536

/** Copies what `bytes` holds over linear memory, which grows if need be; what is behind it is cleared. */
export function writeMemory(memory: WebAssembly.Memory, bytes: Uint8Array): void {
  const missing = bytes.length - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE))
  const all = new Uint8Array(memory.buffer)
  all.set(bytes)
  all.fill(0, bytes.length)
}
