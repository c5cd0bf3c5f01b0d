// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isolated, runInChild } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { eachKernel, needIsolation, words } from './calls.ts'

const at = eachKernel()
const everything = { network: true, mounts: true, cgroup: true }

/** What the thread's surroundings are. */
function surroundings(): string[] {
  const names = ['ns/net', 'ns/mnt', 'cwd', 'root'].map((name) => readlinkSync(`/proc/thread-self/${name}`))
  return [...names, readFileSync('/proc/self/cgroup', 'utf8')]
}

test('a test is alone inside, and everything is as before afterwards', async (context) => {
  needIsolation(context)
  const before = surroundings()
  let path = ''
  await isolated(everything, async ({ cgroup, bpffs }) => {
    path = cgroup.path
    const inside = surroundings()
    expect(inside[0]).not.toBe(before[0])
    expect(inside[1]).not.toBe(before[1])
    expect(readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n')).toContain(`${process.pid}`)
    // Children are inside too.
    const interfaces = execFileSync('cat', ['/proc/self/net/dev'], { encoding: 'utf8' })
    expect([...interfaces.matchAll(/^\s*(\w+):/gm)].map(([, name]) => name)).toEqual(['lo'])
    expect(execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' })).toContain(`${bpffs} `)
    // The thread pool is not.
    expect((await stat(`${bpffs}`)).dev).not.toBe(Number(execFileSync('stat', ['-c%d', bpffs], { encoding: 'utf8' })))
  })
  expect(surroundings()).toEqual(before)
  expect(existsSync(path)).toBe(false)
})

test('a failure inside is passed on, and leaves nothing behind', async (context) => {
  needIsolation(context)
  const before = surroundings()
  let path = ''
  const failing = isolated(everything, ({ cgroup }) => {
    path = cgroup.path
    mkdirSync(join(path, 'below'))
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  expect(surroundings()).toEqual(before)
  expect(existsSync(path)).toBe(false)
})

test('what was not asked for is an error to use', async (context) => {
  needIsolation(context)
  await isolated({}, (world) => {
    expect(() => world.bpffs).toThrow('isolation without mounts')
    expect(() => world.cgroup).toThrow('isolation without cgroup')
  })
})

test('the cgroup of a process that was killed is removed by the next', async (context) => {
  needIsolation(context)
  await isolated({ cgroup: true }, async ({ cgroup }) => {
    // The number of a process that cannot exist.
    const left = join(dirname(cgroup.path), 'skep-4194999-0')
    mkdirSync(join(left, 'below'), { recursive: true })
    await isolated({ cgroup: true }, () => {})
    // The inner one looked below the outer one's cgroup only; a new one at this level removes it.
    expect(existsSync(left)).toBe(true)
  })
  await isolated({ cgroup: true }, ({ cgroup }) => {
    expect(existsSync(join(dirname(cgroup.path), 'skep-4194999-0'))).toBe(false)
  })
})

test('a program is attached to the cgroup and refuses a socket there only', async (context) => {
  needIsolation(context)
  const BPF_PROG_TYPE_CGROUP_SOCK = 9
  const BPF_PROG_ATTACH = 8
  await isolated({ cgroup: true, network: true }, ({ kernel, cgroup }) => {
    using insns = kernel.memory.alloc(16)
    insns.bytes.set(words(0xb7, 0, 0x95, 0))
    using license = kernel.memory.alloc(4)
    const address = (value: bigint) => [Number(value & 0xffffffffn), Number(value >> 32n)]
    const load = words(BPF_PROG_TYPE_CGROUP_SOCK, 2, ...address(insns.address), ...address(license.address))
    const program = kernel.bpf(5, load)
    expect(program).toBeGreaterThan(0)
    expect(kernel.bpf(BPF_PROG_ATTACH, words(cgroup.fd, program, 2, 0))).toBe(0)
    expect(kernel.socket(2, 2, 0)).toBe(-1)
  })
  expect(at.kernel.socket(2, 2, 0)).toBeGreaterThan(0)
})

test('a child that crashes is a result', async () => {
  const module = `data:text/javascript,export const die = () => process.abort(); export const say = (x) => [x]`
  const died = await runInChild(new URL(module), 'die')
  expect(died).toMatchObject({ value: undefined, status: null, signal: 'SIGABRT' })
  expect(await runInChild(new URL(module), 'say', { args: ['é'] })).toMatchObject({ value: ['é'], status: 0 })
  const failed = await runInChild(new URL(module), 'none')
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain('TypeError')
})
