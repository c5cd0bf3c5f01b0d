// SPDX-License-Identifier: BSD-2-Clause
/** The two worlds in which a scenario runs: the simulated one, and namespaces of the running Linux. */
import { spawnSync } from 'node:child_process'
import { rmdirSync } from 'node:fs'
import { type Kernel, objPin } from '@skep/core'
import {
  type Delegation,
  interfaceIndex,
  isolated,
  must,
  setInterfaceUp,
  UserNamespace,
} from '@skep/native-loader/testing'
import { createVirtualKernel, ENGINES, type EngineName, type RouteOptions, World } from '@skep/wasm-vm'

export interface RigUserNamespace {
  bpf(command: number, attr: Uint8Array): number
  /** Mounts a bpf file system that belongs to the namespace, as the privileged outside: an fd of its root. */
  mountBpffs(delegation?: Delegation): number
}

/** What a scenario may need beside the system calls of {@link Kernel}. */
export interface Rig {
  readonly kernel: Kernel
  /** Directory of a cgroup that holds the calling task, and an fd of it. */
  readonly cgroup: { readonly path: string; readonly fd: number }
  rmdir(path: string): number
  /** An fd of the network namespace. */
  openNetns(): number
  /** A joined pair of devices, both up, without addresses: their interface indices. */
  veth(a: string, b: string): [number, number]
  /** Gives a device an address, `10.0.0.1/24`. */
  addAddress(name: string, address: string): void
  socketpair(domain: number, type: number): [number, number]
  /** Name of a socket as bytes of a sockaddr. */
  getsockname(fd: number): Uint8Array
  getpeername(fd: number): Uint8Array
  /** recvfrom with MSG_DONTWAIT: how much came, and whose address the caller is told. */
  recvfrom(fd: number): { readonly length: number; readonly address: Uint8Array }
  /** accept4 with SOCK_NONBLOCK. */
  accept(fd: number): number
  readonly pid: number
  /** An fd of the process `pid`. */
  openPidfd(): number
  /** A user namespace of its own: system calls can be made with all rights there and none outside. */
  userNamespace(): RigUserNamespace
  /** An fd of the root of a bpf file system of the first user namespace. */
  openBpffs(): number
  /** The simulated world itself, where the scenario runs in it. */
  readonly world: World | undefined
  /** A route with a program of a light-weight tunnel: `ip route add … encap bpf`. */
  addTunnelRoute(destination: string, device: string, direction: 'in' | 'out' | 'xmit', program: number): void
  addRoute(destination: string, device: string, options?: RouteOptions): void
  addRule(rule: { table: number; priority: number; mark?: number; family?: 'ipv4' | 'ipv6' }): void
  addNeighbour(device: string, address: string, mac: string): void
  setMtu(device: string, mtu: number): void
  setMac(device: string, mac: string): void
  /** A segment of ours, on a device: `ip -6 route add … encap seg6local action End.BPF`. */
  addSegment(segment: string, device: string, program: number): () => void
  /** Lets packets pass from device to device. */
  forward(): void
  /** Text of a file of tracefs. */
  readTracing(path: string): string
}

const SOCK_NONBLOCK = 0o4000
const MSG_DONTWAIT = 0x40
const TRACEFS = '/sys/kernel/tracing'

function readText(kernel: Kernel, path: string): string {
  const fd = must(kernel.open(path, 0), 'open', path)
  const room = new Uint8Array(4096)
  const n = kernel.read(fd, room)
  kernel.close(fd)
  return new TextDecoder().decode(room.subarray(0, Math.max(n, 0)))
}

/** SKEP_ENGINE runs the scenarios on another engine. */
const engine = (process.env.SKEP_ENGINE ?? 'interp') as EngineName
if (!(engine in ENGINES)) throw new Error(`SKEP_ENGINE: there is no engine ${engine}`)

/** `kernelBtf`: types of a kernel, for scenarios whose programs are attached to what these name. */
export async function inVirtualWorld<T>(
  use: (rig: Rig) => Promise<T> | T,
  kernelBtf: Uint8Array | undefined = undefined,
): Promise<T> {
  using kernel = await createVirtualKernel({ cpus: 4, engine, ...(kernelBtf ? { kernelBtf } : {}) })
  const world = new World(kernel)
  const path = '/sys/fs/cgroup/unified/skep'
  const fd = world.createCgroup('skep')
  world.enterCgroup(fd)
  return await use({
    kernel,
    cgroup: { path, fd },
    rmdir: (directory) => world.sockets.rmdir(directory),
    openNetns: () => must(kernel.open('/proc/thread-self/ns/net', 0), 'open'),
    veth: (a, b) => {
      const pair = world.veth(a, b)
      for (const device of pair) device.arp = false
      return [pair[0].index, pair[1].index]
    },
    addAddress: (name, address) => void world.device(name).addAddress(address),
    socketpair: (domain, type) => {
      const pair = world.sockets.socketpair(domain, type)
      if (typeof pair === 'number') throw new Error(`socketpair: errno ${-pair}`)
      return pair
    },
    getsockname: (socket) => {
      const name = world.sockets.getsockname(socket)
      return typeof name === 'number' ? new Uint8Array() : name
    },
    getpeername: (socket) => {
      const name = world.sockets.getpeername(socket)
      return typeof name === 'number' ? new Uint8Array() : name
    },
    recvfrom: (socket) => world.sockets.recvfrom(socket, new Uint8Array(64), MSG_DONTWAIT),
    accept: (socket) => world.sockets.accept4(socket, SOCK_NONBLOCK),
    pid: world.task.pid,
    openPidfd: () => world.task.openPidfd(),
    openBpffs: () => must(kernel.open('/sys/fs/bpf', 0), 'open'),
    userNamespace: () => {
      const { task } = world
      const userNamespace = task.unshareUser()
      task.enterUser(0)
      let mounts = 0
      return {
        bpf: (command, attr) => {
          task.enterUser(userNamespace)
          const result = kernel.bpf(command, attr)
          task.enterUser(0)
          return result
        },
        mountBpffs: (delegation = {}) => {
          const path = `/mnt/bpf-${userNamespace}-${mounts++}`
          world.mountBpffs(path, { ...delegation, userNamespace })
          return must(kernel.open(path, 0), 'open', path)
        },
      }
    },
    world,
    addTunnelRoute: (destination, device, _direction, program) =>
      void world.device(device).addRoute(destination).setProgram(program),
    addRoute: (destination, device, options) => void world.device(device).addRoute(destination, options),
    addRule: (rule) => world.addRule(rule),
    addNeighbour: (device, address, mac) => void world.device(device).addNeighbour(address, mac),
    setMtu: (device, mtu) => {
      world.device(device).mtu = mtu
    },
    setMac: (device, mac) => {
      world.device(device).mac = mac
    },
    addSegment: (segment, device, program) => {
      const route = world.device(device).addRoute(segment).setProgram(program)
      return () => route.remove()
    },
    forward: () => {
      world.forwarding = true
    },
    readTracing: (file) => readText(kernel, `/sys/kernel/tracing/${file}`),
  })
}

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

const SIOCGIFFLAGS = 0x8913
const IFF_RUNNING = 0x40
const IFREQ_VALUE = 16

/** A device that is up takes frames only when the kernel has noticed that its link is. */
function untilRunning(kernel: Kernel, name: string): void {
  const fd = must(kernel.socket(2, 2, 0), 'socket')
  const request = new Uint8Array(40)
  request.set(new TextEncoder().encode(name))
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 0; tries < 100; tries++) {
    must(kernel.ioctl(fd, SIOCGIFFLAGS, request), 'ioctl')
    if ((request[IFREQ_VALUE] ?? 0) & IFF_RUNNING) break
    Atomics.wait(pause, 0, 0, 5)
  }
  kernel.close(fd)
}

export async function onLinux<T>(use: (rig: Rig) => Promise<T> | T): Promise<T> {
  return await isolated({ network: true, mounts: true, cgroup: true }, async ({ kernel, cgroup, bpffs }) => {
    let mounted = false
    let pins = 0
    return await use({
      kernel,
      cgroup,
      rmdir: (directory) => {
        try {
          rmdirSync(directory)
          return 0
        } catch (error) {
          return (error as { errno: number }).errno
        }
      },
      openNetns: () => must(kernel.open('/proc/thread-self/ns/net', 0), 'open'),
      veth: (a, b) => {
        ip('link', 'add', 'name', a, 'type', 'veth', 'peer', 'name', b)
        for (const name of [a, b]) {
          // no frames of the kernel's own
          ip('link', 'set', 'dev', name, 'addrgenmode', 'none', 'arp', 'off')
          setInterfaceUp(kernel, name)
        }
        for (const name of [a, b]) untilRunning(kernel, name)
        return [interfaceIndex(kernel, a), interfaceIndex(kernel, b)]
      },
      addAddress: (name, address) => ip('addr', 'add', address, 'dev', name, 'nodad'),
      socketpair: (domain, type) => {
        const pair = kernel.socketpair(domain, type, 0)
        if (typeof pair === 'number') throw new Error(`socketpair: errno ${-pair}`)
        return pair
      },
      getsockname: (socket) => {
        const name = new Uint8Array(128)
        const length = kernel.getsockname(socket, name)
        return name.subarray(0, Math.max(length, 0))
      },
      getpeername: (socket) => {
        const name = new Uint8Array(128)
        return name.subarray(0, Math.max(kernel.getpeername(socket, name), 0))
      },
      recvfrom: (socket) => {
        const address = new Uint8Array(128)
        return { length: kernel.recvfrom(socket, new Uint8Array(64), MSG_DONTWAIT, address), address }
      },
      accept: (socket) => kernel.accept(socket, SOCK_NONBLOCK),
      pid: process.pid,
      openPidfd: () => must(kernel.pidfdOpen(process.pid), 'pidfd_open'),
      openBpffs: () => must(kernel.open(bpffs, 0), 'open'),
      userNamespace: () => new UserNamespace(kernel),
      world: undefined,
      addTunnelRoute: (destination, device, direction, program) => {
        const pin = `${bpffs}/tunnel${pins++}`
        objPin(kernel, program, pin)
        ip('route', 'add', destination, 'encap', 'bpf', direction, 'pinned', pin, 'dev', device)
      },
      addRoute: (destination, device, { via, type, metric, mtu, lockMtu, table, source } = {}) => {
        const v6 = destination.includes(':')
        const words = [...(type ? [type] : []), destination]
        if (via) words.push('via', ...(!v6 && via.includes(':') ? ['inet6'] : []), via)
        if (!type || type === 'unicast') words.push('dev', device, ...(via ? ['onlink'] : []))
        if (metric !== undefined) words.push('metric', `${metric}`)
        if (mtu !== undefined) words.push('mtu', ...(lockMtu ? ['lock'] : []), `${mtu}`)
        if (table !== undefined) words.push('table', `${table}`)
        if (source) words.push('src', source)
        ip(v6 ? '-6' : '-4', 'route', 'add', ...words)
      },
      addRule: ({ table, priority, mark, family = 'ipv4' }) => {
        const words = ['priority', `${priority}`, ...(mark === undefined ? [] : ['fwmark', `${mark}`])]
        ip(family === 'ipv4' ? '-4' : '-6', 'rule', 'add', ...words, 'table', `${table}`)
      },
      addNeighbour: (device, address, mac) =>
        ip('neigh', 'add', address, 'lladdr', mac, 'dev', device, 'nud', 'permanent'),
      setMtu: (device, mtu) => ip('link', 'set', 'dev', device, 'mtu', `${mtu}`),
      setMac: (device, mac) => ip('link', 'set', 'dev', device, 'address', mac),
      addSegment: (segment, device, program) => {
        const pin = `${bpffs}/segment${pins++}`
        objPin(kernel, program, pin)
        const action = ['encap', 'seg6local', 'action', 'End.BPF', 'endpoint', 'pinned', pin]
        ip('-6', 'route', 'add', segment, ...action, 'dev', device)
        return () => ip('-6', 'route', 'del', segment)
      },
      forward: () => {
        for (const name of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) {
          const fd = must(kernel.open(`/proc/sys/net/${name}`, 1), 'open', name)
          must(kernel.write(fd, new TextEncoder().encode('1')), 'write', name)
          kernel.close(fd)
        }
      },
      readTracing: (file) => {
        // only this thread's mount namespace sees it
        if (!mounted) kernel.thread.mount('none', TRACEFS, 'tracefs', 0)
        mounted = true
        return readText(kernel, `${TRACEFS}/${file}`)
      },
    })
  })
}
