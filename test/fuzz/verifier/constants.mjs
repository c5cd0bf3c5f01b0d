// SPDX-License-Identifier: BSD-2-Clause
// Numbers at which rules change: powers of two and their neighbours, sizes, ends of ranges.

export const CONSTANTS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 40, 48, 63, 64, 100, 127, 128, 255, 256, 511, 512, 4095, 65535, 65536, -1,
  -2, -8, -16, -128, -129, 0x7fffffff, -0x80000000, 0x7ffffffe, 0xffff,
]
