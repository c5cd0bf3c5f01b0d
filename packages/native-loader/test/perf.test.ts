// SPDX-License-Identifier: BSD-2-Clause
import { skipOrFail } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'

const at = bpf.eachKernel()
const PERF_TYPE_SOFTWARE = 1
const PERF_COUNT_SW_TASK_CLOCK = 1
const PERF_COUNT_SW_BPF_OUTPUT = 10
const PERF_EVENT_IOC_ENABLE = 0x2400
const PERF_EVENT_IOC_ID = 0x80082407

/** struct perf_event_attr, first version: type, size, config. */
function perfAttr(config: number, size = 64): Uint8Array<ArrayBuffer> {
  const attr = new Uint8Array(Math.max(size, 16))
  attr.set(bpf.words(PERF_TYPE_SOFTWARE, size, config, 0))
  return attr
}

test('a software event counts, has an id and maps its ring', (context) => {
  const { kernel } = at
  const clock = kernel.perfEventOpen(perfAttr(PERF_COUNT_SW_TASK_CLOCK), 0, -1, -1, 0)
  if (clock === bpf.ENOENT) context.skip(skipOrFail('the kernel has no perf events'))
  expect(clock).toBeGreaterThan(0)
  expect(kernel.ioctl(clock, PERF_EVENT_IOC_ENABLE, 0)).toBe(0)
  const id = new Uint8Array(8)
  // Requests with the read bit are negative when put together with JavaScript's shifts.
  expect(kernel.ioctl(clock, PERF_EVENT_IOC_ID | 0, id)).toBe(0)
  expect(id.some((byte) => byte !== 0)).toBe(true)
  const count = new Uint8Array(8)
  expect(kernel.read(clock, count)).toBe(8)
  expect(new DataView(count.buffer).getBigUint64(0, true)).toBeGreaterThan(0n)
  const output = kernel.perfEventOpen(perfAttr(PERF_COUNT_SW_BPF_OUTPUT), -1, 0, -1, 0)
  expect(output).toBeGreaterThan(0)
  const ring = kernel.mmap(output, 2 * kernel.facts.pageSize, 0, 3)
  if (typeof ring === 'number') throw new Error(`mmap: ${ring}`)
  // perf_event_mmap_page: data_offset at 1040, data_size at 1048.
  expect(bpf.word(ring.bytes, 1040 / 4)).toBe(kernel.facts.pageSize)
  expect(bpf.word(ring.bytes, 1048 / 4)).toBe(kernel.facts.pageSize)
  ring[Symbol.dispose]()
})

test('a structure that claims to be longer than its bytes reads nothing of ours', () => {
  const { kernel } = at
  const short = bpf.words(PERF_TYPE_SOFTWARE, 4096, PERF_COUNT_SW_TASK_CLOCK, 0)
  // What lies behind is zero, so that a longer version than the kernel's own is still acceptable.
  expect(kernel.perfEventOpen(short, 0, -1, -1, 0)).toBeGreaterThan(0)
  const huge = bpf.words(PERF_TYPE_SOFTWARE, 0xffffff, PERF_COUNT_SW_TASK_CLOCK, 0)
  expect(kernel.perfEventOpen(huge, 0, -1, -1, 0)).toBe(bpf.E2BIG)
  expect(kernel.perfEventOpen(new Uint8Array(0), 0, -1, -1, 0)).toBeLessThan(0)
  expect(kernel.perfEventOpen(perfAttr(PERF_COUNT_SW_TASK_CLOCK), 0, -1, -2, 0)).toBe(bpf.EBADF)
  expect(() => kernel.perfEventOpen(short, 0, -1, -1, -8)).toThrow(RangeError)
})

test('ioctl reads and writes its bytes, also where they are short', () => {
  const { kernel } = at
  const socket = kernel.socket(2, 2, 0)
  const SIOCGIFNAME = 0x8910
  const room = new Uint8Array(64).fill(0xee)
  // The kernel copies a whole struct ifreq of 40 bytes out; only 20 are the caller's.
  const request = room.subarray(0, 20)
  request.fill(0)
  request[16] = 1
  expect(kernel.ioctl(socket, SIOCGIFNAME, request)).toBe(0)
  expect(new TextDecoder().decode(request.subarray(0, 2))).toBe('lo')
  expect([...room.subarray(20)].every((byte) => byte === 0xee)).toBe(true)
  expect(kernel.ioctl(socket, SIOCGIFNAME, 8)).toBe(bpf.EFAULT)
  expect(kernel.ioctl(-1, SIOCGIFNAME, request)).toBe(bpf.EBADF)
  expect(() => kernel.ioctl(socket, SIOCGIFNAME, 0.5)).toThrow(RangeError)
  expect(() => kernel.ioctl(socket, SIOCGIFNAME, 'x' as unknown as number)).toThrow(TypeError)
})
