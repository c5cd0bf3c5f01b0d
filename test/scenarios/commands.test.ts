// SPDX-License-Identifier: BSD-2-Clause
/** Commands that other scenarios do not come by. */
import { progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import { createMap, EINVAL, ENOENT, mustLoad, returns, udpFrame, words } from './calls.ts'
import { scenario } from './scenario.ts'
import { btfLoad, intBtf } from './types.ts'

scenario('type information is loaded, numbered and found', {
  shows: { commands: ['BPF_BTF_LOAD', 'BPF_BTF_GET_FD_BY_ID', 'BPF_BTF_GET_NEXT_ID', 'BPF_OBJ_GET_INFO_BY_FD'] },
  expected: { loaded: true, cut: EINVAL, found: true, listed: true, size: 45, gone: ENOENT },
  run: async ({ kernel }) => {
    const fd = btfLoad(kernel, intBtf())
    const cut = btfLoad(kernel, intBtf().subarray(0, 40))
    using info = kernel.memory.alloc(64)
    const attr = new Uint8Array(16)
    attr.set(words(fd, 32))
    new DataView(attr.buffer).setBigUint64(8, info.address, true)
    kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
    const view = new DataView(info.bytes.buffer, info.bytes.byteOffset)
    const size = view.getUint32(8, true)
    const id = view.getUint32(12, true)
    const again = kernel.bpf(U.BPF_BTF_GET_FD_BY_ID, words(id, 0, 0))
    const next = words(id - 1, 0, 0)
    kernel.bpf(U.BPF_BTF_GET_NEXT_ID, next)
    const listed = new DataView(next.buffer, next.byteOffset).getUint32(4, true) === id
    kernel.close(again)
    kernel.close(fd)
    await new Promise((resolve) => setTimeout(resolve, 60))
    return {
      loaded: fd > 0,
      cut,
      found: again > 0,
      listed,
      size,
      gone: kernel.bpf(U.BPF_BTF_GET_FD_BY_ID, words(id, 0, 0)),
    }
  },
})

scenario('programs run on a given packet', {
  shows: {
    commands: ['BPF_PROG_TEST_RUN'],
    programTypes: [
      'BPF_PROG_TYPE_XDP',
      'BPF_PROG_TYPE_SCHED_CLS',
      'BPF_PROG_TYPE_FLOW_DISSECTOR',
      'BPF_PROG_TYPE_SYSCALL',
    ],
  },
  expected: { xdp: 60, cls: 60, short: -22, syscall: 7, tracepoint: -524 },
  run: ({ kernel }) => {
    const xdp = mustLoad(kernel, U.BPF_PROG_TYPE_XDP, 'r0 = *(u32 *)(r1 + 4)\nr2 = *(u32 *)(r1 + 0)\nr0 -= r2\nexit')
    const cls = mustLoad(kernel, U.BPF_PROG_TYPE_SCHED_CLS, 'r0 = *(u32 *)(r1 + 0)\nexit')
    const syscall = mustLoad(kernel, U.BPF_PROG_TYPE_SYSCALL, returns(7), { flags: 16 })
    const raw = (program: number, length: number) => {
      using data = kernel.memory.alloc(64)
      const attr = new Uint8Array(76)
      const view = new DataView(attr.buffer)
      view.setUint32(0, program, true)
      view.setUint32(8, length, true)
      if (length) view.setBigUint64(16, data.address, true)
      return kernel.bpf(U.BPF_PROG_TEST_RUN, attr)
    }
    return {
      xdp: progTestRun(kernel, xdp, { dataIn: udpFrame() }).retval,
      cls: progTestRun(kernel, cls, { dataIn: udpFrame() }).retval,
      short: raw(cls, 10),
      syscall: progTestRun(kernel, syscall).retval,
      tracepoint: raw(mustLoad(kernel, U.BPF_PROG_TYPE_TRACEPOINT, returns(0)), 0),
    }
  },
})

scenario('maps are numbered', {
  shows: { commands: ['BPF_MAP_GET_NEXT_ID', 'BPF_MAP_GET_FD_BY_ID', 'BPF_OBJ_GET_INFO_BY_FD'] },
  expected: { listed: true, found: true, gone: ENOENT },
  run: async ({ kernel }) => {
    const fd = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    using info = kernel.memory.alloc(128)
    const attr = new Uint8Array(16)
    attr.set(words(fd, 88))
    new DataView(attr.buffer).setBigUint64(8, info.address, true)
    kernel.bpf(U.BPF_OBJ_GET_INFO_BY_FD, attr)
    const id = new DataView(info.bytes.buffer, info.bytes.byteOffset).getUint32(4, true)
    const next = words(id - 1, 0, 0)
    kernel.bpf(U.BPF_MAP_GET_NEXT_ID, next)
    const listed = new DataView(next.buffer, next.byteOffset).getUint32(4, true) === id
    const again = kernel.bpf(U.BPF_MAP_GET_FD_BY_ID, words(id, 0, 0))
    kernel.close(again)
    kernel.close(fd)
    await new Promise((resolve) => setTimeout(resolve, 60))
    return { listed, found: again > 0, gone: kernel.bpf(U.BPF_MAP_GET_FD_BY_ID, words(id, 0, 0)) }
  },
})

scenario('the streams of a program are read', {
  shows: { commands: ['BPF_PROG_STREAM_READ_BY_FD'] },
  expected: { empty: [0, 0], none: ENOENT, noProgram: -9 },
  run: ({ kernel }) => {
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_SYSCALL, returns(0), { flags: 16 })
    const read = (fd: number, stream: number) => {
      using room = kernel.memory.alloc(64)
      const attr = new Uint8Array(20)
      const view = new DataView(attr.buffer)
      view.setBigUint64(0, room.address, true)
      view.setUint32(8, 64, true)
      view.setUint32(12, stream, true)
      view.setUint32(16, fd, true)
      return kernel.bpf(U.BPF_PROG_STREAM_READ_BY_FD, attr)
    }
    return { empty: [read(program, 1), read(program, 2)], none: read(program, 3), noProgram: read(999, 1) }
  },
})

scenario('tokens need a bpf file system that delegates', {
  shows: {},
  expected: { noFile: -9, flags: EINVAL },
  run: ({ kernel }) => ({
    noFile: kernel.bpf(U.BPF_TOKEN_CREATE, words(0, 999)),
    flags: kernel.bpf(U.BPF_TOKEN_CREATE, words(1, 0)),
  }),
})

scenario('what is no iterator is refused', {
  shows: {},
  expected: { notALink: EINVAL, noFile: -9, flags: EINVAL },
  run: ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    return {
      notALink: kernel.bpf(U.BPF_ITER_CREATE, words(map, 0)),
      noFile: kernel.bpf(U.BPF_ITER_CREATE, words(999, 0)),
      flags: kernel.bpf(U.BPF_ITER_CREATE, words(map, 1)),
    }
  },
})
