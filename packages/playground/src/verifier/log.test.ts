// SPDX-License-Identifier: BSD-2-Clause
// The logs in test-fixtures were written by Linux 6.18 for the programs in examples/.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseState, readVerifierLog, trail } from './log.ts'
import { agree, inBounds, inWords, parseProof } from './value.ts'

const fixtures = new URL('../test-fixtures/', import.meta.url)
const log = (name: string) => readFileSync(new URL(`${name}.log`, fixtures), 'utf8')

describe('states', () => {
  it('splits at blanks outside of brackets', () => {
    const { frame, values } = parseState('frame1: R1=pkt(off=14,r=34,var_off=(0x0; 0x3c)) R10=fp0 fp-8=mmmm????')
    expect(frame).toBe(1)
    expect(values).toEqual({ R1: 'pkt(off=14,r=34,var_off=(0x0; 0x3c))', R10: 'fp0', 'fp-8': 'mmmm????' })
  })
})

describe('knowledge', () => {
  it('carries registers along that the log does not repeat', () => {
    const { byInsn, message } = readVerifierLog(log('sockex1.count_bytes'))
    expect(message).toBe('')
    const [visit] = byInsn.get(12)!
    expect(visit!.before[0]).toMatchObject({ R2: 'fp-4', R6: 'ctx()', 'fp-8': 'mmmm????' })
    expect(visit!.after![0]!.R0).toBe('map_value_or_null(id=1,map=bytes_by_protoc,ks=4,vs=8)')
    // The call took its arguments.
    expect(visit!.after![0]!.R2).toBeUndefined()
  })

  it('knows both sides of a null check', () => {
    const { byInsn, paths } = readVerifierLog(log('sockex1.count_bytes'))
    expect(byInsn.get(14)![0]!.before[0]!.R0).toBe('map_value(map=bytes_by_protoc,ks=4,vs=8)')
    const zero = byInsn.get(16)!.find((visit) => paths[visit.path]!.from === 13)!
    expect(zero.before[0]!.R0).toBe('0')
  })

  it('follows a call and its return', () => {
    const { byInsn } = readVerifierLog(log('xdp-filter.filter_udp'))
    const inside = byInsn.get(37)![0]!
    expect(inside.before).toHaveLength(2)
    expect(inside.before[0]).toMatchObject({ R6: '2', R10: 'fp0' })
    expect(inside.before[1]).toMatchObject({ R6: '2', R2: 'fp-4' })
    const back = byInsn.get(29)![0]!
    expect(back.before).toEqual([{ R0: '2', R6: '2', R10: 'fp0' }])
  })

  it('tells the path to a refusal', () => {
    const knowledge = readVerifierLog(log('lost-reference.report'))
    expect(knowledge.message).toBe(
      'Unreleased reference id=2 alloc_insn=5\nBPF_EXIT instruction in main prog would lead to reference leak',
    )
    const insns = trail(knowledge, knowledge.paths.length - 1).map((visit) => visit.insn)
    expect(insns.slice(-6)).toEqual([6, 7, 8, 9, 13, 14])
    expect(insns[0]).toBe(0)
  })

  it('keeps the message of every refused example', () => {
    const messages = Object.fromEntries(
      readdirSync(fixtures).map((file) => [file.split('.')[0], readVerifierLog(log(file.slice(0, -4))).message]),
    )
    expect(messages['null-check']).toBe("R0 invalid mem access 'map_value_or_null'")
    expect(messages['packet-bounds']).toContain('invalid access to packet')
    expect(messages['endless-loop']).toContain('infinite loop detected at insn 0')
    expect(messages['missing-argument']).toBe('R3 !read_ok')
    expect(messages['gpl-only']).toBe('cannot call GPL-restricted function from non-GPL compatible program')
    expect(messages['map-bounds']).toContain('R0 max value is outside of the allowed memory range')
    for (const accepted of ['sockex1', 'sockex2', 'sockex3', 'bind4', 'xdp-filter', 'tc-classifier'])
      expect(messages[accepted]).toBe('')
  })
})

describe('values', () => {
  it('reads bounds that share a value', () => {
    const { bounds } = parseProof('scalar(smin=smin32=0,smax=umax=smax32=umax32=0xffff,var_off=(0x0; 0xffff))')
    expect(bounds).toMatchObject({ smin: 0n, smax: 0xffffn, umax: 0xffffn, u32max: 0xffffn, mask: 0xffffn })
    expect(inBounds(bounds, 0xffffn)).toBe(true)
    expect(inBounds(bounds, 0x10000n)).toBe(false)
  })

  it('reads negative bounds in hexadecimal', () => {
    const text =
      'scalar(smin=0x8000000000000800,smax=0x7fffffff00000800,smin32=umin32=2048,var_off=(0x800; 0xffffffff00000000))'
    expect(parseProof(text).bounds.smin).toBe(-0x7ffffffffffff800n)
    expect(inBounds(parseProof(text).bounds, 0x800n)).toBe(true)
    expect(inBounds(parseProof(text).bounds, 0x801n)).toBe(false)
  })

  it('compares pointers with where they should point', () => {
    const places = { ctx: 0x5000n, packet: 0x6000n, packetEnd: 0x6040n, frames: [0x9000n, 0x8f00n] }
    expect(agree(parseProof('fp-8'), 0x8ef8n, 1, places)).toBe('agrees')
    expect(agree(parseProof('fp[0]-16'), 0x8ff0n, 1, places)).toBe('agrees')
    expect(agree(parseProof('fp-8'), 0x8ef0n, 1, places)).toBe('outside')
    expect(agree(parseProof('ctx()'), 0x5000n, 0, places)).toBe('agrees')
    expect(agree(parseProof('pkt(off=34,r=34)'), 0x6022n, 0, places)).toBe('agrees')
    expect(agree(parseProof('pkt_end()'), 0x6040n, 0, places)).toBe('agrees')
    const moving = parseProof('pkt(id=1,off=18,r=18,smin=umin=20,smax=umax=60,var_off=(0x0; 0x3c))')
    expect(agree(moving, 0x6000n + 18n + 20n, 0, places)).toBe('agrees')
    expect(agree(moving, 0x6000n + 18n + 64n, 0, places)).toBe('outside')
    expect(agree(parseProof('map_value(map=m,ks=4,vs=8)'), 0n, 0, places)).toBe('outside')
  })

  it('puts proofs into words', () => {
    expect(inWords(parseProof('scalar()'))).toBe('any number')
    expect(inWords(parseProof('-1'))).toBe('-1')
    expect(inWords(parseProof('scalar(smin=smin32=0,smax=umax=smax32=umax32=60,var_off=(0x0; 0x3c))'))).toBe(
      '0 … 60, a multiple of 4',
    )
    expect(inWords(parseProof('pkt(off=34,r=34)'))).toBe('packet + 34, 34 bytes may be read')
    expect(inWords(parseProof('fp-8'))).toBe('stack - 8')
  })
})
