// SPDX-License-Identifier: BSD-2-Clause
/** Structures of functions of the kernel whose members are programs. */
import type { Kernel } from '@skep/core'
import { parseBtf } from '@skep/core/btf'
import * as U from '@skep/core/uapi'
import { EINVAL, ENOENT, lookupElem, mustLoad, returns, updateElem, words } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'
import { btfLoad, intBtf } from './types.ts'

const E2BIG = -7
const EBADF = -9
const EOPNOTSUPP = -95
const ENOTSUPP = -524
const F_LINK = 1 << 13
const VTYPE_BTF_OBJ_FD = 1 << 15
const KEY = words(0)

/** The kernel's own types, read through bpf(2). */
function kernelTypes(kernel: Kernel) {
  const fd = kernel.bpf(U.BPF_BTF_GET_FD_BY_ID, words(1, 0, 0))
  if (fd < 0) throw new Error(`the kernel's types: errno ${-fd}`)
  const attr = new Uint8Array(16)
  const ask = (address: bigint, length: number) => {
    using info = kernel.memory.alloc(64)
    const view = new DataView(info.bytes.buffer, info.bytes.byteOffset)
    view.setBigUint64(0, address, true)
    view.setUint32(8, length, true)
    attr.set(words(fd, 64))
    new DataView(attr.buffer).setBigUint64(8, info.address, true)
    const result = kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
    if (result < 0) throw new Error(`the kernel's types: errno ${-result}`)
    return view.getUint32(8, true)
  }
  const size = ask(0n, 0)
  using room = kernel.memory.alloc(size)
  ask(room.address, size)
  kernel.close(fd)
  return parseBtf(room.bytes.slice())
}

interface Structure {
  readonly typeId: number
  readonly valueTypeId: number
  readonly size: number
  /** Offset in the value. */
  at(member: string): number
  index(member: string): number
}

function structure(kernel: Kernel, name: string): Structure {
  const btf = kernelTypes(kernel)
  const typeId = btf.find(name, 'STRUCT')!
  const valueTypeId = btf.find(`bpf_struct_ops_${name}`, 'STRUCT')!
  const value = btf.typeAs(valueTypeId, 'STRUCT')!
  const members = btf.typeAs(typeId, 'STRUCT')!.members
  const start = value.members.find((m) => m.type === typeId)!.bitOffset / 8
  const index = (member: string) => members.findIndex((m) => m.name === member)
  return {
    typeId,
    valueTypeId,
    size: value.size,
    index,
    at: (member) => start + members[index(member)]!.bitOffset / 8,
  }
}

interface Creation {
  readonly key?: number
  readonly size?: number
  readonly max?: number
  readonly flags?: number
  readonly type?: number
  readonly btf?: number
  readonly moduleBtf?: number
}

function create(kernel: Kernel, s: Structure, btf: number, options: Creation = {}): number {
  const { key = 4, size = s.size, max = 1, flags = 0, type = s.valueTypeId, moduleBtf = 0 } = options
  const attr = new Uint8Array(80)
  attr.set(words(U.BPF_MAP_TYPE_STRUCT_OPS, key, size, max, flags))
  attr.set(words(options.btf ?? btf), 48)
  attr.set(words(type), 60)
  attr.set(words(moduleBtf), 72)
  return kernel.bpf(U.BPF_MAP_CREATE, attr)
}

/** A value with these members set, by name: numbers, or text. */
function value(s: Structure, members: Readonly<Record<string, number | string>>): Uint8Array {
  const bytes = new Uint8Array(s.size)
  for (const [name, what] of Object.entries(members)) {
    if (typeof what === 'string') bytes.set(new TextEncoder().encode(what), s.at(name))
    else new DataView(bytes.buffer).setUint32(s.at(name), what, true)
  }
  return bytes
}

scenario('struct_ops: what a map is made from', {
  shows: { mapTypes: ['BPF_MAP_TYPE_STRUCT_OPS'], commands: ['BPF_MAP_CREATE'] },
  expected: {
    made: ['fd', 'fd'],
    key: EINVAL,
    max: EINVAL,
    flags: EINVAL,
    size: EINVAL,
    noValueType: EINVAL,
    otherType: ENOTSUPP,
    noTypes: EBADF,
    noModule: [EBADF, EINVAL],
    freeze: ENOTSUPP,
  },
  run: ({ kernel }: Rig) => {
    const s = structure(kernel, 'tcp_congestion_ops')
    const btf = btfLoad(kernel, intBtf())
    const fd = create(kernel, s, btf)
    const answer = (result: number) => (result > 0 ? 'fd' : result)
    return {
      made: [answer(fd), answer(create(kernel, s, btf, { flags: F_LINK }))],
      key: create(kernel, s, btf, { key: 8 }),
      max: create(kernel, s, btf, { max: 2 }),
      flags: create(kernel, s, btf, { flags: 1 }),
      size: create(kernel, s, btf, { size: s.size + 64 }),
      noValueType: create(kernel, s, btf, { type: 0 }),
      otherType: create(kernel, s, btf, { type: s.typeId }),
      noTypes: create(kernel, s, btf, { btf: 9999 }),
      noModule: [
        create(kernel, s, btf, { flags: VTYPE_BTF_OBJ_FD, moduleBtf: 9999 }),
        create(kernel, s, btf, { flags: VTYPE_BTF_OBJ_FD, moduleBtf: btf }),
      ],
      freeze: kernel.bpf(U.BPF_MAP_FREEZE, words(fd)),
    }
  },
})

scenario('struct_ops: what a value may hold', {
  shows: { mapTypes: ['BPF_MAP_TYPE_STRUCT_OPS'], commands: ['BPF_MAP_UPDATE_ELEM', 'BPF_MAP_LOOKUP_ELEM'] },
  expected: {
    flags: EINVAL,
    key: E2BIG,
    state: EINVAL,
    hole: EINVAL,
    noName: EINVAL,
    longName: EINVAL,
    badName: EINVAL,
    unknownFlags: EINVAL,
    // the answer of Linux is the result of the member before it, which is not an errno
    owner: 1,
    list: EINVAL,
    closed: EBADF,
    otherFile: EINVAL,
    otherProgram: EINVAL,
    noFunctions: EINVAL,
    dummy: EOPNOTSUPP,
    empty: true,
    otherKey: ENOENT,
    next: [0, ENOENT],
    delete: ENOENT,
    deleteLinked: EOPNOTSUPP,
    link: EINVAL,
  },
  run: ({ kernel }: Rig) => {
    const s = structure(kernel, 'tcp_congestion_ops')
    const btf = btfLoad(kernel, intBtf())
    const map = create(kernel, s, btf)
    const linked = create(kernel, s, btf, { flags: F_LINK })
    const put = (members: Readonly<Record<string, number | string>>) => updateElem(kernel, map, KEY, value(s, members))
    const named = (bytes: Uint8Array, at: number) => {
      bytes[at] = 1
      return updateElem(kernel, map, KEY, bytes)
    }
    const other = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, returns(0))
    const dummy = structure(kernel, 'bpf_dummy_ops')
    const name = 'skep_test'
    using next = kernel.memory.alloc(8)
    using first = kernel.memory.alloc(8)
    const nextKey = (address: bigint) => {
      const attr = new Uint8Array(32)
      const view = new DataView(attr.buffer)
      view.setInt32(0, map, true)
      view.setBigUint64(8, address, true)
      view.setBigUint64(16, next.address, true)
      return kernel.bpf(U.BPF_MAP_GET_NEXT_KEY, attr)
    }
    const remove = (fd: number) => {
      const attr = new Uint8Array(32)
      const view = new DataView(attr.buffer)
      view.setInt32(0, fd, true)
      view.setBigUint64(8, first.address, true)
      return kernel.bpf(U.BPF_MAP_DELETE_ELEM, attr)
    }
    const found = lookupElem(kernel, map, KEY, s.size)
    return {
      flags: updateElem(kernel, map, KEY, value(s, { name }), 1n),
      key: updateElem(kernel, map, words(1), value(s, { name })),
      state: named(value(s, { name }), 4),
      hole: named(value(s, { name }), 12),
      noName: put({}),
      longName: put({ name: '0123456789abcdef' }),
      badName: put({ name: 'a-b' }),
      unknownFlags: put({ name, flags: 1 << 20 }),
      owner: put({ name, owner: 1 }),
      list: put({ name, list: 1 }),
      closed: put({ name, init: 9999 }),
      otherFile: put({ name, init: btf }),
      otherProgram: put({ name, init: other }),
      noFunctions: put({ name }),
      dummy: updateElem(kernel, create(kernel, dummy, btf), KEY, value(dummy, {})),
      empty: typeof found !== 'number' && found.every((byte) => byte === 0),
      otherKey: lookupElem(kernel, map, words(1), s.size),
      next: [nextKey(0n), nextKey(first.address)],
      delete: remove(map),
      deleteLinked: remove(linked),
      link: kernel.bpf(U.BPF_LINK_CREATE, words(linked, 0, U.BPF_STRUCT_OPS, 0)),
    }
  },
})
