// SPDX-License-Identifier: BSD-2-Clause
/** A file server on loopback for the built playground, that can be taken away. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../packages/playground/dist/', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
}

export const siteIsBuilt = existsSync(join(ROOT, 'index.html'))

export interface Site {
  readonly url: string
  /** Ends the server and its connections: the network is gone. */
  close(): Promise<void>
}

/** Serves the site below `/play/`, so that nothing may rely on standing at the root. */
export async function serveSite(): Promise<Site> {
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const name = normalize(path.replace(/^\/play\//, '') || 'index.html')
    if (!path.startsWith('/play/') || name.startsWith('..')) {
      response.writeHead(404).end()
      return
    }
    readFile(join(ROOT, name)).then(
      (bytes) =>
        response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/play/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
