// SPDX-License-Identifier: BSD-2-Clause
// The examples of docs/guide-testing.md: guides.test.ts holds them against the text.
import { readFileSync } from 'node:fs'
import { openObject, VerifierError } from '@skep/core'
import { createVirtualKernel, World } from '@skep/wasm-vm'
import { expect, test } from 'vitest'

const read = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url))

test('packets to the discard port are dropped', async () => {
  using kernel = await createVirtualKernel()
  using loaded = openObject(read('xdp-filter/xdp-filter.bpf.o')).load(kernel)
  const filter = loaded.program('filter_udp')

  const packet = new Uint8Array(60)
  packet.set([0x08, 0x00, 0x45], 12) // IPv4, a header of 20 bytes
  packet[23] = 17 // UDP
  packet[37] = 7 // to the discard port

  expect(filter.testRun({ dataIn: packet }).retval).toBe(1) // XDP_DROP
  packet[37] = 53
  expect(filter.testRun({ dataIn: packet }).retval).toBe(2) // XDP_PASS
  // A per-CPU map: a value for each CPU.
  expect(loaded.map('packets_by_verdict').lookup(1)).toEqual([1n])
})

test.each([4040, 8080])('the constant %i is the port that is refused', async (port) => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const cgroup = world.createCgroup('service')
  world.enterCgroup(cgroup)

  const object = openObject(read('bind4/bind4.bpf.o'), { name: 'bind4' })
  object.setVariable('refused_port', port)
  using loaded = object.load(kernel)
  using _link = loaded.program('refuse_port').attach({ cgroup })

  const AF_INET = 2
  const SOCK_STREAM = 1
  const bind = (to: number) => {
    const socket = kernel.socket(AF_INET, SOCK_STREAM, 0)
    return kernel.bind(socket, Uint8Array.of(AF_INET, 0, to >> 8, to & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
  }
  expect(bind(port)).toBe(-1) // EPERM
  expect(bind(port + 1)).toBe(0)
  expect(loaded.map('.bss').lookup(0)).toMatchObject({ refused: 1n })
})

test('a mistake is refused, with the line that makes it', async () => {
  using kernel = await createVirtualKernel()
  const object = openObject(read('refused/context-write/context-write.bpf.o'))
  try {
    object.load(kernel)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(VerifierError)
    const { errno, message, line } = error as VerifierError
    expect(errno).toBe(13) // EACCES
    expect(message).toContain('invalid bpf_context access off=0 size=4')
    expect(line).toContain('context-write.bpf.c:9')
  }
})

test('a state is kept and comes back', async () => {
  using kernel = await createVirtualKernel({ randomSeed: 1n, virtualTime: 0n })
  using loaded = openObject(read('xdp-filter/xdp-filter.bpf.o')).load(kernel)
  const passed = () => loaded.map('packets_by_verdict').lookup(2)

  const start = kernel.snapshot()
  loaded.program('filter_udp').testRun({ dataIn: new Uint8Array(60), repeat: 1000 })
  expect(passed()).toEqual([1000n])
  kernel.restore(start)
  expect(passed()).toEqual([0n])
})
