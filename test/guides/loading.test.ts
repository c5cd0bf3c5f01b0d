// SPDX-License-Identifier: BSD-2-Clause
// The examples of docs/guide-loading.md, in a cgroup and a network namespace of their own.
import { readFileSync } from 'node:fs'
import { openObject, SyscallError } from '@skep/core'
import { createLinuxKernel, linuxAvailability } from '@skep/native-loader'
import { isolated, whyNoIsolation, whyNoLinux } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'

const read = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url))
const noLinux = whyNoLinux()
const noIsolation = noLinux ?? whyNoIsolation()
const skipped = (why: string | undefined) => (why ? ` (skipped: ${why})` : '')

test.skipIf(noLinux)(`a verdict, and nothing stays${skipped(noLinux)}`, async () => {
  const { available, reason } = linuxAvailability()
  if (!available) throw new Error(reason)

  using kernel = await createLinuxKernel()
  const object = openObject(read('sockex1/sockex1.bpf.o'), { name: 'sockex1' })
  using loaded = object.load(kernel)
  const program = loaded.program('count_bytes')
  expect(program.info().name).toBe('count_bytes')
  expect(program.testRun({ dataIn: new Uint8Array(64) }).retval).toBe(0)
})

test.skipIf(noIsolation)(`a service that refuses a port${skipped(noIsolation)}`, async () => {
  await isolated({ network: true, mounts: true, cgroup: true }, async ({ kernel, cgroup, bpffs }) => {
    const object = openObject(read('bind4/bind4.bpf.o'), { name: 'bind4' })
    object.setVariable('refused_port', 4040)
    using loaded = object.load(kernel)
    using _link = loaded.program('refuse_port').attach({ cgroup: cgroup.fd })

    const counters = loaded.map('.bss')
    expect(counters.lookup(0)).toMatchObject({ refused: 0n })
    counters.pin(`${bpffs}/counters`)
  })
})

test.skipIf(noLinux)(`what the kernel refuses has a name${skipped(noLinux)}`, async () => {
  using kernel = await createLinuxKernel()
  using loaded = openObject(read('sockex1/sockex1.bpf.o'), { name: 'sockex1' }).load(kernel)
  try {
    loaded.map('bytes_by_protocol').update(1000, 1n)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(SyscallError)
    expect((error as SyscallError).message).toBe('BPF_MAP_UPDATE_ELEM: argument list too long (E2BIG)')
  }
})
