// SPDX-License-Identifier: BSD-2-Clause
// Objects whose fds maps hold, the same ones on both kernels: programs, maps, sockets, cgroups, type information. What
// a kernel gives back (an id, a cookie) is translated to the object's place in its pool.

import { createMap } from './raw-map.mjs'

const LICENSE = new TextEncoder().encode('GPL\0')

/** mov r0, 1; exit */
function loadProgram(kernel, type, eat = 0, attachBtfId = 0) {
  const insns = kernel.memory.alloc(16)
  insns.bytes.set([0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])
  const license = kernel.memory.alloc(LICENSE.length)
  license.bytes.set(LICENSE)
  const attr = new DataView(new ArrayBuffer(152))
  attr.setUint32(0, type, true)
  attr.setUint32(4, 2, true)
  attr.setBigUint64(8, insns.address, true)
  attr.setBigUint64(16, license.address, true)
  attr.setUint32(68, eat, true)
  attr.setUint32(108, attachBtfId, true)
  const fd = kernel.bpf(5, new Uint8Array(attr.buffer))
  insns[Symbol.dispose]()
  license[Symbol.dispose]()
  return fd
}

/** id in BPF_OBJ_GET_INFO_BY_FD: of a program and of a map the second word. */
function idOf(kernel, fd) {
  const info = kernel.memory.alloc(256)
  const attr = new DataView(new ArrayBuffer(16))
  attr.setInt32(0, fd, true)
  attr.setUint32(4, 256, true)
  attr.setBigUint64(8, info.address, true)
  kernel.bpf(15, new Uint8Array(attr.buffer))
  const id = new DataView(info.bytes.buffer, info.bytes.byteOffset).getUint32(4, true)
  info[Symbol.dispose]()
  return id
}

const STRINGS = '\0int\0u64\0bpf_spin_lock\0value\0l\0n\0bpf_timer\0timed\0'
const at = (name) => STRINGS.indexOf(`\0${name}\0`) + 1
const kind = (k, vlen = 0) => (k << 24) | vlen

/** Numbers of the types that maps name. */
export const TYPE_IDS = { int: 1, lock: 4, timer: 6 }

/** Type information: int 1, u64 2, value { lock at 0; u64 at 8 } 4 of 16 bytes, timed { timer at 0; u64 at 16 } 6 of 24. */
function loadBtf(kernel) {
  const types = [
    [at('int'), kind(1), 4, (1 << 24) | 32],
    [at('u64'), kind(1), 8, 64],
    [at('bpf_spin_lock'), kind(4), 4],
    [at('value'), kind(4, 2), 16, at('l'), 3, 0, at('n'), 2, 64],
    [at('bpf_timer'), kind(4), 16],
    [at('timed'), kind(4, 2), 24, at('l'), 5, 0, at('n'), 2, 128],
  ].flat()
  const head = [0xeb9f | (1 << 16), 24, 0, types.length * 4, types.length * 4, STRINGS.length]
  const blob = Buffer.concat([new Uint8Array(new Uint32Array([...head, ...types]).buffer), Buffer.from(STRINGS)])
  const data = kernel.memory.alloc(blob.length)
  data.bytes.set(blob)
  const attr = new DataView(new ArrayBuffer(32))
  attr.setBigUint64(0, data.address, true)
  attr.setUint32(16, blob.length, true)
  const fd = kernel.bpf(18, new Uint8Array(attr.buffer))
  data[Symbol.dispose]()
  return fd
}

const INADDR_LOOPBACK = new Uint8Array([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])

/** A bound UDP socket; with `reuse`, one of a reuseport group. */
function udpSocket(kernel, reuse) {
  const fd = kernel.socket(2, 2, 0)
  if (fd < 0) return fd
  if (reuse) kernel.setsockopt(fd, 1, 15, new Uint8Array([1, 0, 0, 0]))
  kernel.bind(fd, INADDR_LOOPBACK)
  return fd
}

const PERF_ATTR = (() => {
  const attr = new DataView(new ArrayBuffer(120))
  attr.setUint32(0, 1, true)
  attr.setUint32(4, 120, true)
  attr.setBigUint64(8, 10n, true)
  attr.setBigUint64(16, 1n, true)
  attr.setBigUint64(24, 1n << 10n, true)
  return new Uint8Array(attr.buffer)
})()

/** Files that both kernels have, and that belong to nobody. */
const FILES = ['type', 'format/retprobe'].map((name) => `/sys/bus/event_source/devices/uprobe/${name}`)

/** A program for each member of a structure of the kernel that has a slot. */
export function structOpsPool(kernel, ops) {
  const fds = ops.slots.map(({ index }) => loadProgram(kernel, 27, index, ops.typeId))
  return { fds, ids: new Map(fds.map((fd, i) => [idOf(kernel, fd), i])), slots: ops.slots }
}

/** Pools by what a map takes. Each is a list of fds; `ids` translates what lookups give back. */
export function makePool(kernel, kind) {
  const many = (make) => [make(0), make(1), make(2)]
  switch (kind) {
    case 'programs': {
      const fds = [loadProgram(kernel, 1), loadProgram(kernel, 1), loadProgram(kernel, 6)]
      return { fds, ids: new Map(fds.map((fd, i) => [idOf(kernel, fd), i])) }
    }
    case 'inner': {
      const fds = [
        createMap(kernel, { type: 2, key: 4, value: 8, max: 4 }),
        createMap(kernel, { type: 2, key: 4, value: 8, max: 4 }),
        createMap(kernel, { type: 2, key: 4, value: 8, max: 5 }),
        createMap(kernel, { type: 1, key: 4, value: 8, max: 4 }),
      ]
      return { fds, ids: new Map(fds.map((fd, i) => [idOf(kernel, fd), i])) }
    }
    case 'udp':
      return { fds: many(() => udpSocket(kernel, false)) }
    case 'reuseport':
      return { fds: many(() => udpSocket(kernel, true)) }
    case 'files':
      return { fds: FILES.map((path) => kernel.open(path, 0)) }
    case 'perf':
      return { fds: many((i) => kernel.perfEventOpen(PERF_ATTR, -1, i % 2, -1, 8)) }
    case 'btf':
      return { fds: [loadBtf(kernel)] }
    default:
      return { fds: [] }
  }
}
