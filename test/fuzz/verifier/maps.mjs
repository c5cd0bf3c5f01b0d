// SPDX-License-Identifier: BSD-2-Clause
// Maps that fuzzed programs name. Both kernels make the same ones; in a program a map is its place in this list.

export const MAPS = [
  { type: 2, key: 4, value: 48, max: 2 },
  { type: 1, key: 8, value: 8, max: 4 },
  { type: 1, key: 16, value: 64, max: 4 },
  { type: 6, key: 4, value: 16, max: 2 },
  { type: 27, key: 0, value: 0, max: 4096 },
  { type: 3, key: 4, value: 4, max: 2 },
  { type: 4, key: 4, value: 4, max: 2 },
  { type: 12, key: 4, value: 4, max: 2 },
  { type: 22, key: 0, value: 8, max: 4 },
  { type: 30, key: 0, value: 8, max: 4 },
  { type: 9, key: 8, value: 8, max: 4 },
  { type: 2, key: 4, value: 8, max: 1, flags: 0x80 },
  { type: 2, key: 4, value: 8, max: 1, flags: 0x100 },
  { type: 5, key: 4, value: 8, max: 2 },
]

/** Descriptor that stands for a map in an instruction until it is loaded. */
export const FD_BASE = 0x5000
const NO_FD = 0x7ffffff0

/** The program with descriptors of one kernel in the place of list places. */
export function withDescriptors(insns, fds) {
  const bytes = new Uint8Array(insns)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i + 16 <= bytes.length; i += 8) {
    if (bytes[i] !== 0x18) continue
    const src = bytes[i + 1] >> 4
    const place = view.getInt32(i + 4, true) - FD_BASE
    // Other numbers could be descriptors of something else in one of the processes.
    if (src === 1 || src === 2) view.setInt32(i + 4, fds[place] ?? NO_FD, true)
    i += 8
  }
  return bytes
}
