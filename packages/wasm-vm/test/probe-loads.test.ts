// SPDX-License-Identifier: GPL-2.0-only
/** Loads through pointers to kernel structures: where there is no memory they read as zero, on every engine. */
import { progTestRun } from '@skep/core'
import { parseBtf } from '@skep/core/btf'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { expect, test } from 'vitest'
import { createVirtualKernel } from '../src/index.ts'

test.each(['interp', 'jit', 'checked'] as const)('%s', async (engine) => {
  using kernel = await createVirtualKernel({ engine })
  const types = parseBtf(kernel.kernelBtf!)
  const task = types.type(types.find('task_struct', 'STRUCT')!)
  if (task?.kind !== 'STRUCT') throw new Error('task_struct is no structure')
  const offset = (name: string) => task.members.find((m) => m.name === name)!.bitOffset / 8
  // Nobody was woken by the current task: the pointer is NULL, and what lies behind it reads as zero.
  const code = `
    call ${U.BPF_FUNC_get_current_task_btf}
    r6 = r0
    r1 = *(u64 *)(r6 + ${offset('last_wakee')})
    r7 = *(u32 *)(r1 + ${offset('pid')})
    r8 = *(s32 *)(r1 + ${offset('tgid')})
    r7 |= r8
    r9 = *(u32 *)(r6 + ${offset('tgid')})
    call ${U.BPF_FUNC_get_current_pid_tgid}
    r0 >>= 32
    if r0 == 0 goto out
    r0 ^= r9
    r0 += r7
    r0 += 1
  out:
    exit`
  const { fd } = loadRaw(
    kernel,
    { type: U.BPF_PROG_TYPE_RAW_TRACEPOINT, insns: encodeInstructions(assemble(code).instructions), license: 'GPL' },
    { level: 2 },
  )
  expect(progTestRun(kernel, fd).retval).toBe(1)
})
