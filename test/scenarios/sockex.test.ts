// SPDX-License-Identifier: BSD-2-Clause
/** The examples sockex2 and sockex3, as compiled, with live packets on lo. */
import { readFileSync } from 'node:fs'
import { type LoadedObject, openObject } from '@skep/core'
import { drain, packetSocket, SOL_SOCKET, udpFrame } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const SOL_PACKET = 263
const PACKET_IGNORE_OUTGOING = 23
const SO_ATTACH_BPF = 50
const LO = 1

const ip = (address: string) => address.split('.').reduce((word, byte) => word * 256 + Number(byte), 0)

/** Loads an example, gives its program to a packet socket on lo and sends frames past it. */
async function observe<T>(
  { kernel }: Rig,
  name: string,
  program: string,
  frames: readonly Uint8Array[],
  read: (object: LoadedObject) => T,
): Promise<T> {
  const bytes = readFileSync(new URL(`../../examples/${name}/${name}.bpf.o`, import.meta.url))
  using object = openObject(bytes, { name }).load(kernel)
  const listener = packetSocket(kernel, LO)
  kernel.setsockopt(listener, SOL_PACKET, PACKET_IGNORE_OUTGOING, Uint8Array.of(1, 0, 0, 0))
  const { fd } = object.program(program)
  const attached = kernel.setsockopt(listener, SOL_SOCKET, SO_ATTACH_BPF, new Uint8Array(Int32Array.of(fd).buffer))
  if (attached < 0) throw new Error(`attach: errno ${-attached}`)
  const sender = packetSocket(kernel, LO)
  for (const frame of frames) kernel.send(sender, frame, 0)
  await drain(kernel, sender, 50)
  return read(object)
}

const frames = [
  udpFrame({ from: '10.1.0.1' }),
  udpFrame({ from: '10.1.0.1', payload: new Uint8Array(100) }),
  udpFrame({ from: '10.1.0.2', sport: 7, dport: 9 }),
]

scenario('sockex2: packets and bytes by source address, in a hash', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'], mapTypes: ['BPF_MAP_TYPE_HASH'] },
  expected: [
    [ip('10.1.0.1'), { packets: 2n, bytes: 202n }],
    [ip('10.1.0.2'), { packets: 1n, bytes: 60n }],
  ],
  run: (rig) =>
    observe(rig, 'sockex2', 'count_sources', frames, (object) =>
      [...object.map('traffic_by_source').entries()].sort(([a], [b]) => Number(a) - Number(b)),
    ),
})

scenario('sockex3: bytes by flow, found by programs that tail-call each other', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'],
    mapTypes: ['BPF_MAP_TYPE_HASH', 'BPF_MAP_TYPE_PROG_ARRAY'],
  },
  expected: [
    [{ source: ip('10.1.0.1'), dest: ip('10.0.0.2'), protocol: 17, ports: 1000 * 65536 + 2000 }, 202n],
    [{ source: ip('10.1.0.2'), dest: ip('10.0.0.2'), protocol: 17, ports: 7 * 65536 + 9 }, 60n],
  ],
  run: (rig) =>
    observe(rig, 'sockex3', 'dispatch', frames, (object) =>
      [...object.map('bytes_by_flow').entries()].sort(([, a], [, b]) => Number(b) - Number(a)),
    ),
})
