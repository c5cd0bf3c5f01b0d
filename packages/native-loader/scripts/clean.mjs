// SPDX-License-Identifier: BSD-2-Clause
import { rmSync } from 'node:fs'

for (const name of ['build', 'build-asan', 'dist', 'prebuilds', 'tsconfig.tsbuildinfo']) {
  rmSync(new URL(`../${name}`, import.meta.url), { recursive: true, force: true })
}
