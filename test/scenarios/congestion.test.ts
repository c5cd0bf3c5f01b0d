// SPDX-License-Identifier: BSD-2-Clause
/** Programs in the place of the kernel's own functions: congestion control, and the structure that exists for tests. */
import { readFileSync } from 'node:fs'
import { openObject } from '@skep/core'
import * as U from '@skep/core/uapi'
import { AF_INET, EEXIST, EINVAL, ENOENT, inet, SOCK_STREAM } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const SOL_TCP = 6
const TCP_CONGESTION = 13
const bytes = () => readFileSync(new URL('programs/congestion.bpf.o', import.meta.url))
const text = (value: string) => new TextEncoder().encode(value)

/** The object with the tables of these names only. */
function load(rig: Rig, ...tables: string[]) {
  const object = openObject(bytes(), { name: 'congestion' })
  for (const map of object.maps) {
    if (map.origin === 'struct_ops' && !tables.includes(map.name)) map.autocreate = false
  }
  return object.load(rig.kernel)
}

scenario('programs control the congestion of a connection', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_STRUCT_OPS'],
    attachTypes: ['BPF_STRUCT_OPS'],
    mapTypes: ['BPF_MAP_TYPE_STRUCT_OPS'],
    linkTypes: ['BPF_LINK_TYPE_STRUCT_OPS'],
    commands: ['BPF_LINK_CREATE', 'BPF_MAP_UPDATE_ELEM'],
  },
  kernelTypes: true,
  expected: {
    unknown: ENOENT,
    chosen: 0,
    name: 'skep_test',
    sent: 20_000,
    inits: 1,
    grown: true,
    acked: true,
    again: EEXIST,
    released: [1, 1],
    gone: ENOENT,
  },
  run: async (rig) => {
    const { kernel, getsockname } = rig
    const server = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.bind(server, inet('127.0.0.1', 0))
    kernel.listen(server, 4)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const choose = (fd: number, name: string) => kernel.setsockopt(fd, SOL_TCP, TCP_CONGESTION, text(name))
    const unknown = choose(client, 'skep_test')
    using object = load(rig, 'skep_test')
    using other = load(rig, 'skep_test')
    const registered = object.map('skep_test').registerStructOps(object.programs)
    let again = 0
    try {
      other.map('skep_test').registerStructOps(other.programs)
    } catch (error) {
      again = -(error as { errno: number }).errno
    }
    const chosen = choose(client, 'skep_test')
    const room = new Uint8Array(16)
    kernel.getsockopt(client, SOL_TCP, TCP_CONGESTION, room)
    kernel.connect(client, getsockname(server))
    const accepted = rig.accept(server)
    const sent = kernel.send(client, new Uint8Array(20_000), 0)
    let received = 0
    while (received < 20_000) {
      await kernel.wait([accepted], 200)
      const n = kernel.recv(accepted, new Uint8Array(20_000), 0x40)
      if (n > 0) received += n
    }
    const read = (name: string) => Number((object.map('.bss').lookup(0) as unknown as Record<string, number>)[name])
    const result = {
      unknown,
      chosen,
      name: new TextDecoder().decode(room).replace(/\0.*$/s, ''),
      sent,
      inits: read('inits'),
      grown: read('grown') > 0,
      acked: read('acked_packets') > 0,
      again,
    }
    kernel.close(client)
    kernel.close(accepted)
    for (let tries = 0; tries < 100 && read('releases') === 0; tries++) await kernel.wait([], 10)
    registered[Symbol.dispose]()
    const late = kernel.socket(AF_INET, SOCK_STREAM, 0)
    return { ...result, released: [read('releases'), read('private_kept')], gone: choose(late, 'skep_test') }
  },
})

scenario('a structure that exists for tests runs its programs', {
  shows: { programTypes: ['BPF_PROG_TYPE_STRUCT_OPS'], commands: ['BPF_PROG_TEST_RUN'] },
  kernelTypes: true,
  expected: { state: [15, 15], none: 99, arguments: [7, 3 + 4 + 5], wrongSize: EINVAL, null: EINVAL },
  run: (rig) => {
    const { kernel } = rig
    using object = load(rig, 'skep_dummy')
    using state = kernel.memory.alloc(8)
    const value = new DataView(state.bytes.buffer, state.bytes.byteOffset)
    const run = (name: string, args: readonly bigint[]) => {
      using context = kernel.memory.alloc(args.length * 8)
      context.bytes.set(new Uint8Array(BigUint64Array.from(args).buffer))
      const attr = new Uint8Array(80)
      const view = new DataView(attr.buffer)
      view.setInt32(0, object.programs.get(name)!.fd, true)
      view.setUint32(40, args.length * 8, true)
      view.setBigUint64(48, context.address, true)
      const result = kernel.bpf(U.BPF_PROG_TEST_RUN, attr)
      return result < 0 ? result : view.getInt32(4, true)
    }
    value.setInt32(0, 10, true)
    const first = run('dummy_1', [state.address])
    const states: [number, number] = [first, value.getInt32(0, true)]
    const none = run('dummy_1', [0n])
    const sum = run('dummy_2', [state.address, 7n, 3n, 4n, 5n])
    return {
      state: states,
      none,
      arguments: [value.getInt32(0, true), sum],
      wrongSize: run('dummy_2', [state.address]),
      null: run('dummy_2', [0n, 7n, 3n, 4n, 5n]),
    }
  },
})
