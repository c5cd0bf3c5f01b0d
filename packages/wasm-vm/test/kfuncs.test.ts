// SPDX-License-Identifier: GPL-2.0-only
/** Functions of the kernel that programs call by their number in its BTF. */
import { VerifierError } from '@skep/core'
import { parseBtf } from '@skep/core/btf'
import { assemble, encodeInstructions, type Instruction } from '@skep/core/isa'
import { loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'

/** The number of a function in the kernel's BTF. */
function idOf(kernel: VirtualKernel, name: string): number {
  const id = kernel.kernelBtf && parseBtf(kernel.kernelBtf).find(name, 'FUNC')
  if (!id) throw new Error(`no function ${name}`)
  return id
}

/** Text with `kcall name` for calls of kernel functions. */
function insns(kernel: VirtualKernel, code: string): Uint8Array {
  const names: string[] = []
  const text = code.replace(/kcall (\w+)/g, (_, name: string) => {
    names.push(name)
    return 'call 0x7fff'
  })
  const list: readonly Instruction[] = assemble(text).instructions
  const bytes = encodeInstructions(list)
  for (let i = 0; i < bytes.length; i += 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + i, 8)
    if (bytes[i] !== 0x85 || view.getInt32(4, true) !== 0x7fff) continue
    bytes[i + 1] = 2 << 4
    view.setInt32(4, idOf(kernel, names.shift() ?? ''), true)
  }
  return bytes
}

const load = (kernel: VirtualKernel, code: string) =>
  loadRaw(kernel, { type: U.BPF_PROG_TYPE_SCHED_CLS, insns: insns(kernel, code), license: 'GPL' }, { level: 2 })

const SUM = `
  r6 = 0
  r1 = r10
  r1 += -8
  r2 = 3
  r3 = 10
  kcall bpf_iter_num_new
next:
  r1 = r10
  r1 += -8
  kcall bpf_iter_num_next
  if r0 == 0 goto done
  r1 = *(u32 *)(r0 + 0)
  r6 += r1
  goto next
done:
  r1 = r10
  r1 += -8
  kcall bpf_iter_num_destroy
  r0 = r6
  exit`

test.each(['interp', 'checked', 'jit'] as const)(
  'a loop over numbers ends where its range does: %s',
  async (engine) => {
    using kernel = await createVirtualKernel({ engine })
    using program = load(kernel, SUM)
    expect(program.testRun({ dataIn: new Uint8Array(64) }).retval).toBe(3 + 4 + 5 + 6 + 7 + 8 + 9)
  },
)

test('an iterator that is not destroyed is refused, as Linux says it', async () => {
  using kernel = await createVirtualKernel()
  const code = 'r1 = r10\nr1 += -8\nr2 = 0\nr3 = 4\nkcall bpf_iter_num_new\nr0 = 0\nexit'
  expect(() => load(kernel, code)).toThrow(VerifierError)
  expect(() => load(kernel, code)).toThrow(/BPF_EXIT instruction in main prog would lead to reference leak/)
})

test('a slice of a packet is the packet itself where it lies in one piece', async () => {
  using kernel = await createVirtualKernel()
  using program = load(
    kernel,
    `r2 = 0
     r3 = r10
     r3 += -16
     kcall bpf_dynptr_from_skb
     r1 = r10
     r1 += -16
     r2 = 20
     r3 = 0
     r4 = 2
     kcall bpf_dynptr_slice
     if r0 != 0 goto found
     r0 = 0
     exit
   found:
     r0 = *(u16 *)(r0 + 0)
     exit`,
  )
  const dataIn = new Uint8Array(64)
  dataIn.set([0x34, 0x12], 20)
  expect(program.testRun({ dataIn }).retval).toBe(0x1234)
})

test('a kernel without types of its own has no functions to call, as Linux says it', async () => {
  using typed = await createVirtualKernel()
  using kernel = await createVirtualKernel({ kernelBtf: false })
  const program = { type: U.BPF_PROG_TYPE_SCHED_CLS, insns: insns(typed, SUM), license: 'GPL' }
  expect(() => loadRaw(kernel, program, { level: 2 })).toThrow(
    /calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF/,
  )
})
