// SPDX-License-Identifier: BSD-2-Clause
/**
 * Words of memory that a kernel shares. Positions are published after the data that they cover, so they are read and
 * written with the strongest order that JavaScript has, where the host's byte order is the kernel's.
 */

const HOST_LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function aligned(bytes: Uint8Array, offset: number, size: number, little: boolean): boolean {
  return little === HOST_LITTLE && (bytes.byteOffset + offset) % size === 0
}

/** A 64-bit position. */
export function loadLong(bytes: Uint8Array, offset: number, little: boolean): bigint {
  if (!aligned(bytes, offset, 8, little)) return view(bytes).getBigUint64(offset, little)
  return Atomics.load(new BigUint64Array(bytes.buffer, bytes.byteOffset + offset, 1), 0)
}

export function storeLong(bytes: Uint8Array, offset: number, value: bigint, little: boolean): void {
  if (!aligned(bytes, offset, 8, little)) view(bytes).setBigUint64(offset, value, little)
  else Atomics.store(new BigUint64Array(bytes.buffer, bytes.byteOffset + offset, 1), 0, value)
}

/** A 32-bit header. */
export function loadWord(bytes: Uint8Array, offset: number, little: boolean): number {
  if (!aligned(bytes, offset, 4, little)) return view(bytes).getUint32(offset, little)
  return Atomics.load(new Uint32Array(bytes.buffer, bytes.byteOffset + offset, 1), 0)
}

export function storeWord(bytes: Uint8Array, offset: number, value: number, little: boolean): void {
  if (!aligned(bytes, offset, 4, little)) view(bytes).setUint32(offset, value, little)
  else Atomics.store(new Uint32Array(bytes.buffer, bytes.byteOffset + offset, 1), 0, value)
}
