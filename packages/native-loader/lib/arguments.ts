// SPDX-License-Identifier: BSD-2-Clause
/**
 * Checks of what callers pass, in words. The kernel answers for wrong values (a bad fd is EBADF); these refuse what
 * could not be handed to the kernel at all.
 */

export function checkInt(value: number, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name}: expected a number, got ${typeof value}`)
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) {
    throw new RangeError(`${name}: expected a 32-bit integer, got ${value}`)
  }
  return value
}

/** A size or an offset in bytes. */
export function checkSize(value: number, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name}: expected a number, got ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name}: expected a number of bytes, got ${value}`)
  }
  return value
}

export function checkBytes(value: Uint8Array, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${name}: expected a Uint8Array, got ${value === null ? 'null' : typeof value}`)
  }
  if ((value.buffer as ArrayBuffer & { detached?: boolean }).detached || isDetached(value)) {
    throw new TypeError(`${name}: the bytes are gone: their buffer was disposed or transferred`)
  }
  return value
}

/** Before `ArrayBuffer.prototype.detached` (Node 22) an empty buffer that refuses a view is a detached one. */
function isDetached(value: Uint8Array): boolean {
  if (value.byteLength !== 0 || value.buffer.byteLength !== 0) return false
  try {
    new Uint8Array(value.buffer)
    return false
  } catch {
    return true
  }
}

export function checkPath(value: string, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name}: expected a string, got ${typeof value}`)
  if (value.includes('\0')) throw new TypeError(`${name}: a path holds no NUL`)
  return value
}

export function checkFds(fds: readonly number[]): number[] {
  if (!Array.isArray(fds)) throw new TypeError(`fds: expected an array, got ${typeof fds}`)
  for (const fd of fds) checkInt(fd, 'fd')
  return [...new Set(fds as number[])]
}
