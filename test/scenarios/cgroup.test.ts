import * as U from '@skep/core/uapi'
import {
  AF_INET,
  attach,
  count,
  counter,
  createMap,
  detach,
  EPERM,
  inet,
  link,
  linkDetach,
  linkUpdate,
  MSG_DONTWAIT,
  mustLoad,
  query,
  returns,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const MULTI = 2
const OVERRIDE = 1
const REPLACE = 4
const BEFORE = 8
const AFTER = 16
const ID = 32
const PREORDER = 64
const EFFECTIVE = 1
const O_RDONLY = 0
const O_WRONLY = 1

const SKB = U.BPF_PROG_TYPE_CGROUP_SKB

scenario('egress packets are dropped with EPERM, ingress ones in silence', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SKB'],
    attachTypes: ['BPF_CGROUP_INET_INGRESS', 'BPF_CGROUP_INET_EGRESS'],
  },
  // the IP header is there from the first byte: version 4 and 20 bytes are 0x45
  expected: { dropped: EPERM, arrived: [0, 3], sent: [3, 3], first: 0x45, length: 31 },
  run: async ({ kernel, cgroup, getsockname }) => {
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const send = () => kernel.send(sender, new Uint8Array(3), 0, name)
    const arrive = async () => {
      await kernel.wait([receiver], 30)
      return Math.max(0, kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT))
    }
    const drop = mustLoad(kernel, SKB, returns(0))
    attach(kernel, cgroup.fd, drop, U.BPF_CGROUP_INET_EGRESS)
    const dropped = send()
    detach(kernel, cgroup.fd, drop, U.BPF_CGROUP_INET_EGRESS)
    attach(kernel, cgroup.fd, drop, U.BPF_CGROUP_INET_INGRESS)
    const first = send()
    const none = await arrive()
    detach(kernel, cgroup.fd, drop, U.BPF_CGROUP_INET_INGRESS)
    const look = mustLoad(
      kernel,
      SKB,
      `r6 = r1
       r2 = *(u32 *)(r6 + 76)
       r3 = *(u32 *)(r6 + 80)
       r7 = *(u32 *)(r6 + 0)
       r4 = r2
       r4 += 1
       r8 = 0
       if r4 > r3 goto +1
       r8 = *(u8 *)(r2 + 0)
       *(u32 *)(r10 - 4) = 0
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${facts}
       call 1
       if r0 == 0 goto +1
       *(u64 *)(r0 + 0) = r8
       *(u32 *)(r10 - 4) = 1
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${facts}
       call 1
       if r0 == 0 goto +1
       *(u64 *)(r0 + 0) = r7
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, look, U.BPF_CGROUP_INET_INGRESS)
    const second = send()
    const some = await arrive()
    return {
      dropped,
      arrived: [none, some],
      sent: [first, second],
      first: counter(kernel, facts, 0),
      length: counter(kernel, facts, 1),
    }
  },
})

scenario('all programs of the array run and the verdicts combine', {
  shows: {
    commands: ['BPF_PROG_ATTACH'],
    programTypes: ['BPF_PROG_TYPE_CGROUP_SKB'],
    attachTypes: ['BPF_CGROUP_INET_EGRESS'],
  },
  expected: { sent: EPERM, ran: [1, 1, 1] },
  run: ({ kernel, cgroup }) => {
    const ran = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = (index: number, verdict: number) =>
      mustLoad(kernel, SKB, `${count(ran, index)}\nr0 = ${verdict}\nexit`)
    for (const [i, verdict] of [1, 0, 1].entries())
      attach(kernel, cgroup.fd, program(i, verdict), U.BPF_CGROUP_INET_EGRESS, MULTI)
    const sent = kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet('127.0.0.1', 7))
    return { sent, ran: [0, 1, 2].map((i) => counter(kernel, ran, i)) }
  },
})

scenario('attach flags of cgroups', {
  shows: { commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH', 'BPF_PROG_QUERY'] },
  expected: {
    both: -22,
    unknown: -22,
    none: 0,
    overNone: EPERM,
    childUnderNone: EPERM,
    detachAny: 0,
    detachNothing: -2,
    override: 0,
    childUnderOverride: 0,
    overrideMixed: EPERM,
    multi: [0, 0, -22],
    childUnderMulti: 0,
    replace: [0, -2, -22],
    detachNoFd: -22,
  },
  run: ({ kernel, cgroup }) => {
    const type = U.BPF_CGROUP_INET_EGRESS
    const [a, b, c, d] = Array.from({ length: 4 }, () => mustLoad(kernel, SKB, returns(1))) as [
      number,
      number,
      number,
      number,
    ]
    kernel.mkdir(`${cgroup.path}/child`, 0o755)
    const child = kernel.open(`${cgroup.path}/child`, 0)
    const on = (fd: number, program: number, flags = 0, rest = {}) => attach(kernel, fd, program, type, flags, rest)
    return {
      both: on(cgroup.fd, a, OVERRIDE | MULTI),
      unknown: on(cgroup.fd, a, 1 << 20),
      none: on(cgroup.fd, a),
      overNone: on(cgroup.fd, b, MULTI),
      childUnderNone: on(child, b),
      detachAny: detach(kernel, cgroup.fd, 0, type),
      detachNothing: detach(kernel, cgroup.fd, 0, type),
      override: on(cgroup.fd, a, OVERRIDE),
      childUnderOverride: on(child, b, OVERRIDE),
      overrideMixed: on(cgroup.fd, a, MULTI),
      multi: [
        [detach(kernel, cgroup.fd, a, type), detach(kernel, child, b, type), on(cgroup.fd, a, MULTI)][2],
        on(cgroup.fd, b, MULTI),
        on(cgroup.fd, a, MULTI),
      ],
      childUnderMulti: on(child, c, MULTI),
      replace: [
        on(cgroup.fd, c, MULTI | REPLACE, { replace: a }),
        on(cgroup.fd, d, MULTI | REPLACE, { replace: a }),
        on(cgroup.fd, d, REPLACE, { replace: b }),
      ],
      detachNoFd: detach(kernel, cgroup.fd, 0, type),
    }
  },
})

scenario('order of programs in a cgroup', {
  shows: { commands: ['BPF_PROG_QUERY', 'BPF_PROG_ATTACH'] },
  expected: {
    results: [0, 0, 0, 0, 0],
    order: ['front', 'a', 'between', 'b', 'end'],
    errors: [-22, -2, -116, -22],
    effective: ['front', 'a', 'between', 'b', 'end'],
    revision: [1n, 6n],
  },
  run: ({ kernel, cgroup }) => {
    const type = U.BPF_CGROUP_INET_EGRESS
    const names = ['a', 'b', 'front', 'between', 'end', 'other']
    const programs = new Map(names.map((name) => [name, mustLoad(kernel, SKB, returns(1))]))
    const idOf = new Map<number, string>()
    for (const [name, fd] of programs) {
      using info = kernel.memory.alloc(256)
      const attr = new Uint8Array(16)
      attr.set(words(fd, 256))
      new DataView(attr.buffer).setBigUint64(8, info.address, true)
      kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
      idOf.set(new DataView(info.bytes.buffer, info.bytes.byteOffset).getUint32(4, true), name)
    }
    const fd = (name: string) => programs.get(name)!
    const id = (name: string) => [...idOf].find(([, other]) => other === name)![0]
    const before = query(kernel, cgroup.fd, type).revision
    const results = [
      attach(kernel, cgroup.fd, fd('a'), type, MULTI),
      attach(kernel, cgroup.fd, fd('b'), type, MULTI | AFTER),
      attach(kernel, cgroup.fd, fd('front'), type, MULTI | BEFORE),
      attach(kernel, cgroup.fd, fd('between'), type, MULTI | AFTER, { relative: fd('a') }),
      attach(kernel, cgroup.fd, fd('end'), type, MULTI | AFTER | ID, { relative: id('b') }),
    ]
    const now = query(kernel, cgroup.fd, type)
    return {
      results,
      order: now.ids.map((n) => idOf.get(n)),
      errors: [
        attach(kernel, cgroup.fd, fd('other'), type, MULTI | BEFORE | AFTER, { relative: fd('a') }),
        attach(kernel, cgroup.fd, fd('other'), type, MULTI | BEFORE, { relative: fd('other') }),
        attach(kernel, cgroup.fd, fd('other'), type, MULTI, { revision: 99n }),
        attach(kernel, cgroup.fd, fd('other'), type, MULTI, { relative: fd('a') }),
      ],
      effective: query(kernel, cgroup.fd, type, EFFECTIVE).ids.map((n) => idOf.get(n)),
      revision: [before, now.revision],
    }
  },
})

scenario('preorder programs of a parent run before those of the child', {
  shows: { commands: ['BPF_PROG_ATTACH'] },
  expected: { order: [1, 3, 4, 2] },
  run: ({ kernel, cgroup }) => {
    // programs append their number to the value at key 0
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = (n: number) =>
      mustLoad(
        kernel,
        SKB,
        `*(u32 *)(r10 - 4) = 0
         r2 = r10
         r2 += -4
         ld_pseudo r1, 1, ${map}
         call 1
         if r0 == 0 goto +4
         r1 = *(u64 *)(r0 + 0)
         r1 *= 10
         r1 += ${n}
         *(u64 *)(r0 + 0) = r1
         r0 = 1
         exit`,
      )
    const type = U.BPF_CGROUP_INET_EGRESS
    kernel.mkdir(`${cgroup.path}/child`, 0o755)
    const child = kernel.open(`${cgroup.path}/child`, O_RDONLY)
    attach(kernel, cgroup.fd, program(1), type, MULTI | PREORDER)
    attach(kernel, cgroup.fd, program(2), type, MULTI)
    attach(kernel, child, program(3), type, MULTI | PREORDER)
    attach(kernel, child, program(4), type, MULTI)
    const procs = kernel.open(`${cgroup.path}/child/cgroup.procs`, O_WRONLY)
    kernel.write(procs, new TextEncoder().encode('0'))
    kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet('127.0.0.1', 7))
    const back = kernel.open(`${cgroup.path}/cgroup.procs`, O_WRONLY)
    kernel.write(back, new TextEncoder().encode('0'))
    return { order: String(counter(kernel, map)).split('').map(Number) }
  },
})

scenario('links to cgroups: update, detach and the death of the cgroup', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_CGROUP'],
    commands: ['BPF_LINK_CREATE', 'BPF_LINK_UPDATE', 'BPF_LINK_DETACH'],
    attachTypes: ['BPF_CGROUP_INET_EGRESS'],
  },
  expected: {
    linked: EPERM,
    updated: [0, 3],
    wrongOld: EPERM,
    rightOld: [0, EPERM],
    wrongType: -22,
    detached: [0, 3, 0],
    afterClose: 3,
    orphan: [0, 0, -67, 0],
  },
  run: async ({ kernel, cgroup, rmdir }) => {
    const type = U.BPF_CGROUP_INET_EGRESS
    const send = () => kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet('127.0.0.1', 7))
    const drop = mustLoad(kernel, SKB, returns(0))
    const pass = mustLoad(kernel, SKB, returns(1))
    const filter = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, returns(0))
    const fd = link(kernel, drop, cgroup.fd, type)
    const linked = send()
    const updated = [linkUpdate(kernel, fd, pass), send()]
    const wrongOld = linkUpdate(kernel, fd, drop, REPLACE, drop)
    const rightOld = [linkUpdate(kernel, fd, drop, REPLACE, pass), send()]
    const wrongType = linkUpdate(kernel, fd, filter)
    const detached = [linkDetach(kernel, fd), send(), linkDetach(kernel, fd)]
    kernel.close(fd)
    const second = link(kernel, drop, cgroup.fd, type)
    kernel.close(second)
    const afterClose = send()
    kernel.mkdir(`${cgroup.path}/short`, 0o755)
    const short = kernel.open(`${cgroup.path}/short`, O_RDONLY)
    const third = link(kernel, drop, short, type)
    kernel.close(short)
    const removed = rmdir(`${cgroup.path}/short`)
    // the links of a cgroup that is gone lose it a little later
    await new Promise((resolve) => setTimeout(resolve, 100))
    return {
      linked,
      updated,
      wrongOld,
      rightOld,
      wrongType,
      detached,
      afterClose,
      orphan: [Math.min(third, 0), removed, linkUpdate(kernel, third, pass), linkDetach(kernel, third)],
    }
  },
})
