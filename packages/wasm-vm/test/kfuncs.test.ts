// SPDX-License-Identifier: GPL-2.0-only
/** Functions of the kernel that programs call by BTF id: the host gives the BTF that has them. */
import { VerifierError } from '@skep/core'
import { assemble, encodeInstructions, type Instruction } from '@skep/core/isa'
import { loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'

const NAMES = [
  'bpf_iter_num_new',
  'bpf_iter_num_next',
  'bpf_iter_num_destroy',
  'bpf_dynptr_from_skb',
  'bpf_dynptr_slice',
]
const STRINGS = `\0int\0${NAMES.join('\0')}\0`
const at = (name: string) => STRINGS.indexOf(`\0${name}\0`) + 1
const kind = (k: number, vlen = 0) => (k << 24) | vlen
/** Types 1 and 2 are int and the prototype of them all; the functions come after. */
const idOf = (name: string) => 3 + NAMES.indexOf(name)

function kernelBtf(): Uint8Array {
  const types = [
    [at('int'), kind(1), 4, (1 << 24) | 32],
    [0, kind(13), 1],
    ...NAMES.map((name) => [at(name), kind(12), 2]),
  ].flat()
  const head = [0xeb9f | (1 << 16), 24, 0, types.length * 4, types.length * 4, STRINGS.length]
  return Buffer.concat([new Uint8Array(new Uint32Array([...head, ...types]).buffer), Buffer.from(STRINGS)])
}

/** Text with `kcall name` for calls of kernel functions. */
function insns(code: string): Uint8Array {
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
    view.setInt32(4, idOf(names.shift() ?? ''), true)
  }
  return bytes
}

const load = (kernel: VirtualKernel, code: string) =>
  loadRaw(kernel, { type: U.BPF_PROG_TYPE_SCHED_CLS, insns: insns(code), license: 'GPL' }, { level: 2 })

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
    using kernel = await createVirtualKernel({ kernelBtf: kernelBtf(), engine })
    using program = load(kernel, SUM)
    expect(program.testRun({ dataIn: new Uint8Array(64) }).retval).toBe(3 + 4 + 5 + 6 + 7 + 8 + 9)
  },
)

test('an iterator that is not destroyed is refused, as Linux says it', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: kernelBtf() })
  const code = 'r1 = r10\nr1 += -8\nr2 = 0\nr3 = 4\nkcall bpf_iter_num_new\nr0 = 0\nexit'
  expect(() => load(kernel, code)).toThrow(VerifierError)
  expect(() => load(kernel, code)).toThrow(/BPF_EXIT instruction in main prog would lead to reference leak/)
})

test('a slice of a packet is the packet itself where it lies in one piece', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: kernelBtf() })
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

test('without the BTF of the kernel such programs are not decided', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: false })
  expect(() => load(kernel, SUM)).toThrow(/skep: unsupported: kernel function calls/)
})
