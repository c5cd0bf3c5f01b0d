// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { endianness, release, version } from 'node:os'
import type { KernelFacts } from '@skep/core'

/** What the running kernel says about itself. */
export function linuxFacts(pageSize: number): KernelFacts {
  return {
    release: release(),
    version: versionCode(readText('/proc/version_signature'), version(), release()),
    pageSize,
    possibleCpus: countCpus(readText('/sys/devices/system/cpu/possible')),
    onlineCpus: countCpus(readText('/sys/devices/system/cpu/online')),
    littleEndian: endianness() === 'LE',
  }
}

/**
 * `LINUX_VERSION_CODE` of the kernel. What uname calls the release is not always the version that the kernel was built
 * with: Ubuntu gives that one in /proc/version_signature ("Ubuntu 6.8.0-31.31-generic 6.8.1"), Debian in uname's
 * version ("#1 SMP PREEMPT_DYNAMIC Debian 6.12.6-1"); libbpf looks in the same places.
 */
export function versionCode(signature: string, unameVersion: string, unameRelease: string): number {
  const ubuntu = /^\S+ \S+ (\d+\.\d+\.\d+)/.exec(signature)?.[1]
  const debian = /\bDebian (\d+\.\d+\.\d+)/.exec(unameVersion)?.[1]
  const [major = 0, minor = 0, patch = 0] =
    /^\d+(\.\d+){0,2}/
      .exec(ubuntu ?? debian ?? unameRelease)?.[0]
      .split('.')
      .map(Number) ?? []
  return (major << 16) | (minor << 8) | Math.min(patch, 255)
}

/** Number of CPUs in a list such as `0-3,5`; at least one. */
export function countCpus(list: string): number {
  let count = 0
  for (const range of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range)
    if (match) count += Number(match[2] ?? match[1]) - Number(match[1]) + 1
  }
  return Math.max(count, 1)
}

let btf: Uint8Array | undefined

/** `/sys/kernel/btf/vmlinux`, read once. */
export function kernelBtf(): Uint8Array | undefined {
  if (btf !== undefined) return btf
  try {
    btf = new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux'))
  } catch {
    return undefined
  }
  return btf
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
