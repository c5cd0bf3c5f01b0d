// SPDX-License-Identifier: GPL-2.0-only
/** Loads, stores and atomics on arenas: every engine, wherever the pages are, and where none is. */

import { readFileSync } from 'node:fs'
import { mapCreate, openObject, progTestRun, tryProgLoad } from '@skep/core'
import { parseBtf } from '@skep/core/btf'
import { assemble, encodeInstructions } from '@skep/core/isa'
import * as U from '@skep/core/uapi'
import { describe, expect, it } from 'vitest'
import { createVirtualKernel, type EngineName, OPTION, type VirtualKernel } from '../src/index.ts'
import { memoryUsed } from './calls.ts'

const PAGE = 4096
const HERE = 1n << 44n
const ENGINES: readonly EngineName[] = ['interp', 'jit', 'checked']

async function kernelWith(engine: EngineName): Promise<VirtualKernel> {
  const kernel = await createVirtualKernel({ engine })
  // compiled when they are loaded
  kernel.exports.set_option(OPTION.jitThreshold, -1n)
  return kernel
}

function arena(kernel: VirtualKernel, pages: number, mapExtra = 0n, flags = 0): number {
  return mapCreate(kernel, {
    type: U.BPF_MAP_TYPE_ARENA,
    keySize: 0,
    valueSize: 0,
    maxEntries: pages,
    flags: U.BPF_F_MMAPABLE | flags,
    mapExtra,
  })
}

/** Text with `arena` for its address and `kcall name` for functions of the kernel. */
function load(kernel: VirtualKernel, fd: number, code: string): number {
  const names: string[] = []
  const text = code.replaceAll(/= arena\b/g, '= 0x77777777 ll').replaceAll(/kcall (\w+)/g, (_, name: string) => {
    names.push(name)
    return 'call 0x7fff'
  })
  const insns = encodeInstructions(assemble(text).instructions)
  const view = new DataView(insns.buffer, insns.byteOffset)
  const types = kernel.kernelBtf && parseBtf(kernel.kernelBtf)
  for (let i = 0; i < insns.length; i += 8) {
    const imm = view.getInt32(i + 4, true)
    if (insns[i] === 0x18 && imm === 0x77777777) {
      insns[i + 1] = (insns[i + 1] ?? 0) | 0x10
      view.setInt32(i + 4, fd, true)
    } else if (insns[i] === 0x85 && imm === 0x7fff) {
      insns[i + 1] = 0x20
      view.setInt32(i + 4, types?.find(names.shift() ?? '', 'FUNC') ?? 0, true)
    }
  }
  const { result, log } = tryProgLoad(
    kernel,
    { type: U.BPF_PROG_TYPE_SYSCALL, insns, license: 'GPL', flags: U.BPF_F_SLEEPABLE },
    { level: 1, size: 65536 },
  )
  if (result < 0) throw new Error(`errno ${-result}\n${log}`)
  return result
}

const V = 0x8877_6655_4433_2211n
const U64 = (value: bigint) => BigInt.asUintN(64, value)

/**
 * What the instructions leave in r0 where memory at r6 and at r6 + 4092 holds V, and where no page is. r1 is 0x100000005 and
 * r0 V before.
 */
const ACCESSES: readonly (readonly [code: string, present: bigint, missing: bigint])[] = [
  ['r0 = *(u8 *)(r6 + 1)', 0x22n, 0n],
  ['r0 = *(u16 *)(r6 + 1)', 0x3322n, 0n],
  ['r0 = *(u32 *)(r6 + 1)', 0x5544_3322n, 0n],
  ['r0 = *(u64 *)(r6 + 0)', V, 0n],
  ['r0 = *(s8 *)(r6 + 7)', U64(-0x78n), 0n],
  ['r0 = *(s16 *)(r6 + 6)', U64(-0x7789n), 0n],
  ['r0 = *(s32 *)(r6 + 4)', U64(-0x7788_99abn), 0n],
  ['r0 = *(u64 *)(r6 + 4092)', V, 0n],
  ['r0 = *(s32 *)(r6 + 4096)', U64(-0x7788_99abn), 0n],
  ['r0 = *(u16 *)(r6 + 4095)', 0x5544n, 0n],
  ['*(u8 *)(r6 + 0) = 255\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_4433_22ffn, 0n],
  ['*(u16 *)(r6 + 0) = -1\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_4433_ffffn, 0n],
  ['*(u64 *)(r6 + 0) = -2\nr0 = *(u64 *)(r6 + 0)', U64(-2n), 0n],
  ['*(u32 *)(r6 + 4) = r1\nr0 = *(u64 *)(r6 + 0)', 0x5_4433_2211n, 0n],
  ['*(u64 *)(r6 + 4090) = r1\nr0 = *(u64 *)(r6 + 4090)', 0x1_0000_0005n, 0n],
  ['*(u64 *)(r6 + 4090) = r1\nr0 = *(u32 *)(r6 + 4096)', 0x8877_0000n, 0n],
  ['lock *(u32 *)(r6 + 0) += r1\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_4433_2216n, 0n],
  ['lock *(u64 *)(r6 + 0) |= r1\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_4433_2215n, 0n],
  ['lock *(u64 *)(r6 + 0) &= r1\nr0 = *(u64 *)(r6 + 0)', 0x1_0000_0001n, 0n],
  ['lock *(u32 *)(r6 + 0) ^= r1\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_4433_2214n, 0n],
  ['r1 = atomic_fetch_add((u64 *)(r6 + 0), r1)\nr0 = r1', V, 0x1_0000_0005n],
  ['w1 = atomic_fetch_add((u32 *)(r6 + 0), w1)\nr0 = r1', 0x4433_2211n, 0x1_0000_0005n],
  ['r1 = xchg_64(r6 + 0, r1)\nr0 = r1', V, 0x1_0000_0005n],
  ['w1 = xchg32_32(r6 + 0, w1)\nr0 = *(u64 *)(r6 + 0)', 0x8877_6655_0000_0005n, 0n],
  ['r0 = cmpxchg_64(r6 + 0, r0, r1)\nr0 = *(u64 *)(r6 + 0)', 0x1_0000_0005n, 0n],
  ['r0 = 1\nr0 = cmpxchg_64(r6 + 0, r0, r1)', V, 1n],
  ['r0 = 1\nw0 = cmpxchg32_32(r6 + 0, w0, w1)', 0x4433_2211n, 1n],
]

/** A program that gives one half of what an access leaves. */
function program(code: string, missing: boolean, upper: boolean): string {
  const free = 'r1 = arena\nr2 = r9\nr3 = 2\nkcall bpf_arena_free_pages'
  return `r1 = arena
    r2 = 0
    r3 = 2
    r4 = -1
    r5 = 0
    kcall bpf_arena_alloc_pages
    r9 = r0
    r6 = addr_space_cast(r0, 0, 1)
    r7 = 0x8877665544332211 ll
    *(u64 *)(r6 + 0) = r7
    *(u64 *)(r6 + 4092) = r7
    ${missing ? free : ''}
    r0 = r7
    r1 = 0x100000005 ll
    ${code}
    r8 = r0
    ${free}
    r0 = r8
    ${upper ? 'r0 >>= 32' : ''}
    exit`
}

const PLACES = {
  'mapped, where linear memory is': (kernel: VirtualKernel) => {
    const fd = arena(kernel, 4)
    kernel.mmap(fd, 4 * PAGE, 0, 3)
    return fd
  },
  'not mapped, pages anywhere': (kernel: VirtualKernel) => arena(kernel, 4, HERE),
  'not mapped, up to the end of 4 GiB': (kernel: VirtualKernel) => arena(kernel, 2, HERE + 0xffff_e000n),
  'of 4 GiB, mapped': (kernel: VirtualKernel) => {
    const fd = arena(kernel, 1 << 20, HERE)
    kernel.mmap(fd, 2 ** 32, 0, 3, HERE)
    return fd
  },
}

describe.each(ENGINES)('on the engine %s', (engine) => {
  it.each(Object.entries(PLACES))('accesses to an arena that is %s', async (_, place) => {
    using kernel = await kernelWith(engine)
    const fd = place(kernel)
    const half = (code: string, missing: boolean, upper: boolean) => {
      const prog = load(kernel, fd, program(code, missing, upper))
      const { retval } = progTestRun(kernel, prog, {})
      kernel.close(prog)
      return BigInt(retval >>> 0)
    }
    const whole = (code: string, missing: boolean) => half(code, missing, false) | (half(code, missing, true) << 32n)
    for (const [code, present, missing] of ACCESSES) {
      expect(whole(code, false), code).toBe(present)
      expect(whole(code, true), `${code}, no page`).toBe(missing)
    }
  })

  it('pointers for the caller have the upper half of its addresses, unless they are NULL', async () => {
    using kernel = await kernelWith(engine)
    const of = (fd: number, value: string) =>
      progTestRun(
        kernel,
        load(kernel, fd, `r2 = arena\nr1 = ${value} ll\nr0 = addr_space_cast(r1, 1, 0)\nr0 >>= 32\nexit`),
        {},
      ).retval
    expect(of(arena(kernel, 1, HERE), '0x900000005')).toBe(1 << 12)
    expect(of(arena(kernel, 1, HERE), '0x900000000')).toBe(0)
    expect(of(arena(kernel, 1, HERE, U.BPF_F_NO_USER_CONV), '0x900000005')).toBe(0)
  })
})

const object = () => {
  const path = new URL('../../../test/scenarios/programs/arena.bpf.o', import.meta.url)
  return openObject(readFileSync(path), { name: 'arena' })
}

it('a snapshot holds an arena, and what programs did to it since is undone', async () => {
  using kernel = await kernelWith('jit')
  using loaded = object().load(kernel)
  const run = () => progTestRun(kernel, loaded.program('build').fd, {}).retval
  const { arena: memory } = loaded.map('arena')
  const fresh = kernel.snapshot()
  expect(run()).toBe(0)
  const first = memory.get('head')
  kernel.restore(fresh)
  expect(memory.get('head')).toBe(0n)
  expect(run()).toBe(0)
  expect(memory.get('head')).toBe(first)
})

it('pages and mappings go with the map', async () => {
  using kernel = await kernelWith('interp')
  const use = () => {
    using loaded = object().load(kernel)
    progTestRun(kernel, loaded.program('build').fd, {})
    loaded.map('arena').arena.mapping.write(5 * PAGE, new Uint8Array(1))
  }
  use()
  const before = memoryUsed(kernel)
  for (let i = 0; i < 3; i++) use()
  expect(memoryUsed(kernel)).toBe(before)
})

it('an arena in which only programs make pages', async () => {
  using kernel = await kernelWith('interp')
  const mapping = kernel.mmap(arena(kernel, 2, 0n, U.BPF_F_SEGV_ON_FAULT), 2 * PAGE, 0, 3)
  if (typeof mapping === 'number') throw new Error(`mmap: errno ${-mapping}`)
  expect(() => mapping.read(PAGE, 1)).toThrow('segmentation fault')
})
