// SPDX-License-Identifier: BSD-2-Clause
// The bench inside a browser: see browser.mjs, which bundles this file and calls window.bench.
import { createVirtualKernel } from '@skep/wasm-vm'
import { load, measure, median, overhead } from './measure.mjs'

/** Ns of a run of each program, median of `rounds` loads. `module`: bytes of the kernel; `objects`: name and bytes. */
globalThis.bench = async (module, objects, engine, rounds) => {
  const kernel = await createVirtualKernel({ engine, module: await WebAssembly.compile(module) })
  const loop = overhead(kernel)
  return objects.map(([name, bytes]) => {
    const times = []
    let retval
    for (let round = 0; round < rounds; round++) {
      const program = load(kernel, name, bytes)
      const result = measure(program, loop)
      program.close()
      times.push(result.ns)
      retval = result.retval
    }
    return { name, ns: median(times), retval }
  })
}
