// SPDX-License-Identifier: BSD-2-Clause
/** Objects loaded with the rights of a token, by callers that have none of their own. */
import { BpfToken, type Kernel, type LoadOptions, tokenCreate } from '@skep/core'
import * as U from '@skep/core/uapi'
import { isolated, UserNamespace } from '@skep/native-loader/testing'
import { createVirtualKernel, World } from '@skep/wasm-vm'
import { expect, test } from 'vitest'
import { fixture, needIsolation } from './fixtures.ts'

const bits = (...numbers: number[]) => numbers.reduce((mask, n) => mask | (1n << BigInt(n)), 0n)

/** What the object and the questions that the loader asks before need. */
const DELEGATED = {
  cmds: bits(U.BPF_MAP_CREATE, U.BPF_PROG_LOAD, U.BPF_BTF_LOAD),
  maps: bits(U.BPF_MAP_TYPE_ARRAY, U.BPF_MAP_TYPE_PERCPU_ARRAY),
  progs: bits(U.BPF_PROG_TYPE_XDP, U.BPF_PROG_TYPE_SOCKET_FILTER),
  attachs: bits(U.BPF_XDP),
}

function checks(kernel: Kernel, path: string, poorPath: string): void {
  const load = (options: LoadOptions) => fixture('xdp-filter').load(kernel, options)
  expect(() => load({})).toThrow('EPERM')
  {
    using loaded = load({ token: path })
    expect(loaded.program('filter_udp').info().type).toBe(U.BPF_PROG_TYPE_XDP)
    expect(loaded.program('filter_udp').info().name).toBe('filter_udp')
    expect(loaded.map('packets_by_verdict').info().name).toBe('packets_by_verd')
    expect(loaded.map('packets_by_verdict').info().btfId).toBeGreaterThan(0)
  }
  using token = BpfToken.fromPath(kernel, path)
  // a token that was given by its fd is the caller's and can be used again
  for (let i = 0; i < 2; i++) load({ token: token.fd })[Symbol.dispose]()
  expect(() => load({ token: poorPath })).toThrow('EPERM')
  expect(() => load({ token: `${path}/none` })).toThrow('ENOENT')
  expect(() => load({ token: 9999 })).toThrow('EBADF')
}

test('a token of the virtual kernel', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const { task } = world
  const userNamespace = task.unshareUser()
  task.enterUser(0)
  world.mountBpffs('/mnt/rich', { ...DELEGATED, userNamespace })
  world.mountBpffs('/mnt/poor', { ...DELEGATED, progs: bits(U.BPF_PROG_TYPE_SOCKET_FILTER), userNamespace })
  task.enterUser(userNamespace)
  checks(kernel, '/mnt/rich', '/mnt/poor')
})

const IN_NAMESPACE: ReadonlySet<number> = new Set([
  U.BPF_MAP_CREATE,
  U.BPF_PROG_LOAD,
  U.BPF_BTF_LOAD,
  U.BPF_TOKEN_CREATE,
])

test('a token of Linux', async (context) => {
  needIsolation(context)
  await isolated({ mounts: true }, ({ kernel }) => {
    using space = new UserNamespace(kernel)
    const rich = space.mountBpffs(DELEGATED)
    const poor = space.mountBpffs({ ...DELEGATED, progs: bits(U.BPF_PROG_TYPE_SOCKET_FILTER) })
    const bpf = (command: number, attr: Uint8Array) =>
      IN_NAMESPACE.has(command) ? space.bpf(command, attr) : kernel.bpf(command, attr)
    const inside = new Proxy(kernel, {
      get(target, name) {
        if (name === 'bpf') return bpf
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    checks(inside, `/proc/thread-self/fd/${rich}`, `/proc/thread-self/fd/${poor}`)
  })
})

test('the first user namespace makes no tokens', async () => {
  using kernel = await createVirtualKernel()
  const root = kernel.open('/sys/fs/bpf', 0)
  expect(() => tokenCreate(kernel, root)).toThrow('EOPNOTSUPP')
})
