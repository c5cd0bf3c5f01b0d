// SPDX-License-Identifier: BSD-2-Clause
/** netkit: pairs of devices that carry programs. */
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  attach,
  detach,
  drain,
  EEXIST,
  EINVAL,
  ENOENT,
  link,
  linkDetach,
  linkUpdate,
  mustLoad,
  packetSocket,
  query,
  returns,
  udpFrame,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const CLS = U.BPF_PROG_TYPE_SCHED_CLS
const BEFORE = 1 << 3
const NOT_BUILT_IN = 'netkit is not built into this kernel'
const ENODEV = -19
const EACCES = -13
const ENXIO = -6
const NEXT = -1
const PASS = 0
const DROP = 2

async function arriving(kernel: Kernel, sender: number, receiver: number): Promise<number> {
  kernel.send(sender, udpFrame(), 0)
  return (await drain(kernel, receiver)).length
}

function linkInfo(kernel: Kernel, fd: number): number[] {
  using info = kernel.memory.alloc(64)
  const attr = new Uint8Array(16)
  attr.set(words(fd, 64))
  new DataView(attr.buffer).setBigUint64(8, info.address, true)
  kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
  const view = new DataView(info.bytes.buffer, info.bytes.byteOffset)
  return [view.getUint32(0, true), view.getUint32(16, true), view.getUint32(20, true)]
}

scenario('netkit: verdicts of both sides and policies', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SCHED_CLS'],
    attachTypes: ['BPF_NETKIT_PRIMARY', 'BPF_NETKIT_PEER'],
    linkTypes: ['BPF_LINK_TYPE_NETKIT'],
  },
  notOnLinux: NOT_BUILT_IN,
  expected: {
    // without a program, then NEXT, PASS, DROP, and a number that means nothing
    primary: [1, 1, 1, 0, 0],
    peer: [1, 1, 1, 0, 0],
    // a policy of dropping: no program, NEXT (which takes the place of the policy), PASS
    blackhole: [0, 1, 1],
    redirected: [0, 1],
  },
  run: async ({ kernel, world, veth }) => {
    const [primary, peer] = world!.netkit('nk0', 'nk1')
    const a = packetSocket(kernel, primary.index)
    const b = packetSocket(kernel, peer.index)
    const through = async (type: number, from: number, to: number, verdicts: number[]) => {
      const seen = [await arriving(kernel, from, to)]
      for (const verdict of verdicts) {
        const fd = link(kernel, mustLoad(kernel, CLS, returns(verdict)), primary.index, type)
        seen.push(await arriving(kernel, from, to))
        kernel.close(fd)
      }
      return seen
    }
    const verdicts = [NEXT, PASS, DROP, 5]
    const result = {
      primary: await through(U.BPF_NETKIT_PRIMARY, a, b, verdicts),
      peer: await through(U.BPF_NETKIT_PEER, b, a, verdicts),
    }
    primary.netkitPolicy = 'drop'
    const blackhole = await through(U.BPF_NETKIT_PRIMARY, a, b, [NEXT, PASS])
    const [near, far] = veth('near', 'far')
    const tap = packetSocket(kernel, far)
    await drain(kernel, tap, 5)
    link(kernel, mustLoad(kernel, CLS, `r1 = ${near}\nr2 = 0\ncall 23\nexit`), primary.index, U.BPF_NETKIT_PRIMARY)
    const here = await arriving(kernel, a, b)
    return { ...result, blackhole, redirected: [here, (await drain(kernel, tap)).length] }
  },
})

scenario('netkit: programs are attached through the primary device', {
  shows: {
    commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH', 'BPF_PROG_QUERY', 'BPF_LINK_UPDATE', 'BPF_LINK_DETACH'],
    attachTypes: ['BPF_NETKIT_PRIMARY', 'BPF_NETKIT_PEER'],
    linkTypes: ['BPF_LINK_TYPE_NETKIT'],
  },
  notOnLinux: NOT_BUILT_IN,
  expected: {
    errors: [EACCES, ENXIO, ENODEV, EINVAL],
    order: [1, 0],
    peer: 1,
    again: EEXIST,
    detached: [0, 0, ENOENT],
    empty: 0,
    link: [U.BPF_LINK_TYPE_NETKIT, true, U.BPF_NETKIT_PEER],
    updated: 0,
    unlinked: [0, 0, -67],
    gone: [0, -67],
  },
  run: ({ kernel, world, veth }) => {
    const [primary, peer] = world!.netkit()
    const [plain] = veth('a', 'b')
    const programs = [0, 1, 2].map(() => mustLoad(kernel, CLS, returns(NEXT)))
    const [p, q, r] = programs as [number, number, number]
    const type = U.BPF_NETKIT_PRIMARY
    const errors = [
      attach(kernel, peer.index, p, type),
      attach(kernel, plain, p, type),
      attach(kernel, 9999, p, type),
      attach(kernel, primary.index, mustLoad(kernel, U.BPF_PROG_TYPE_XDP, returns(2)), type),
    ]
    attach(kernel, primary.index, p, type)
    attach(kernel, primary.index, q, type, BEFORE)
    attach(kernel, primary.index, r, U.BPF_NETKIT_PEER)
    const now = query(kernel, primary.index, type)
    const first = now.ids[0]! > now.ids[1]! ? [1, 0] : [0, 1]
    const side = query(kernel, primary.index, U.BPF_NETKIT_PEER).count
    const again = attach(kernel, primary.index, p, type)
    const detached = [p, q, q].map((fd) => detach(kernel, primary.index, fd, type))
    const empty = query(kernel, primary.index, type).count
    const fd = link(kernel, p, primary.index, U.BPF_NETKIT_PEER)
    const info = linkInfo(kernel, fd)
    const updated = linkUpdate(kernel, fd, q)
    const unlinked = [linkDetach(kernel, fd), linkDetach(kernel, fd), linkUpdate(kernel, fd, p)]
    const orphan = link(kernel, p, primary.index, type)
    primary.remove()
    return {
      errors,
      order: first,
      peer: side,
      again,
      detached,
      empty,
      link: [info[0], info[1] === peer.index, info[2]],
      updated,
      unlinked,
      gone: [linkInfo(kernel, orphan)[1], linkUpdate(kernel, orphan, q)],
    }
  },
})
