// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  AF_UNIX,
  count,
  counter,
  createMap,
  EEXIST,
  EINVAL,
  link,
  linkDetach,
  load,
  lookupElem,
  mustLoad,
  returns,
  SO_ATTACH_BPF,
  SOCK_DGRAM,
  SOL_SOCKET,
  updateElem,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const RAW = U.BPF_PROG_TYPE_RAW_TRACEPOINT
const PERF_TYPE_SOFTWARE = 1
const PERF_TYPE_TRACEPOINT = 2
const SW_BPF_OUTPUT = 10
const SAMPLE_RAW = 0x400
const IOC_ENABLE = 0x2400
const IOC_SET_BPF = 0x40042408
const PROT_RW = 3

function rawOpen(kernel: Kernel, program: number, name: string | undefined): number {
  using text = kernel.memory.alloc(64)
  if (name !== undefined) text.bytes.set(new TextEncoder().encode(name))
  const attr = new Uint8Array(24)
  const view = new DataView(attr.buffer)
  if (name !== undefined) view.setBigUint64(0, text.address, true)
  view.setUint32(8, program, true)
  return kernel.bpf(U.BPF_RAW_TRACEPOINT_OPEN, attr)
}

function perfAttr(type: number, config: number, sampleType = 0, period = 1): Uint8Array {
  const attr = new Uint8Array(112)
  const view = new DataView(attr.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, attr.length, true)
  view.setBigUint64(8, BigInt(config), true)
  view.setBigUint64(16, BigInt(period), true)
  view.setBigUint64(24, BigInt(sampleType), true)
  view.setUint32(48, 1, true)
  return attr
}

scenario('a raw tracepoint counts system calls and sees their number', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_RAW_TRACEPOINT'],
    commands: ['BPF_RAW_TRACEPOINT_OPEN', 'BPF_TASK_FD_QUERY'],
    programTypes: ['BPF_PROG_TYPE_RAW_TRACEPOINT'],
    attachTypes: ['BPF_TRACE_RAW_TP'],
  },
  expected: {
    mkdirs: 2,
    afterClose: 2,
    unknown: -2,
    wrongType: EINVAL,
    tooFar: EINVAL,
    query: { result: 0, name: 'sys_enter', type: 0 },
  },
  run: ({ kernel, cgroup, pid }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const me = pid
    // counts mkdir (83) of this process
    const program = mustLoad(
      kernel,
      RAW,
      `r6 = *(u64 *)(r1 + 8)
       if r6 != 83 goto end
       call 14
       r0 >>= 32
       if r0 != ${me} goto end
       ${count(map)}
     end:
       r0 = 0
       exit`,
    )
    const fd = rawOpen(kernel, program, 'sys_enter')
    kernel.mkdir(`${cgroup.path}/x`, 0o755)
    kernel.mkdir(`${cgroup.path}/y`, 0o755)
    const mkdirs = counter(kernel, map)
    using buffer = kernel.memory.alloc(64)
    const attr = new Uint8Array(48)
    const view = new DataView(attr.buffer)
    attr.set(words(me, fd, 0, 64))
    view.setBigUint64(16, buffer.address, true)
    const result = kernel.bpf(U.BPF_TASK_FD_QUERY, attr)
    const name = new TextDecoder().decode(buffer.bytes.subarray(0, view.getUint32(12, true)))
    const query = { result, name, type: view.getUint32(28, true) }
    kernel.close(fd)
    kernel.mkdir(`${cgroup.path}/z`, 0o755)
    const far = load(kernel, RAW, 'r0 = *(u64 *)(r1 + 88)\nr0 = 0\nexit')
    return {
      mkdirs,
      afterClose: counter(kernel, map),
      unknown: rawOpen(kernel, program, 'no_such_tracepoint'),
      wrongType: rawOpen(kernel, mustLoad(kernel, U.BPF_PROG_TYPE_XDP, returns(1)), 'sys_enter'),
      tooFar: rawOpen(kernel, far, 'sys_enter'),
      query,
    }
  },
})

scenario('a tracepoint program counts through a perf event, by ioctl and by link', {
  shows: {
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_TRACEPOINT'],
    attachTypes: ['BPF_PERF_EVENT'],
  },
  expected: {
    open: true,
    set: [0, EEXIST, EEXIST, EINVAL],
    mkdirs: 1,
    closed: 1,
    byLink: [true, 2],
    afterDetach: -95,
    busy: EEXIST,
    notPerf: -9,
  },
  run: ({ kernel, cgroup, pid, readTracing }) => {
    const id = Number(readTracing('events/raw_syscalls/sys_enter/id'))
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_TRACEPOINT,
      `r6 = *(u64 *)(r1 + 8)
       if r6 != 83 goto end
       call 14
       r0 >>= 32
       if r0 != ${pid} goto end
       ${count(map)}
     end:
       r0 = 0
       exit`,
    )
    const open = (cpu: number) => kernel.perfEventOpen(perfAttr(PERF_TYPE_TRACEPOINT, id), -1, cpu, -1, 0)
    const [first, second] = [open(0), open(1)]
    const other = mustLoad(kernel, RAW, returns(0))
    const set = [
      kernel.ioctl(first, IOC_SET_BPF, program),
      kernel.ioctl(first, IOC_SET_BPF, program),
      // all events of a tracepoint share its programs
      kernel.ioctl(second, IOC_SET_BPF, program),
      kernel.ioctl(second, IOC_SET_BPF, other),
    ]
    kernel.mkdir(`${cgroup.path}/x`, 0o755)
    const mkdirs = counter(kernel, map)
    const busy = link(kernel, program, first, U.BPF_PERF_EVENT)
    kernel.close(first)
    kernel.mkdir(`${cgroup.path}/y`, 0o755)
    const closed = counter(kernel, map)
    const fd = link(kernel, program, second, U.BPF_PERF_EVENT)
    kernel.mkdir(`${cgroup.path}/z`, 0o755)
    return {
      open: first > 0,
      set,
      mkdirs,
      closed,
      byLink: [fd > 0, counter(kernel, map)],
      afterDetach: linkDetach(kernel, fd),
      busy,
      notPerf: link(kernel, program, map, U.BPF_PERF_EVENT),
    }
  },
})

scenario('perf event output reaches the ring of the CPU', {
  shows: { mapTypes: ['BPF_MAP_TYPE_PERF_EVENT_ARRAY'], programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { update: 0, type: 9, size: 24, payload: 0xabcd, returned: [0n, -2n], lookup: -524 },
  run: async ({ kernel, socketpair }) => {
    const array = createMap(kernel, U.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 64)
    const answers = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const events = Array.from({ length: kernel.facts.onlineCpus }, (_, cpu) =>
      kernel.perfEventOpen(perfAttr(PERF_TYPE_SOFTWARE, SW_BPF_OUTPUT, SAMPLE_RAW), -1, cpu, -1, 0),
    )
    const rings = events.map((event) => kernel.mmap(event, kernel.facts.pageSize * 3, 0, PROT_RW))
    const update = Math.min(...events.map((event, cpu) => updateElem(kernel, array, words(cpu), words(event))))
    for (const event of events) kernel.ioctl(event, IOC_ENABLE, 0)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_SOCKET_FILTER,
      `r7 = r1
       r8 = ${0xabcd}
       *(u64 *)(r10 - 16) = r8
       ld_pseudo r2, 1, ${array}
       r3 = 4294967295 ll
       r4 = r10
       r4 += -16
       r5 = 8
       call 25
       r6 = r0
       *(u32 *)(r10 - 4) = 0
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${answers}
       call 1
       if r0 == 0 goto end
       *(u64 *)(r0 + 0) = r6
       r1 = r7
       ld_pseudo r2, 1, ${array}
       r3 = 63
       r4 = r10
       r4 += -16
       r5 = 8
       call 25
       r6 = r0
       *(u32 *)(r10 - 4) = 1
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${answers}
       call 1
       if r0 == 0 goto end
       *(u64 *)(r0 + 0) = r6
     end:
       r0 = 0
       exit`,
    )
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    kernel.send(a, new Uint8Array(4), 0)
    let record = { type: 0, size: 0, payload: 0 }
    for (const ring of rings) {
      if (typeof ring === 'number') throw new Error(`mmap: errno ${-ring}`)
      const view = new DataView(ring.bytes.buffer, ring.bytes.byteOffset, ring.length)
      if (view.getBigUint64(1024, true) === 0n) continue
      const at = kernel.facts.pageSize
      record = {
        type: view.getUint32(at, true),
        size: view.getUint16(at + 6, true),
        payload: Number(view.getBigUint64(at + 12, true)),
      }
    }
    const returned = [0, 1].map((i) => {
      const value = lookupElem(kernel, answers, words(i), 8)
      return typeof value === 'number' ? 99n : new BigInt64Array(value.slice().buffer)[0]
    })
    const looked = lookupElem(kernel, array, words(0), 4)
    return { update, ...record, returned, lookup: typeof looked === 'number' ? looked : 0 }
  },
})

scenario('a ring buffer carries records from a filter to the reader', {
  shows: { mapTypes: ['BPF_MAP_TYPE_RINGBUF'], programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { ready: true, producer: 32, header: 8, values: [7, 8] },
  run: async ({ kernel, socketpair }) => {
    const ring = createMap(kernel, U.BPF_MAP_TYPE_RINGBUF, 0, 0, 4096)
    const submit = (value: number) => `
      ld_pseudo r1, 1, ${ring}
      r2 = 8
      r3 = 0
      call 131
      if r0 == 0 goto end
      r1 = ${value}
      *(u64 *)(r0 + 0) = r1
      r1 = r0
      r2 = 0
      call 132`
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, `${submit(7)}\n${submit(8)}\nend:\nr0 = 0\nexit`)
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    kernel.send(a, new Uint8Array(4), 0)
    const ready = (await kernel.wait([ring], 1000)).length === 1
    const page = kernel.facts.pageSize
    const producer = kernel.mmap(ring, page + 2 * 4096, page, 1)
    if (typeof producer === 'number') throw new Error(`mmap: errno ${-producer}`)
    const view = new DataView(producer.bytes.buffer, producer.bytes.byteOffset, producer.length)
    return {
      ready,
      producer: Number(view.getBigUint64(0, true)),
      header: view.getUint32(page, true),
      values: [Number(view.getBigUint64(page + 8, true)), Number(view.getBigUint64(page + 24, true))],
    }
  },
})

scenario('a program on a perf event: rules of attaching', {
  shows: { programTypes: ['BPF_PROG_TYPE_PERF_EVENT'], attachTypes: ['BPF_PERF_EVENT'] },
  expected: { set: 0, again: EEXIST, wrongType: EINVAL, link: EEXIST },
  run: ({ kernel }) => {
    // the software event of the CPU clock
    const open = () => kernel.perfEventOpen(perfAttr(PERF_TYPE_SOFTWARE, 0, 0, 1_000_000_000), -1, 0, -1, 0)
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_PERF_EVENT, returns(0))
    const event = open()
    return {
      set: kernel.ioctl(event, IOC_SET_BPF, program),
      again: kernel.ioctl(event, IOC_SET_BPF, program),
      wrongType: kernel.ioctl(open(), IOC_SET_BPF, mustLoad(kernel, RAW, returns(0))),
      link: link(kernel, program, event, U.BPF_PERF_EVENT),
    }
  },
})

scenario('a tail call goes where the map says', {
  shows: { mapTypes: ['BPF_MAP_TYPE_PROG_ARRAY'], programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { missing: 1, taken: 3, wrongType: EINVAL, self: 1 },
  run: ({ kernel, socketpair }) => {
    const array = createMap(kernel, U.BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2)
    const caller = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_SOCKET_FILTER,
      `ld_pseudo r2, 1, ${array}\nr3 = 0\ncall 12\nr0 = 1\nexit`,
    )
    const target = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, returns(3))
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(caller))
    const send = () => {
      kernel.send(a, new Uint8Array(8), 0)
      return kernel.recv(b, new Uint8Array(16), 0x40)
    }
    const missing = send()
    updateElem(kernel, array, words(0), words(target))
    const taken = send()
    const wrongType = updateElem(kernel, array, words(1), words(mustLoad(kernel, U.BPF_PROG_TYPE_XDP, returns(1))))
    // 33 calls of itself, then on
    updateElem(kernel, array, words(0), words(caller))
    return { missing, taken, wrongType, self: send() }
  },
})

scenario('run time of programs is counted where that is enabled', {
  shows: { commands: ['BPF_ENABLE_STATS', 'BPF_OBJ_GET_INFO_BY_FD'] },
  expected: { before: 0, during: 2, wrongType: EINVAL },
  run: ({ kernel, socketpair }) => {
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, returns(8))
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    const runs = () => {
      using info = kernel.memory.alloc(256)
      const attr = new Uint8Array(16)
      attr.set(words(program, 256))
      new DataView(attr.buffer).setBigUint64(8, info.address, true)
      kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
      return Number(new DataView(info.bytes.buffer, info.bytes.byteOffset).getBigUint64(200, true))
    }
    kernel.send(a, new Uint8Array(8), 0)
    const before = runs()
    const stats = kernel.bpf(U.BPF_ENABLE_STATS, words(0))
    kernel.send(a, new Uint8Array(8), 0)
    kernel.send(a, new Uint8Array(8), 0)
    const during = runs()
    kernel.close(stats)
    return { before, during, wrongType: kernel.bpf(U.BPF_ENABLE_STATS, words(1)) }
  },
})

scenario('a program lives while something holds it', {
  shows: {
    commands: [
      'BPF_PROG_GET_NEXT_ID',
      'BPF_PROG_GET_FD_BY_ID',
      'BPF_LINK_GET_NEXT_ID',
      'BPF_LINK_GET_FD_BY_ID',
      'BPF_OBJ_PIN',
      'BPF_OBJ_GET',
    ],
  },
  expected: { byFd: true, bySocket: true, gone: -2, byLink: true, linkGone: -2 },
  run: async ({ kernel, cgroup }) => {
    const idOf = (fd: number) => {
      using info = kernel.memory.alloc(256)
      const attr = new Uint8Array(16)
      attr.set(words(fd, 256))
      new DataView(attr.buffer).setBigUint64(8, info.address, true)
      kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
      return new DataView(info.bytes.buffer, info.bytes.byteOffset).getUint32(4, true)
    }
    const byId = (id: number) => {
      const fd = kernel.bpf(U.BPF_PROG_GET_FD_BY_ID, words(id, 0, 0))
      if (fd > 0) kernel.close(fd)
      return fd > 0 ? true : fd
    }
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_SOCKET_FILTER, returns(8))
    const id = idOf(program)
    const byFd = byId(id)
    const socket = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    kernel.close(program)
    const bySocket = byId(id)
    kernel.close(socket)
    await new Promise((resolve) => setTimeout(resolve, 60))
    const gone = byId(id)
    const pass = mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SKB, returns(1))
    const passId = idOf(pass)
    const linked = link(kernel, pass, cgroup.fd, U.BPF_CGROUP_INET_EGRESS)
    kernel.close(pass)
    const byLink = byId(passId)
    kernel.close(linked)
    await new Promise((resolve) => setTimeout(resolve, 60))
    return { byFd, bySocket, gone, byLink, linkGone: byId(passId) }
  },
})
