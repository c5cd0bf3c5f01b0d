// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ObjectSpec, openObject } from '@skep/core'
import { createLinuxKernel, type LinuxKernel } from '@skep/native-loader'
import { whyNoIsolation, whyNoLinux } from '@skep/native-loader/testing'
import { afterEach, beforeEach, type TestContext } from 'vitest'

/** Path of a file of the repository. */
export function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../${name}`, import.meta.url))
}

/** A committed object: `world`, `legacy`, `iter`, or an example by its folder's name. */
export function fixture(name: string): ObjectSpec {
  const own = ['world', 'legacy', 'iter'].includes(name)
  const path = own ? `test/loader/fixtures/${name}.bpf.o` : `examples/${name}/${name}.bpf.o`
  return openObject(readFileSync(pathOf(path)), { name })
}

/** The running kernel for each test, closed behind it; tests are skipped aloud where there is none. */
export function eachKernel(): { readonly kernel: LinuxKernel } {
  let kernel: LinuxKernel | undefined
  beforeEach(async (context) => {
    const reason = whyNoLinux()
    if (reason !== undefined) context.skip(reason)
    kernel = await createLinuxKernel()
  })
  afterEach(() => {
    kernel?.[Symbol.dispose]()
    kernel = undefined
  })
  return {
    get kernel() {
      if (!kernel) throw new Error('no kernel outside of a test')
      return kernel
    },
  }
}

/** Skips aloud where namespaces and cgroups cannot be made. */
export function needIsolation(context: TestContext): void {
  const reason = whyNoIsolation()
  if (reason !== undefined) context.skip(reason)
}

/** An Ethernet frame with an IPv4 header of that protocol, 64 bytes. */
export function ipv4Frame(protocol: number): Uint8Array {
  const frame = new Uint8Array(64)
  frame.set([8, 0], 12)
  frame.set([0x45, 0, 0, 50, 0, 0, 0, 0, 64, protocol, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1], 14)
  return frame
}
