// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LinuxKernel } from '../kernel.ts'
import { must } from './answers.ts'
import { startThreadPool } from './pool.ts'

const CLONE_FS = 0x200
const CLONE_NEWNS = 0x20000
const O_RDONLY = 0
const O_DIRECTORY = 0o200000
const MS_REC = 1 << 14
const MS_PRIVATE = 1 << 18
const MNT_DETACH = 2

export interface PrivateMounts extends Disposable {
  /** Directory at which a bpffs of the test's own is mounted. */
  readonly bpffs: string
}

/**
 * Puts the calling thread into a new mount namespace with an empty bpffs, until the result is disposed. Only this
 * thread sees the mount: `node:fs` does so through its synchronous functions, not through callbacks and promises.
 */
export function enterMounts(kernel: LinuxKernel): PrivateMounts {
  startThreadPool()
  const directory = mkdtempSync(join(tmpdir(), 'skep-bpffs-'))
  const { thread } = kernel
  const opened: number[] = []
  const open = (path: string, flags: number): number => {
    const fd = must(kernel.open(path, flags), 'open', path)
    opened.push(fd)
    return fd
  }
  let inside = false
  const leave = () => {
    if (inside) {
      thread.umount(directory, MNT_DETACH)
      // Threads started meanwhile share this thread's working directory; setns takes only a thread that shares none.
      must(thread.unshare(CLONE_FS), 'unshare', 'CLONE_FS')
      must(thread.setns(namespace, CLONE_NEWNS), 'setns', 'back to the mount namespace of before')
      // setns put root and working directory to the root of that namespace.
      must(thread.fchdir(root), 'fchdir')
      must(thread.chroot('.'), 'chroot')
      must(thread.fchdir(here), 'fchdir')
    }
    for (const fd of opened) kernel.close(fd)
    thread.rmdir(directory)
  }
  const namespace = open('/proc/thread-self/ns/mnt', O_RDONLY)
  const root = open('/', O_RDONLY | O_DIRECTORY)
  const here = open('.', O_RDONLY | O_DIRECTORY)
  try {
    must(thread.unshare(CLONE_NEWNS), 'unshare', 'CLONE_NEWNS')
    inside = true
    // Nothing that is mounted here may appear outside.
    must(thread.mount('none', '/', '', MS_REC | MS_PRIVATE), 'mount', 'private')
    must(thread.mount('bpf', directory, 'bpf', 0), 'mount', 'bpffs')
  } catch (error) {
    leave()
    throw error
  }
  return { bpffs: directory, [Symbol.dispose]: leave }
}
