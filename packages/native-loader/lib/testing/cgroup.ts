// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LinuxKernel } from '../kernel.ts'
import { must } from './answers.ts'

const O_RDONLY = 0
const O_DIRECTORY = 0o200000

export interface PrivateCgroup extends Disposable {
  /** Directory of the cgroup. */
  readonly path: string
  /** An fd of the directory, to attach to. */
  readonly fd: number
}

let count = 0

/**
 * Makes a cgroup below this process's own in the unified hierarchy and moves the process into it, until the result is
 * disposed. A process that was killed leaves its cgroup behind, empty; the next one removes it.
 */
export function enterCgroup(kernel: LinuxKernel): PrivateCgroup {
  const parent = ownCgroup()
  removeLeftovers(parent)
  const path = join(parent, `skep-${process.pid}-${count++}`)
  mkdirSync(path)
  const leave = () => {
    writeFileSync(join(parent, 'cgroup.procs'), `${process.pid}`)
    if (fd >= 0) kernel.close(fd)
    removeCgroup(path)
  }
  let fd = -1
  try {
    writeFileSync(join(path, 'cgroup.procs'), `${process.pid}`)
    fd = must(kernel.open(path, O_RDONLY | O_DIRECTORY), 'open', path)
  } catch (error) {
    leave()
    throw error
  }
  return { path, fd, [Symbol.dispose]: leave }
}

/** Directory of this process's cgroup in the unified hierarchy. */
function ownCgroup(): string {
  const mount = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))
  if (!mount) throw new Error('the unified cgroup hierarchy (cgroup2) is not mounted')
  const [, root = '/', point = ''] = mount
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  // The mount may show only a part of the hierarchy; its root is the prefix to drop.
  const below =
    own === root || own.startsWith(root === '/' ? '/' : `${root}/`) ? own.slice(root === '/' ? 0 : root.length) : ''
  return join(point, below)
}

function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^skep-(\d+)-\d+$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeCgroup(join(parent, name))
  }
}

/** Children first; a cgroup that still holds processes stays. */
function removeCgroup(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(path, entry.name))
    }
    rmdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error
  }
}
