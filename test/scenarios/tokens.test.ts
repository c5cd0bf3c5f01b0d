// SPDX-License-Identifier: BSD-2-Clause
/** Rights that are handed into a user namespace: bpf file systems that delegate, and tokens made from them. */
import type { Kernel } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import * as U from '@skep/core/uapi'
import { EINVAL, ENOENT, EPERM, words } from './calls.ts'
import type { RigUserNamespace } from './rig.ts'
import { scenario } from './scenario.ts'
import { intBtf } from './types.ts'

const F_TOKEN_FD = 1 << 16
const EBADF = -9
const EOPNOTSUPP = -95

const bits = (...numbers: number[]) => numbers.reduce((mask, n) => mask | (1n << BigInt(n)), 0n)
const tokenCreate = (fd: number, flags = 0) => words(flags, fd)

function mapCreate(space: RigUserNamespace | Kernel, type: number, token?: number): number {
  const attr = new Uint8Array(80)
  const view = new DataView(attr.buffer)
  attr.set(words(type, 4, 4, 16))
  if (token !== undefined) {
    view.setUint32(16, F_TOKEN_FD, true)
    view.setInt32(76, token, true)
  }
  return space.bpf(U.BPF_MAP_CREATE, attr)
}

/** Loads a program that returns 0; `text` is another one. */
function progLoad(
  kernel: Kernel,
  space: RigUserNamespace,
  type: number,
  token?: number,
  text = 'r0 = 0\nexit',
): number {
  const insns = encodeInstructions(assemble(text).instructions)
  using room = kernel.memory.alloc(insns.length + 8)
  room.bytes.set(insns)
  room.bytes.set(new TextEncoder().encode('GPL'), insns.length)
  const attr = new Uint8Array(152)
  const view = new DataView(attr.buffer)
  attr.set(words(type, insns.length / 8))
  view.setBigUint64(8, room.address, true)
  view.setBigUint64(16, room.address + BigInt(insns.length), true)
  if (token !== undefined) {
    view.setUint32(44, F_TOKEN_FD, true)
    view.setInt32(144, token, true)
  }
  return space.bpf(U.BPF_PROG_LOAD, attr)
}

function btfLoad(kernel: Kernel, space: RigUserNamespace, token?: number): number {
  const bytes = intBtf()
  using room = kernel.memory.alloc(bytes.length)
  room.bytes.set(bytes)
  const attr = new Uint8Array(40)
  const view = new DataView(attr.buffer)
  view.setBigUint64(0, room.address, true)
  view.setUint32(16, bytes.length, true)
  if (token !== undefined) {
    view.setUint32(32, F_TOKEN_FD, true)
    view.setInt32(36, token, true)
  }
  return space.bpf(U.BPF_BTF_LOAD, attr)
}

/** fd or errno: what matters of a result. */
const answer = (result: number) => (result > 0 ? 'fd' : result)

scenario('who may make a token, and from what', {
  shows: { commands: ['BPF_TOKEN_CREATE'] },
  expected: {
    flags: EINVAL,
    closed: EBADF,
    notFileSystem: EINVAL,
    outside: EPERM,
    otherNamespace: EPERM,
    nothingDelegated: ENOENT,
    made: 'fd',
  },
  run: ({ kernel, cgroup, userNamespace }) => {
    const space = userNamespace()
    const other = userNamespace()
    const root = space.mountBpffs({ cmds: bits(U.BPF_MAP_CREATE) })
    return {
      flags: space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root, 1)),
      closed: space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(9999)),
      notFileSystem: space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(cgroup.fd)),
      outside: kernel.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root)),
      otherNamespace: other.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root)),
      nothingDelegated: space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(space.mountBpffs())),
      made: answer(space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root))),
    }
  },
})

scenario('the first user namespace has no tokens', {
  shows: { commands: ['BPF_TOKEN_CREATE'] },
  expected: { first: EOPNOTSUPP },
  run: ({ kernel, openBpffs }) => ({ first: kernel.bpf(U.BPF_TOKEN_CREATE, tokenCreate(openBpffs())) }),
})

scenario('a token allows what capabilities do not', {
  shows: { commands: ['BPF_TOKEN_CREATE', 'BPF_MAP_CREATE', 'BPF_PROG_LOAD', 'BPF_BTF_LOAD'] },
  expected: {
    without: { map: EPERM, prog: EPERM, btf: EPERM },
    maps: { hash: 'fd', lru: EPERM, wrong: EINVAL, closed: EBADF },
    progs: { xdp: 'fd', helper: 'fd', leak: 'fd', tracepoint: EPERM, egress: EPERM },
    btf: 'fd',
    noCommand: { map: EPERM, btf: EPERM },
    root: 'fd',
  },
  run: ({ kernel, userNamespace, cgroup }) => {
    const space = userNamespace()
    const root = space.mountBpffs({
      cmds: bits(U.BPF_MAP_CREATE, U.BPF_PROG_LOAD, U.BPF_BTF_LOAD),
      maps: bits(U.BPF_MAP_TYPE_HASH),
      progs: bits(U.BPF_PROG_TYPE_XDP, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR),
      attachs: bits(U.BPF_CGROUP_INET_INGRESS, U.BPF_XDP),
    })
    const token = space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root))
    const few = space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(space.mountBpffs({ maps: bits(U.BPF_MAP_TYPE_HASH) })))
    return {
      without: {
        map: mapCreate(space, U.BPF_MAP_TYPE_HASH),
        prog: progLoad(kernel, space, U.BPF_PROG_TYPE_XDP),
        btf: btfLoad(kernel, space),
      },
      maps: {
        hash: answer(mapCreate(space, U.BPF_MAP_TYPE_HASH, token)),
        lru: answer(mapCreate(space, U.BPF_MAP_TYPE_LRU_HASH, token)),
        wrong: answer(mapCreate(space, U.BPF_MAP_TYPE_HASH, cgroup.fd)),
        closed: answer(mapCreate(space, U.BPF_MAP_TYPE_HASH, 9999)),
      },
      progs: {
        xdp: answer(progLoad(kernel, space, U.BPF_PROG_TYPE_XDP, token)),
        // ktime_get_ns is for those with CAP_BPF, trace_printk's like for CAP_PERFMON, as are uninitialised stacks
        helper: answer(progLoad(kernel, space, U.BPF_PROG_TYPE_XDP, token, 'call 160\nr0 = 0\nexit')),
        leak: answer(progLoad(kernel, space, U.BPF_PROG_TYPE_XDP, token, 'r0 = *(u64 *)(r10 - 8)\nr0 = 0\nexit')),
        tracepoint: answer(progLoad(kernel, space, U.BPF_PROG_TYPE_TRACEPOINT, token)),
        egress: answer(progLoad(kernel, space, U.BPF_PROG_TYPE_CGROUP_SKB, token)),
      },
      btf: answer(btfLoad(kernel, space, token)),
      noCommand: {
        map: mapCreate(space, U.BPF_MAP_TYPE_HASH, few),
        btf: btfLoad(kernel, space, few),
      },
      root: answer(mapCreate(kernel, U.BPF_MAP_TYPE_LRU_HASH, few)),
    }
  },
})

scenario('a token tells what it allows', {
  shows: { commands: ['BPF_TOKEN_CREATE', 'BPF_OBJ_GET_INFO_BY_FD'] },
  expected: { masks: [32n, 2n, 64n, 3n], length: 32, short: 8, wrong: EINVAL },
  run: ({ kernel, userNamespace }) => {
    const space = userNamespace()
    const root = space.mountBpffs({ cmds: 32n, maps: 2n, progs: 64n, attachs: 3n })
    const token = space.bpf(U.BPF_TOKEN_CREATE, tokenCreate(root))
    using info = kernel.memory.alloc(64)
    const ask = (length: number) => {
      const attr = new Uint8Array(16)
      attr.set(words(token, length))
      new DataView(attr.buffer).setBigUint64(8, info.address, true)
      const result = kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
      return result < 0 ? result : new DataView(attr.buffer).getUint32(4, true)
    }
    const length = ask(64)
    const view = new DataView(info.bytes.buffer, info.bytes.byteOffset)
    return {
      masks: [0, 8, 16, 24].map((at) => view.getBigUint64(at, true)),
      length,
      short: ask(8),
      wrong: kernel.bpf(U.BPF_MAP_FREEZE, words(token)),
    }
  },
})
