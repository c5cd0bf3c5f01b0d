// SPDX-License-Identifier: GPL-2.0-only
/** What several tests of the built module share: raw calls, small programs, bytes. */
import { mapCreate, SyscallError, tryProgLoad } from '@skep/core'
import { OPTION, type VirtualKernel } from '../src/index.ts'

export const HASH = 1
export const ARRAY = 2
export const PROG_ARRAY = 3
export const PERCPU_ARRAY = 6
export const LRU_HASH = 9
export const LPM_TRIE = 11
export const ARRAY_OF_MAPS = 12
export const RINGBUF = 27
export const NO_PREALLOC = 1
export const ZERO_SEED = 64
export const NOEXIST = 1
export const EXIST = 2

export const SOCKET_FILTER = 1
export const XDP = 6

/** Little endian 32-bit words. */
export function words(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(values).buffer)
}
export function long(value: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([value]).buffer)
}
export function longAt(bytes: Uint8Array, at = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true)
}

/** One instruction of 8 bytes. */
export function insn(code: number, dst: number, src: number, off: number, imm: number): number[] {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setUint8(0, code)
  bytes.setUint8(1, dst | (src << 4))
  bytes.setInt16(2, off, true)
  bytes.setInt32(4, imm, true)
  return [...new Uint8Array(bytes.buffer)]
}
/** r0 = value; exit */
export function returns(value: number): Uint8Array {
  return Uint8Array.from([...insn(0xb7, 0, 0, 0, value), ...insn(0x95, 0, 0, 0, 0)])
}

/** A new map's fd: type, key size, value size, entries, flags. */
export function map(kernel: VirtualKernel, type: number, key: number, value: number, max: number, flags = 0): number {
  return mapCreate(kernel, { type, keySize: key, valueSize: value, maxEntries: max, flags })
}

/** A program's fd or -errno. */
export function load(kernel: VirtualKernel, insns: Uint8Array, type = SOCKET_FILTER): number {
  return tryProgLoad(kernel, { type, insns, license: 'GPL' }).result
}

/** The errno of a call that is refused, as a positive number; 0 if it is not. */
export function errnoOf(call: () => unknown): number {
  try {
    call()
    return 0
  } catch (error) {
    if (error instanceof SyscallError) return error.errno
    throw error
  }
}

/** Bytes of kernel memory in use. */
export function memoryUsed(kernel: VirtualKernel): number {
  return Number(kernel.exports.get_option(OPTION.memoryUsed))
}
