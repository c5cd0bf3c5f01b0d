// SPDX-License-Identifier: BSD-2-Clause
// What a process without capabilities gets.
import { createRequire } from 'node:module'

export function createMap(path) {
  const addon = createRequire(import.meta.url)(path)
  return {
    uid: process.getuid(),
    map: addon.bpf(0, new Uint8Array(new Uint32Array([2, 4, 4, 1]).buffer)),
    unshare: addon.unshare(0x40000000),
  }
}
