// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { CAP_SYS_ADMIN, effectiveCapabilities, linuxAvailability } from '../availability.ts'

/**
 * Why tests on the real kernel cannot run here: the reason to skip with, undefined where they can. With
 * `SKEP_REQUIRE_LINUX=1` in the environment (a machine that is known to be able) the reason is thrown instead, so that
 * such a skip is a failure.
 */
export function whyNoLinux(): string | undefined {
  const { available, reason } = linuxAvailability()
  return available ? undefined : skipOrFail(reason)
}

/**
 * Why namespaces, mounts and cgroups cannot be made here, as {@link whyNoLinux} answers for bpf(2). Every one of them
 * needs CAP_SYS_ADMIN, and cgroups a mounted unified hierarchy.
 */
export function whyNoIsolation(): string | undefined {
  const noLinux = whyNoLinux()
  if (noLinux !== undefined) return noLinux
  const capabilities = effectiveCapabilities() ?? 0n
  if (((capabilities >> CAP_SYS_ADMIN) & 1n) === 0n) return skipOrFail('namespaces need CAP_SYS_ADMIN')
  if (!/ - cgroup2 /.test(readFileSync('/proc/self/mountinfo', 'utf8'))) {
    return skipOrFail('the unified cgroup hierarchy (cgroup2) is not mounted')
  }
  return undefined
}

/** The reason itself; an Error with it where skips are failures. */
export function skipOrFail(reason: string): string {
  if (process.env.SKEP_REQUIRE_LINUX === '1') throw new Error(`SKEP_REQUIRE_LINUX is set, but ${reason}`)
  return reason
}
