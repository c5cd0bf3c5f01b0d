// SPDX-License-Identifier: BSD-2-Clause
// Matrices that were recorded on Linux, computed again on the virtual kernel: which attach types and return values a
// program type may have, which helpers it may call, what it may access of its context, and what of packets.
//
//   node test/differential/parity-matrices.mjs [--only attach|helper|ctx|packet|maps] [--list file] [--max n]

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { listed } from './divergences.mjs'
import { virtualKernel } from './kernels.mjs'
import { lastMessage, RawLoader, saysUnsupported } from './raw-load.mjs'
import { oracleFolder } from './recorded.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'string' }, max: { type: 'string', default: '40' } },
})
if (!oracleFolder) {
  console.log('parity:matrices: skipped, no recorded answers here (set SKEP_ORACLE)')
  process.exit(process.env.SKEP_REQUIRE_LINUX ? 1 : 0)
}

const EPERM = 1
/** Not built into the kernel that was recorded. */
const LIRC_MODE2 = 20
const loader = new RawLoader(await virtualKernel(), 1 << 16)
const matrix = (name) => JSON.parse(gunzipSync(readFileSync(`${oracleFolder}/${name}-matrix.json.gz`)).toString())

const divergences = []
const totals = {}

function cell(group, where, expected, got, unsupported) {
  totals[group] ??= { cells: 0, same: 0, unsupported: 0, listed: 0 }
  const total = totals[group]
  total.cells++
  if (unsupported) total.unsupported++
  else if (expected === got) total.same++
  else if (listed(group, where)) total.listed++
  else divergences.push({ group, where, expected, got })
}

/** Instructions as bytes: each [code, dst, src, off, imm]. */
function code(...insns) {
  const view = new DataView(new ArrayBuffer(insns.length * 8))
  insns.forEach(([op, dst, src, off, imm], i) => {
    view.setUint8(i * 8, op)
    view.setUint8(i * 8 + 1, dst | (src << 4))
    view.setInt16(i * 8 + 2, off, true)
    view.setInt32(i * 8 + 4, imm, true)
  })
  return new Uint8Array(view.buffer)
}
const mov = (dst, imm) => [0xb7, dst, 0, 0, imm]
const movReg = (dst, src) => [0xbf, dst, src, 0, 0]
const addImm = (dst, imm) => [0x07, dst, 0, 0, imm]
const call = (id) => [0x85, 0, 0, 0, id]
const EXIT = [0x95, 0, 0, 0, 0]

function attachTypes() {
  const recorded = matrix('attach')
  const returns = new Map()
  for (const set of ['plain', 'sleepable', 'flags']) {
    for (const { pt, eat, flags = 0, r, msg } of recorded[set]) {
      if (pt === LIRC_MODE2) continue
      const where = `${pt}/${eat} flags ${flags}`
      const expected = []
      const got = []
      let unsupported = false
      for (const [value, errno] of Object.entries(r)) {
        // Trampolines were refused on that machine whatever the program was.
        if (errno === -EPERM) continue
        if (!returns.has(value)) returns.set(value, code(mov(0, Number(value)), EXIT))
        const answer = loader.load({ insns: returns.get(value), type: pt, eat, flags })
        const said = saysUnsupported(answer)
        unsupported ||= said
        expected.push(errno)
        got.push(Math.min(answer.result, 0))
        cell(`return code ${value}`, `${set} ${where}`, errno, got.at(-1), said)
      }
      // The pair itself: with which errno it is refused whatever is returned, or 0.
      if (expected.length) cell(`attach ${set}`, where, Math.max(...expected), Math.max(...got), unsupported)
      if (msg === undefined) continue
      const answer = loader.load({ insns: returns.get('0'), type: pt, eat, flags })
      cell(`attach ${set} message`, where, msg, lastMessage(answer.log), saysUnsupported(answer))
    }
  }
}

function letter({ result, log }) {
  if (result >= 0) return 'A'
  if (/program of this type cannot use helper|invalid func |unknown func /.test(log)) return 'N'
  if (/cannot call GPL-restricted function/.test(log)) return 'G'
  if (/helper call is not allowed in probe/.test(log)) return 'P'
  if (/helper call might sleep in a non-sleepable prog/.test(log)) return 'S'
  return 'Y'
}

function helpers() {
  for (const variant of matrix('helper').variants) {
    if (variant.v.includes(':')) continue
    for (const license of ['gpl', 'nongpl']) {
      for (let id = 0; id < variant[license].length; id++) {
        const insns = code(call(id), mov(0, 0), EXIT)
        const answer = loader.load({
          insns,
          type: variant.pt,
          eat: variant.eat,
          flags: variant.flags,
          license: license === 'gpl' ? 'GPL' : 'Proprietary',
        })
        const unsupported = saysUnsupported(answer)
        let got = letter(answer)
        // A program that may not return 0 was allowed to call all the same.
        if (got === 'Y' && /At program exit the register R0/.test(answer.log)) got = 'A'
        cell('helper', `${variant.v} ${license} #${id}`, variant[license][id], got, unsupported)
        const message = license === 'gpl' && got === 'Y' ? variant.msg?.[id] : undefined
        if (message === undefined) continue
        cell(
          'helper message',
          `${variant.v} #${id}`,
          message,
          `${answer.result} ${lastMessage(answer.log)}`,
          unsupported,
        )
      }
    }
  }
}

const SIZES = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }
const CLASSES = {
  R: (size, off) => [[0x61 | SIZES[size], 0, 1, off, 0]],
  X: (size, off) => [mov(2, 0), [0x63 | SIZES[size], 1, 2, off, 0]],
  T: (size, off) => [[0x62 | SIZES[size], 1, 0, off, 0]],
}

function contexts() {
  const recorded = matrix('ctx')
  for (const { v, pt, eat, flags = v.includes('sleepable') ? 16 : 0, acc } of recorded.variants) {
    if (v.includes(':')) continue
    for (const [op, body] of Object.entries(CLASSES)) {
      for (const size of [1, 2, 4, 8]) {
        const accepted = new Set()
        for (const [from, to] of acc[op + size] ?? []) for (let off = from; off <= to; off++) accepted.add(off)
        for (let off = 0; off < recorded.max_off; off++) {
          const insns = code(...body(size, off), mov(0, 0), EXIT)
          const answer = loader.load({ insns, type: pt, eat, flags })
          const got = answer.result >= 0 || /At program exit the register R0/.test(answer.log)
          cell('context', `${v} ${op}${size} @${off}`, accepted.has(off), got, saysUnsupported(answer))
        }
      }
    }
  }
}

/** Loads of data and data_end by program type: XDP has them first, two types as pointers of eight bytes. */
function packetBounds(type) {
  if (type === 6)
    return [
      [0x61, 2, 1, 0, 0],
      [0x61, 3, 1, 4, 0],
    ]
  if (type === 16 || type === 21)
    return [
      [0x79, 2, 1, 0, 0],
      [0x79, 3, 1, 8, 0],
    ]
  return [
    [0x61, 2, 1, 76, 0],
    [0x61, 3, 1, 80, 0],
  ]
}

function packets() {
  const { ld_abs: abs, pkt } = matrix('extra')
  const variantOf = (v) => {
    const [pt, eat] = v.split('/').map(Number)
    return { type: pt, eat, flags: v.includes('sleepable') ? 16 : 0 }
  }
  const answer = ({ result, log }) =>
    result >= 0 || /At program exit the register R0/.test(log) ? '0 ' : `${result} ${lastMessage(log)}`
  for (const [v, expected] of Object.entries(abs)) {
    if (v.includes(':')) continue
    const insns = code(movReg(6, 1), [0x30, 0, 0, 0, 0], mov(0, 0), EXIT)
    const got = loader.load({ insns, ...variantOf(v) })
    cell('LD_ABS', v, expected, answer(got), saysUnsupported(got))
  }
  for (const [key, expected] of Object.entries(pkt)) {
    if (key.includes(':')) continue
    const [v, op] = key.split(' ')
    const { type, ...rest } = variantOf(v)
    const access = op === 'R' ? [0x71, 0, 2, 0, 0] : [0x72, 2, 0, 0, 0]
    const insns = code(...packetBounds(type), movReg(4, 2), addImm(4, 8), [0x2d, 4, 3, 1, 0], access, mov(0, 0), EXIT)
    const got = loader.load({ insns, type, ...rest })
    cell('packet', key, expected, answer(got), saysUnsupported(got))
  }
}

const passes = { attach: attachTypes, helper: helpers, ctx: contexts, packet: packets }
for (const [name, pass] of Object.entries(passes)) if (!values.only || values.only === name) pass()

const text = divergences.map((d) => `${d.group}\t${d.where}\n    linux: ${d.expected}\n    skep:  ${d.got}`)
if (values.list) writeFileSync(values.list, `${text.join('\n')}\n`)
else for (const line of text.slice(0, Number(values.max))) console.log(line)
for (const [group, { cells, same, unsupported, listed: known }] of Object.entries(totals)) {
  const rest = known ? `, ${known} as docs/divergences.md says` : ''
  console.log(`${group}: ${same} of ${cells - unsupported} cells the same${rest}, ${unsupported} unsupported`)
}
process.exit(divergences.length ? 1 : 0)
