// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { countCpus, versionCode } from '../lib/facts.ts'
import * as bpf from './calls.ts'

describe('of the running kernel', () => {
  const at = bpf.eachKernel('addon')

  test('the facts are those that other programs see', () => {
    const { facts } = at.kernel
    const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).trim()
    expect(facts.release).toBe(run('uname', '-r'))
    expect(facts.pageSize).toBe(Number(run('getconf', 'PAGESIZE')))
    expect(facts.onlineCpus).toBe(Number(run('getconf', '_NPROCESSORS_ONLN')))
    expect(facts.possibleCpus).toBeGreaterThanOrEqual(facts.onlineCpus)
    expect(facts.version >> 8).toBeGreaterThan(0)
  })

  test("the kernel's BTF is read once, and is BTF", () => {
    const { kernel } = at
    const bytes = kernel.kernelBtf
    expect(bytes === undefined).toBe(!exists('/sys/kernel/btf/vmlinux'))
    if (bytes === undefined) return
    // Magic 0xeb9f, version 1.
    expect([...bytes.subarray(0, 3)]).toEqual(kernel.facts.littleEndian ? [0x9f, 0xeb, 1] : [0xeb, 0x9f, 1])
    expect(bytes.length).toBe(readFileSync('/sys/kernel/btf/vmlinux').length)
    expect(kernel.kernelBtf).toBe(bytes)
  })
})

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

// The strings are those that libbpf's comments and the distributions document.
test.each([
  ['', '#1 SMP PREEMPT_DYNAMIC', '6.18.44-fc', 0x06122c],
  ['', '#1 SMP PREEMPT_DYNAMIC Debian 6.12.6-1 (2024-12-21)', '6.12.0-amd64', 0x060c06],
  ['Ubuntu 5.4.0-12.15-generic 5.4.8', '#15-Ubuntu SMP', '5.4.0-12-generic', 0x050408],
  ['', '', '4.19.300', 0x0413ff],
  ['', '', '6.18', 0x061200],
])('version code of %j %j %j', (signature, version, release, code) => {
  expect(versionCode(signature, version, release)).toBe(code)
})

test.each([
  ['0-3\n', 4],
  ['0\n', 1],
  ['0-1,4-7,9', 7],
  ['', 1],
])('CPUs of %j', (list, count) => {
  expect(countCpus(list)).toBe(count)
})
