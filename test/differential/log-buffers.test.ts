// SPDX-License-Identifier: BSD-2-Clause
/** The verifier's log in buffers of every size, fixed and rolling: the virtual kernel leaves the bytes that Linux leaves. */
import type { Kernel } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { beforeAll, describe, expect, test } from 'vitest'

const PROG_LOAD = 5
const EINVAL = -22
const EFAULT = -14
const ENOSPC = -28
const LEVEL_1 = 1
const LEVEL_2 = 2
const FIXED = 8
/** What the buffer holds before: what is not written keeps it. */
const FILL = 0xaa
/** Bytes behind the size that is told: they must stay. */
const GUARD = 64

function insns(...list: [code: number, regs: number, off: number, imm: number][]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(list.length * 8))
  list.forEach(([code, regs, off, imm], i) => {
    bytes.setUint8(i * 8, code)
    bytes.setUint8(i * 8 + 1, regs)
    bytes.setInt16(i * 8 + 2, off, true)
    bytes.setInt32(i * 8 + 4, imm, true)
  })
  return new Uint8Array(bytes.buffer)
}

const EXIT: [number, number, number, number] = [0x95, 0, 0, 0]
const PROGRAMS = {
  accepted: insns([0xb7, 0, 0, 0], EXIT),
  'refused at once': insns(EXIT),
  // Two paths: at the lower levels the log of the first is dropped when it ends well.
  'refused on the second path': insns(
    [0x61, 0x11, 0, 0],
    [0xb7, 0, 0, 0],
    [0x15, 1, 1, 7],
    EXIT,
    [0xb7, 0, 0, 1],
    [0x79, 0xa2, -8, 0],
    [0x7b, 0x2a, 8, 0],
    EXIT,
  ),
  'a loop': insns([0xb7, 0, 0, 0], [0x07, 0, 0, 1], [0xa5, 0, -2, 20], EXIT),
  'no end': insns([0xb7, 0, 0, 0], [0x05, 0, 0, -9]),
}

interface Outcome {
  result: number
  trueSize: number
  bytes: Uint8Array
}

function load(kernel: Kernel, code: Uint8Array, level: number, size: number, address?: bigint): Outcome {
  using text = kernel.memory.alloc(code.length)
  using license = kernel.memory.alloc(4)
  using log = kernel.memory.alloc(Math.min(size, 1 << 20) + GUARD)
  text.bytes.set(code)
  license.bytes.set([0x47, 0x50, 0x4c, 0])
  log.bytes.fill(FILL)
  const attr = new DataView(new ArrayBuffer(152))
  attr.setUint32(0, 1, true)
  attr.setUint32(4, code.length / 8, true)
  attr.setBigUint64(8, text.address, true)
  attr.setBigUint64(16, license.address, true)
  attr.setUint32(24, level, true)
  attr.setUint32(28, size, true)
  attr.setBigUint64(32, address ?? log.address, true)
  const bytes = new Uint8Array(attr.buffer)
  const result = kernel.bpf(PROG_LOAD, bytes)
  if (result >= 0) kernel.close(result)
  return { result: Math.min(result, 0), trueSize: attr.getUint32(140, true), bytes: log.bytes.slice() }
}

function text({ bytes }: Outcome): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
}

/** Few sizes at the ends, where things happen, and some between. */
function sizesFor(full: number): number[] {
  const near = (n: number) => [n - 2, n - 1, n, n + 1, n + 2]
  const sizes = [1, 2, 3, 4, 5, 7, 8, 16, 33, 64, 100, 127, 128, 200, 256, 500, ...near(full >> 1), ...near(full)]
  return [...new Set(sizes.filter((size) => size > 0))]
}

const levels = [LEVEL_1, LEVEL_2, LEVEL_1 | LEVEL_2, LEVEL_1 | FIXED, LEVEL_2 | FIXED]

describe.each(Object.entries(PROGRAMS))('%s', (_, code) => {
  let virtual: Kernel
  let linux: Kernel | undefined
  beforeAll(async () => {
    virtual = await createVirtualKernel()
    if (whyNoLinux() === undefined) linux = await createLinuxKernel()
  })

  test.each(levels)('level %i: what does not fit is told, kept is the end or (fixed) the beginning', (level) => {
    const full = load(virtual, code, level, 1 << 16)
    const whole = text(full)
    for (const size of sizesFor(full.trueSize)) {
      const got = load(virtual, code, level, size)
      expect(got.trueSize).toBe(full.trueSize)
      expect(got.result).toBe(size < full.trueSize ? ENOSPC : full.result)
      expect(got.bytes.subarray(size).every((byte) => byte === FILL)).toBe(true)
      const kept = text(got)
      expect(kept.length).toBeLessThan(size)
      if (level & FIXED) expect(whole.startsWith(kept)).toBe(true)
      else if (kept.length < whole.length && size > full.trueSize) expect(whole.endsWith(kept)).toBe(true)
    }
  })

  test.for(levels)('level %i: the same bytes as from Linux', (level, context) => {
    if (!linux) return context.skip(whyNoLinux())
    const { trueSize } = load(virtual, code, level, 1 << 16)
    for (const size of sizesFor(trueSize)) {
      const [theirs, ours] = [load(linux, code, level, size), load(virtual, code, level, size)]
      expect({ size, ...ours }).toEqual({ size, ...theirs })
    }
  })

  test('what may be asked for', () => {
    for (const kernel of linux ? [virtual, linux] : [virtual]) {
      const verdict = load(kernel, code, LEVEL_1, 1 << 16)
      expect(load(kernel, code, 0, 100).result).toBe(EINVAL)
      expect(load(kernel, code, 16, 100).result).toBe(EINVAL)
      expect(load(kernel, code, LEVEL_1, 0).result).toBe(EINVAL)
      expect(load(kernel, code, LEVEL_1, 100, 0n).result).toBe(EINVAL)
      expect(load(kernel, code, LEVEL_1, 0x40000000).result).toBe(EINVAL)
      expect(load(kernel, code, LEVEL_1, 100, 8n).result).toBe(EFAULT)
      // Without a buffer nothing is lost: the size that it would have to have is told.
      expect(load(kernel, code, LEVEL_1, 0, 0n)).toMatchObject({ result: verdict.result, trueSize: verdict.trueSize })
      expect(load(kernel, code, 0, 0, 0n)).toMatchObject({ trueSize: 0 })
    }
  })
})
