// SPDX-License-Identifier: GPL-2.0-only
/** User pointers in task storage: programs read and write the caller's own memory. Errnos are those of Linux 6.18. */
import { readFileSync } from 'node:fs'
import { mapUpdateElem, openObject, progTestRun } from '@skep/core'
import { expect, test } from 'vitest'
import { createVirtualKernel, World } from '../src/index.ts'
import * as C from './calls.ts'

const OBJECT = readFileSync(new URL('../../../test/scenarios/programs/uptr.bpf.o', import.meta.url))
const EFAULT = 14
const EOPNOTSUPP = 95
const PAGE = 4096

test.each(['interp', 'checked', 'jit'] as const)(
  'a program answers in the memory of the caller: %s',
  async (engine) => {
    using kernel = await createVirtualKernel({ engine })
    using object = openObject(OBJECT, { name: 'uptr' }).load(kernel)
    const { fd: map } = object.map('values')
    const program = object.program('answer').fd
    const key = C.words(new World(kernel).task.openPidfd())
    using room = kernel.memory.alloc(2 * PAGE)
    const page = (Number(room.address) + PAGE) & -PAGE
    const put = (address: number) =>
      C.errnoOf(() => {
        mapUpdateElem(kernel, map, key, Uint8Array.from([...C.long(BigInt(address)), ...C.long(0n)]))
      })
    const shared = () => new BigUint64Array(room.bytes.buffer, page, 2)
    shared()[0] = 21n

    // no value yet
    expect(progTestRun(kernel, program, {}).retval).toBe(1)
    expect(put(page)).toBe(0)
    expect(progTestRun(kernel, program, {}).retval).toBe(0)
    expect(shared()[1]).toBe(42n)
    // across two pages, and nowhere
    expect(put(page - 8)).toBe(EOPNOTSUPP)
    expect(put(8)).toBe(EFAULT)
    expect(put(0)).toBe(0)
    expect(progTestRun(kernel, program, {}).retval).toBe(2)
  },
)
