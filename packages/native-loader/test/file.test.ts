// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isolated } from '@skep/native-loader/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as bpf from './calls.ts'
import { needIsolation } from './calls.ts'

const at = bpf.eachKernel()
const O_WRONLY = 1
const O_RDWR = 2
const O_CREAT = 0o100
const O_EXCL = 0o200

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skep-file-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('files are made, written, read and removed', () => {
  const { kernel } = at
  const path = join(directory, 'file')
  const fd = kernel.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
  expect(fd).toBeGreaterThan(2)
  expect(kernel.write(fd, new TextEncoder().encode('bees'))).toBe(4)
  expect(readFileSync(path, 'utf8')).toBe('bees')
  expect(kernel.open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)).toBe(bpf.EEXIST)
  const reader = kernel.open(path, 0)
  const room = new Uint8Array(16)
  expect(kernel.read(reader, room)).toBe(4)
  expect(kernel.read(reader, room)).toBe(0)
  expect(kernel.read(reader, new Uint8Array(0))).toBe(0)
  expect(kernel.write(reader, room)).toBe(bpf.EBADF)
  expect(kernel.read(-1, room)).toBe(bpf.EBADF)
  expect(kernel.unlink(path)).toBe(0)
  expect(kernel.unlink(path)).toBe(bpf.ENOENT)
  expect(kernel.mkdir(join(directory, 'sub'), 0o700)).toBe(0)
  expect(kernel.mkdir(join(directory, 'sub'), 0o700)).toBe(bpf.EEXIST)
  expect(kernel.thread.rmdir(join(directory, 'sub'))).toBe(0)
  expect(kernel.open(join(directory, 'none'), O_WRONLY)).toBe(bpf.ENOENT)
  expect(() => kernel.open('a\0b', 0)).toThrow('NUL')
})

test('fds do not leak into children', () => {
  const { kernel } = at
  const fd = kernel.open('/proc/self/stat', 0)
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
  expect(Number.parseInt(flags ?? '', 8) & 0o2000000).toBe(0o2000000)
})

test('objects are pinned in a bpffs of the test', async (context) => {
  needIsolation(context)
  let mountPoint = ''
  const before = process.cwd()
  await isolated({ mounts: true }, ({ kernel, bpffs }) => {
    mountPoint = bpffs
    const map = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 4, 1)
    const path = `${bpffs}/pinned`
    using name = kernel.memory.alloc(path.length + 1)
    name.bytes.set(new TextEncoder().encode(path))
    const attr = bpf.words(...bpf.halves(name.address), map)
    expect(kernel.bpf(bpf.BPF_OBJ_PIN, attr)).toBe(0)
    expect(kernel.bpf(bpf.BPF_OBJ_PIN, attr)).toBe(bpf.EEXIST)
    // The other two are the kernel's own iterators, which every bpffs has.
    expect(readdirSync(bpffs).filter((entry) => !entry.endsWith('.debug'))).toEqual(['pinned'])
    expect(kernel.bpf(bpf.BPF_OBJ_GET, bpf.words(...bpf.halves(name.address), 0))).toBeGreaterThan(0)
    expect(kernel.unlink(path)).toBe(0)
    expect(kernel.bpf(bpf.BPF_OBJ_GET, bpf.words(...bpf.halves(name.address), 0))).toBe(bpf.ENOENT)
    expect(kernel.mkdir(`${bpffs}/sub`, 0o700)).toBe(0)
  })
  expect(existsSync(mountPoint)).toBe(false)
  expect(process.cwd()).toBe(before)
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(mountPoint)
})
