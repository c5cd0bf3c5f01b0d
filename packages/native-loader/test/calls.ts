// SPDX-License-Identifier: BSD-2-Clause
/** Raw bpf(2) calls: just enough of union bpf_attr to test the way to the kernel without the loader. */
import { createLinuxKernel, type LinuxKernel } from '@skep/native-loader'
import { must, skipOrFail, whyNoIsolation, whyNoLinux } from '@skep/native-loader/testing'
import { afterEach, beforeEach, type TestContext } from 'vitest'
import { loadAddon } from '../lib/addon.ts'

export const BPF_MAP_CREATE = 0
export const BPF_MAP_LOOKUP_ELEM = 1
export const BPF_MAP_UPDATE_ELEM = 2
export const BPF_PROG_LOAD = 5
export const BPF_OBJ_PIN = 6
export const BPF_OBJ_GET = 7
export const BPF_PROG_TEST_RUN = 10
export const BPF_PROG_QUERY = 16

export const BPF_MAP_TYPE_HASH = 1
export const BPF_MAP_TYPE_ARRAY = 2
export const BPF_MAP_TYPE_RINGBUF = 27
export const BPF_F_MMAPABLE = 1 << 10

export const EPERM = -1
export const ENOENT = -2
export const E2BIG = -7
export const EBADF = -9
export const EAGAIN = -11
export const EFAULT = -14
export const EEXIST = -17
export const EINVAL = -22

/** Little endian 32-bit words. */
export function words(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(values).buffer)
}

/** A 64-bit value as two words. */
export function halves(value: bigint): [number, number] {
  return [Number(value & 0xffffffffn), Number(value >> 32n)]
}

export function word(bytes: Uint8Array, index: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(index * 4, true)
}

/** One instruction of 8 bytes as two words. */
export function insn(code: number, dst: number, src: number, off: number, imm: number): [number, number] {
  return [code | (dst << 8) | (src << 12) | ((off & 0xffff) << 16), imm]
}

/** r0 = value; exit */
export function returns(value: number): number[] {
  return [...insn(0xb7, 0, 0, 0, value), ...insn(0x95, 0, 0, 0, 0)]
}

/** bpf_ringbuf_output(map, "the 64-bit value 42", 8, 0); r0 = 0; exit */
export function ringbufWriter(mapFd: number): number[] {
  return [
    ...insn(0x7a, 10, 0, -8, 42),
    ...insn(0x18, 1, 1, 0, mapFd),
    ...insn(0, 0, 0, 0, 0),
    ...insn(0xbf, 2, 10, 0, 0),
    ...insn(0x07, 2, 0, 0, -8),
    ...insn(0xb7, 3, 0, 0, 8),
    ...insn(0xb7, 4, 0, 0, 0),
    ...insn(0x85, 0, 0, 0, 130),
    ...returns(0),
  ]
}

export function createMap(
  kernel: LinuxKernel,
  type: number,
  key: number,
  value: number,
  max: number,
  flags = 0,
): number {
  return must(kernel.bpf(BPF_MAP_CREATE, words(type, key, value, max, flags)), 'BPF_MAP_CREATE')
}

/** Loads a program of type BPF_PROG_TYPE_SOCKET_FILTER. */
export function loadFilter(kernel: LinuxKernel, program: number[]): number {
  using insns = kernel.memory.alloc(program.length * 4)
  insns.bytes.set(words(...program.map((value) => value >>> 0)))
  using license = kernel.memory.alloc(4)
  license.bytes.set(new TextEncoder().encode('GPL'))
  const attr = words(1, program.length / 2, ...halves(insns.address), ...halves(license.address), 0, 0, 0, 0)
  return must(kernel.bpf(BPF_PROG_LOAD, attr), 'BPF_PROG_LOAD')
}

/** Runs a program on a packet of zeros: its return value. */
export function testRun(kernel: LinuxKernel, program: number, length = 64): number {
  using packet = kernel.memory.alloc(length)
  const attr = words(program, 0, length, 0, ...halves(packet.address), 0, 0, 1)
  must(kernel.bpf(BPF_PROG_TEST_RUN, attr), 'BPF_PROG_TEST_RUN')
  return word(attr, 1)
}

/** Skips aloud where namespaces and cgroups cannot be made. */
export function needIsolation(context: TestContext): void {
  const reason = whyNoIsolation()
  if (reason !== undefined) context.skip(reason)
}

/** Why there is no addon; it alone suffices for calls other than bpf(2). */
function whyNoAddon(): string | undefined {
  const loaded = loadAddon()
  return 'reason' in loaded ? skipOrFail(loaded.reason) : undefined
}

/**
 * A kernel for each test of a file, which skips aloud where there is none, or, with `need` 'addon', where not even
 * other system calls can be made.
 */
export function eachKernel(need: 'bpf' | 'addon' = 'bpf'): { readonly kernel: LinuxKernel } {
  let kernel: LinuxKernel | undefined
  beforeEach(async (context) => {
    const reason = need === 'bpf' ? whyNoLinux() : whyNoAddon()
    if (reason !== undefined) context.skip(reason)
    kernel = await createLinuxKernel()
  })
  afterEach(() => {
    kernel?.[Symbol.dispose]()
    kernel = undefined
  })
  return {
    get kernel() {
      if (!kernel) throw new Error('no kernel outside of a test')
      return kernel
    },
  }
}
