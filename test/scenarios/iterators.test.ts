// SPDX-License-Identifier: BSD-2-Clause
/** Iterators: programs that write text, or bytes, about each object of a kind. */
import { KernelTypes } from '@skep/core'
import * as U from '@skep/core/uapi'
import { createMap, link, mustLoad, updateElem, words } from './calls.ts'
import { scenario } from './scenario.ts'

const SEQ_WRITE = 127

scenario('an iterator over the elements of a map writes what the program says', {
  shows: {
    commands: ['BPF_LINK_CREATE', 'BPF_ITER_CREATE'],
    programTypes: ['BPF_PROG_TYPE_TRACING'],
    attachTypes: ['BPF_TRACE_ITER'],
    linkTypes: ['BPF_LINK_TYPE_ITER'],
  },
  kernelTypes: true,
  expected: { loaded: true, linked: true, created: true, values: [11, 22, 33], end: 0, again: [11, 44, 33] },
  run: ({ kernel }) => {
    using types = new KernelTypes(kernel)
    const target = types.find('bpf_iter_bpf_map_elem', 'FUNC')
    // the context: what is iterated, the map, the key, the value; the value is missing at the end
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_TRACING,
      `r2 = *(u64 *)(r1 + 24)
       if r2 == 0 goto end
       r1 = *(u64 *)(r1 + 0)
       r1 = *(u64 *)(r1 + 0)
       r3 = 8
       call ${SEQ_WRITE}
     end:
       r0 = 0
       exit`,
      { expectedAttachType: U.BPF_TRACE_ITER, attachBtfId: target?.id ?? 0 },
    )
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 3)
    const put = (index: number, value: number) => updateElem(kernel, map, words(index), words(value, 0))
    for (const [i, value] of [11, 22, 33].entries()) put(i, value)
    using info = kernel.memory.alloc(16)
    info.bytes.set(words(map, 0, 0, 0))
    const at = info.address
    const made = link(kernel, program, 0, U.BPF_TRACE_ITER, 0, Number(at & 0xffffffffn), Number(at >> 32n), 16)
    const room = new Uint8Array(64)
    const numbers = (length: number) =>
      Array.from(new BigUint64Array(room.slice(0, Math.max(length, 0)).buffer), (value) => Number(value))
    const iterator = kernel.bpf(U.BPF_ITER_CREATE, words(made, 0))
    const values = numbers(kernel.read(iterator, room))
    const end = kernel.read(iterator, room)
    put(1, 44)
    const again = numbers(kernel.read(kernel.bpf(U.BPF_ITER_CREATE, words(made, 0)), room))
    return { loaded: program > 0, linked: made > 0, created: iterator > 0, values, end, again }
  },
})
