// SPDX-License-Identifier: BSD-2-Clause
// The virtual kernel under Node's own WASI, with nothing of ours on the host's side of the module.
import { readFileSync } from 'node:fs'
import { WASI } from 'node:wasi'
import { createVirtualKernel } from '@skep/wasm-vm'
import { filterPackets } from './flow.mjs'

const wasi = new WASI({ version: 'preview1' })
const host = { imports: () => wasi.wasiImport, started: (instance) => wasi.initialize(instance) }
const kernel = await createVirtualKernel({ engine: process.argv[2], wasi: host })
const object = readFileSync(new URL('../../examples/xdp-filter/xdp-filter.bpf.o', import.meta.url))
console.log(JSON.stringify(filterPackets(kernel, object)))
