// SPDX-License-Identifier: BSD-2-Clause
import type { LinuxKernel } from '../kernel.ts'
import { must } from './answers.ts'
import { startThreadPool } from './pool.ts'

const CLONE_NEWNET = 0x40000000
const O_RDONLY = 0
const AF_INET = 2
const SOCK_DGRAM = 2
const SIOCGIFFLAGS = 0x8913
const SIOCSIFFLAGS = 0x8914
const SIOCGIFINDEX = 0x8933
const IFF_UP = 1

/** struct ifreq: char name[16], then a union of 24 bytes. */
const IFREQ_SIZE = 40
const IFREQ_VALUE = 16

/**
 * Puts the calling thread into a new network namespace whose `lo` is up, until the result is disposed. Sockets keep the
 * namespace they were made in; processes that are spawned meanwhile start in it.
 */
export function enterNetwork(kernel: LinuxKernel): Disposable {
  startThreadPool()
  const before = must(kernel.open('/proc/thread-self/ns/net', O_RDONLY), 'open', '/proc/thread-self/ns/net')
  const leave = () => {
    must(kernel.thread.setns(before, CLONE_NEWNET), 'setns', 'back to the network namespace of before')
    kernel.close(before)
  }
  try {
    must(kernel.thread.unshare(CLONE_NEWNET), 'unshare', 'CLONE_NEWNET')
  } catch (error) {
    kernel.close(before)
    throw error
  }
  try {
    setInterfaceUp(kernel, 'lo')
  } catch (error) {
    leave()
    throw error
  }
  return { [Symbol.dispose]: leave }
}

/** Sets IFF_UP on an interface of the calling thread's network namespace. */
export function setInterfaceUp(kernel: LinuxKernel, name: string): void {
  const request = interfaceRequest(kernel, name, SIOCGIFFLAGS)
  const words = new DataView(request.buffer)
  const littleEndian = kernel.facts.littleEndian
  words.setUint16(IFREQ_VALUE, words.getUint16(IFREQ_VALUE, littleEndian) | IFF_UP, littleEndian)
  withSocket(kernel, (fd) => must(kernel.ioctl(fd, SIOCSIFFLAGS, request), 'ioctl', `SIOCSIFFLAGS ${name}`))
}

/** Index of an interface of the calling thread's network namespace. */
export function interfaceIndex(kernel: LinuxKernel, name: string): number {
  const request = interfaceRequest(kernel, name, SIOCGIFINDEX)
  return new DataView(request.buffer).getInt32(IFREQ_VALUE, kernel.facts.littleEndian)
}

function interfaceRequest(kernel: LinuxKernel, name: string, code: number): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(IFREQ_SIZE)
  const text = new TextEncoder().encode(name)
  if (text.length >= IFREQ_VALUE) throw new RangeError(`interface name ${name}: longer than ${IFREQ_VALUE - 1} bytes`)
  request.set(text)
  withSocket(kernel, (fd) => must(kernel.ioctl(fd, code, request), 'ioctl', `0x${code.toString(16)} ${name}`))
  return request
}

function withSocket(kernel: LinuxKernel, use: (fd: number) => void): void {
  const fd = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
  try {
    use(fd)
  } finally {
    kernel.close(fd)
  }
}
