// SPDX-License-Identifier: BSD-2-Clause
// Which sizes and flags each map type takes.

const PAGE = 4096
/** Keys, values and entries to try, around what each type is meant to take. */
const KEYS = [0, 1, 4, 8, 16, 512, 513]
const VALUES = [0, 1, 4, 8, 16, 40, 256, 32768]
const ENTRIES = [0, 1, 2, PAGE]
const FLAG_BITS = Array.from({ length: 20 }, (_, bit) => 1 << bit)
/** Sizes that some flag may be tried with. */
const USUAL = [
  [4, 4, 1],
  [4, 8, 1],
  [8, 8, 4],
  [0, 8, 4],
  [0, 0, PAGE],
  [4, 0, PAGE],
]

function create(kernel, { map_type, key_size, value_size, max_entries, map_flags }) {
  const attr = new Uint8Array(72)
  const view = new DataView(attr.buffer)
  ;[map_type, key_size, value_size, max_entries, map_flags].forEach((value, i) => {
    view.setUint32(i * 4, value, true)
  })
  // No descriptor of an inner map: 0 could be one.
  view.setUint32(20, 0xffffffff, true)
  const result = kernel.bpf(0, attr)
  if (result > 0) kernel.close(result)
  return result
}

/** Shapes that every type is asked about, in this order. */
function* shapes() {
  for (const key of KEYS) {
    for (const value of VALUES) {
      for (const entries of ENTRIES) if (entries < PAGE || value <= 8) yield [key, value, entries, 0]
    }
  }
  for (const [key, value, entries] of USUAL) for (const flag of FLAG_BITS) yield [key, value, entries, flag]
}

function title([key, value, entries, flags]) {
  return `key ${key} value ${value} entries ${entries}${flags ? ` flags 0x${flags.toString(16)}` : ''}`
}

/** [type, [shape, answer][]] of every type. */
export function mapAnswers(kernel, typeNames, nameOf) {
  const types = [...typeNames.map((name) => name.replace('BPF_MAP_TYPE_', '').toLowerCase()), 'one too many']
  return types.map((name, type) => {
    const answers = [...shapes()].map((shape) => {
      const [key_size, value_size, max_entries, map_flags] = shape
      const result = create(kernel, { map_type: type, key_size, value_size, max_entries, map_flags })
      return [title(shape), nameOf(result)]
    })
    return [name, answers]
  })
}

/** The answers in a few words: equal ones that follow each other are counted. */
export function packed(answers) {
  const runs = []
  for (const [, answer] of answers) {
    const last = runs.at(-1)
    if (last?.answer === answer) last.count++
    else runs.push({ answer, count: 1 })
  }
  return runs.map(({ answer, count }) => (count > 1 ? `${answer}*${count}` : answer)).join(' ')
}
