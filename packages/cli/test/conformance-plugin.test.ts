// SPDX-License-Identifier: BSD-2-Clause
// The protocol of the bpf_conformance runner, through the built command: memory in the first argument, the program on
// standard input, r0 on standard output.
import { assemble, assembleObject, encodeInstructions } from '@skep/core/isa'
import { whyNoLinux } from '@skep/native-loader/testing'
import { describe, expect, it } from 'vitest'
import { built } from './built.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const program = (text: string) => hex(encodeInstructions(assemble(text).instructions))

/** Name, text, memory, r0 in hexadecimal: facts of RFC 9669. */
const CASES: readonly (readonly [name: string, text: string, memory: string, r0: string])[] = [
  ['a constant', 'r0 = 42\nexit', '', '2a'],
  ['64 bits', 'r0 = -1\nexit', '', 'ffffffffffffffff'],
  ['division by zero', 'r0 = 5\nr1 = 0\nr0 /= r1\nexit', '', '0'],
  ['32-bit division of a negative number', 'w0 = -8\nw0 s/= 3\nexit', '', 'fffffffe'],
  ['memory', 'r0 = *(u16 *)(r1 + 1)\nr0 = be16 r0\nexit', 'aa11bbcc', '11bb'],
  ['a local call', 'r1 = 4\ncall f\nexit\nf:\nr0 = r1\nr0 *= 3\nexit', '', 'c'],
]

const noLinux = whyNoLinux()
const WAYS = [
  ...['interp', 'jit', 'checked'].flatMap((engine) =>
    ['isa', 'linux'].map((mode) => ['--mode', mode, '--engine', engine]),
  ),
  ...(noLinux ? [] : [['--mode', 'linux', '--kernel', 'linux']]),
]
if (noLinux) console.warn(`conformance-plugin on Linux: skipped, ${noLinux}`)

describe.each(WAYS.map((way) => [way.join(' '), way] as const))('%s', (_, way) => {
  it.each(CASES)('%s', (_name, text, memory, r0) => {
    expect(built(['conformance-plugin', memory, ...way], program(text))).toEqual({ code: 0, out: r0, err: '' })
  })

  // The interpreter and the JIT trust a verifier; without one only the checked engine looks at addresses.
  const trusts = way.includes('isa') && !way.includes('checked')
  if (trusts) return
  it('answers what may not run with an error', () => {
    const { code, out, err } = built(['conformance-plugin', '', ...way], program('r0 = *(u64 *)(r1 + 0)\nexit'))
    expect([code, out]).toEqual([1, ''])
    expect(err).not.toBe('')
  })
})

describe('forms of the call', () => {
  const text = program('r0 = 7\nexit')
  const loads = program('r0 = *(u8 *)(r1 + 2)\nexit')

  it.each<[string, string[], string, string]>([
    ['no memory at all', [], text, '7'],
    ['empty memory', [''], text, '7'],
    ['only options', ['--debug'], text, '7'],
    ['memory, then options', ['010203', '--debug', '--elf'], loads, '3'],
    ['options, then memory', ['--debug', '010203'], loads, '3'],
    ['blanks and line ends in the memory', ['01 02\n03 '], loads, '3'],
    ['blanks and line ends in the program', ['010203'], `${loads.replace(/../g, '$& ')}\n`, '3'],
    ['capital letters', ['0102AB'], loads.toUpperCase(), 'ab'],
    ['an option with its value after =', ['010203', '--mode=linux', '--engine=jit'], loads, '3'],
  ])('%s', (_name, args, input, r0) => {
    expect(built(['conformance-plugin', ...args], input)).toEqual({ code: 0, out: r0, err: '' })
  })

  it.each<[string, string[], string, RegExp]>([
    ['digits that are none', ['0x0g'], text, /memory: "g" is not a hexadecimal digit/],
    ['half a byte', ['012'], text, /odd number/],
    ['an engine that does not exist', ['', '--engine', 'steam'], text, /interp/],
  ])('%s: exit code 2', (_name, args, input, message) => {
    expect(built(['conformance-plugin', ...args], input)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(message),
    })
  })

  it('a program that is no whole number of instructions fails', () => {
    expect(built(['conformance-plugin'], 'b70000').code).toBe(1)
    expect(built(['conformance-plugin'], '').code).toBe(1)
  })
})

describe('ELF objects on standard input', () => {
  const object = (text: string) => hex(assembleObject(text))

  it('code in .text, with a function that it calls', () => {
    const source = '.text\n.globl entry\n.type entry,@function\nentry:\ncall twice\nr0 += 1\nexit\n.size entry, 24\n'
    const twice = '.type twice,@function\ntwice:\nr0 = *(u8 *)(r1 + 1)\nr0 *= 2\nexit\n.size twice, 24\n'
    expect(built(['conformance-plugin', '0105', '--elf'], object(source + twice))).toMatchObject({ code: 0, out: 'b' })
  })

  it('code without symbols', () => {
    expect(built(['conformance-plugin', '', '--elf'], object('.text\nr0 = 3\nexit\n'))).toMatchObject({
      code: 0,
      out: '3',
    })
  })

  it('a damaged file fails', () => {
    const { code, err } = built(['conformance-plugin', '--elf'], object('.text\nr0 = 3\nexit\n').slice(0, 80))
    expect(code).toBe(1)
    expect(err).toMatch(/ELF/)
  })
})
