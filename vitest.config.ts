// SPDX-License-Identifier: BSD-2-Clause
import { defineConfig } from 'vitest/config'

// Tests run on the sources of our packages, not on their builds; only the virtual kernel's WebAssembly is built before.
const conditions = ['@skep/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    globalSetup: './test/bundles.ts',
    include: ['packages/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.mjs'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
  },
})
