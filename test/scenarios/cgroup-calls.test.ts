import * as U from '@skep/core/uapi'
import {
  AF_INET,
  attach,
  counter,
  createMap,
  detach,
  EPERM,
  inet,
  keep,
  link,
  lookupElem,
  mustLoad,
  returns,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const IPPROTO_IP = 0
const IP_TOS = 1
const O_RDONLY = 0
const O_WRONLY = 1

const SKB = U.BPF_PROG_TYPE_CGROUP_SKB

scenario('setsockopt and getsockopt through programs', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCKOPT'],
    attachTypes: ['BPF_CGROUP_SETSOCKOPT', 'BPF_CGROUP_GETSOCKOPT'],
  },
  expected: { set: [0, EPERM, 0], tos: 0x18, shown: [0x77, 1], kernelValue: 0x18 },
  run: ({ kernel, cgroup }) => {
    // IP_TOS becomes 0x18; IP_TTL is refused; a level of the program's own is answered by it
    const set = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SOCKOPT,
      `r2 = *(u32 *)(r1 + 24)
       r3 = *(u32 *)(r1 + 28)
       if r2 == 5000 goto own
       if r3 == 2 goto refuse
       if r3 != ${IP_TOS} goto pass
       r4 = *(u64 *)(r1 + 8)
       r5 = *(u64 *)(r1 + 16)
       r6 = r4
       r6 += 1
       if r6 > r5 goto pass
       *(u8 *)(r4 + 0) = 24
     pass:
       r0 = 1
       exit
     own:
       r2 = -1
       *(u32 *)(r1 + 32) = r2
       r0 = 1
       exit
     refuse:
       r0 = 0
       exit`,
      { expectedAttachType: U.BPF_CGROUP_SETSOCKOPT },
    )
    const get = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SOCKOPT,
      `r3 = *(u32 *)(r1 + 28)
       if r3 != ${IP_TOS} goto pass
       r4 = *(u64 *)(r1 + 8)
       r5 = *(u64 *)(r1 + 16)
       r6 = r4
       r6 += 1
       if r6 > r5 goto pass
       *(u8 *)(r4 + 0) = 0x77
       r2 = 1
       *(u32 *)(r1 + 32) = r2
     pass:
       r0 = 1
       exit`,
      { expectedAttachType: U.BPF_CGROUP_GETSOCKOPT },
    )
    attach(kernel, cgroup.fd, set, U.BPF_CGROUP_SETSOCKOPT)
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const results = [
      kernel.setsockopt(fd, IPPROTO_IP, IP_TOS, words(4)),
      kernel.setsockopt(fd, IPPROTO_IP, 2, words(4)),
      kernel.setsockopt(fd, 5000, 1, words(4)),
    ]
    const value = new Uint8Array(4)
    kernel.getsockopt(fd, IPPROTO_IP, IP_TOS, value)
    const tos = value[0]
    attach(kernel, cgroup.fd, get, U.BPF_CGROUP_GETSOCKOPT)
    const length = kernel.getsockopt(fd, IPPROTO_IP, IP_TOS, value)
    const shown = [value[0], length]
    detach(kernel, cgroup.fd, get, U.BPF_CGROUP_GETSOCKOPT)
    kernel.getsockopt(fd, IPPROTO_IP, IP_TOS, value)
    return { set: results, tos, shown, kernelValue: value[0] }
  },
})

scenario('a device is denied', {
  shows: { programTypes: ['BPF_PROG_TYPE_CGROUP_DEVICE'], attachTypes: ['BPF_CGROUP_DEVICE'] },
  // minor 5 of major 1 is /dev/zero; only writing to it is denied
  expected: { zero: [true, EPERM], null: [true, true] },
  run: ({ kernel, cgroup }) => {
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_DEVICE,
      `r0 = 1
       r2 = *(u32 *)(r1 + 4)
       if r2 != 1 goto end
       r2 = *(u32 *)(r1 + 8)
       if r2 != 5 goto end
       r2 = *(u32 *)(r1 + 0)
       r2 >>= 16
       r2 &= 4
       if r2 == 0 goto end
       r0 = 0
     end:
       exit`,
    )
    attach(kernel, cgroup.fd, program, U.BPF_CGROUP_DEVICE)
    const open = (path: string, flags: number) => {
      const fd = kernel.open(path, flags)
      return fd >= 0 ? true : fd
    }
    return {
      zero: [open('/dev/zero', O_RDONLY), open('/dev/zero', O_WRONLY)],
      null: [open('/dev/null', O_RDONLY), open('/dev/null', O_WRONLY)],
    }
  },
})

scenario('a kernel parameter is denied, named and read', {
  shows: { programTypes: ['BPF_PROG_TYPE_CGROUP_SYSCTL'], attachTypes: ['BPF_CGROUP_SYSCTL'] },
  expected: {
    read: EPERM,
    other: true,
    name: 'net/ipv4/ip_unprivileged_port_start',
    base: 'ip_unprivileged_port_start',
    value: '1024',
  },
  run: ({ kernel, cgroup }) => {
    const texts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 64, 3)
    const path = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
    const call = (index: number, helper: number, flags: string) => `
      *(u32 *)(r10 - 4) = ${index}
      r2 = r10
      r2 += -4
      ld_pseudo r1, 1, ${texts}
      call 1
      if r0 == 0 goto end
      r1 = r6
      r2 = r0
      r3 = 64
      ${flags}
      call ${helper}`
    const look = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SYSCTL,
      `r6 = r1
       ${call(0, 101, 'r4 = 0')}
       ${call(1, 101, 'r4 = 1')}
       ${call(2, 102, '')}
       end:
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, look, U.BPF_CGROUP_SYSCTL)
    kernel.read(kernel.open(path, O_RDONLY), new Uint8Array(64))
    const text = (index: number) => {
      const value = lookupElem(kernel, texts, words(index), 64)
      if (typeof value === 'number') return `errno ${-value}`
      return new TextDecoder().decode(value.subarray(0, value.indexOf(0))).trim()
    }
    const [name, base, value] = [text(0), text(1), text(2)]
    detach(kernel, cgroup.fd, look, U.BPF_CGROUP_SYSCTL)
    attach(kernel, cgroup.fd, mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SYSCTL, returns(0)), U.BPF_CGROUP_SYSCTL)
    const read = kernel.read(kernel.open(path, O_RDONLY), new Uint8Array(64))
    detach(kernel, cgroup.fd, 0, U.BPF_CGROUP_SYSCTL)
    return { read, other: kernel.read(kernel.open(path, O_RDONLY), new Uint8Array(64)) > 0, name, base, value }
  },
})

scenario('sock_ops sees a connection come and go', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCK_OPS'], attachTypes: ['BPF_CGROUP_SOCK_OPS'] },
  // tcp_connect, established on both sides, listen
  expected: { connect: 1, active: 1, passive: 1, listen: 1, closedStates: true },
  run: async ({ kernel, cgroup, accept, getsockname }) => {
    const seen = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 32)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_SOCK_OPS,
      `r6 = r1
       r7 = *(u32 *)(r6 + 0)
       if r7 > 31 goto end
       *(u32 *)(r10 - 4) = r7
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${seen}
       call 1
       if r0 == 0 goto end
       r1 = 1
       lock *(u64 *)(r0 + 0) += r1
       if r7 != 4 goto end
       r1 = r6
       r2 = 4
       call 59
     end:
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, program, U.BPF_CGROUP_SOCK_OPS)
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 2)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.connect(client, getsockname(listener))
    await kernel.wait([listener], 1000)
    const server = accept(listener)
    kernel.close(client)
    await kernel.wait([server], 1000)
    kernel.close(server)
    await new Promise((resolve) => setTimeout(resolve, 20))
    detach(kernel, cgroup.fd, program, U.BPF_CGROUP_SOCK_OPS)
    return {
      connect: counter(kernel, seen, 3),
      active: counter(kernel, seen, 4),
      passive: counter(kernel, seen, 5),
      listen: counter(kernel, seen, 11),
      closedStates: counter(kernel, seen, 10) >= 2,
    }
  },
})

scenario('local storage of a cgroup program', {
  shows: {
    mapTypes: ['BPF_MAP_TYPE_CGROUP_STORAGE', 'BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE'],
    programTypes: ['BPF_PROG_TYPE_CGROUP_SKB'],
  },
  expected: { shared: 2, perCpu: 2 },
  run: ({ kernel, cgroup }) => {
    const shared = createMap(kernel, U.BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 0)
    const perCpu = createMap(kernel, U.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 16, 8, 0)
    const add = (map: number) => `
      ld_pseudo r1, 1, ${map}
      r2 = 0
      call 81
      r1 = 1
      lock *(u64 *)(r0 + 0) += r1`
    const program = mustLoad(kernel, SKB, `${add(shared)}\n${add(perCpu)}\nr0 = 1\nexit`)
    attach(kernel, cgroup.fd, program, U.BPF_CGROUP_INET_EGRESS)
    for (let i = 0; i < 2; i++)
      kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet('127.0.0.1', 7))
    const first = (map: number, cpus: number) => {
      using next = kernel.memory.alloc(16)
      const attr = new Uint8Array(32)
      const view = new DataView(attr.buffer)
      view.setUint32(0, map, true)
      view.setBigUint64(16, next.address, true)
      kernel.bpf(U.BPF_MAP_GET_NEXT_KEY, attr)
      const value = lookupElem(kernel, map, next.bytes.slice(), 8 * cpus)
      if (typeof value === 'number') return value
      const longs = new BigUint64Array(value.slice().buffer)
      return Number(longs.reduce((sum, n) => sum + n, 0n))
    }
    return { shared: first(shared, 1), perCpu: first(perCpu, kernel.facts.possibleCpus) }
  },
})

scenario('a program asks which cgroup a packet is from', {
  shows: { mapTypes: ['BPF_MAP_TYPE_CGROUP_ARRAY'], attachTypes: ['BPF_CGROUP_INET_EGRESS'] },
  expected: { update: 0, under: [1, 0], lookup: -524 },
  run: ({ kernel, cgroup, getsockname }) => {
    const array = createMap(kernel, U.BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 2)
    const answers = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    kernel.mkdir(`${cgroup.path}/child`, 0o755)
    const child = kernel.open(`${cgroup.path}/child`, O_RDONLY)
    const put = (index: number, fd: number) => {
      using k = kernel.memory.alloc(4)
      using v = kernel.memory.alloc(4)
      k.bytes.set(words(index))
      v.bytes.set(words(fd))
      const attr = new Uint8Array(32)
      const view = new DataView(attr.buffer)
      view.setUint32(0, array, true)
      view.setBigUint64(8, k.address, true)
      view.setBigUint64(16, v.address, true)
      return kernel.bpf(U.BPF_MAP_UPDATE_ELEM, attr)
    }
    const update = put(0, cgroup.fd)
    put(1, child)
    const ask = (index: number) => `
      r1 = r7
      ld_pseudo r2, 1, ${array}
      r3 = ${index}
      call 33
      r6 = r0
      ${keep(answers, index)}`
    const classifier = mustLoad(kernel, U.BPF_PROG_TYPE_SCHED_CLS, `r7 = r1\n${ask(0)}\n${ask(1)}\nr0 = -1\nexit`)
    const fd = link(kernel, classifier, 1, U.BPF_TCX_EGRESS)
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, getsockname(receiver))
    kernel.close(fd)
    const looked = lookupElem(kernel, array, words(0), 4)
    return {
      update,
      under: [counter(kernel, answers, 0), counter(kernel, answers, 1)],
      lookup: typeof looked === 'number' ? looked : 0,
    }
  },
})
