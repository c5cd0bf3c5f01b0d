// SPDX-License-Identifier: BSD-2-Clause
import { createLinuxKernel, linuxAvailability } from '@skep/native-loader'

const { available, reason } = linuxAvailability()
if (!available) throw new Error(reason)

using kernel = await createLinuxKernel()
// BPF_MAP_CREATE: an array of 4 values of 8 bytes, mmapable.
const attr = new Uint8Array(new Uint32Array([2, 4, 8, 4, 1 << 10]).buffer)
const map = kernel.bpf(0, attr)
if (map < 0) throw new Error(`errno ${-map}`)

const mapping = kernel.mmap(map, kernel.facts.pageSize, 0, 3)
if (typeof mapping === 'number') throw new Error(`errno ${-mapping}`)
// Programs see it at once.
new BigUint64Array(mapping.bytes.buffer)[2] = 42n
mapping[Symbol.dispose]()
