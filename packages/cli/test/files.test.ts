// SPDX-License-Identifier: BSD-2-Clause
// Commands that need no kernel: inspect, disasm, asm, and how wrong command lines are answered.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { example, skep } from './skep.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('usage', () => {
  it('answers wrong words with 2 and says what is expected', async () => {
    for (const args of [
      ['fly'],
      ['verify'],
      ['verify', 'x.o', '--kernel', 'windows'],
      ['verify', example('bind4/bind4.bpf.o'), '--log-level', 'nine'],
      ['verify', example('bind4/bind4.bpf.o'), '--set', 'novalue'],
      ['run', 'x.o'],
      ['run', 'x.o', '--program', 'p', '--data-in', '0g'],
      ['run', 'x.o', '--program', 'p', '--data-in', '00', '--pcap', 'y'],
      ['inspect', '--colour', 'x.o'],
    ]) {
      const { code, err, out } = await skep(args)
      expect(code, args.join(' ')).toBe(2)
      expect(err, args.join(' ')).not.toBe('')
      expect(out).toBe('')
    }
  })

  it('prints help for every command', async () => {
    const { code, out } = await skep(['--help'])
    expect(code).toBe(0)
    for (const name of ['inspect', 'verify', 'run', 'disasm', 'asm', 'features', 'conformance-plugin']) {
      expect(out).toContain(name)
      const help = await skep([name, '--help'])
      expect(help.code).toBe(0)
      expect(help.out).toContain(`Usage: skep ${name}`)
    }
  })

  it('answers files that cannot be read, or are no objects, with 1', async () => {
    expect(await skep(['inspect', join(folder, 'absent.o')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no such file/),
    })
    expect(await skep(['inspect', folder])).toMatchObject({ code: 1, err: expect.stringMatching(/is a directory/) })
    const text = await skep([
      'inspect',
      file('text.o', 'not an object at all, but long enough for a header of 64 bytes ....'),
    ])
    expect(text).toMatchObject({ code: 1, err: expect.stringMatching(/parse ELF/) })
  })
})

describe('inspect', () => {
  it('says what an object holds', async () => {
    const { code, out } = await skep(['inspect', example('sockex3/sockex3.bpf.o')])
    expect(code).toBe(0)
    expect(out).toMatch(/licence Dual BSD\/GPL, little endian/)
    expect(out).toMatch(/parsers +btf +prog_array +4 +4 +2 +initial \[0\]=parse_ipv4 \[1\]=parse_ipv6/)
    expect(out).toMatch(/functions: add_bytes \(static\)/)
  })

  it('prints a JSON object for each file', async () => {
    const { json } = await skep(['inspect', '--json', example('bind4/bind4.bpf.o'), example('sockex1/sockex1.bpf.o')])
    expect(json.map(({ license }) => license)).toEqual(['Dual BSD/GPL', 'Dual BSD/GPL'])
    expect(json[0]).toMatchObject({ programs: [{ name: 'refuse_port', section: 'cgroup/bind4' }] })
  })
})

describe('disasm', () => {
  it('prints instructions with C lines in both styles', async () => {
    const kernel = await skep(['disasm', example('bind4/bind4.bpf.o')])
    expect(kernel.out).toContain('if (ctx->user_port != bpf_htons(refused_port))')
    expect(kernel.out).toContain('1: (61) r1 = *(u32 *)(r1 +24)')
    expect(kernel.out).toContain('# map value .rodata+0')
    const llvm = await skep(['disasm', '--style', 'llvm', '--no-source', example('bind4/bind4.bpf.o')])
    expect(llvm.out).toContain('1: w1 = *(u32 *)(r1 + 0x18)')
    expect(llvm.out).not.toContain('refused_port)')
    expect((await skep(['disasm', '--program', 'nobody', example('bind4/bind4.bpf.o')])).code).toBe(1)
  })
})

describe('asm', () => {
  it('reads both styles', async () => {
    const expected = 'b7 00 00 00 2a 00 00 00\n95 00 00 00 00 00 00 00'
    expect((await skep(['asm', file('llvm.s', 'r0 = 42\nexit\n')])).out).toBe(expected)
    expect((await skep(['asm', file('suite.s', 'mov %r0, 42\nexit\n')])).out).toBe(expected)
    expect((await skep(['asm', '-'], 'r0 = 42\nexit\n')).out).toBe(expected)
  })

  it('writes objects that inspect reads', async () => {
    const source =
      '.section xdp,"ax",@progbits\n.globl pass\n.type pass,@function\npass:\nr0 = 2\nexit\n.size pass, 16\n'
    const object = join(folder, 'pass.o')
    expect((await skep(['asm', file('pass.s', source), '-o', object])).code).toBe(0)
    expect(readFileSync(object).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
    expect((await skep(['inspect', object])).out).toMatch(/pass +xdp +xdp/)
  })

  it('names line and column of an error', async () => {
    const { code, err } = await skep(['asm', file('bad.s', 'r0 = 1\nr99 = 2\nexit\n')])
    expect(code).toBe(1)
    expect(err).toMatch(/line 2/)
  })
})
