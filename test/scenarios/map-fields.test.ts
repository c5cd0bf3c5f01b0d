// SPDX-License-Identifier: BSD-2-Clause
/** What programs read of maps through the maps' own pointers, as struct bpf_map and what embeds it lie in the kernel. */
import { readFileSync } from 'node:fs'
import { openObject, progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import { scenario } from './scenario.ts'

const OBJECT = readFileSync(new URL('programs/map-fields.bpf.o', import.meta.url))
/** In the order in which the program shows them. */
const SHOWN = ['array', 'percpu_array', 'prog_array', 'hash', 'percpu_hash', 'lru', 'lpm', 'queue', 'bloom', 'ring']
const NO_NODE = 0xffffffff

/** type, sizes of key and value, entries, flags, node, extra, frozen */
const row = (type: number, key: number, value: number, entries: number, flags = 0, extra = 0) => [
  type,
  key,
  value,
  entries,
  flags,
  NO_NODE,
  extra,
  0,
]

scenario('fields of maps: a program reads them through the pointers of maps', {
  shows: { programTypes: ['BPF_PROG_TYPE_SCHED_CLS'] },
  expected: {
    fields: [
      row(U.BPF_MAP_TYPE_ARRAY, 4, 4, 5),
      row(U.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 8),
      row(U.BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8),
      row(U.BPF_MAP_TYPE_HASH, 4, 4, 8, U.BPF_F_NO_PREALLOC),
      row(U.BPF_MAP_TYPE_PERCPU_HASH, 12, 20, 9),
      row(U.BPF_MAP_TYPE_LRU_HASH, 4, 4, 8),
      row(U.BPF_MAP_TYPE_LPM_TRIE, 8, 4, 8, U.BPF_F_NO_PREALLOC),
      row(U.BPF_MAP_TYPE_QUEUE, 0, 4, 8),
      row(U.BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 8, 0, 3),
      row(U.BPF_MAP_TYPE_RINGBUF, 0, 0, 4096),
    ],
    idsAreThoseOfInfo: true,
    // array 5 × 4: element, mask; element of 12; hash: 48 + 8 + 8, buckets, count before and after an update;
    // hash for each CPU: 48 + 16 + a pointer, 16 buckets; entries of the map in a map
    sizes: [8, 7, 16, 64, 8, 0, 1, 72, 16, 1234],
    name: 'ar',
    turns: 5,
  },
  kernelTypes: true,
  run: ({ kernel }) => {
    using object = openObject(OBJECT, { name: 'mapfields' }).load(kernel)
    for (const name of ['look', 'look_inside'])
      progTestRun(kernel, object.program(name).fd, { dataIn: new Uint8Array(64) })
    const seen = object.map('.bss').lookup(0) as {
      fields: number[][]
      ids: number[]
      sizes: number[]
      name: string
      turns: number
    }
    const idsAreThoseOfInfo = SHOWN.every((name, i) => object.map(name).info().id === seen.ids[i])
    return {
      fields: seen.fields.slice(0, SHOWN.length).map((r) => [...r]),
      idsAreThoseOfInfo,
      sizes: [...seen.sizes],
      name: seen.name,
      turns: seen.turns,
    }
  },
})
