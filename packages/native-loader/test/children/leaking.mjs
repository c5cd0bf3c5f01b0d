// SPDX-License-Identifier: BSD-2-Clause
import { createRequire } from 'node:module'

export function leak(path) {
  const addon = createRequire(import.meta.url)(path)
  for (let i = 0; i < 3; i++) addon.leak()
  return 'leaked'
}
