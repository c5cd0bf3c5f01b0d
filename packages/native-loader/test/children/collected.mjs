// SPDX-License-Identifier: BSD-2-Clause
// Mappings that nobody disposed, before and after the garbage collector ran.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const mapped = () => readFileSync('/proc/self/maps', 'latin1').match(/anon_inode:bpf-map/g)?.length ?? 0

function make(addon, count) {
  for (let i = 0; i < count; i++) {
    const map = addon.bpf(0, new Uint8Array(new Uint32Array([2, 4, 8, 4, 1 << 10]).buffer))
    new Uint8Array(addon.mmap(map, 4096, 0, 3, 0n))[0] = 1
    addon.close(map)
  }
}

export async function collected(path) {
  make(createRequire(import.meta.url)(path), 50)
  const before = mapped()
  for (let i = 0; i < 10 && mapped() > 0; i++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return { before, after: mapped() }
}
