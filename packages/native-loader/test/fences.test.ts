// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url'
import { runInChild } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'

const at = bpf.eachKernel('addon')
const addon = fileURLToPath(new URL('../build/Release/skep.node', import.meta.url))
const child = (name: string) => new URL(`./children/${name}`, import.meta.url)

test('the addon itself survives every kind of wrong argument', async () => {
  const result = await runInChild(child('hostile.mjs'), 'hostile', { args: [addon], timeoutMs: 55_000 })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  expect(result.value).toMatchObject({ thrown: expect.any(Number), answered: expect.any(Number) })
})

test('wrong types are refused in words', () => {
  const { kernel } = at
  const bytes = new Uint8Array(4)
  const wrong = <T>(value: unknown) => value as T
  expect(() => kernel.bpf(wrong('0'), bytes)).toThrow('cmd: expected a number, got string')
  expect(() => kernel.bpf(2 ** 33, bytes)).toThrow('cmd: expected a 32-bit integer, got 8589934592')
  expect(() => kernel.bpf(0, wrong([1, 2]))).toThrow('attr: expected a Uint8Array, got object')
  expect(() => kernel.bpf(0, wrong(new Uint32Array(1)))).toThrow('attr: expected a Uint8Array')
  expect(() => kernel.bpf(0, wrong(null))).toThrow('attr: expected a Uint8Array, got null')
  expect(() => kernel.close(wrong(undefined))).toThrow('fd: expected a number')
  expect(() => kernel.open(wrong(7), 0)).toThrow('path: expected a string, got number')
  expect(() => kernel.mkdir('a', wrong({}))).toThrow('mode: expected a number')
  expect(() => kernel.unlink(wrong(Symbol('x')))).toThrow('path: expected a string')
  expect(() => kernel.read(1, wrong('x'))).toThrow('data: expected a Uint8Array')
  expect(() => kernel.write(1, wrong({}))).toThrow('data: expected a Uint8Array')
  expect(() => kernel.send(1, bytes, 0, wrong('1.2.3.4'))).toThrow('addr: expected a Uint8Array')
  expect(() => kernel.recv(1, bytes, wrong(undefined))).toThrow('flags: expected a number')
  expect(() => kernel.socket(1, wrong(1n), 0)).toThrow('type: expected a number, got bigint')
  expect(() => kernel.listen(1, Number.NaN)).toThrow('backlog: expected a 32-bit integer, got NaN')
  expect(() => kernel.getsockopt(1, 1, 1, wrong(undefined))).toThrow('value: expected a Uint8Array')
  expect(() => kernel.mmap(1, 1.5, 0, 1)).toThrow('length: expected a number of bytes, got 1.5')
  expect(() => kernel.thread.setns(1, wrong('net'))).toThrow('type: expected a number')
})

test('bytes whose buffer went to another thread are refused', () => {
  const { kernel } = at
  const bytes = new Uint8Array(16)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  expect(() => kernel.bpf(0, bytes)).toThrow('attr: the bytes are gone')
  expect(() => kernel.recv(1, bytes, 0)).toThrow('data: the bytes are gone')
})
