// SPDX-License-Identifier: BSD-2-Clause
/** Text helpers: numbers, comparison, formats. */
import type { HelperCase } from './run.ts'

/** Bytes on the stack at r10 - 64, at most 48. */
function stackText(text: string): string {
  const bytes = Buffer.alloc(48)
  bytes.write(text, 'latin1')
  const lines: string[] = []
  for (let i = 0; i < 48; i += 8) {
    lines.push(`r1 = ${bytes.readBigUInt64LE(i)} ll`, `*(u64 *)(r10 - ${64 - i}) = r1`)
  }
  return lines.join('\n')
}

const NUMBERS = [
  '0',
  '1',
  '-1',
  '+5',
  '  42',
  '\t\n-7 rest',
  '0x1f',
  '0X1F',
  '0x',
  '0xg',
  '017',
  '08',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
  '18446744073709551615',
  '18446744073709551616',
  'abc',
  '-',
  '',
  ' ',
  '-0x10',
  'deadbeef',
  '1e5',
  '00000000000000000000000000000000001',
  '- 1',
]

function conversion(helper: string, text: string, base: number, length: number): HelperCase {
  const code = `${stackText(text)}
    r1 = r10
    r1 += -64
    r2 = ${length}
    r3 = ${base}
    r4 = r10
    r4 += -16
    *(u64 *)(r10 - 16) = 0
    call ${helper}
    r1 = *(u64 *)(r10 - 16)
    *(u64 *)(r9 + 0) = r1
    *(u64 *)(r9 + 8) = r0
    r0 = 0
    exit`
  return {
    name: `${helper} ${JSON.stringify(text)} base ${base} length ${length}`,
    code,
  }
}

function conversions(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const helper of ['bpf_strtol', 'bpf_strtoul']) {
    for (const text of NUMBERS) {
      const length = Math.max(1, text.length)
      for (const base of [0, 8, 10, 16]) cases.push(conversion(helper, text, base, length))
    }
    cases.push(conversion(helper, '12', 7, 2), conversion(helper, '12', 32, 2), conversion(helper, '123456', 10, 3))
    cases.push(conversion(helper, '12', 10, 20), conversion(helper, '77', 0x100, 2))
  }
  return cases
}

/** bpf_snprintf of a format with three arguments into `size` bytes. */
function format(fmt: string, args: readonly bigint[], size = 100): HelperCase {
  const stores = args
    .map((arg, i) => `r1 = ${BigInt.asIntN(64, arg)} ll\n*(u64 *)(r10 - ${96 - i * 8}) = r1`)
    .join('\n')
  const code = `${stores}
    r1 = r9
    r1 += 16
    r2 = ${size}
    ld_pseudo r3, 2, TEXT
    r4 = r10
    r4 += -96
    r5 = ${args.length * 8}
    call bpf_snprintf
    *(u64 *)(r9 + 0) = r0
    r0 = 0
    exit`
  return { name: `snprintf ${JSON.stringify(fmt)} of ${args.join(', ')} into ${size}`, code, text: `${fmt}\0` }
}

const MINUS = -123n
const BIG = 0xfedcba9876543210n
const FORMATS: [string, bigint[], number?][] = [
  ['plain', [1n]],
  ['%d %d', [1n, MINUS]],
  ['%i|%u|%x|%X', [MINUS, MINUS, MINUS, MINUS]],
  ['%ld %lu %lx', [MINUS, MINUS, BIG]],
  ['%lld %llu %llX', [BIG, BIG, BIG]],
  ['[%5d][%-5d][%05d][%+d]', [42n, 42n, 42n, 42n]],
  ['[% d][%+5d][%-+5d][%08x]', [42n, 42n, 42n, 0xabcn]],
  ['[%3d][%20llx]', [123456n, BIG]],
  ['%c%c%c', [65n, 0x1_0042n, 67n]],
  ['[%5c][%-5c]', [65n, 66n]],
  ['100%%', [1n]],
  ['%%%d%%', [5n]],
  ['%px %px', [BIG, 0n]],
  ['%p', [0n]],
  ['[%20px]', [0x1234n]],
  ['%pK', [0n]],
  ['%d', [1n, 2n]],
  ['%d %d', [1n]],
  ['%d %d %d %d', [1n, 2n, 3n]],
  ['%s', [0n]],
  ['%q', [1n]],
  ['%.3d', [1n]],
  ['%#x', [1n]],
  ['%hhd', [1n]],
  ['%zd', [1n]],
  ['%pZ', [1n]],
  ['%pI5', [1n]],
  ['%', [1n]],
  ['%l', [1n]],
  ['%5', [1n]],
  ['tab\tnewline\n', [1n]],
  ['control\x01', [1n]],
  ['utf8 \u00e4', [1n]],
  ['%\u00e4', [1n]],
  ['%d', [7n], 1],
  ['%d', [1234567n], 4],
  ['%d', [7n], 2],
  ['%pI4 %pi4', [0n, 0n]],
  ['%pI6 %pi6', [0n, 0n]],
  ['%ps', [0n]],
  ['%pB', [0n]],
  ['%pks|%pus', [0n, 0n]],
  ['%sx', [0n]],
  ['%s,', [0n]],
  ['%0-8d|', [5n]],
  ['%-08d|', [5n]],
  ['%-08x|%+u|% u', [5n, 6n, 7n]],
]

/** Arguments that are addresses: of 16 bytes on the stack. */
function addressFormat(fmt: string, bytes: readonly number[]): HelperCase {
  const buffer = Buffer.alloc(32)
  buffer.set(bytes)
  const stores = [0, 8, 16, 24]
    .map((i) => `r1 = ${buffer.readBigUInt64LE(i)} ll\n*(u64 *)(r10 - ${40 - i}) = r1`)
    .join('\n')
  const code = `${stores}
    r1 = r10
    r1 += -40
    *(u64 *)(r10 - 96) = r1
    *(u64 *)(r10 - 88) = r1
    r1 = r9
    r1 += 16
    r2 = 150
    ld_pseudo r3, 2, TEXT
    r4 = r10
    r4 += -96
    r5 = 16
    call bpf_snprintf
    *(u64 *)(r9 + 0) = r0
    r0 = 0
    exit`
  return { name: `snprintf ${fmt} of an address`, code, text: `${fmt}\0` }
}

const ADDRESS = [192, 0, 2, 7, 0xff, 1, 0, 0xab, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8]
const ADDRESS_FORMATS = ['%pI4|%pi4', '%pI6|%pi6', '%pI6c|%pI4', '[%20pI4]%pI4', '%s|%s']

function printk(fmt: string, args: readonly number[]): HelperCase {
  const code = `${stackText(fmt)}
    r1 = r10
    r1 += -64
    r2 = ${fmt.length + 1}
    r3 = ${args[0] ?? 0}
    r4 = ${args[1] ?? 0}
    r5 = ${args[2] ?? 0}
    call bpf_trace_printk
    r0 = r0
    exit`
  return { name: `trace_printk ${JSON.stringify(fmt)}`, code }
}

function compare(text: string, size: number, stack: string): HelperCase {
  const code = `${stackText(stack)}
    r1 = r10
    r1 += -64
    r2 = ${size}
    ld_pseudo r3, 2, TEXT
    call bpf_strncmp
    *(u64 *)(r9 + 0) = r0
    r0 = 0
    exit`
  return { name: `strncmp ${JSON.stringify([stack, text, size])}`, code, text: `${text}\0` }
}

export const TEXT_CASES: readonly HelperCase[] = [
  ...conversions(),
  ...FORMATS.map(([fmt, args, size]) => format(fmt, args, size)),
  ...ADDRESS_FORMATS.map((fmt) =>
    addressFormat(fmt, fmt.startsWith('%s') ? [...Buffer.from('text on stack')] : ADDRESS),
  ),
  printk('hello', []),
  printk('%d %x %u', [1, -1, 3]),
  printk('%d %d %d %d', [1, 2, 3]),
  printk('%s', [0]),
  printk('%c%%', [65]),
  printk('bad %w', [1]),
  compare('abc', 3, 'abc'),
  compare('abc', 4, 'abc'),
  compare('abd', 4, 'abc'),
  compare('ab', 4, 'abc'),
  compare('abcd', 4, 'abc'),
  compare('', 4, ''),
  compare('\xff', 2, 'a'),
]
