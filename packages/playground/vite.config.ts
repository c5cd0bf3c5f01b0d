// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig } from 'vite'
import { clangCompiler } from './vite/compiler.ts'
import { offline } from './vite/offline.ts'

export default defineConfig({
  // Works from any folder of any file server.
  base: './',
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Sources of the workspace packages: no build of them is needed first.
  resolve: { conditions: ['@skep/source', ...defaultClientConditions] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { fs: { allow: ['../..'] } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Examples stay files of their own, fetched when they are picked.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
  plugins: [clangCompiler(), offline()],
})
