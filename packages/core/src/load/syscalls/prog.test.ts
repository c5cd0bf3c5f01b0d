// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import { type FakeAnswer, fakeKernel } from '../../../test-fixtures/fake-kernel.ts'
import { ATTR_PROG_LOAD, ATTR_TEST } from '../../gen/uapi-layouts.gen.ts'
import { encodeStruct, getBigField, getField } from '../attr.ts'
import { progTestRun, tryProgLoad } from './prog.ts'

const EAGAIN = -11
const ENOSPC = -28
const program = { type: 1, insns: new Uint8Array(16), license: 'GPL' }

/** Answers with each result in turn, the last for ever. */
function inTurn(...results: number[]): FakeAnswer {
  let next = 0
  return () => results[Math.min(next++, results.length - 1)]!
}

describe('loading', () => {
  test('EAGAIN is tried five times', () => {
    const kernel = fakeKernel(inTurn(EAGAIN))
    expect(tryProgLoad(kernel, program).result).toBe(EAGAIN)
    expect(kernel.calls).toHaveLength(5)
    expect(tryProgLoad(fakeKernel(inTurn(EAGAIN, EAGAIN, 7)), program).result).toBe(7)
  })

  test('a log that is too small grows to what the kernel wanted', () => {
    const sizes: number[] = []
    const kernel = fakeKernel((_call, memory, attr) => {
      const size = getField(ATTR_PROG_LOAD, attr, 'log_size', true)
      sizes.push(size)
      if (size < 5000) {
        new DataView(attr.buffer).setUint32(ATTR_PROG_LOAD.fields.log_true_size.offset, 5000, true)
        return ENOSPC
      }
      memory.at(getBigField(ATTR_PROG_LOAD, attr, 'log_buf', true)).set(new TextEncoder().encode('refused\n'))
      return -13
    })
    expect(tryProgLoad(kernel, program, { level: 1, size: 1000 })).toMatchObject({ result: -13, log: 'refused\n' })
    expect(sizes).toEqual([1000, 5000])
  })

  test('a kernel that does not say how much it wanted gets four times as much', () => {
    const sizes: number[] = []
    const kernel = fakeKernel((_call, _memory, attr) => {
      sizes.push(getField(ATTR_PROG_LOAD, attr, 'log_size', true))
      return sizes.length < 3 ? ENOSPC : 9
    })
    expect(tryProgLoad(kernel, program, { level: 1, size: 100 }).result).toBe(9)
    expect(sizes).toEqual([100, 400, 1600])
  })

  test('without a log there is no buffer; records come with their size', () => {
    const kernel = fakeKernel(() => 3)
    tryProgLoad(kernel, { ...program, btfFd: 5, funcInfo: { bytes: new Uint8Array(24), recordSize: 8 } })
    const { attr } = kernel.calls[0]!
    const field = (name: keyof typeof ATTR_PROG_LOAD.fields) => getField(ATTR_PROG_LOAD, attr, name, true)
    expect([field('insn_cnt'), field('log_level'), field('log_size'), field('log_buf')]).toEqual([2, 0, 0, 0])
    expect([field('func_info_cnt'), field('func_info_rec_size'), field('prog_btf_fd')]).toEqual([3, 8, 5])
    expect(field('line_info_rec_size')).toBe(0)
    expect(kernel.userMemory.buffers.size).toBe(1)
  })
})

describe('test runs', () => {
  test('what comes out', () => {
    const kernel = fakeKernel((_call, memory, attr) => {
      const values = { retval: 0xfffffffe, duration: 12, data_size_out: 3, ctx_size_out: 0 }
      for (const [name, value] of Object.entries(values)) {
        const { offset } = ATTR_TEST.fields[name as keyof typeof values]
        new DataView(attr.buffer).setUint32(offset, value, true)
      }
      memory.at(getBigField(ATTR_TEST, attr, 'data_out', true)).set([7, 8, 9])
      return 0
    })
    const result = progTestRun(kernel, 4, { dataIn: new Uint8Array(14), repeat: 2 })
    expect(result).toMatchObject({ retval: 0xfffffffe, durationNs: 12, truncated: false })
    expect([...result.dataOut]).toEqual([7, 8, 9])
    const expected = encodeStruct(ATTR_TEST, { prog_fd: 4, data_size_in: 14, repeat: 2 }, true)
    expect([...kernel.calls[0]!.attr.subarray(0, 12)]).toEqual([...expected.subarray(0, 12)])
  })

  test('too little room is said, not raised', () => {
    expect(
      progTestRun(
        fakeKernel(() => ENOSPC),
        1,
        { dataIn: new Uint8Array(20), dataOutSize: 4 },
      ).truncated,
    ).toBe(true)
    expect(() =>
      progTestRun(
        fakeKernel(() => -524),
        1,
      ),
    ).toThrow('BPF_PROG_TEST_RUN: operation is not supported (ENOTSUPP)')
  })
})
