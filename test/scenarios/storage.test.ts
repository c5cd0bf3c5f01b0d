// SPDX-License-Identifier: BSD-2-Clause
/** Values that live with sockets, tasks and cgroups. */
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  attach,
  createMap,
  EINVAL,
  ENOENT,
  inet,
  lookupElem,
  mustLoad,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  updateElem,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'
import { storageMap } from './types.ts'

const EEXIST = -17
const intOf = (value: Uint8Array | number) =>
  typeof value === 'number' ? value : new DataView(value.buffer, value.byteOffset).getUint32(0, true)

function remove(kernel: Kernel, map: number, key: Uint8Array): number {
  using k = kernel.memory.alloc(8)
  k.bytes.set(key)
  const attr = new Uint8Array(32)
  const view = new DataView(attr.buffer)
  view.setUint32(0, map, true)
  view.setBigUint64(8, k.address, true)
  return kernel.bpf(U.BPF_MAP_DELETE_ELEM, attr)
}

/** What every kind of storage answers to the caller. */
function storageRules(kernel: Kernel, map: number, fd: number) {
  const key = words(fd)
  return {
    missing: intOf(lookupElem(kernel, map, key, 4)),
    put: updateElem(kernel, map, key, words(7), 1n),
    again: updateElem(kernel, map, key, words(8), 1n),
    got: intOf(lookupElem(kernel, map, key, 4)),
    badFd: updateElem(kernel, map, words(999), words(7)),
    removed: [remove(kernel, map, key), remove(kernel, map, key)],
  }
}
const rules = { missing: ENOENT, put: 0, again: EEXIST, got: 7, badFd: -9, removed: [0, ENOENT] }

scenario('socket storage: counted by a program, gone with the socket', {
  shows: { mapTypes: ['BPF_MAP_TYPE_SK_STORAGE'], programTypes: ['BPF_PROG_TYPE_CGROUP_SKB'] },
  expected: { ...rules, noTypes: EINVAL, counted: 2, notASocket: -88 },
  run: ({ kernel, cgroup, getsockname }) => {
    const map = storageMap(kernel, U.BPF_MAP_TYPE_SK_STORAGE)
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const answers = storageRules(kernel, map, sender)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SKB,
      `r1 = *(u64 *)(r1 + 168)
       if r1 == 0 goto end
       call 95
       if r0 == 0 goto end
       r2 = r0
       ld_pseudo r1, 1, ${map}
       r3 = 0
       r4 = 1
       call 107
       if r0 == 0 goto end
       r1 = 1
       lock *(u32 *)(r0 + 0) += r1
     end:
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, program, U.BPF_CGROUP_INET_EGRESS)
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    for (let i = 0; i < 2; i++) kernel.send(sender, new Uint8Array(3), 0, getsockname(receiver))
    return {
      ...answers,
      noTypes: storageMap(kernel, U.BPF_MAP_TYPE_SK_STORAGE, false),
      counted: intOf(lookupElem(kernel, map, words(sender), 4)),
      notASocket: updateElem(kernel, map, words(map), words(1)),
    }
  },
})

scenario('cgroup storage of the later kind', {
  shows: { mapTypes: ['BPF_MAP_TYPE_CGRP_STORAGE'] },
  expected: { ...rules, notACgroup: -9 },
  run: ({ kernel, cgroup }) => {
    const map = storageMap(kernel, U.BPF_MAP_TYPE_CGRP_STORAGE)
    return {
      ...storageRules(kernel, map, cgroup.fd),
      notACgroup: updateElem(kernel, map, words(createMap(kernel, U.BPF_MAP_TYPE_ARRAY)), words(1)),
    }
  },
})

scenario('task storage is keyed by a pidfd', {
  shows: { mapTypes: ['BPF_MAP_TYPE_TASK_STORAGE'] },
  expected: { ...rules, directory: -9 },
  run: ({ kernel, pid, openPidfd }) => {
    const map = storageMap(kernel, U.BPF_MAP_TYPE_TASK_STORAGE)
    const directory = updateElem(kernel, map, words(kernel.open(`/proc/${pid}`, 0)), words(1))
    return { ...storageRules(kernel, map, openPidfd()), directory }
  },
})

scenario('inode storage is keyed by a file', {
  shows: { mapTypes: ['BPF_MAP_TYPE_INODE_STORAGE'] },
  expected: rules,
  run: ({ kernel, cgroup }) => {
    const map = storageMap(kernel, U.BPF_MAP_TYPE_INODE_STORAGE)
    return storageRules(kernel, map, kernel.open(`${cgroup.path}/cgroup.type`, 0))
  },
})
