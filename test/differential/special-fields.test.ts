// SPDX-License-Identifier: BSD-2-Clause
/** Special fields in the types of a program: both kernels load the types, and make maps of them, or say why not. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kernel, tryBtfLoad } from '@skep/core'
import { parseBtf } from '@skep/core/btf'
import * as U from '@skep/core/uapi'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DECLARATIONS, PRELUDE } from './special-fields.ts'

const CLANG = 'clang-19'
const OBJCOPY = 'llvm-objcopy-19'
const MAP_TYPES = [
  U.BPF_MAP_TYPE_ARRAY,
  U.BPF_MAP_TYPE_HASH,
  U.BPF_MAP_TYPE_PERCPU_HASH,
  U.BPF_MAP_TYPE_LRU_HASH,
  U.BPF_MAP_TYPE_TASK_STORAGE,
]
const noTools = [CLANG, OBJCOPY].find((tool) => spawnSync(tool, ['--version']).status !== 0)
const reason = whyNoLinux() ?? (noTools && `no ${noTools}`)
let ours: Kernel
let linux: Kernel
let folder = ''

beforeAll(async () => {
  if (reason) return
  folder = mkdtempSync(join(tmpdir(), 'skep-fields-'))
  linux = await createLinuxKernel()
  ours = await createVirtualKernel(linux.kernelBtf && { kernelBtf: linux.kernelBtf })
})
afterAll(() => {
  if (reason) return
  ours[Symbol.dispose]()
  linux[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

/** The type section that the compiler writes; every structure is made complete by a function that takes it. */
function typesOf(declarations: string): Uint8Array {
  const names = new Set([...declarations.matchAll(/struct (\w+)\s*\{/g)].map(([, name]) => name))
  const uses = [...names].map((name, i) => `int use${i}(struct ${name} *p) { return 0; }`)
  const path = join(folder, 'types')
  writeFileSync(`${path}.c`, [PRELUDE, declarations, ...uses, ''].join('\n'))
  const built = spawnSync(CLANG, ['-O2', '-g', '-w', '--target=bpf', '-c', `${path}.c`, '-o', `${path}.o`])
  if (built.status !== 0) throw new Error(String(built.stderr))
  spawnSync(OBJCOPY, ['--dump-section', `.BTF=${path}.btf`, `${path}.o`, '/dev/null'])
  return readFileSync(`${path}.btf`)
}

function mapOf(kernel: Kernel, fd: number, bytes: Uint8Array, type: number): number {
  const types = parseBtf(bytes)
  const foo = types.find('foo', 'STRUCT') ?? 0
  const local = type === U.BPF_MAP_TYPE_TASK_STORAGE
  const attr = new Uint8Array(80)
  const words = new Uint32Array(attr.buffer)
  words.set([
    type,
    4,
    Number((types.type(foo) as { size: number }).size),
    local ? 0 : 1,
    local ? U.BPF_F_NO_PREALLOC : 0,
  ])
  words.set([fd, types.find('int', 'INT') ?? 0, foo], 12)
  const map = kernel.bpf(U.BPF_MAP_CREATE, attr)
  return map < 0 ? map : kernel.close(map)
}

/** Errno of BTF_LOAD, or 0 and those of a map of each type. */
function answers(kernel: Kernel, bytes: Uint8Array): number[] {
  const { result } = tryBtfLoad(kernel, bytes)
  if (result < 0) return [result]
  const maps = MAP_TYPES.map((type) => mapOf(kernel, result, bytes, type))
  return [kernel.close(result), ...maps]
}

describe.skipIf(reason)(`special fields${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test.each(DECLARATIONS)('%s', (_, declarations) => {
    const bytes = typesOf(declarations)
    expect(answers(ours, bytes)).toEqual(answers(linux, bytes))
  })
})
