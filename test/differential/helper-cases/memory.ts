// SPDX-License-Identifier: BSD-2-Clause
/** Helpers on maps, ring buffers, dynptrs, locks, loops and on nothing in particular. */
import * as U from '@skep/core/uapi'
import type { CaseMap, HelperCase } from './run.ts'

const array = (valueSize = 8, maxEntries = 4, flags = 0): CaseMap => ({
  type: U.BPF_MAP_TYPE_ARRAY,
  keySize: 4,
  valueSize,
  maxEntries,
  flags,
})
const hash = (maxEntries = 2): CaseMap => ({ type: U.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries })
const keyless = (type: number, maxEntries = 2): CaseMap => ({ type, keySize: 0, valueSize: 8, maxEntries })
const RING: CaseMap = { type: U.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 }
const TP = { type: U.BPF_PROG_TYPE_RAW_TRACEPOINT }

/** Stores r0 as result number n. */
const keep = (n: number) => `*(u64 *)(r9 + ${n * 8}) = r0\n`
const END = 'r0 = 0\nexit'

/** bpf_map_update_elem of MAP0: key, value, flags as numbers. */
const update = (key: number, value: number, flags: number) => `
  *(u32 *)(r10 - 8) = ${key}
  *(u64 *)(r10 - 16) = ${value}
  ld_pseudo r1, 1, MAP0
  r2 = r10
  r2 += -8
  r3 = r10
  r3 += -16
  r4 = ${flags}
  call bpf_map_update_elem
`
const remove = (key: number) => `
  *(u32 *)(r10 - 8) = ${key}
  ld_pseudo r1, 1, MAP0
  r2 = r10
  r2 += -8
  call bpf_map_delete_elem
`
const lookup = (key: number, label: string) => `
  *(u32 *)(r10 - 8) = ${key}
  ld_pseudo r1, 1, MAP0
  r2 = r10
  r2 += -8
  call bpf_map_lookup_elem
  if r0 == 0 goto ${label}
  r0 = *(u64 *)(r0 + 0)
${label}:
`

function maps(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const [name, map] of [
    ['array', array()],
    ['hash', hash()],
    ['lru', { ...hash(), type: U.BPF_MAP_TYPE_LRU_HASH }],
    ['percpu array', { ...array(), type: U.BPF_MAP_TYPE_PERCPU_ARRAY }],
    ['percpu hash', { ...hash(), type: U.BPF_MAP_TYPE_PERCPU_HASH }],
  ] as const) {
    const steps = [
      update(1, 11, 0),
      update(1, 12, 1),
      update(2, 13, 2),
      update(2, 14, 0),
      update(3, 15, 0),
      update(9, 16, 0),
      update(1, 17, 4),
      update(1, 17, 9),
      remove(2),
      remove(2),
      lookup(1, 'one'),
      lookup(2, 'two'),
      lookup(77, 'far'),
    ]
    cases.push({
      name: `map operations of a program on ${name}`,
      maps: [map],
      code: steps.map((step, n) => step + keep(n)).join('') + END,
    })
  }
  for (const [name, type] of [
    ['queue', U.BPF_MAP_TYPE_QUEUE],
    ['stack', U.BPF_MAP_TYPE_STACK],
    ['bloom', U.BPF_MAP_TYPE_BLOOM_FILTER],
  ] as const) {
    const push = (value: number, flags: number) =>
      `*(u64 *)(r10 - 16) = ${value}\nld_pseudo r1, 1, MAP0\nr2 = r10\nr2 += -16\nr3 = ${flags}\ncall bpf_map_push_elem\n`
    const take = (helper: string) =>
      `*(u64 *)(r10 - 16) = 1\nld_pseudo r1, 1, MAP0\nr2 = r10\nr2 += -16\ncall ${helper}\n`
    const value = (n: number) => `r0 = *(u64 *)(r10 - 16)\n${keep(n)}`
    let code =
      push(1, 0) + keep(0) + push(2, 0) + keep(1) + push(3, 0) + keep(2) + push(4, 2) + keep(3) + push(4, 1) + keep(4)
    code += take('bpf_map_peek_elem') + keep(5) + (type === U.BPF_MAP_TYPE_BLOOM_FILTER ? '' : value(6))
    if (type !== U.BPF_MAP_TYPE_BLOOM_FILTER)
      code +=
        take('bpf_map_pop_elem') +
        keep(7) +
        value(8) +
        take('bpf_map_pop_elem') +
        keep(9) +
        value(10) +
        take('bpf_map_pop_elem') +
        keep(11) +
        value(12)
    cases.push({ name: `push, peek and pop on a ${name}`, maps: [keyless(type)], code: code + END })
  }
  return cases
}

function rings(): HelperCase[] {
  const out = (size: number, flags: number) =>
    `ld_pseudo r1, 1, MAP0\nr2 = r9\nr3 = ${size}\nr4 = ${flags}\ncall bpf_ringbuf_output\n`
  const query = (what: number) => `ld_pseudo r1, 1, MAP0\nr2 = ${what}\ncall bpf_ringbuf_query\n`
  const reserve = (size: number, flags: number, end: string, n: number) =>
    `ld_pseudo r1, 1, MAP0\nr2 = ${size}\nr3 = ${flags}\ncall bpf_ringbuf_reserve\nif r0 == 0 goto none${n}\n*(u64 *)(r0 + 0) = 1\nr1 = r0\nr2 = 0\ncall ${end}\nr0 = 1\nnone${n}:\n`
  const sizes = [0, 1, 100, 256].map((size, n) => out(size, 0) + keep(n)).join('')
  const queries = [0, 1, 2, 3, 4, 99].map((what, n) => query(what) + keep(n + 4)).join('')
  const cases: HelperCase[] = [
    {
      name: 'ringbuf_output and query',
      maps: [RING],
      code: `${sizes}${queries}${out(8, 3)}${keep(10)}${out(8, 4)}${keep(11)}${END}`,
    },
    {
      name: 'ringbuf_reserve',
      maps: [RING],
      code:
        [8, 100, 4000, 4088, 4089, 8]
          .map((size, n) => reserve(size, 0, n % 2 ? 'bpf_ringbuf_discard' : 'bpf_ringbuf_submit', n) + keep(n))
          .join('') +
        reserve(8, 1, 'bpf_ringbuf_submit', 9) +
        keep(9) +
        query(3) +
        keep(10) +
        END,
    },
  ]
  return cases
}

function dynptrs(): HelperCase[] {
  const make = (size: number, flags = 0) =>
    `r1 = r9\nr1 += 128\nr2 = ${size}\nr3 = ${flags}\nr4 = r10\nr4 += -32\ncall bpf_dynptr_from_mem\n`
  const write = (offset: number, len: number, flags = 0) =>
    `r1 = 0x0807060504030201 ll\n*(u64 *)(r10 - 48) = r1\nr1 = r10\nr1 += -32\nr2 = ${offset}\nr3 = r10\nr3 += -48\nr4 = ${len}\nr5 = ${flags}\ncall bpf_dynptr_write\n`
  const read = (offset: number, len: number, flags = 0) =>
    `*(u64 *)(r10 - 48) = 0\nr1 = r10\nr1 += -48\nr2 = ${len}\nr3 = r10\nr3 += -32\nr4 = ${offset}\nr5 = ${flags}\ncall bpf_dynptr_read\n`
  const data = (offset: number, len: number, n: number) =>
    `r1 = r10\nr1 += -32\nr2 = ${offset}\nr3 = ${len}\ncall bpf_dynptr_data\nif r0 == 0 goto no${n}\nr0 = *(u8 *)(r0 + 0)\nno${n}:\n`
  let code = make(64) + keep(0)
  const steps = [
    write(0, 8),
    write(60, 8),
    write(56, 8),
    write(0, 4, 1),
    read(0, 8),
    read(57, 8),
    read(64, 0),
    read(0, 8, 1),
  ]
  for (const [n, step] of steps.entries()) code += step + keep(n + 1)
  code += data(0, 4, 1) + keep(10) + data(61, 4, 2) + keep(11) + data(60, 4, 3) + keep(12)
  const reserve = (size: number) =>
    `ld_pseudo r1, 1, MAP0\nr2 = ${size}\nr3 = 0\nr4 = r10\nr4 += -32\ncall bpf_ringbuf_reserve_dynptr\n`
  const submit = (helper: string) => `r1 = r10\nr1 += -32\nr2 = 0\ncall ${helper}\n`
  let ring = ''
  for (const [n, size] of [16, 4080, 5000, 0x2000000, 8].entries())
    ring +=
      reserve(size) +
      keep(n * 2) +
      write(0, 8) +
      keep(n * 2 + 1) +
      submit(n % 2 ? 'bpf_ringbuf_discard_dynptr' : 'bpf_ringbuf_submit_dynptr')
  return [
    { name: 'dynptr of memory', code: code + END },
    { name: 'dynptr of memory with flags', code: `${make(64, 1)}${keep(0)}${write(0, 1)}${keep(1)}${END}` },
    { name: 'dynptr of a ring buffer', maps: [RING], code: ring + END },
  ]
}

/** Callbacks: `r2 = callback ll` where the label is a function behind the program. */
function loops(): HelperCase[] {
  const loop = (n: number, flags: number) =>
    `*(u64 *)(r10 - 16) = 0\nr1 = ${n}\nr2 = each ll\nr3 = r10\nr3 += -16\nr4 = ${flags}\ncall bpf_loop\n${keep(0)}r0 = *(u64 *)(r10 - 16)\n${keep(1)}${END}`
  const each = (body: string) => `\neach:\n${body}\nexit`
  const count = each('r3 = *(u64 *)(r2 + 0)\nr3 += r1\n*(u64 *)(r2 + 0) = r3\nr0 = 0')
  const stop = each(
    'r3 = *(u64 *)(r2 + 0)\nr3 += 1\n*(u64 *)(r2 + 0) = r3\nr0 = 0\nif r1 != 5 goto go_on\nr0 = 1\ngo_on:',
  )
  const cases: HelperCase[] = []
  for (const n of [0, 1, 10, 1000, 8388608]) cases.push({ name: `loop ${n}`, code: loop(n, 0) + count })
  cases.push(
    { name: 'loop too often', code: loop(8388609, 0) + count },
    { name: 'loop with flags', code: loop(3, 1) + count },
    { name: 'loop that stops', code: loop(100, 0) + stop },
  )
  const elems = (flags: number) =>
    `*(u64 *)(r10 - 24) = 0\nld_pseudo r1, 1, MAP0\nr2 = each ll\nr3 = r10\nr3 += -24\nr4 = ${flags}\ncall bpf_for_each_map_elem\n${keep(0)}r0 = *(u64 *)(r10 - 24)\n${keep(1)}${END}`
  const sum =
    '\neach:\nr2 = *(u32 *)(r2 + 0)\nr3 = *(u64 *)(r3 + 0)\nr3 += r2\nr1 = *(u64 *)(r4 + 0)\nr1 += r3\n*(u64 *)(r4 + 0) = r1\nr0 = 0\nexit'
  for (const [name, map] of [
    ['array', array()],
    ['hash', hash(8)],
    ['percpu array', { ...array(), type: U.BPF_MAP_TYPE_PERCPU_ARRAY }],
  ] as const) {
    cases.push({
      name: `for each of ${name}`,
      maps: [map],
      code: update(1, 100, 0) + update(2, 1000, 0) + elems(0) + sum,
    })
    cases.push({ name: `for each of ${name} with flags`, maps: [map], code: elems(1) + sum })
  }
  return cases
}

function others(): HelperCase[] {
  const plain = (helper: string, arg = '') => ({
    name: helper,
    code: `${arg}\ncall ${helper}\nif r0 != 0 goto some\nr0 = 0\nexit\nsome:\nr0 = 1\nexit`,
  })
  const probe = (helper: string, address: string, size: number): HelperCase => ({
    name: `${helper} ${address.split('\n')[0]} ${size}`,
    ...TP,
    code: `r1 = 0x0041424344454647 ll\n*(u64 *)(r10 - 40) = r1\n${address}\nr1 = r10\nr1 += -32\n*(u64 *)(r10 - 32) = -1\nr2 = ${size}\ncall ${helper}\n${keep(0)}r0 = *(u64 *)(r10 - 32)\n${keep(1)}${END}`,
  })
  const own = 'r3 = r10\nr3 += -40'
  const cases: HelperCase[] = [
    ...['bpf_ktime_get_ns', 'bpf_ktime_get_boot_ns', 'bpf_ktime_get_coarse_ns', 'bpf_jiffies64'].map((helper) =>
      plain(helper),
    ),
    { ...plain('bpf_ktime_get_tai_ns'), ...TP, name: 'ktime_get_tai_ns' },
    { ...plain('bpf_get_current_pid_tgid'), ...TP, name: 'pid_tgid' },
    { name: 'get_numa_node_id', code: `call bpf_get_numa_node_id\n${keep(0)}${END}` },
    probe('bpf_probe_read_kernel', own, 8),
    probe('bpf_probe_read_kernel', own, 0),
    probe('bpf_probe_read_kernel', 'r3 = 16', 8),
    probe('bpf_probe_read_kernel_str', own, 8),
    probe('bpf_probe_read_kernel_str', own, 4),
    probe('bpf_probe_read_kernel_str', own, 1),
    probe('bpf_probe_read_kernel_str', 'r3 = 8', 8),
    probe('bpf_probe_read_user', 'r3 = 16', 8),
    probe('bpf_probe_read_user_str', 'r3 = 16', 8),
    probe('bpf_probe_read', 'r3 = 8', 8),
    probe('bpf_probe_read_kernel', 'r3 = -8', 8),
    probe('bpf_probe_read_kernel_str', own, 0),
  ]
  const comm = (size: number) => ({
    name: `get_current_comm ${size}`,
    ...TP,
    code: `r1 = r9\nr2 = ${size}\ncall bpf_get_current_comm\n${keep(4)}r1 = 0\n*(u64 *)(r9 + 0) = r1\n*(u64 *)(r9 + 8) = r1\n${END}`,
  })
  cases.push(comm(16), comm(1), comm(32))
  for (const sig of [0, 65, 1000])
    cases.push({ name: `send_signal ${sig}`, ...TP, code: `r1 = ${sig}\ncall bpf_send_signal\n${keep(0)}${END}` })
  for (const [dev, size] of [
    [4, 8],
    [4, 4],
    [-1, 8],
  ])
    cases.push({
      name: `get_ns_current_pid_tgid ${dev} ${size}`,
      ...TP,
      code: `r1 = ${dev}\nr2 = 1\nr3 = r10\nr3 += -16\nr4 = ${size}\ncall bpf_get_ns_current_pid_tgid\n${keep(0)}${END}`,
    })
  const perf: CaseMap = { type: U.BPF_MAP_TYPE_PERF_EVENT_ARRAY, keySize: 4, valueSize: 4, maxEntries: 2 }
  for (const flags of ['0', '5', '0xffffffff ll', '0x100000000 ll', '0x1000000000 ll']) {
    cases.push({
      name: `perf_event_output empty ${flags}`,
      maps: [perf],
      code: `r1 = r6\nld_pseudo r2, 1, MAP0\nr3 = ${flags}\nr4 = r9\nr5 = 8\ncall bpf_perf_event_output\n${keep(0)}${END}`,
    })
    cases.push({
      name: `perf_event_output empty ${flags} tracepoint`,
      ...TP,
      maps: [perf],
      code: `r1 = r6\nld_pseudo r2, 1, MAP0\nr3 = ${flags}\nr4 = r9\nr5 = 8\ncall bpf_perf_event_output\n${keep(0)}${END}`,
    })
    cases.push({
      name: `perf_event_read empty ${flags}`,
      ...TP,
      maps: [perf],
      code: `ld_pseudo r1, 1, MAP0\nr2 = ${flags}\ncall bpf_perf_event_read\n${keep(0)}${END}`,
    })
  }
  for (const [flags, size] of [
    [0, 8],
    [0x200, 8],
    [0x800, 32],
    [0x900, 32],
    [0x900, 8],
    [0x1000, 8],
    [0, 7],
    [0xff, 64],
  ]) {
    cases.push({
      name: `get_stack flags ${flags} size ${size}`,
      ...TP,
      code: `r1 = r6\nr2 = r9\nr2 += 64\nr3 = ${size}\nr4 = ${flags}\ncall bpf_get_stack\nif r0 s< 0 goto bad\nr0 = 0\nbad:\n${keep(0)}r1 = 0\n${[...Array(8)].map((_, i) => `*(u64 *)(r9 + ${64 + i * 8}) = r1`).join('\n')}\n${END}`,
    })
  }
  return cases
}

export const MEMORY_CASES: readonly HelperCase[] = [...maps(), ...rings(), ...dynptrs(), ...loops(), ...others()]
