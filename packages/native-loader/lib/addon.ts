// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { platform } from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * What the C++ half exports. Every number that comes back is the system call's result, or a negative errno. Wrong
 * types of arguments raise a TypeError.
 */
export interface Addon {
  readonly pageSize: number
  bpf(command: number, attr: Uint8Array): number
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number
  ioctl(fd: number, request: number, arg: number | bigint | Uint8Array): number
  address(buffer: ArrayBuffer): bigint
  detach(buffer: ArrayBuffer): number
  mmap(fd: number, length: number, offset: number, prot: number, hint: bigint): ArrayBuffer | number
  munmap(buffer: ArrayBuffer): number
  close(fd: number): number
  open(path: string, flags: number, mode: number): number
  mkdir(path: string, mode: number): number
  rmdir(path: string): number
  unlink(path: string): number
  read(fd: number, data: Uint8Array): number
  write(fd: number, data: Uint8Array): number
  fchdir(fd: number): number
  chroot(path: string): number
  mount(source: string, target: string, type: string, flags: number, data: string): number
  umount(target: string, flags: number): number
  socket(domain: number, type: number, protocol: number): number
  socketpair(domain: number, type: number, protocol: number): [number, number] | number
  bind(fd: number, addr: Uint8Array): number
  connect(fd: number, addr: Uint8Array): number
  listen(fd: number, backlog: number): number
  accept(fd: number, flags: number): number
  getsockname(fd: number, addr: Uint8Array): number
  getpeername(fd: number, addr: Uint8Array): number
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  send(fd: number, data: Uint8Array, flags: number, addr?: Uint8Array): number
  recv(fd: number, data: Uint8Array, flags: number): number
  recvfrom(fd: number, data: Uint8Array, flags: number, addr: Uint8Array): number
  unshare(flags: number): number
  setns(fd: number, type: number): number
  getpid(): number
  gettid(): number
  pidfdOpen(pid: number, flags: number): number
  childCalls(calls: Uint8Array): number
  setAffinity(cpu: number): number
  setLimit(resource: number, soft: number | bigint, hard: number | bigint): number
  /** A token, above zero, to stop it with; the list of ready fds where no callback will come; or -errno. */
  waitStart(fds: readonly number[], callback: (ready: number[]) => void): number[] | number
  waitStop(token: number): number[]
}

/** The addon, or why there is none. */
export type AddonResult = { readonly addon: Addon } | { readonly reason: string }

/** Root of this package, from lib/ as from dist/. */
const packageRoot = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

/** Loads the addon of this package, or the one at `path`. */
export function loadAddon(path?: string): AddonResult {
  if (platform() !== 'linux') return { reason: `this is ${platform()}, not Linux` }
  try {
    if (path !== undefined) return { addon: require(path) as Addon }
    const nodeGypBuild = require('node-gyp-build') as (directory: string) => Addon
    return { addon: nodeGypBuild(packageRoot) }
  } catch (error) {
    return { reason: `the addon of @skep/native-loader is not built: ${missingBecause(error)}` }
  }
}

/** The install script leaves a line when it could not build. */
function missingBecause(error: unknown): string {
  try {
    return readFileSync(new URL('../build/skipped.txt', import.meta.url), 'utf8').trim()
  } catch {
    const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return `${text}; npm rebuild @skep/native-loader builds it (needs python3, make and a C++17 compiler)`
  }
}
