// SPDX-License-Identifier: BSD-2-Clause
/** Arenas: memory that a program and its caller share, with pointers that both follow. */
import { readFileSync } from 'node:fs'
import {
  type BpfMap,
  type Kernel,
  type LoadedObject,
  type Mapping,
  openObject,
  progTestRun,
  tryProgLoad,
} from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import * as U from '@skep/core/uapi'
import { EBUSY, EINVAL, words } from './calls.ts'
import { scenario } from './scenario.ts'

const PAGE = 4096
const NODE = 16
const READ_WRITE = 3
const ARENA = U.BPF_F_MMAPABLE
const HERE = 1n << 44n
const E2BIG = -7
const ERANGE = -34
const EOPNOTSUPP = -95

const bytes = readFileSync(new URL('programs/arena.bpf.o', import.meta.url))

function open(kernel: Kernel): LoadedObject {
  return openObject(bytes, { name: 'arena' }).load(kernel)
}

function run(object: LoadedObject, program: string): number {
  return progTestRun(object.kernel, object.program(program).fd, {}).retval | 0
}

/** Values of a list of nodes. */
function list(map: BpfMap, head: bigint): bigint[] {
  const values: bigint[] = []
  for (let at = head; at !== 0n && values.length < 100; ) {
    const node = new DataView(map.arena.bytes(at, NODE).buffer)
    values.push(node.getBigUint64(8, true))
    at = node.getBigUint64(0, true)
  }
  return values
}

scenario('ARENA: the caller reads a list that a program built', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'], programTypes: ['BPF_PROG_TYPE_SYSCALL'] },
  expected: { before: [42, 0n, 0n], built: 0, values: [40n, 30n, 20n, 10n], first: 40n, within: true, turns: 1n },
  kernelTypes: true,
  run: ({ kernel }) => {
    using object = open(kernel)
    const map = object.map('arena')
    const { arena } = map
    const before = ['answer', 'head', 'turns'].map((name) => arena.get(name))
    const built = run(object, 'build')
    const head = arena.get('head') as bigint
    const { value: first } = arena.read(head, 'node') as { value: bigint }
    const within = head > arena.address && head < arena.address + BigInt(arena.mapping.length)
    return {
      before,
      built,
      values: list(map, head),
      first,
      within,
      turns: arena.get('turns'),
    }
  },
})

scenario('ARENA: a program reads a list that the caller built', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'] },
  expected: { sum: 0 + 1 + 4 + 9 + 16, byHalf: 16, turns: 2n },
  kernelTypes: true,
  run: ({ kernel }) => {
    using object = open(kernel)
    const { arena } = object.map('arena')
    // on the sixth page, which only the caller touches
    const at = arena.address + BigInt(5 * PAGE)
    for (let i = 0; i < 5; i++) {
      const node = new DataView(new ArrayBuffer(NODE))
      node.setBigUint64(0, i === 4 ? 0n : at + BigInt((i + 1) * NODE), true)
      node.setBigUint64(8, BigInt(i * i), true)
      arena.mapping.write(5 * PAGE + i * NODE, new Uint8Array(node.buffer))
    }
    const give = (pointer: bigint) => object.map('.bss').update(0, { given: pointer })
    give(at)
    const sum = run(object, 'sum')
    // programs look at the lower half of a pointer only
    give(BigInt.asUintN(32, at + BigInt(4 * NODE)))
    return { sum, byHalf: run(object, 'sum'), turns: arena.get('turns') }
  },
})

scenario('ARENA: pages that programs take, give back, reserve and miss', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'] },
  // 8 pages, one of which holds the variables; all 7 again in one piece
  expected: { exhausted: 7 | (1 << 8), reserved: 15, missing: 5700, taken: 6 | (1 << 8) },
  kernelTypes: true,
  run: ({ kernel }) => {
    using object = open(kernel)
    const exhausted = run(object, 'exhaust')
    const reserved = run(object, 'reserve')
    // loads give 0, stores go nowhere, a fetching atomic leaves its register
    const missing = run(object, 'missing')
    // what the caller touches, at an end of the free pages, is taken
    object.map('arena').arena.mapping.write(7 * PAGE, new Uint8Array(1))
    return { exhausted, reserved, missing, taken: run(object, 'exhaust') }
  },
})

function create(kernel: Kernel, pages: number, flags: number = ARENA, address = 0n): number {
  const attr = new DataView(new ArrayBuffer(72))
  attr.setUint32(0, U.BPF_MAP_TYPE_ARENA, true)
  attr.setUint32(12, pages, true)
  attr.setUint32(16, flags, true)
  attr.setBigUint64(64, address, true)
  return kernel.bpf(U.BPF_MAP_CREATE, new Uint8Array(attr.buffer))
}

function close(mapping: Mapping | number): number {
  if (typeof mapping === 'number') return mapping
  mapping[Symbol.dispose]()
  return 0
}

scenario('ARENA: what may be created', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'] },
  expected: {
    none: EINVAL,
    unmapped: EINVAL,
    otherFlag: EINVAL,
    faults: true,
    noConversion: true,
    unaligned: EINVAL,
    tooLarge: E2BIG,
    acrossHalf: ERANGE,
    atEnd: true,
    all: true,
  },
  run: ({ kernel }) => ({
    none: create(kernel, 0),
    unmapped: create(kernel, 1, 0),
    otherFlag: create(kernel, 1, ARENA | U.BPF_F_RDONLY),
    faults: create(kernel, 1, ARENA | U.BPF_F_SEGV_ON_FAULT) > 0,
    noConversion: create(kernel, 1, ARENA | U.BPF_F_NO_USER_CONV) > 0,
    unaligned: create(kernel, 1, ARENA, HERE + 8n),
    tooLarge: create(kernel, (1 << 20) + 1),
    acrossHalf: create(kernel, 2, ARENA, HERE + 0xffff_f000n),
    atEnd: create(kernel, 1, ARENA, HERE + 0xffff_f000n) > 0,
    all: create(kernel, 1 << 20, ARENA, HERE) > 0,
  }),
})

scenario('ARENA: where it may be mapped', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'] },
  expected: {
    elsewhere: EINVAL,
    shorter: EINVAL,
    longer: E2BIG,
    offset: EINVAL,
    here: HERE,
    again: EBUSY,
    back: 0,
    chosen: { kept: [1, 2, 3], second: EINVAL, there: EBUSY, after: 0, still: [1, 2, 3] },
    elements: [EINVAL, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP],
  },
  run: ({ kernel }) => {
    const fixed = create(kernel, 4, ARENA, HERE)
    const map = (fd: number, pages: number, at: bigint, offset = 0) =>
      kernel.mmap(fd, pages * PAGE, offset, READ_WRITE, at)
    const early = {
      elsewhere: close(map(fixed, 4, 0n)),
      shorter: close(map(fixed, 3, HERE)),
      longer: close(map(fixed, 5, HERE)),
      offset: close(map(fixed, 4, HERE, PAGE)),
    }
    const mapping = map(fixed, 4, HERE)
    if (typeof mapping === 'number') throw new Error(`mmap: errno ${-mapping}`)
    const again = close(map(fixed, 4, HERE))
    const here = mapping.address
    close(mapping)
    const back = close(map(fixed, 4, HERE))
    return { ...early, here, again, back, chosen: anywhere(kernel, map), elements: elements(kernel, fixed) }
  },
})

type MapAt = (fd: number, pages: number, at: bigint) => Mapping | number

/** Without an address the first mapping chooses it for all times; the memory lives as long as the map. */
function anywhere(kernel: Kernel, map: MapAt) {
  const fd = create(kernel, 4)
  const first = map(fd, 4, 0n)
  if (typeof first === 'number') throw new Error(`mmap: errno ${-first}`)
  first.write(2 * PAGE, Uint8Array.of(1, 2, 3))
  const kept = [...first.read(2 * PAGE, 3)]
  const second = close(map(fd, 4, 0n))
  const there = close(map(fd, 4, first.address))
  const { address } = first
  close(first)
  const next = map(fd, 4, address)
  if (typeof next === 'number') return { kept, second, there, after: next, still: [] }
  const still = [...next.read(2 * PAGE, 3)]
  return { kept, second, there, after: close(next), still }
}

/** An arena has no elements: lookup, update, delete, next key. */
function elements(kernel: Kernel, fd: number): number[] {
  const zero = words(0, 0, 0, 0, 0, 0, 0, 0)
  zero.set(words(fd))
  const { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY } = U
  const commands = [BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY]
  return commands.map((command) => kernel.bpf(command, zero.slice()))
}

/** A socket filter that loads the maps' addresses, and then `rest`. */
function tryLoad(kernel: Kernel, maps: readonly number[], rest = ''): boolean | number {
  const { instructions } = assemble(`${maps.map((fd) => `r1 = ${fd} ll`).join('\n')}\n${rest}\nr0 = 0\nexit`)
  const insns = encodeInstructions(instructions)
  // a load of 16 bytes whose source register says that it is a map
  maps.forEach((_, i) => {
    insns[16 * i + 1] = 0x11
  })
  const { result } = tryProgLoad(kernel, { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns, license: 'GPL' })
  return result > 0 ? true : result
}

scenario('ARENA: casts need one arena that has an address', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARENA'] },
  expected: { none: EINVAL, unmapped: EINVAL, one: true, other: EINVAL, two: EBUSY },
  run: ({ kernel }) => {
    const unmapped = create(kernel, 1)
    const one = create(kernel, 1, ARENA, HERE)
    const two = create(kernel, 1, ARENA, HERE + (1n << 32n))
    const cast = 'r2 = 1\nr0 = addr_space_cast(r2, 0, 1)'
    return {
      none: tryLoad(kernel, [], cast),
      unmapped: tryLoad(kernel, [unmapped]),
      one: tryLoad(kernel, [one], cast),
      other: tryLoad(kernel, [one], 'r2 = 1\nr0 = addr_space_cast(r2, 0, 2)'),
      two: tryLoad(kernel, [one, two]),
    }
  },
})
