// SPDX-License-Identifier: GPL-2.0-only
// Types of the kernel that the package holds: facts of Linux 6.18 for x86-64, as `bpftool btf dump` shows them.
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { btfInfo, getFdById, ids, KernelTypes } from '@skep/core'
import { type Btf, parseBtf } from '@skep/core/btf'
import { createVirtualKernel, packagedKernelTypes } from '@skep/wasm-vm'
import { describe, expect, test } from 'vitest'

const VMLINUX = '/sys/kernel/btf/vmlinux'
const reason = existsSync(VMLINUX) && release().startsWith('6.18.') ? '' : 'this is not Linux 6.18 with BTF'

test('the kernel gives its own types as object 1, as Linux does', async () => {
  using kernel = await createVirtualKernel()
  expect([...ids(kernel, 'btf')]).toEqual([1])
  const fd = getFdById(kernel, 'btf', 1)
  const info = btfInfo(kernel, fd, true)
  expect({ name: info.name, isKernel: info.isKernel }).toEqual({ name: 'vmlinux', isKernel: true })
  expect(Buffer.compare(info.bytes, await packagedKernelTypes())).toBe(0)
})

test('a kernel may have none', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: false })
  expect([...ids(kernel, 'btf')]).toEqual([])
  expect(kernel.kernelBtf).toBeUndefined()
})

test('what is no type information is none', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: new Uint8Array(40) })
  expect(() => getFdById(kernel, 'btf', 1)).toThrow(/ENOENT/)
})

describe.skipIf(reason)(`types as those of Linux${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test.each(['task_struct', 'sk_buff', 'tcp_sock', 'bpf_prog', 'cgroup', 'seq_file', 'bpf_iter__task', 'net_device'])(
    'struct %s',
    async (name) => {
      using kernel = await createVirtualKernel()
      using types = new KernelTypes(kernel)
      const linux = parseBtf(readFileSync(VMLINUX))
      const shape = (btf: Btf) => {
        const type = btf.type(btf.find(name, 'STRUCT') ?? 0)
        if (type?.kind !== 'STRUCT') throw new Error(`there is no struct ${name}`)
        const members = type.members.map(({ name, bitOffset, bitSize }) => ({ name, bitOffset, bitSize }))
        return { size: type.size, members }
      }
      expect(shape(types.vmlinux!)).toEqual(shape(linux))
    },
  )
})
