// SPDX-License-Identifier: BSD-2-Clause
/** Maps as programs and callers see them. */
import { createHash } from 'node:crypto'
import type { Kernel } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import * as U from '@skep/core/uapi'
import {
  AF_UNIX,
  count,
  counter,
  createMap,
  EEXIST,
  EINVAL,
  ENOENT,
  keep,
  load,
  lookupElem,
  MSG_DONTWAIT,
  mustLoad,
  SO_ATTACH_BPF,
  SOCK_DGRAM,
  SOL_SOCKET,
  updateElem,
  words,
} from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const ANY = 0n
const NOEXIST = 1n
const EXIST = 2n
const NO_PREALLOC = 1
const E2BIG = -7

const long = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
const numberOf = (value: Uint8Array | number) =>
  typeof value === 'number' ? value : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true))

function elem(kernel: Kernel, command: number, map: number, key: Uint8Array | undefined, out: number, flags = 0n) {
  using k = kernel.memory.alloc(Math.max(key?.length ?? 0, 8))
  using v = kernel.memory.alloc(Math.max(out, 8))
  if (key) k.bytes.set(key)
  const attr = new Uint8Array(32)
  const view = new DataView(attr.buffer)
  view.setUint32(0, map, true)
  if (key) view.setBigUint64(8, k.address, true)
  if (out) view.setBigUint64(16, v.address, true)
  view.setBigUint64(24, flags, true)
  const result = kernel.bpf(command, attr)
  return { result, value: v.bytes.slice(0, Math.max(out, 8)) }
}
const remove = (kernel: Kernel, map: number, key: Uint8Array) => elem(kernel, U.BPF_MAP_DELETE_ELEM, map, key, 0).result

/** Runs a socket filter once on a packet. */
function runFilter({ kernel, socketpair }: Rig, text: string): void {
  const program = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, text)
  const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
  kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(program))
  kernel.send(a, new Uint8Array(8), 0)
  kernel.recv(b, new Uint8Array(8), MSG_DONTWAIT)
  for (const fd of [a, b, program]) kernel.close(fd)
}

for (const [name, type] of [
  ['HASH', U.BPF_MAP_TYPE_HASH],
  ['LRU_HASH', U.BPF_MAP_TYPE_LRU_HASH],
] as const) {
  scenario(`${name}: updates, limits, iteration, and a program that counts`, {
    shows: {
      commands: [
        'BPF_MAP_CREATE',
        'BPF_MAP_LOOKUP_ELEM',
        'BPF_MAP_UPDATE_ELEM',
        'BPF_MAP_DELETE_ELEM',
        'BPF_MAP_GET_NEXT_KEY',
        'BPF_MAP_LOOKUP_AND_DELETE_ELEM',
      ],
      mapTypes: [`BPF_MAP_TYPE_${name}`],
    },
    expected: {
      missing: ENOENT,
      added: 0,
      again: EEXIST,
      absent: ENOENT,
      keys: 2,
      taken: [0, 20, ENOENT],
      deleted: [0, ENOENT],
      counted: 12,
      full: name === 'HASH' ? E2BIG : 0,
    },
    run: (rig) => {
      const { kernel } = rig
      const map = createMap(kernel, type, 4, 8, 4)
      const missing = numberOf(lookupElem(kernel, map, words(1), 8))
      const added = updateElem(kernel, map, words(1), long(10), NOEXIST)
      const again = updateElem(kernel, map, words(1), long(10), NOEXIST)
      const absent = updateElem(kernel, map, words(2), long(20), EXIST)
      updateElem(kernel, map, words(2), long(20), ANY)
      let keys = 0
      for (let key: Uint8Array | undefined; ; keys++) {
        const { result, value } = elem(kernel, U.BPF_MAP_GET_NEXT_KEY, map, key, 4)
        if (result < 0) break
        key = value.slice(0, 4)
      }
      const take = () => elem(kernel, U.BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, words(2), 8)
      const first = take()
      const taken = [first.result, numberOf(first.value), take().result]
      const text = `${count(map, 1)}\n${count(map, 1)}\nr0 = 0\nexit`
      runFilter(rig, text)
      const counted = numberOf(lookupElem(kernel, map, words(1), 8))
      const deleted = [remove(kernel, map, words(1)), remove(kernel, map, words(1))]
      let full = 0
      for (let i = 0; i < 100 && full === 0; i++) full = updateElem(kernel, map, words(i), long(i))
      return { missing, added, again, absent, keys, taken, deleted, counted, full }
    },
  })
}

for (const [name, type] of [
  ['PERCPU_ARRAY', U.BPF_MAP_TYPE_PERCPU_ARRAY],
  ['PERCPU_HASH', U.BPF_MAP_TYPE_PERCPU_HASH],
  ['LRU_PERCPU_HASH', U.BPF_MAP_TYPE_LRU_PERCPU_HASH],
] as const) {
  scenario(`${name}: a value for each CPU`, {
    shows: { mapTypes: [`BPF_MAP_TYPE_${name}`] },
    expected: { update: 0, sum: 3 },
    run: (rig) => {
      const { kernel } = rig
      const map = createMap(kernel, type, 4, 8, 4)
      const cpus = kernel.facts.possibleCpus
      const update = updateElem(kernel, map, words(1), new Uint8Array(8 * cpus))
      const text = `${count(map, 1)}\nr0 = 0\nexit`
      for (let i = 0; i < 3; i++) runFilter(rig, text)
      const value = lookupElem(kernel, map, words(1), 8 * cpus)
      if (typeof value === 'number') return { update, sum: value }
      return { update, sum: Number(new BigUint64Array(value.slice().buffer).reduce((a, b) => a + b, 0n)) }
    },
  })
}

scenario('ARRAY: what cannot be done', {
  shows: { mapTypes: ['BPF_MAP_TYPE_ARRAY'], commands: ['BPF_MAP_FREEZE'] },
  expected: { past: [ENOENT, E2BIG], noexist: EEXIST, deleted: EINVAL, frozen: [0, -1, -1], fromProgram: 1 },
  run: (rig) => {
    const { kernel } = rig
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const past = [numberOf(lookupElem(kernel, map, words(4), 8)), updateElem(kernel, map, words(4), long(1))]
    const noexist = updateElem(kernel, map, words(0), long(1), NOEXIST)
    const deleted = remove(kernel, map, words(0))
    const freeze = () => kernel.bpf(U.BPF_MAP_FREEZE, words(map))
    const frozen = [freeze(), updateElem(kernel, map, words(0), long(1)), freeze()]
    runFilter(rig, `${count(map, 2)}\nr0 = 0\nexit`)
    return { past, noexist, deleted, frozen, fromProgram: counter(kernel, map, 2) }
  },
})

scenario('LPM_TRIE: the longest prefix wins, also for a program', {
  shows: { mapTypes: ['BPF_MAP_TYPE_LPM_TRIE'] },
  expected: { prealloc: EINVAL, found: [8, 24, 8, ENOENT], fromProgram: 24, tooLong: EINVAL },
  run: (rig) => {
    const { kernel } = rig
    const create = (flags: number) => kernel.bpf(U.BPF_MAP_CREATE, words(U.BPF_MAP_TYPE_LPM_TRIE, 8, 8, 8, flags))
    const map = create(NO_PREALLOC)
    const key = (length: number, ...address: number[]) => {
      const bytes = new Uint8Array(8)
      bytes.set(words(length))
      bytes.set(address, 4)
      return bytes
    }
    updateElem(kernel, map, key(8, 10, 0, 0, 0), long(8))
    updateElem(kernel, map, key(24, 10, 1, 2, 0), long(24))
    const find = (...address: number[]) => numberOf(lookupElem(kernel, map, key(32, ...address), 8))
    const answers = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    runFilter(
      rig,
      `r1 = 32
       *(u32 *)(r10 - 16) = r1
       r1 = ${0x0902010a}
       *(u32 *)(r10 - 12) = r1
       r2 = r10
       r2 += -16
       ld_pseudo r1, 1, ${map}
       call 1
       if r0 == 0 goto end
       r6 = *(u64 *)(r0 + 0)
       ${keep(answers)}
     end:
       r0 = 0
       exit`,
    )
    return {
      prealloc: create(0),
      found: [find(10, 9, 9, 9), find(10, 1, 2, 3), find(10, 1, 3, 3), find(11, 0, 0, 1)],
      fromProgram: counter(kernel, answers),
      tooLong: updateElem(kernel, map, key(33, 10, 0, 0, 0), long(1)),
    }
  },
})

for (const [name, type] of [
  ['ARRAY_OF_MAPS', U.BPF_MAP_TYPE_ARRAY_OF_MAPS],
  ['HASH_OF_MAPS', U.BPF_MAP_TYPE_HASH_OF_MAPS],
] as const) {
  scenario(`${name}: a program finds the inner map`, {
    shows: { mapTypes: [`BPF_MAP_TYPE_${name}`] },
    expected: { noInner: -9, put: 0, other: EINVAL, counted: 1, id: true },
    run: (rig) => {
      const { kernel } = rig
      const inner = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
      const other = createMap(kernel, U.BPF_MAP_TYPE_HASH)
      const create = (fd: number) => kernel.bpf(U.BPF_MAP_CREATE, words(type, 4, 4, 4, 0, fd))
      const noInner = create(999)
      const outer = create(inner)
      const put = updateElem(kernel, outer, words(1), words(inner))
      const wrong = updateElem(kernel, outer, words(2), words(other))
      runFilter(
        rig,
        `*(u32 *)(r10 - 4) = 1
         r2 = r10
         r2 += -4
         ld_pseudo r1, 1, ${outer}
         call 1
         if r0 == 0 goto end
         *(u32 *)(r10 - 8) = 3
         r1 = r0
         r2 = r10
         r2 += -8
         call 1
         if r0 == 0 goto end
         r1 = 1
         lock *(u64 *)(r0 + 0) += r1
       end:
         r0 = 0
         exit`,
      )
      const id = lookupElem(kernel, outer, words(1), 4)
      return { noInner, put, other: wrong, counted: counter(kernel, inner, 3), id: typeof id !== 'number' }
    },
  })
}

for (const [name, type, order] of [
  ['QUEUE', U.BPF_MAP_TYPE_QUEUE, [1, 2, 3]],
  ['STACK', U.BPF_MAP_TYPE_STACK, [3, 2, 1]],
] as const) {
  scenario(`${name}: pushed by a program, popped by the caller`, {
    shows: { mapTypes: [`BPF_MAP_TYPE_${name}`], commands: ['BPF_MAP_LOOKUP_AND_DELETE_ELEM'] },
    expected: { peeked: order[0], popped: [...order], empty: ENOENT, full: [0, 0, 0, 0, E2BIG, 0] },
    run: (rig) => {
      const { kernel } = rig
      const map = createMap(kernel, type, 0, 8, 4)
      const push = (value: number) => `
        r1 = ${value}
        *(u64 *)(r10 - 8) = r1
        r2 = r10
        r2 += -8
        ld_pseudo r1, 1, ${map}
        r3 = 0
        call 87`
      runFilter(rig, `${push(1)}\n${push(2)}\n${push(3)}\nr0 = 0\nexit`)
      const peeked = numberOf(elem(kernel, U.BPF_MAP_LOOKUP_ELEM, map, undefined, 8).value)
      const pop = () => elem(kernel, U.BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, undefined, 8)
      const popped = [pop(), pop(), pop()].map(({ value }) => numberOf(value))
      const empty = pop().result
      const put = (flags: bigint) => {
        using v = kernel.memory.alloc(8)
        const attr = new Uint8Array(32)
        const view = new DataView(attr.buffer)
        view.setUint32(0, map, true)
        view.setBigUint64(16, v.address, true)
        view.setBigUint64(24, flags, true)
        return kernel.bpf(U.BPF_MAP_UPDATE_ELEM, attr)
      }
      return { peeked, popped, empty, full: [0n, 0n, 0n, 0n, 0n, EXIST].map(put) }
    },
  })
}

scenario('BLOOM_FILTER: a program asks what was added', {
  shows: { mapTypes: ['BPF_MAP_TYPE_BLOOM_FILTER'] },
  expected: { added: 0, answers: [0, true] },
  run: (rig) => {
    const { kernel } = rig
    const map = createMap(kernel, U.BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 100)
    using v = kernel.memory.alloc(8)
    v.bytes.set(long(77))
    const attr = new Uint8Array(32)
    const view = new DataView(attr.buffer)
    view.setUint32(0, map, true)
    view.setBigUint64(16, v.address, true)
    const added = kernel.bpf(U.BPF_MAP_UPDATE_ELEM, attr)
    const answers = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const ask = (value: number, index: number) => `
      r1 = ${value}
      *(u64 *)(r10 - 16) = r1
      r2 = r10
      r2 += -16
      ld_pseudo r1, 1, ${map}
      call 89
      r6 = r0
      ${keep(answers, index)}`
    runFilter(rig, `${ask(77, 0)}\n${ask(12345, 1)}\nr0 = 0\nexit`)
    const other = lookupElem(kernel, answers, words(1), 8)
    const second = typeof other === 'number' ? 0n : new BigInt64Array(other.slice().buffer)[0]
    return { added, answers: [counter(kernel, answers), second === -2n] }
  },
})

scenario('STACK_TRACE: a program keeps the stack of its caller', {
  shows: { mapTypes: ['BPF_MAP_TYPE_STACK_TRACE'], commands: ['BPF_MAP_LOOKUP_ELEM', 'BPF_MAP_DELETE_ELEM'] },
  expected: { update: EINVAL, missing: ENOENT },
  run: ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_STACK_TRACE, 4, 8 * 16, 16)
    return {
      update: updateElem(kernel, map, words(0), new Uint8Array(128)),
      missing: numberOf(lookupElem(kernel, map, words(0), 128)),
    }
  },
})

scenario('the four batch commands', {
  shows: {
    commands: [
      'BPF_MAP_UPDATE_BATCH',
      'BPF_MAP_LOOKUP_BATCH',
      'BPF_MAP_LOOKUP_AND_DELETE_BATCH',
      'BPF_MAP_DELETE_BATCH',
    ],
  },
  expected: { updated: [0, 3], looked: [0, 3, 60], deleted: [0, 2], taken: [ENOENT, 1], left: ENOENT },
  run: ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_HASH, 4, 8, 16)
    using keys = kernel.memory.alloc(64)
    using values = kernel.memory.alloc(128)
    using cursor = kernel.memory.alloc(16)
    const batch = (command: number, n: number, withOut = false) => {
      const attr = new Uint8Array(56)
      const view = new DataView(attr.buffer)
      if (withOut) view.setBigUint64(8, cursor.address, true)
      view.setBigUint64(16, keys.address, true)
      if (command !== U.BPF_MAP_DELETE_BATCH) view.setBigUint64(24, values.address, true)
      view.setUint32(32, n, true)
      view.setUint32(36, map, true)
      const result = kernel.bpf(command, attr)
      return [result, view.getUint32(32, true)] as const
    }
    keys.bytes.set(words(1, 2, 3))
    values.bytes.set(new Uint8Array(BigUint64Array.of(10n, 20n, 30n).buffer))
    const updated = batch(U.BPF_MAP_UPDATE_BATCH, 3)
    const [lookResult, lookCount] = batch(U.BPF_MAP_LOOKUP_BATCH, 3, true)
    const sum = [0, 1, 2].reduce(
      (all, i) => all + Number(new DataView(values.bytes.buffer, values.bytes.byteOffset).getBigUint64(i * 8, true)),
      0,
    )
    keys.bytes.set(words(1, 2))
    const deleted = batch(U.BPF_MAP_DELETE_BATCH, 2)
    const taken = batch(U.BPF_MAP_LOOKUP_AND_DELETE_BATCH, 16, true)
    return {
      updated: [...updated],
      looked: [lookResult === ENOENT ? 0 : lookResult, lookCount, sum],
      deleted: [...deleted],
      taken: [...taken],
      left: numberOf(lookupElem(kernel, map, words(3), 8)),
    }
  },
})

scenario('a map is pinned, found again and bound to a program', {
  shows: {
    commands: ['BPF_OBJ_PIN', 'BPF_OBJ_GET', 'BPF_PROG_BIND_MAP', 'BPF_MAP_GET_FD_BY_ID', 'BPF_MAP_GET_NEXT_ID'],
  },
  expected: { bound: [0, 0], noMap: -9 },
  run: ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, 'r0 = 0\nexit')
    const bind = (fd: number) => kernel.bpf(U.BPF_PROG_BIND_MAP, words(program, fd, 0))
    return { bound: [bind(map), bind(map)], noMap: bind(999) }
  },
})

scenario('a map that only one program may use, by the hash of its instructions', {
  shows: { commands: ['BPF_MAP_CREATE', 'BPF_PROG_LOAD'] },
  // EINVAL for hashes of another length; EACCES for another program
  expected: { made: true, wrongSize: -22, missing: -22, own: true, other: -13 },
  run: ({ kernel }) => {
    const text = (map: number, value: number) => `ld_pseudo r1, 1, ${map}\nr0 = ${value}\nexit`
    // references to maps count as zeros
    const instructions = encodeInstructions(assemble(text(0, 7)).instructions)
    const exclusive = (size: number, given = true) => {
      using hash = kernel.memory.alloc(64)
      hash.bytes.set(createHash('sha256').update(instructions).digest())
      const attr = new Uint8Array(96)
      attr.set(words(U.BPF_MAP_TYPE_ARRAY, 4, 8, 1))
      const view = new DataView(attr.buffer)
      if (given) view.setBigUint64(80, hash.address, true)
      view.setUint32(88, size, true)
      return kernel.bpf(U.BPF_MAP_CREATE, attr)
    }
    const map = exclusive(32)
    return {
      made: map > 0,
      wrongSize: exclusive(31),
      missing: exclusive(32, false),
      own: load(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, text(map, 7)) > 0,
      other: load(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, text(map, 8)),
    }
  },
})
