// SPDX-License-Identifier: BSD-2-Clause
/** Small calls that scenarios share. Results are the kernel's own: negative errnos. */
import { type Kernel, type ProgLoadParams, tryProgLoad } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import * as U from '@skep/core/uapi'

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10
export const AF_PACKET = 17
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0o4000
export const SOL_SOCKET = 1
export const SO_ATTACH_FILTER = 26
export const SO_DETACH_BPF = 27
export const SO_ATTACH_BPF = 50
export const SO_REUSEPORT = 15
export const SO_ATTACH_REUSEPORT_EBPF = 52
export const ETH_P_ALL = 3
export const MSG_DONTWAIT = 0x40
export const EPERM = -1
export const ENOENT = -2
export const EAGAIN = -11
export const EBUSY = -16
export const EEXIST = -17
export const EINVAL = -22

/** Little endian words of 32 bits. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values, (value) => value >>> 0).buffer)
}

const encode = (text: string) => encodeInstructions(assemble(text).instructions)

/** A program from assembly text: its fd, or -errno. */
export function load(
  kernel: Kernel,
  type: number,
  text: string,
  rest: Partial<Omit<ProgLoadParams, 'type' | 'insns'>> = {},
): number {
  return tryProgLoad(kernel, { type, insns: encode(text), license: 'GPL', ...rest }).result
}

/** The same, and an error with the log if it is refused. */
export function mustLoad(
  kernel: Kernel,
  type: number,
  text: string,
  rest: Partial<Omit<ProgLoadParams, 'type' | 'insns'>> = {},
): number {
  const { result, log } = tryProgLoad(
    kernel,
    { type, insns: encode(text), license: 'GPL', ...rest },
    { level: 1, size: 65536 },
  )
  if (result < 0) throw new Error(`program refused: errno ${-result}\n${log}`)
  return result
}

export const returns = (value: number) => `r0 = ${value}\nexit`

/** BPF_PROG_ATTACH. */
export function attach(
  kernel: Kernel,
  target: number,
  prog: number,
  type: number,
  flags = 0,
  { replace = 0, relative = 0, revision = 0n }: { replace?: number; relative?: number; revision?: bigint } = {},
): number {
  const attr = new Uint8Array(32)
  attr.set(words(target, prog, type, flags, replace, relative))
  new DataView(attr.buffer).setBigUint64(24, revision, true)
  return kernel.bpf(U.BPF_PROG_ATTACH, attr)
}
export function detach(
  kernel: Kernel,
  target: number,
  prog: number,
  type: number,
  { flags = 0, relative = 0, revision = 0n }: { flags?: number; relative?: number; revision?: bigint } = {},
): number {
  const attr = new Uint8Array(32)
  attr.set(words(target, prog, type, flags, 0, relative))
  new DataView(attr.buffer).setBigUint64(24, revision, true)
  return kernel.bpf(U.BPF_PROG_DETACH, attr)
}

/** BPF_LINK_CREATE with the words behind the flags. */
export function link(kernel: Kernel, prog: number, target: number, type: number, flags = 0, ...rest: number[]): number {
  const attr = new Uint8Array(64)
  attr.set(words(prog, target, type, flags, ...rest))
  return kernel.bpf(U.BPF_LINK_CREATE, attr)
}
export function linkUpdate(kernel: Kernel, linkFd: number, prog: number, flags = 0, old = 0): number {
  return kernel.bpf(U.BPF_LINK_UPDATE, words(linkFd, prog, flags, old))
}
export function linkDetach(kernel: Kernel, linkFd: number): number {
  return kernel.bpf(U.BPF_LINK_DETACH, words(linkFd))
}

export interface Query {
  readonly result: number
  readonly flags: number
  readonly count: number
  readonly ids: number[]
  readonly revision: bigint
}

/** BPF_PROG_QUERY with room for `room` programs. */
export function query(kernel: Kernel, target: number, type: number, queryFlags = 0, room = 8): Query {
  using ids = kernel.memory.alloc(64)
  const attr = new Uint8Array(64)
  attr.set(words(target, type, queryFlags, 0))
  const view = new DataView(attr.buffer)
  view.setBigUint64(16, room > 0 ? ids.address : 0n, true)
  view.setUint32(24, room, true)
  const result = kernel.bpf(U.BPF_PROG_QUERY, attr)
  const count = view.getUint32(24, true)
  const list = new DataView(ids.bytes.buffer, ids.bytes.byteOffset, 64)
  return {
    result,
    flags: view.getUint32(12, true),
    count,
    ids: Array.from({ length: Math.min(count, room) }, (_, i) => list.getUint32(i * 4, true)),
    revision: view.getBigUint64(56, true),
  }
}

/** An array map of u64 values (4-byte keys), or another type with these sizes: its fd. */
export function createMap(kernel: Kernel, type: number, keySize = 4, valueSize = 8, entries = 4, flags = 0): number {
  const fd = kernel.bpf(U.BPF_MAP_CREATE, words(type, keySize, valueSize, entries, flags))
  if (fd < 0) throw new Error(`map of type ${type}: errno ${-fd}`)
  return fd
}

export function updateElem(kernel: Kernel, map: number, key: Uint8Array, value: Uint8Array, flags = 0n): number {
  using k = kernel.memory.alloc(key.length)
  using v = kernel.memory.alloc(value.length)
  k.bytes.set(key)
  v.bytes.set(value)
  const attr = new Uint8Array(32)
  const view = new DataView(attr.buffer)
  view.setUint32(0, map, true)
  view.setBigUint64(8, k.address, true)
  view.setBigUint64(16, v.address, true)
  view.setBigUint64(24, flags, true)
  return kernel.bpf(U.BPF_MAP_UPDATE_ELEM, attr)
}

/** The value of a key, or -errno. */
export function lookupElem(kernel: Kernel, map: number, key: Uint8Array, size: number): Uint8Array | number {
  using k = kernel.memory.alloc(key.length)
  using v = kernel.memory.alloc(Math.max(size, 8))
  k.bytes.set(key)
  const attr = new Uint8Array(32)
  const view = new DataView(attr.buffer)
  view.setUint32(0, map, true)
  view.setBigUint64(8, k.address, true)
  view.setBigUint64(16, v.address, true)
  const result = kernel.bpf(U.BPF_MAP_LOOKUP_ELEM, attr)
  return result < 0 ? result : v.bytes.slice(0, size)
}

/** The u64 at an index of an array map. */
export function counter(kernel: Kernel, map: number, index = 0): number {
  const value = lookupElem(kernel, map, words(index), 8)
  if (typeof value === 'number') throw new Error(`lookup: errno ${-value}`)
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true))
}

/** Text that adds one to the u64 at an index of an array map. r6 to r9 stay; the rest does not. */
export const count = (map: number, index = 0) => `
  *(u32 *)(r10 - 4) = ${index}
  r2 = r10
  r2 += -4
  ld_pseudo r1, 1, ${map}
  call 1
  if r0 == 0 goto +2
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
`
/** Text that stores r6 (64 bits) at an index of an array map. */
export const keep = (map: number, index = 0) => `
  *(u32 *)(r10 - 4) = ${index}
  r2 = r10
  r2 += -4
  ld_pseudo r1, 1, ${map}
  call 1
  if r0 == 0 goto +1
  *(u64 *)(r0 + 0) = r6
`

// addresses and frames

export function inet(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_INET, true)
  view.setUint16(2, port)
  bytes.set(address.split('.').map(Number), 4)
  return bytes
}
/** `::` and `::1` only. */
export function inet6(address: '::' | '::1', port: number): Uint8Array {
  const bytes = new Uint8Array(28)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_INET6, true)
  view.setUint16(2, port)
  bytes[23] = address === '::1' ? 1 : 0
  return bytes
}
export const portOf = (name: Uint8Array) => new DataView(name.buffer, name.byteOffset).getUint16(2)

export function linkLayer(ifindex: number, protocol = ETH_P_ALL): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, protocol)
  view.setUint32(4, ifindex, true)
  return bytes
}

/** A packet socket that listens to (and sends through) a device. */
export function packetSocket(kernel: Kernel, ifindex: number): number {
  const fd = kernel.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0)
  if (fd < 0) throw new Error(`packet socket: errno ${-fd}`)
  const bound = kernel.bind(fd, linkLayer(ifindex))
  if (bound < 0) throw new Error(`bind: errno ${-bound}`)
  return fd
}

export interface Udp {
  readonly from?: string
  readonly to?: string
  readonly sport?: number
  readonly dport?: number
  readonly payload?: Uint8Array
  readonly destination?: readonly number[]
}

/** An Ethernet frame with a UDP datagram in IPv4, checksum of the header right, that of UDP absent. */
export function udpFrame({
  from = '10.0.0.1',
  to = '10.0.0.2',
  sport = 1000,
  dport = 2000,
  ...rest
}: Udp = {}): Uint8Array {
  const { payload = new Uint8Array(18), destination = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] } = rest
  const frame = new Uint8Array(42 + payload.length)
  const view = new DataView(frame.buffer)
  frame.set(destination)
  frame.set([2, 0, 0, 0, 0, 1], 6)
  view.setUint16(12, 0x0800)
  view.setUint16(14, 0x4500)
  view.setUint16(16, 28 + payload.length)
  view.setUint8(22, 64)
  view.setUint8(23, 17)
  frame.set(from.split('.').map(Number), 26)
  frame.set(to.split('.').map(Number), 30)
  let sum = 0
  for (let i = 14; i < 34; i += 2) sum += view.getUint16(i)
  sum = (sum & 0xffff) + (sum >> 16)
  view.setUint16(24, ~(sum + (sum >> 16)) & 0xffff)
  view.setUint16(34, sport)
  view.setUint16(36, dport)
  view.setUint16(38, 8 + payload.length)
  frame.set(payload, 42)
  return frame
}

/** Takes everything that waits in a socket; lengths of the pieces. */
export async function drain(kernel: Kernel, fd: number, settle = 20): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  const room = new Uint8Array(4096)
  for (;;) {
    const n = kernel.recv(fd, room, MSG_DONTWAIT)
    if (n >= 0) {
      pieces.push(room.slice(0, n))
      if (n === 0) return pieces
      continue
    }
    if ((await kernel.wait([fd], settle)).length === 0) return pieces
  }
}
