// SPDX-License-Identifier: GPL-2.0-only
/** What each family of instructions becomes. BLESS=1 writes the files anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compilingKernel, loadText } from './jit.fixtures.ts'
import { formatWat } from './wat.ts'

/** Name, and the program in LLVM's style. r1 is the context: its first word is unknown when code is made. */
const FAMILIES: readonly (readonly [name: string, text: string])[] = [
  ['alu64', 'r0 = *(u32 *)(r1 + 0)\nr0 *= r0\nr0 += 7\nr0 -= 1\nr2 = r0\nr2 <<= 40\nr0 ^= r2\nr0 >>= 3\nexit'],
  ['alu32', 'w0 = *(u32 *)(r1 + 0)\nw0 += 7\nw0 ^= 255\nw0 s>>= 2\nw0 = -w0\nexit'],
  ['divide', 'r2 = *(u32 *)(r1 + 0)\nr0 = 100\nr2 <<= 33\nr0 /= r2\nr0 s%= 7\nexit'],
  ['swap', 'r0 = *(u32 *)(r1 + 0)\nr0 = be16 r0\nr0 = bswap32 r0\nexit'],
  ['extend', 'r0 = *(u32 *)(r1 + 0)\nr0 = (s8)r0\nr2 = (s32)r0\nr0 += r2\nexit'],
  ['spill', 'r0 = *(u32 *)(r1 + 0)\n*(u64 *)(r10 - 8) = r0\nr0 = 1\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\nexit'],
  ['stack', 'r2 = r10\nr2 += -8\n*(u64 *)(r2 + 0) = 5\nr0 = *(u32 *)(r10 - 8)\nexit'],
  ['atomic', 'r2 = r10\nr0 = 3\n*(u64 *)(r2 - 8) = 5\nr0 = atomic_fetch_add((u64 *)(r2 - 8), r0)\nexit'],
  ['branch', 'w0 = *(u32 *)(r1 + 0)\nif w0 s> 5 goto big\nr0 = 1\nexit\nbig:\nr0 = 2\nexit'],
  ['loop', 'w2 = *(u32 *)(r1 + 0)\nr3 = 10\nr0 = 0\nagain:\nr0 += r2\nr3 += -1\nif r3 != 0 goto again\nexit'],
  ['calls', 'call 5\nr6 = r0\ncall 7\nr0 += r6\nexit'],
  ['packet', 'r6 = r1\nr0 = *(u16 *)skb[12]\nexit'],
]

/** Where the kernel's functions stand in its table changes with every build: number them in order of appearance. */
function withoutTableIndices(wat: string): string {
  const seen: string[] = []
  return wat.replace(/(\$f|"f" ")(\d+)/g, (_, before: string, index: string) => {
    if (!seen.includes(index)) seen.push(index)
    return `${before}${seen.indexOf(index)}`
  })
}

test.each(FAMILIES)('%s', async (name, text) => {
  using kernel = await compilingKernel()
  using program = loadText(kernel, text)
  const { jited } = program.info({ jited: true })
  expect(WebAssembly.validate(new Uint8Array(jited!))).toBe(true)
  const wat = withoutTableIndices(formatWat(jited!))
  const file = fileURLToPath(new URL(`./goldens/${name}.wat`, import.meta.url))
  if (process.env.BLESS || !existsSync(file)) writeFileSync(file, wat)
  expect(wat).toBe(readFileSync(file, 'utf8'))
})
