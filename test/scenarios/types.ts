// SPDX-License-Identifier: BSD-2-Clause
/** Small type information for maps that need it. */
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'

/** BTF with one type: int of 4 bytes, named "int", number 1. */
export function intBtf(): Uint8Array {
  const bytes = new Uint8Array(24 + 16 + 5)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, true)
  view.setUint8(2, 1)
  const fields = [
    [4, 24],
    [8, 0],
    [12, 16],
    [16, 16],
    [20, 5],
    [24, 1],
    [28, 0x01000000],
    [32, 4],
    [36, 0x01000020],
  ] as const
  for (const [at, value] of fields) view.setUint32(at, value, true)
  bytes.set(new TextEncoder().encode('int'), 24 + 16 + 1)
  return bytes
}

export function btfLoad(kernel: Kernel, bytes: Uint8Array): number {
  using btf = kernel.memory.alloc(bytes.length)
  btf.bytes.set(bytes)
  const attr = new Uint8Array(40)
  const view = new DataView(attr.buffer)
  view.setBigUint64(0, btf.address, true)
  view.setUint32(16, bytes.length, true)
  return kernel.bpf(U.BPF_BTF_LOAD, attr)
}

/** A map of local storage (sockets, tasks, inodes, cgroups) whose values are an int. */
export function storageMap(kernel: Kernel, type: number, withTypes = true): number {
  const attr = new Uint8Array(64)
  const view = new DataView(attr.buffer)
  const fields: readonly (readonly [number, number])[] = [
    [0, type],
    [4, 4],
    [8, 4],
    [12, 0],
    [16, 1],
    ...(withTypes
      ? ([
          [48, btfLoad(kernel, intBtf())],
          [52, 1],
          [56, 1],
        ] as const)
      : []),
  ]
  for (const [at, value] of fields) view.setUint32(at, value, true)
  return kernel.bpf(U.BPF_MAP_CREATE, attr)
}
