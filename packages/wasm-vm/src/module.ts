// SPDX-License-Identifier: GPL-2.0-only

let compiled: Promise<WebAssembly.Module> | undefined

/** The module of this package, compiled once: read from disk in Node, fetched in a browser. */
export function packagedModule(): Promise<WebAssembly.Module> {
  compiled ??= compile(new URL('../build/skep.wasm', import.meta.url)).catch((error) => {
    compiled = undefined
    throw error
  })
  return compiled
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  if (url.protocol !== 'file:') return WebAssembly.compileStreaming(fetch(url))
  return WebAssembly.compile(await readFile(url))
}

async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  // A variable keeps bundlers for browsers from looking for the module.
  const fs = 'node:fs/promises'
  const { readFile } = await import(/* @vite-ignore */ fs)
  return await readFile(url)
}

/** Bytes of a file that this package holds. */
export async function packagedFile(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') return readFile(url)
  const response = await fetch(url)
  if (!response.ok) throw new Error(`fetch ${url}: ${response.status} ${response.statusText}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** What was given, or the packaged module. */
export async function resolveModule(given: WebAssembly.Module | BufferSource | undefined): Promise<WebAssembly.Module> {
  if (given === undefined) return packagedModule()
  return given instanceof WebAssembly.Module ? given : WebAssembly.compile(given)
}
