// SPDX-License-Identifier: BSD-2-Clause
import { FUNC_COUNT, kindOf, PROTOS } from './helper-tables.mjs'
import { number } from './numbers.mjs'
import { hookOf, readMatrix, tally } from './oracle-read.mjs'

// The letters of the matrix: A and Y usable, N not available, G GPL only, P not allowed there, S might sleep.
const SLEEPABLE = 0x10

/** The predicates of prototypes for the programs of the matrix: none is attached to a function or hook on a list. */
function allowed(proto, type, attach) {
  const predicate = proto.attrs.find((attr) => attr.startsWith('allowed:'))
  const raw = attach === 23 || attach === 28
  if (predicate === 'allowed:d_path') return type === 26 && attach === 28
  if (predicate === 'allowed:sk_storage') return type === 26 && raw
  return predicate === undefined
}

function letter(kind, id, variant, gpl) {
  const entry = kind.helpers[id] ?? 0
  if (entry === 0) return 'N'
  const proto = PROTOS[(entry & 0x3fff) - 1]
  if (proto.attrs.includes('gpl') && !gpl) return 'G'
  if (!allowed(proto, variant.pt, variant.eat)) return 'P'
  if (proto.attrs.includes('sleep') && !(variant.flags & SLEEPABLE)) return 'S'
  return 'usable'
}

export function compareHelpers(path) {
  const { result, cell, skip } = tally()
  for (const variant of readMatrix(path).variants) {
    const kind = kindOf(variant.pt, variant.eat, (variant.flags & SLEEPABLE) !== 0, hookOf(variant.v))
    for (const license of ['gpl', 'nongpl']) {
      // A struct_ops program without a GPL-compatible licence is refused before its calls are looked at.
      if (license === 'nongpl' && variant.pt === number('BPF_PROG_TYPE_STRUCT_OPS')) {
        skip(variant[license].length)
        continue
      }
      for (let id = 0; id < variant[license].length; id++) {
        const recorded = variant[license][id]
        const ours = letter(kind, id < FUNC_COUNT ? id : 0, variant, license === 'gpl')
        const theirs = recorded === 'A' || recorded === 'Y' ? 'usable' : recorded
        cell(ours === theirs, () => `${variant.v} ${license} helper ${id}: ${ours} here, ${recorded} there`)
      }
    }
  }
  return result
}

const MEMORY = 'fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_'
// What the kernel prints as expected where the first argument is a context.
const EXPECTED = {
  ARG_CONST_MAP_PTR: 'map_ptr',
  ARG_PTR_TO_MEM: MEMORY,
  ARG_PTR_TO_SOCK_COMMON: 'sock_common, sock, tcp_sock, xdp_sock',
  ARG_PTR_TO_BTF_ID_SOCK_COMMON: 'sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  ARG_PTR_TO_BTF_ID: 'ptr_, trusted_ptr_, rcu_ptr_',
  ARG_PTR_TO_SPIN_LOCK: 'map_value, ptr_',
  ARG_KPTR_XCHG_DEST: 'map_value, ptr_',
  ARG_PTR_TO_TIMER: 'map_value',
  ARG_PTR_TO_DYNPTR: 'fp, dynptr_ptr',
  ARG_PTR_TO_RINGBUF_MEM: 'ringbuf_mem',
  ARG_PTR_TO_PERCPU_BTF_ID: 'percpu_ptr_, percpu_rcu_ptr_, percpu_trusted_ptr_',
}
const BASES = new Map(Object.entries(EXPECTED).map(([name, text]) => [number(name), text]))

/** First complaint about a call whose r1 is the context and whose other arguments were never written; '' for none. */
function complaint(proto) {
  for (const [i, { word }] of proto.args.entries()) {
    if (i > 0) return `-13 R${i + 1} !read_ok`
    const expected = BASES.get(word & 0xff)
    if (expected !== undefined) return `-13 R1 type=ctx expected=${expected}`
  }
  return ''
}

/** The first arguments of all prototypes, by the kernel's complaints about them. */
export function compareArguments(path) {
  const { result, cell, skip } = tally()
  for (const variant of readMatrix(path).variants) {
    const kind = kindOf(variant.pt, variant.eat, (variant.flags & SLEEPABLE) !== 0, hookOf(variant.v))
    for (const [id, recorded] of Object.entries(variant.msg)) {
      const entry = kind.helpers[id] ?? 0
      if (entry === 0 || !recorded.startsWith('-13')) {
        skip()
        continue
      }
      const proto = PROTOS[(entry & 0x3fff) - 1]
      const ours = complaint(proto)
      cell(ours === recorded, () => `${variant.v} ${proto.variant}: "${ours}" here, "${recorded}" there`)
    }
  }
  return result
}
