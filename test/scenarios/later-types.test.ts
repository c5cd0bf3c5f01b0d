// SPDX-License-Identifier: BSD-2-Clause
/** Types that came after Linux 5.2 and that no other file shows, and what a flow dissector finds. */
import { readFileSync } from 'node:fs'
import { openObject, progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  createMap,
  EBUSY,
  inet,
  link,
  mustLoad,
  returns,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  udpFrame,
  updateElem,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const FLOW_KEYS = 56
const PAGE = 4096

scenario('a flow dissector fills the keys of a given packet', {
  shows: { commands: ['BPF_PROG_TEST_RUN'], programTypes: ['BPF_PROG_TYPE_FLOW_DISSECTOR'] },
  // the flags keep what skb_load_bytes said: bytes of a test are no packet, which is EFAULT
  // offsets of network and transport header, protocol of the payload, ports
  expected: { returned: 0, offsets: [14, 34], protocol: 17, ports: [4711, 53], etherType: 0x0800, fault: 14 },
  run: ({ kernel }) => {
    // r8: keys; takes the ports from the packet
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_FLOW_DISSECTOR,
      `r6 = r1
       r8 = *(u64 *)(r6 + 144)
       r7 = *(u16 *)(r8 + 0)
       r7 += 20
       *(u16 *)(r8 + 2) = r7
       *(u8 *)(r8 + 9) = 17
       r1 = r6
       r2 = r7
       r3 = r10
       r3 += -8
       r4 = 4
       call 26
       r9 = r0
       r2 = *(u32 *)(r6 + 76)
       r3 = *(u32 *)(r6 + 80)
       r4 = r2
       r4 += 38
       if r4 > r3 goto end
       r1 = *(u16 *)(r2 + 34)
       *(u16 *)(r8 + 12) = r1
       r1 = *(u16 *)(r2 + 36)
       *(u16 *)(r8 + 14) = r1
       r9 = -r9
       *(u32 *)(r8 + 48) = r9
     end:
       r0 = 0
       exit`,
    )
    const dataIn = udpFrame({ sport: 4711, dport: 53 })
    const { retval, dataOut } = progTestRun(kernel, program, { dataIn, dataOutSize: FLOW_KEYS })
    const keys = dataOut ?? new Uint8Array(FLOW_KEYS)
    const view = new DataView(keys.buffer, keys.byteOffset, keys.length)
    return {
      returned: retval,
      offsets: [view.getUint16(0, true), view.getUint16(2, true)],
      protocol: view.getUint8(9),
      ports: [view.getUint16(12), view.getUint16(14)],
      etherType: view.getUint16(10),
      fault: view.getUint32(48, true),
    }
  },
})

scenario('USER_RINGBUF: a program drains what the caller wrote', {
  shows: { mapTypes: ['BPF_MAP_TYPE_USER_RINGBUF'] },
  expected: { sum: { sum: 4711n + 15n }, drained: [2, 0], consumed: 32 },
  run: ({ kernel }) => {
    const bytes = readFileSync(new URL('programs/user-ring.bpf.o', import.meta.url))
    using object = openObject(bytes, { name: 'user-ring' }).load(kernel)
    const { fd } = object.map('ring')
    // consumer page, producer page, data
    const consumer = kernel.mmap(fd, PAGE, 0, 1)
    const producer = kernel.mmap(fd, 3 * PAGE, PAGE, 3)
    if (typeof consumer === 'number' || typeof producer === 'number') throw new Error('mmap')
    const view = new DataView(producer.bytes.buffer, producer.bytes.byteOffset, producer.bytes.length)
    for (const [i, value] of [4711n, 15n].entries()) {
      const at = PAGE + 16 * i
      view.setBigUint64(at + 8, value, true)
      view.setUint32(at, 8, true)
    }
    view.setBigUint64(0, 32n, true)
    const program = object.program('drain').fd
    const drained = [0, 1].map(() => progTestRun(kernel, program, { dataIn: udpFrame() }).retval)
    const consumed = Number(new DataView(consumer.bytes.buffer, consumer.bytes.byteOffset).getBigUint64(0, true))
    return { sum: object.map('.bss').lookup(0), drained, consumed }
  },
})

scenario('a link holds a verdict program at a sockmap', {
  shows: {
    commands: ['BPF_LINK_CREATE'],
    linkTypes: ['BPF_LINK_TYPE_SOCKMAP'],
    programTypes: ['BPF_PROG_TYPE_SK_MSG'],
    attachTypes: ['BPF_SK_MSG_VERDICT'],
    mapTypes: ['BPF_MAP_TYPE_SOCKMAP'],
  },
  // an sk_msg program that drops is EACCES for the sender
  expected: { before: 3, linked: true, beside: EBUSY, during: -13, unlinked: true },
  run: async ({ kernel, getsockname, accept }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.connect(client, getsockname(listener))
    await kernel.wait([listener], 1000)
    accept(listener)
    const before = kernel.send(client, new Uint8Array(3), 0)
    const map = createMap(kernel, U.BPF_MAP_TYPE_SOCKMAP, 4, 4, 1)
    const drops = mustLoad(kernel, U.BPF_PROG_TYPE_SK_MSG, returns(0), { expectedAttachType: U.BPF_SK_MSG_VERDICT })
    const fd = link(kernel, drops, map, U.BPF_SK_MSG_VERDICT)
    const beside = link(kernel, drops, map, U.BPF_SK_MSG_VERDICT)
    updateElem(kernel, map, words(0), words(client))
    const during = kernel.send(client, new Uint8Array(3), 0)
    kernel.close(fd)
    const again = link(kernel, drops, map, U.BPF_SK_MSG_VERDICT)
    return { before, linked: fd > 0, beside, during, unlinked: again > 0 }
  },
})
