// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  attach,
  counter,
  createMap,
  detach,
  drain,
  EBUSY,
  EEXIST,
  EINVAL,
  inet,
  keep,
  link,
  linkDetach,
  linkUpdate,
  lookupElem,
  MSG_DONTWAIT,
  mustLoad,
  packetSocket,
  query,
  returns,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  udpFrame,
  updateElem,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const XDP = U.BPF_PROG_TYPE_XDP
const CLS = U.BPF_PROG_TYPE_SCHED_CLS
const BEFORE = 8
const AFTER = 16
const REPLACE = 4
const SKB_MODE = 2
const DRV_MODE = 4
const PORT = 2000

/** Frames of the scenario's own port: devices may carry others. */
const own = (pieces: Uint8Array[]) =>
  pieces.filter((piece) => piece.length >= 38 && ((piece[36] ?? 0) << 8) + (piece[37] ?? 0) === PORT)

async function arriving(kernel: Kernel, sender: number, receiver: number, frame = udpFrame()): Promise<number[]> {
  kernel.send(sender, frame, 0)
  return own(await drain(kernel, receiver)).map((piece) => piece.length)
}

scenario('XDP verdicts over a pair of devices', {
  shows: { commands: ['BPF_LINK_CREATE'], programTypes: ['BPF_PROG_TYPE_XDP'], attachTypes: ['BPF_XDP'] },
  // XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX: what arrives at the far end, and what comes back
  expected: { far: [[], [], [60], []], back: [[], [], [], [60]] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const sender = packetSocket(kernel, a)
    const receiver = packetSocket(kernel, b)
    const far: number[][] = []
    const back: number[][] = []
    for (const verdict of [0, 1, 2, 3]) {
      const fd = link(kernel, mustLoad(kernel, XDP, returns(verdict)), b, U.BPF_XDP, SKB_MODE)
      await drain(kernel, sender, 0)
      far.push(await arriving(kernel, sender, receiver))
      back.push(own(await drain(kernel, sender)).map((piece) => piece.length))
      kernel.close(fd)
    }
    return { far, back }
  },
})

scenario('XDP attach rules', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_XDP'],
    commands: ['BPF_LINK_CREATE', 'BPF_LINK_UPDATE', 'BPF_LINK_DETACH'],
    programTypes: ['BPF_PROG_TYPE_XDP'],
    attachTypes: ['BPF_XDP'],
  },
  expected: {
    linked: true,
    second: EBUSY,
    otherMode: EEXIST,
    twoModes: EINVAL,
    unknownFlag: EINVAL,
    noDevice: EINVAL,
    loDriver: -95,
    wrongType: EINVAL,
    updated: 0,
    detached: 0,
    updateAfter: -67,
    again: true,
  },
  run: ({ kernel, veth }) => {
    const [a] = veth('a', 'b')
    const program = mustLoad(kernel, XDP, returns(2))
    const devmap = mustLoad(kernel, XDP, returns(2), { expectedAttachType: U.BPF_XDP_DEVMAP })
    const fd = link(kernel, program, a, U.BPF_XDP, SKB_MODE)
    const result = {
      linked: fd > 0,
      second: link(kernel, program, a, U.BPF_XDP, SKB_MODE),
      otherMode: link(kernel, program, a, U.BPF_XDP, DRV_MODE),
      twoModes: link(kernel, program, a, U.BPF_XDP, SKB_MODE | DRV_MODE),
      unknownFlag: link(kernel, program, a, U.BPF_XDP, 1 << 10),
      noDevice: link(kernel, program, 9999, U.BPF_XDP),
      loDriver: link(kernel, program, 1, U.BPF_XDP, DRV_MODE),
      wrongType: link(kernel, devmap, 1, U.BPF_XDP),
      updated: linkUpdate(kernel, fd, mustLoad(kernel, XDP, returns(1))),
      detached: linkDetach(kernel, fd),
      updateAfter: linkUpdate(kernel, fd, program),
    }
    return { ...result, again: link(kernel, program, a, U.BPF_XDP, SKB_MODE) > 0 }
  },
})

scenario('XDP changes a frame and gives it room', {
  shows: { programTypes: ['BPF_PROG_TYPE_XDP'] },
  expected: { lengths: [56], first: [9, 9] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    // takes four bytes from the end, then writes the first two of the source address
    const program = mustLoad(
      kernel,
      XDP,
      `r6 = r1
       r2 = -4
       call 65
       r2 = *(u32 *)(r6 + 0)
       r3 = *(u32 *)(r6 + 4)
       r4 = r2
       r4 += 14
       if r4 > r3 goto end
       *(u8 *)(r2 + 6) = 9
       *(u8 *)(r2 + 7) = 9
     end:
       r0 = 2
       exit`,
    )
    link(kernel, program, b, U.BPF_XDP, SKB_MODE)
    const receiver = packetSocket(kernel, b)
    kernel.send(packetSocket(kernel, a), udpFrame(), 0)
    const pieces = own(await drain(kernel, receiver))
    return { lengths: pieces.map((piece) => piece.length), first: [...(pieces[0]?.subarray(6, 8) ?? [])] }
  },
})

scenario('XDP redirects by index, device map and hash of devices', {
  shows: { programTypes: ['BPF_PROG_TYPE_XDP'], mapTypes: ['BPF_MAP_TYPE_DEVMAP', 'BPF_MAP_TYPE_DEVMAP_HASH'] },
  expected: { index: [60], map: [60], hash: [60], missing: [[], [60]] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const [c, d] = veth('c', 'd')
    const devmap = createMap(kernel, U.BPF_MAP_TYPE_DEVMAP, 4, 4, 2)
    const hash = createMap(kernel, U.BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4)
    updateElem(kernel, devmap, words(1), words(c))
    updateElem(kernel, hash, words(77), words(c))
    const sender = packetSocket(kernel, a)
    const near = packetSocket(kernel, b)
    const receiver = packetSocket(kernel, d)
    const through = async (text: string, expectNear = false) => {
      const fd = link(kernel, mustLoad(kernel, XDP, text), b, U.BPF_XDP, SKB_MODE)
      const far = await arriving(kernel, sender, receiver)
      const here = own(await drain(kernel, near, 5)).map((piece) => piece.length)
      kernel.close(fd)
      return expectNear ? [far, here] : far
    }
    const byMap = (map: number, key: number, flags: number) =>
      `ld_pseudo r1, 1, ${map}\nr2 = ${key}\nr3 = ${flags}\ncall 51\nexit`
    return {
      index: await through(`r1 = ${c}\nr2 = 0\ncall 23\nexit`),
      map: await through(byMap(devmap, 1, 0)),
      hash: await through(byMap(hash, 77, 0)),
      // nothing at the index: the verdict in the flags counts
      missing: await through(byMap(devmap, 0, 2), true),
    }
  },
})

scenario('XDP broadcasts through a device map, and a program of the map drops', {
  shows: { mapTypes: ['BPF_MAP_TYPE_DEVMAP'], attachTypes: ['BPF_XDP_DEVMAP'], programTypes: ['BPF_PROG_TYPE_XDP'] },
  expected: { broadcast: [[60], [60]], dropped: [] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const [c, d] = veth('c', 'd')
    const [e, f] = veth('e', 'f')
    const devmap = createMap(kernel, U.BPF_MAP_TYPE_DEVMAP, 4, 8, 4)
    for (const [i, index] of [b, c, e].entries()) updateElem(kernel, devmap, words(i), words(index, 0))
    const sender = packetSocket(kernel, a)
    const receivers = [packetSocket(kernel, d), packetSocket(kernel, f)]
    const all = mustLoad(kernel, XDP, `ld_pseudo r1, 1, ${devmap}\nr2 = 0\nr3 = 24\ncall 51\nexit`)
    const fd = link(kernel, all, b, U.BPF_XDP, SKB_MODE)
    kernel.send(sender, udpFrame(), 0)
    const broadcast: number[][] = []
    for (const receiver of receivers) broadcast.push(own(await drain(kernel, receiver)).map((piece) => piece.length))
    kernel.close(fd)
    const dropper = mustLoad(kernel, XDP, returns(1), { expectedAttachType: U.BPF_XDP_DEVMAP })
    updateElem(kernel, devmap, words(1), words(c, dropper))
    link(
      kernel,
      mustLoad(kernel, XDP, `ld_pseudo r1, 1, ${devmap}\nr2 = 1\nr3 = 0\ncall 51\nexit`),
      b,
      U.BPF_XDP,
      SKB_MODE,
    )
    return { broadcast, dropped: await arriving(kernel, sender, receivers[0]!) }
  },
})

scenario('XDP sends frames to another CPU', {
  shows: { mapTypes: ['BPF_MAP_TYPE_CPUMAP'], attachTypes: ['BPF_XDP_CPUMAP'], programTypes: ['BPF_PROG_TYPE_XDP'] },
  expected: { passed: [60], dropped: [] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const cpumap = createMap(kernel, U.BPF_MAP_TYPE_CPUMAP, 4, 8, 4)
    updateElem(kernel, cpumap, words(0), words(64, 0))
    const sender = packetSocket(kernel, a)
    const receiver = packetSocket(kernel, b)
    link(
      kernel,
      mustLoad(kernel, XDP, `ld_pseudo r1, 1, ${cpumap}\nr2 = 0\nr3 = 0\ncall 51\nexit`),
      b,
      U.BPF_XDP,
      SKB_MODE,
    )
    // the thread of the other CPU may take its time
    kernel.send(sender, udpFrame(), 0)
    await kernel.wait([receiver], 2000)
    const passed = own(await drain(kernel, receiver, 100)).map((piece) => piece.length)
    const dropper = mustLoad(kernel, XDP, returns(1), { expectedAttachType: U.BPF_XDP_CPUMAP })
    updateElem(kernel, cpumap, words(0), words(64, dropper))
    return { passed, dropped: await arriving(kernel, sender, receiver) }
  },
})

scenario('TCX verdicts in both directions', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_TCX'],
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_SCHED_CLS'],
    attachTypes: ['BPF_TCX_INGRESS', 'BPF_TCX_EGRESS'],
  },
  // NEXT -1, PASS 0, DROP 2; a packet socket sees a frame before the classifiers of the receiving side
  expected: { ingress: [3, 3, 0], egress: [[60], [60], []] },
  run: async ({ kernel, getsockname, veth }) => {
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const ingress: number[] = []
    for (const verdict of [-1, 0, 2]) {
      const fd = link(kernel, mustLoad(kernel, CLS, returns(verdict)), 1, U.BPF_TCX_INGRESS)
      kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, name)
      await kernel.wait([receiver], 30)
      ingress.push(Math.max(0, kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT)))
      kernel.close(fd)
    }
    const [a, b] = veth('a', 'b')
    const sender = packetSocket(kernel, a)
    const tap = packetSocket(kernel, b)
    const egress: number[][] = []
    for (const verdict of [-1, 0, 2]) {
      const fd = link(kernel, mustLoad(kernel, CLS, returns(verdict)), a, U.BPF_TCX_EGRESS)
      egress.push(await arriving(kernel, sender, tap))
      kernel.close(fd)
    }
    return { ingress, egress }
  },
})

scenario('TCX order, relative attachment and revisions', {
  shows: { commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH', 'BPF_PROG_QUERY'], attachTypes: ['BPF_TCX_INGRESS'] },
  expected: {
    results: [0, 0, 0, 0],
    order: [2, 0, 3, 1],
    revision: 5n,
    errors: [EEXIST, -116, EINVAL, -2, EINVAL, -19],
    replaced: 0,
    detached: [0, -2],
    left: 3,
    empty: [0, 0, 0, 0],
  },
  run: ({ kernel, veth }) => {
    const [a] = veth('a', 'b')
    const programs = [0, 1, 2, 3, 4].map(() => mustLoad(kernel, CLS, returns(-1)))
    const idOf = (fd: number) => {
      using info = kernel.memory.alloc(256)
      const attr = new Uint8Array(16)
      attr.set(words(fd, 256))
      new DataView(attr.buffer).setBigUint64(8, info.address, true)
      kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
      return new DataView(info.bytes.buffer, info.bytes.byteOffset).getUint32(4, true)
    }
    const ids = programs.map(idOf)
    const type = U.BPF_TCX_INGRESS
    const on = (i: number, flags = 0, rest = {}) => attach(kernel, a, programs[i]!, type, flags, rest)
    const results = [on(0), on(1, AFTER), on(2, BEFORE), on(3, AFTER, { relative: programs[0]! })]
    const now = query(kernel, a, type)
    const errors = [
      on(0),
      on(4, 0, { revision: 99n }),
      on(4, 0, { relative: programs[0]! }),
      on(4, BEFORE, { relative: programs[4]! }),
      on(4, 1 << 20),
      attach(kernel, 9999, programs[4]!, type),
    ]
    const replaced = on(4, REPLACE, { replace: programs[0]! })
    const detached = [detach(kernel, a, programs[4]!, type), detach(kernel, a, programs[4]!, type)]
    const left = query(kernel, a, type).count
    const empty = [
      detach(kernel, a, 0, type),
      detach(kernel, a, 0, type, { flags: BEFORE }),
      detach(kernel, a, 0, type, { flags: AFTER }),
    ]
    return {
      results,
      order: now.ids.map((id) => ids.indexOf(id)),
      revision: now.revision,
      errors,
      replaced,
      detached,
      left,
      empty: [...empty, query(kernel, a, type).count],
    }
  },
})

scenario('a classifier redirects out of and into devices', {
  shows: { programTypes: ['BPF_PROG_TYPE_SCHED_CLS'], attachTypes: ['BPF_TCX_EGRESS', 'BPF_TCX_INGRESS'] },
  expected: { out: [[], [60]], into: [[60], []], clone: [[60], [60]] },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const [c, d] = veth('c', 'd')
    const sender = packetSocket(kernel, a)
    const taps = [packetSocket(kernel, b), packetSocket(kernel, d)]
    const through = async (text: string, watch: number[]) => {
      const fd = link(kernel, mustLoad(kernel, CLS, text), a, U.BPF_TCX_EGRESS)
      kernel.send(sender, udpFrame(), 0)
      const seen: number[][] = []
      for (const tap of watch) seen.push(own(await drain(kernel, tap)).map((piece) => piece.length))
      kernel.close(fd)
      return seen
    }
    const out = await through(`r1 = ${c}\nr2 = 0\ncall 23\nexit`, taps)
    const clone = await through(`r2 = ${c}\nr3 = 0\ncall 13\nr0 = -1\nexit`, taps)
    const near = packetSocket(kernel, c)
    const into = await through(`r1 = ${c}\nr2 = 1\ncall 23\nexit`, [near, taps[0]!])
    return { out, into, clone }
  },
})

scenario('a classifier writes to packet and fields', {
  shows: { programTypes: ['BPF_PROG_TYPE_SCHED_CLS'] },
  expected: { byte: 7, mark: 1234, length: 60, protocol: 8, tooFar: -14 },
  run: async ({ kernel, veth }) => {
    const [a, b] = veth('a', 'b')
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 8)
    const first = mustLoad(
      kernel,
      CLS,
      `r6 = r1
       *(u8 *)(r10 - 8) = 7
       r2 = 59
       r3 = r10
       r3 += -8
       r4 = 1
       r5 = 0
       call 9
       r1 = 1234
       *(u32 *)(r6 + 8) = r1
       r1 = r6
       r2 = 60
       r3 = r10
       r3 += -8
       r4 = 1
       call 26
       r6 = r0
       ${keep(facts, 4)}
       r0 = -1
       exit`,
    )
    const second = mustLoad(
      kernel,
      CLS,
      `r7 = r1
       r6 = *(u32 *)(r7 + 8)
       ${keep(facts, 1)}
       r6 = *(u32 *)(r7 + 0)
       ${keep(facts, 2)}
       r6 = *(u32 *)(r7 + 16)
       ${keep(facts, 3)}
       r0 = -1
       exit`,
    )
    link(kernel, first, a, U.BPF_TCX_EGRESS)
    link(kernel, second, a, U.BPF_TCX_EGRESS)
    const tap = packetSocket(kernel, b)
    kernel.send(packetSocket(kernel, a), udpFrame(), 0)
    const [piece] = own(await drain(kernel, tap))
    const error = lookupElem(kernel, facts, words(4), 8)
    return {
      byte: piece?.[59],
      mark: counter(kernel, facts, 1),
      length: counter(kernel, facts, 2),
      protocol: counter(kernel, facts, 3),
      tooFar: typeof error === 'number' ? error : Number(new BigInt64Array(error.slice().buffer)[0]),
    }
  },
})

scenario('netfilter drops what comes in', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_NETFILTER'],
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_NETFILTER'],
    attachTypes: ['BPF_NETFILTER'],
  },
  expected: { before: 3, dropped: 0, after: 3, errors: [EINVAL, -71, -97, -34, EBUSY, -95] },
  run: async ({ kernel, getsockname }) => {
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const arrive = async () => {
      kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, name)
      await kernel.wait([receiver], 30)
      return Math.max(0, kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT))
    }
    const before = await arrive()
    const drop = mustLoad(kernel, U.BPF_PROG_TYPE_NETFILTER, returns(0), { expectedAttachType: U.BPF_NETFILTER })
    const on = (flags: number, pf: number, hook: number, priority: number, nfFlags = 0) =>
      link(kernel, drop, 0, U.BPF_NETFILTER, flags, pf, hook, priority, nfFlags)
    const fd = on(0, 2, 1, -5)
    const dropped = await arrive()
    const errors = [
      on(1, 2, 1, 0),
      on(0, 2, 9, 0),
      on(0, 99, 1, 0),
      on(0, 2, 1, 0x7fffffff),
      on(0, 2, 1, -5),
      on(0, 2, 1, 3, 2),
    ]
    kernel.close(fd)
    return { before, dropped, after: await arrive(), errors }
  },
})

scenario('sk_lookup steers a connection to a socket elsewhere, and refuses', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_NETNS'],
    commands: ['BPF_LINK_CREATE', 'BPF_PROG_QUERY'],
    programTypes: ['BPF_PROG_TYPE_SK_LOOKUP'],
    attachTypes: ['BPF_SK_LOOKUP'],
    mapTypes: ['BPF_MAP_TYPE_SOCKMAP'],
  },
  expected: { steered: [0, true], refused: -111, count: 1, local: 7007 },
  run: ({ kernel, getsockname, accept, openNetns }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const map = createMap(kernel, U.BPF_MAP_TYPE_SOCKMAP, 4, 8, 1)
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const value = new Uint8Array(8)
    value.set(words(listener))
    updateElem(kernel, map, words(0), value)
    const steer = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_SK_LOOKUP,
      `r7 = r1
       r6 = *(u32 *)(r7 + 60)
       r0 = 1
       if r6 == 7008 goto drop
       if r6 != 7007 goto end
       ${keep(facts, 0)}
       *(u32 *)(r10 - 4) = 0
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${map}
       call 1
       if r0 == 0 goto pass
       r6 = r0
       r1 = r7
       r2 = r6
       r3 = 0
       call 124
       r1 = r6
       call 86
     pass:
       r0 = 1
     end:
       exit
     drop:
       r0 = 0
       exit`,
      { expectedAttachType: U.BPF_SK_LOOKUP },
    )
    const netns = openNetns()
    link(kernel, steer, netns, U.BPF_SK_LOOKUP)
    const connect = (port: number) => kernel.connect(kernel.socket(AF_INET, SOCK_STREAM, 0), inet('127.0.0.1', port))
    const steered = connect(7007)
    const accepted = accept(listener) > 0
    void getsockname
    return {
      steered: [steered, accepted],
      refused: connect(7008),
      count: query(kernel, netns, U.BPF_SK_LOOKUP).count,
      local: counter(kernel, facts),
    }
  },
})

scenario('flow dissector: rules of attaching', {
  shows: {
    commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH', 'BPF_PROG_QUERY'],
    programTypes: ['BPF_PROG_TYPE_FLOW_DISSECTOR'],
    attachTypes: ['BPF_FLOW_DISSECTOR'],
  },
  expected: {
    attached: 0,
    same: EINVAL,
    replaced: 0,
    linkBeside: EEXIST,
    count: 1,
    detachOther: -2,
    detached: 0,
    flags: EINVAL,
  },
  run: ({ kernel, openNetns }) => {
    const type = U.BPF_FLOW_DISSECTOR
    const [a, b] = [0, 1].map(() => mustLoad(kernel, U.BPF_PROG_TYPE_FLOW_DISSECTOR, returns(0))) as [number, number]
    const netns = openNetns()
    return {
      attached: attach(kernel, 0, a, type),
      same: attach(kernel, 0, a, type),
      replaced: attach(kernel, 0, b, type),
      linkBeside: link(kernel, a, netns, type),
      count: query(kernel, netns, type).count,
      detachOther: detach(kernel, 0, a, type),
      detached: detach(kernel, 0, b, type),
      flags: attach(kernel, 0, a, type, 1),
    }
  },
})

scenario('a sockmap splices two connections', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SK_SKB'],
    attachTypes: ['BPF_SK_SKB_STREAM_VERDICT', 'BPF_SK_SKB_STREAM_PARSER'],
    mapTypes: ['BPF_MAP_TYPE_SOCKMAP'],
    commands: ['BPF_PROG_ATTACH', 'BPF_PROG_QUERY'],
  },
  expected: { attached: [0, 0], spliced: 'hello', count: 1, dropped: -11 },
  run: async ({ kernel, getsockname, accept }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const pair = async () => {
      const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
      kernel.connect(client, getsockname(listener))
      await kernel.wait([listener], 1000)
      return [client, accept(listener)] as const
    }
    const [clientA, serverA] = await pair()
    const [clientB, serverB] = await pair()
    const map = createMap(kernel, U.BPF_MAP_TYPE_SOCKMAP, 4, 8, 2)
    const parser = mustLoad(kernel, U.BPF_PROG_TYPE_SK_SKB, 'r0 = *(u32 *)(r1 + 0)\nexit')
    const verdict = mustLoad(kernel, U.BPF_PROG_TYPE_SK_SKB, `ld_pseudo r2, 1, ${map}\nr3 = 1\nr4 = 0\ncall 52\nexit`)
    const attached = [
      attach(kernel, map, parser, U.BPF_SK_SKB_STREAM_PARSER),
      attach(kernel, map, verdict, U.BPF_SK_SKB_STREAM_VERDICT),
    ]
    for (const [i, fd] of [serverA, serverB].entries()) {
      const value = new Uint8Array(8)
      value.set(words(fd))
      updateElem(kernel, map, words(i), value)
    }
    // what arrives at A goes out of B
    kernel.send(clientA, new TextEncoder().encode('hello'), 0)
    await kernel.wait([clientB], 500)
    const room = new Uint8Array(16)
    const n = kernel.recv(clientB, room, MSG_DONTWAIT)
    const count = query(kernel, map, U.BPF_SK_SKB_STREAM_VERDICT).count
    return {
      attached,
      spliced: new TextDecoder().decode(room.subarray(0, Math.max(n, 0))),
      count,
      dropped: kernel.recv(serverA, room, MSG_DONTWAIT),
    }
  },
})

scenario('sk_msg passes, drops and redirects what is sent', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SK_MSG'],
    attachTypes: ['BPF_SK_MSG_VERDICT'],
    mapTypes: ['BPF_MAP_TYPE_SOCKHASH'],
  },
  // a connection whose message was dropped once drops all that follow
  expected: { passed: [5, 'plain'], redirected: [6, 'detour', -11], dropped: [-13, -13] },
  run: async ({ kernel, getsockname, accept }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const pair = async () => {
      const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
      kernel.connect(client, getsockname(listener))
      await kernel.wait([listener], 1000)
      return [client, accept(listener)] as const
    }
    const [client, server] = await pair()
    const [other, far] = await pair()
    void far
    const map = createMap(kernel, U.BPF_MAP_TYPE_SOCKHASH, 4, 8, 4)
    // by the first byte: d drops, r redirects into the socket with key 9, others pass
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_SK_MSG,
      `r6 = r1
       r2 = *(u64 *)(r6 + 0)
       r3 = *(u64 *)(r6 + 8)
       r4 = r2
       r4 += 1
       r0 = 1
       if r4 > r3 goto end
       r5 = *(u8 *)(r2 + 0)
       if r5 == 120 goto drop
       if r5 != 100 goto end
       *(u32 *)(r10 - 4) = 9
       r1 = r6
       ld_pseudo r2, 1, ${map}
       r3 = r10
       r3 += -4
       r4 = 1
       call 71
     end:
       exit
     drop:
       r0 = 0
       exit`,
    )
    attach(kernel, map, program, U.BPF_SK_MSG_VERDICT)
    for (const [key, fd] of [
      [1, client],
      [9, other],
    ] as const) {
      const value = new Uint8Array(8)
      value.set(words(fd))
      updateElem(kernel, map, words(key), value)
    }
    const room = new Uint8Array(16)
    const read = async (fd: number) => {
      await kernel.wait([fd], 200)
      const n = kernel.recv(fd, room, MSG_DONTWAIT)
      return n < 0 ? n : new TextDecoder().decode(room.subarray(0, n))
    }
    const send = (text: string) => kernel.send(client, new TextEncoder().encode(text), 0)
    const passed = [send('plain'), await read(server)]
    const redirected = [send('detour'), await read(other), kernel.recv(server, room, MSG_DONTWAIT)]
    return { passed, redirected, dropped: [send('xyz'), send('plain')] }
  },
})

scenario('a verdict for datagrams', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SK_SKB'],
    attachTypes: ['BPF_SK_SKB_VERDICT'],
    mapTypes: ['BPF_MAP_TYPE_SOCKMAP'],
  },
  expected: { attached: 0, beside: EBUSY, dropped: -11, passed: 4 },
  run: async ({ kernel, getsockname }) => {
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const run = async (verdict: number) => {
      const map = createMap(kernel, U.BPF_MAP_TYPE_SOCKMAP, 4, 8, 1)
      const program = mustLoad(kernel, U.BPF_PROG_TYPE_SK_SKB, returns(verdict), {
        expectedAttachType: U.BPF_SK_SKB_VERDICT,
      })
      const attached = attach(kernel, map, program, U.BPF_SK_SKB_VERDICT)
      const other = mustLoad(kernel, U.BPF_PROG_TYPE_SK_SKB, returns(verdict))
      const beside = attach(kernel, map, other, U.BPF_SK_SKB_STREAM_VERDICT)
      const value = new Uint8Array(8)
      value.set(words(receiver))
      updateElem(kernel, map, words(0), value)
      // what passes goes through a work queue, and a map that was closed before ends only after a grace period
      let received = -11
      for (let tries = verdict === 0 ? 1 : 20; tries > 0 && received < 0; tries--) {
        kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(4), 0, name)
        await kernel.wait([receiver], 100)
        received = kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT)
      }
      kernel.close(map)
      return { attached, beside, received }
    }
    const first = await run(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const second = await run(1)
    return { attached: first.attached, beside: first.beside, dropped: first.received, passed: second.received }
  },
})
