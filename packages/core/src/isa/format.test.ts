// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { fixtureText } from '../../test-fixtures/fixtures.ts'
import { decodeInstructions, formatKernel, formatLlvm, type Instruction, instruction, loadImm64 } from './index.ts'

/** Lines of `llvm-objdump -d`: bytes and text, without the symbol of a target. */
function objdumpLines(text: string): { readonly bytes: Uint8Array; readonly text: string }[] {
  return [...text.matchAll(/^\s+[0-9a-f]+:\t((?:[0-9a-f]{2} )+[0-9a-f]{2})\t(.*)$/gm)].map(([, bytes, line]) => ({
    bytes: Uint8Array.from(bytes!.split(' '), (byte) => Number.parseInt(byte, 16)),
    text: line!.replace(/ <[^ ]*>$/, ''),
  }))
}

describe('formatLlvm', () => {
  for (const name of ['code-v1', 'code-v2', 'code-v3', 'code-v4', 'code-v4-big', 'kinds']) {
    it(`prints ${name} as llvm-objdump 19 does`, () => {
      const lines = objdumpLines(fixtureText(`expected/${name}.objdump`))
      expect(lines.length).toBeGreaterThan(20)
      const mine = lines.map(({ bytes }) => formatLlvm(decodeInstructions(bytes, !name.endsWith('big'))[0]!))
      expect(mine).toEqual(lines.map(({ text }) => text))
    })
  }

  it('prints every form of instruction that llvm-objdump 19 knows', () => {
    const lines = objdumpLines(fixtureText('expected/forms.objdump'))
    expect(lines.length).toBeGreaterThan(500)
    for (const { bytes, text } of lines) {
      const insn = decodeInstructions(bytes)[0]!
      // Load-acquire and store-release came with LLVM 20; 19 takes some of them for an atomic addition.
      const isNewer = insn.imm === 0x100 || insn.imm === 0x110
      if (!(isNewer && [0xc3, 0xcb, 0xd3, 0xdb].includes(insn.code))) expect(formatLlvm(insn)).toBe(text)
    }
  })

  it('prints load-acquire and store-release as LLVM 20 does', () => {
    // From llvm/test/CodeGen/BPF/acquire-release.ll.
    const text = (code: number, imm: number) => formatLlvm(instruction({ code, dst: 1, src: 2, off: 0, imm }))
    expect(text(0xd3, 0x100)).toBe('w1 = load_acquire((u8 *)(r2 + 0x0))')
    expect(text(0xdb, 0x100)).toBe('r1 = load_acquire((u64 *)(r2 + 0x0))')
    expect(text(0xcb, 0x110)).toBe('store_release((u16 *)(r1 + 0x0), w2)')
    expect(text(0xdb, 0x110)).toBe('store_release((u64 *)(r1 + 0x0), r2)')
  })

  it('names registers of small accesses r without alu32', () => {
    const load = instruction({ code: 0x61, dst: 1, src: 2 })
    expect(formatLlvm(load)).toBe('w1 = *(u32 *)(r2 + 0x0)')
    expect(formatLlvm(load, { alu32: false })).toBe('r1 = *(u32 *)(r2 + 0x0)')
  })

  it('says so where there is no such instruction', () => {
    expect(formatLlvm(instruction({ code: 0xff }))).toBe('<unknown>')
    expect(formatLlvm(instruction({ code: 0x18 }))).toBe('<unknown>')
  })
})

describe('formatKernel', () => {
  // Expected texts: kernel/bpf/disasm.c of Linux 6.18.
  const cases: [string, Parameters<typeof instruction>[0]][] = [
    ['r1 = *(u32 *)(r6 +12)', { code: 0x61, dst: 1, src: 6, off: 12 }],
    ['r1 = *(s16 *)(r6 -2)', { code: 0x89, dst: 1, src: 6, off: -2 }],
    ['if r1 s> 0x5 goto pc+3', { code: 0x65, dst: 1, off: 3, imm: 5 }],
    ['if w1 != 0xfffffffb goto pc-3', { code: 0x56, dst: 1, off: -3, imm: -5 }],
    ['if r1 & r2 goto pc+0', { code: 0x4d, dst: 1, src: 2 }],
    ['*(u64 *)(r10 -8) = r1', { code: 0x7b, dst: 10, src: 1, off: -8 }],
    ['*(u8 *)(r10 +0) = -1', { code: 0x72, dst: 10, imm: -1 }],
    ['w3 += -5', { code: 0x04, dst: 3, imm: -5 }],
    ['r3 s/= r4', { code: 0x3f, dst: 3, src: 4, off: 1 }],
    ['w3 s%= 7', { code: 0x94, dst: 3, off: 1, imm: 7 }],
    ['r3 s>>= 7', { code: 0xc7, dst: 3, imm: 7 }],
    ['r3 = (s32)r4', { code: 0xbf, dst: 3, src: 4, off: 32 }],
    ['w3 = -w3', { code: 0x84, dst: 3 }],
    ['r3 = be16 r3', { code: 0xdc, dst: 3, imm: 16 }],
    ['r3 = le64 r3', { code: 0xd4, dst: 3, imm: 64 }],
    ['r3 = bswap32 r3', { code: 0xd7, dst: 3, imm: 32 }],
    ['r3 = addr_space_cast(r4, 1, 0)', { code: 0xbf, dst: 3, src: 4, off: 1, imm: 0x10000 }],
    ['r3 = &(void __percpu *)(r4)', { code: 0xbf, dst: 3, src: 4, off: -1 }],
    ['lock *(u32 *)(r1 +0) |= r2', { code: 0xc3, dst: 1, src: 2, imm: 0x40 }],
    ['r2 = atomic64_fetch_add((u64 *)(r1 +8), r2)', { code: 0xdb, dst: 1, src: 2, off: 8, imm: 1 }],
    ['r2 = atomic_xchg((u32 *)(r1 +0), r2)', { code: 0xc3, dst: 1, src: 2, imm: 0xe1 }],
    ['r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)', { code: 0xdb, dst: 1, src: 2, imm: 0xf1 }],
    ['r1 = load_acquire((u8 *)(r2 +0))', { code: 0xd3, dst: 1, src: 2, imm: 0x100 }],
    ['store_release((u32 *)(r1 -4), r2)', { code: 0xc3, dst: 1, src: 2, off: -4, imm: 0x110 }],
    ['r0 = *(u16 *)skb[12]', { code: 0x28, imm: 12 }],
    ['r0 = *(u8 *)skb[r4 + -5]', { code: 0x50, src: 4, imm: -5 }],
    ['goto pc-2', { code: 0x05, off: -2 }],
    ['gotol pc+70000', { code: 0x06, imm: 70000 }],
    ['may_goto pc+4', { code: 0xe5, off: 4 }],
    ['call bpf_map_lookup_elem#1', { code: 0x85, imm: 1 }],
    ['call unknown#100000', { code: 0x85, imm: 100_000 }],
    ['call pc+5', { code: 0x85, src: 1, imm: 5 }],
    ['call kernel-function#1234', { code: 0x85, src: 2, imm: 1234 }],
    ['exit', { code: 0x95 }],
    ['nospec', { code: 0xc2 }],
    ['BUG_ld_98', { code: 0x98 }],
    ['BUG_ldx_19', { code: 0x19 }],
    ['BUG_st_02', { code: 0x02 }],
    ['BUG_c3', { code: 0xc3, imm: 2 }],
  ]

  it.each(cases)('%s', (text, fields) => {
    expect(formatKernel(instruction(fields))).toBe(text)
  })

  it("prints what Linux 6.18 printed in the verifier's log", () => {
    const [release, ...lines] = fixtureText('expected/kernel-log.txt').trim().split('\n')
    expect(release).toMatch(/^6\.18\./)
    expect(lines.length).toBeGreaterThan(900)
    // Kernel functions have the name that their type id says; the recorded id 0 has none.
    const options = { opcode: true, callName: (insn: Instruction) => (insn.src === 2 ? '' : undefined) }
    const mine = lines.map((line) => {
      const bytes = Uint8Array.from(line.split(' ')[0]!.match(/../g)!, (byte) => Number.parseInt(byte, 16))
      return `${line.split(' ')[0]} ${formatKernel(decodeInstructions(bytes)[0]!, options)}`
    })
    expect(mine).toEqual(lines)
  })

  it('puts the opcode in front on request', () => {
    expect(formatKernel(instruction({ code: 0xb7 }), { opcode: true })).toBe('(b7) r0 = 0')
    expect(formatKernel(instruction({ code: 0x02 }), { opcode: true })).toBe('BUG_st_02')
  })

  it('prints 64-bit loads, hiding pointers from those who may not see them', () => {
    expect(formatKernel(loadImm64(1, -1n))).toBe('r1 = 0xffffffffffffffff')
    expect(formatKernel(loadImm64(1, 0xdeadbeefn, 1))).toBe('r1 = 0xdeadbeef')
    expect(formatKernel(loadImm64(1, 0xdeadbeefn, 1), { hidePointers: true })).toBe('r1 = 0x0')
    const immediate = () => 'map[id:7]'
    expect(formatKernel(loadImm64(1, 0n, 1), { immediate })).toBe('r1 = map[id:7]')
  })
})
