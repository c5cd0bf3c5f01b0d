// SPDX-License-Identifier: BSD-2-Clause
/** Writes the service worker: after the first visit every file of the build comes from the cache. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const TEMPLATE = fileURLToPath(new URL('./service-worker.js', import.meta.url))

export function offline(): Plugin {
  return {
    name: 'skep-offline',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.keys(bundle).filter((name) => !name.endsWith('.map'))
        const hash = createHash('sha256')
        for (const name of files.sort()) {
          const item = bundle[name]!
          hash.update(name).update(item.type === 'chunk' ? item.code : item.source)
        }
        const source = readFileSync(TEMPLATE, 'utf8')
          .replace(/['"]%FILES%['"]/, () => JSON.stringify(['./', ...files.filter((name) => name !== 'index.html')]))
          .replace('%VERSION%', hash.digest('hex').slice(0, 16))
        this.emitFile({ type: 'asset', fileName: 'sw.js', source })
      },
    },
  }
}
