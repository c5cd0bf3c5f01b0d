// SPDX-License-Identifier: BSD-2-Clause
/** What iterators go over, by programs of iterators.bpf.c: found through CO-RE in the kernel's own types. */
import { readFileSync } from 'node:fs'
import { type Kernel, linkInfo, openObject } from '@skep/core'
import * as U from '@skep/core/uapi'
import { AF_INET, AF_UNIX, createMap, inet, link, SOCK_DGRAM, SOCK_STREAM, updateElem, words } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const OBJECT = readFileSync(new URL('programs/iterators.bpf.o', import.meta.url))
const shows = {
  commands: ['BPF_LINK_CREATE', 'BPF_ITER_CREATE'],
  programTypes: ['BPF_PROG_TYPE_TRACING'],
  attachTypes: ['BPF_TRACE_ITER'],
  linkTypes: ['BPF_LINK_TYPE_ITER'],
}

interface Pass {
  readonly bytes: Uint8Array
  readonly text: string
  /** How often the program was called with nothing. */
  readonly ends: number
  /** Name of the target as the link tells it. */
  readonly target: string
}

/** The object with one program of it, and what is done with its parts. */
class Iteration implements Disposable {
  readonly kernel: Kernel
  readonly object
  readonly program: number

  constructor({ kernel, pid }: Rig, name: string) {
    this.kernel = kernel
    const spec = openObject(OBJECT, { name: 'iterators' })
    for (const program of spec.programs) program.autoload = program.name === name
    spec.setVariable('mine', pid)
    this.object = spec.load(kernel)
    this.program = this.object.program(name).fd
  }

  map(name: string): number {
    return this.object.map(name).fd
  }

  set(name: string, value: number): void {
    this.object.map('.bss').update(0, { ...(this.object.map('.bss').lookup(0) as object), [name]: value })
  }

  /** A link with these words of information, or an errno. */
  attach(...info: number[]): number {
    using given = this.kernel.memory.alloc(16)
    given.bytes.set(words(...info, ...Array.from({ length: 4 - info.length }, () => 0)))
    const at = given.address
    const place = info.length > 0 ? [Number(at & 0xffffffffn), Number(at >> 32n), 16] : []
    return link(this.kernel, this.program, 0, U.BPF_TRACE_ITER, 0, ...place)
  }

  /** Reads a pass to its end, so many bytes at a time. */
  read(made: number, size = 4096): Uint8Array | number {
    const iterator = this.kernel.bpf(U.BPF_ITER_CREATE, words(made, 0))
    if (iterator < 0) return iterator
    const parts: number[] = []
    const room = new Uint8Array(size)
    for (;;) {
      const n = this.kernel.read(iterator, room)
      if (n < 0) return n
      if (n === 0) break
      parts.push(...room.subarray(0, n))
    }
    this.kernel.close(iterator)
    return Uint8Array.from(parts)
  }

  pass(...info: number[]): Pass {
    const made = this.attach(...info)
    const bytes = this.read(made)
    if (typeof bytes === 'number') throw new Error(`read: errno ${-bytes}`)
    const { details } = linkInfo(this.kernel, made)
    const { ends } = this.object.map('.bss').lookup(0) as { ends: number }
    return { bytes, text: new TextDecoder().decode(bytes), ends, target: String(details.target_name) }
  }

  [Symbol.dispose](): void {
    this.object[Symbol.dispose]()
  }
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

scenario('an iterator over tasks shows the calling one, and those of its number alone', {
  shows,
  expected: { all: ['1 leads 1'], mine: ['1 leads 1'], nobody: [], both: -22, ends: 1 },
  run: (rig) => {
    using it = new Iteration(rig, 'tasks')
    const all = it.pass()
    using one = new Iteration(rig, 'tasks')
    using none = new Iteration(rig, 'tasks')
    return {
      all: lines(all.text),
      mine: lines(one.pass(0, rig.pid).text),
      nobody: lines(none.pass(0, 0x3fffff).text),
      both: one.attach(rig.pid, rig.pid),
      ends: all.ends,
    }
  },
})

scenario('an iterator over files of tasks shows an fd as long as it is open', {
  shows,
  expected: { open: true, closed: false, sorted: true },
  run: (rig) => {
    using it = new Iteration(rig, 'task_files')
    const made = it.attach(0, rig.pid)
    // a file that is open when the iterator's own is opened takes no number away from it
    const [low, fd] = [rig.kernel.socket(AF_INET, SOCK_DGRAM, 0), rig.kernel.socket(AF_INET, SOCK_DGRAM, 0)]
    rig.kernel.close(low)
    const fds = () => Array.from(new Uint32Array((it.read(made) as Uint8Array).slice().buffer))
    const before = fds()
    rig.kernel.close(fd)
    const after = fds()
    return {
      open: before.includes(fd),
      closed: after.includes(fd),
      sorted: before.every((n, i) => i === 0 || n > (before[i - 1] ?? 0)),
    }
  },
})

scenario('an iterator over maps shows names and sizes; what a program wants again comes again', {
  shows,
  expected: { first: ['shown 4 8 3'], again: -11, later: ['shown 4 8 3'], ends: 2 },
  run: (rig) => {
    using it = new Iteration(rig, 'maps')
    const first = lines(it.pass().text)
    it.set('again', 1)
    const iterator = rig.kernel.bpf(U.BPF_ITER_CREATE, words(it.attach(), 0))
    const room = new Uint8Array(4096)
    const again = rig.kernel.read(iterator, room)
    const n = rig.kernel.read(iterator, room)
    rig.kernel.read(iterator, new Uint8Array(64))
    const { ends } = it.object.map('.bss').lookup(0) as { ends: number }
    return { first, again, later: lines(new TextDecoder().decode(room.subarray(0, Math.max(n, 0)))), ends }
  },
})

scenario('what is written about one object must fit 32 KiB; small reads give it in pieces', {
  shows,
  expected: { tooMuch: -7, fits: true },
  run: (rig) => {
    using it = new Iteration(rig, 'wide')
    const made = it.attach()
    it.set('width', 36864)
    const tooMuch = it.read(made)
    it.set('width', 28672)
    const fits = it.read(made, 1000)
    return { tooMuch, fits: typeof fits !== 'number' && fits.length > 0 && fits.length % 28672 === 0 }
  },
})

scenario('iterators over programs and links show themselves', {
  shows,
  expected: { progs: ['1'], links: ['1'], names: ['bpf_prog', 'bpf_link'], ends: [1, 1] },
  run: (rig) => {
    using progs = new Iteration(rig, 'progs')
    using links = new Iteration(rig, 'links')
    const a = progs.pass()
    const b = links.pass()
    return { progs: lines(a.text), links: lines(b.text), names: [a.target, b.target], ends: [a.ends, b.ends] }
  },
})

const SELF = 1
const PRE = 2
const POST = 3
const UP = 4

scenario('an iterator over cgroups walks from a cgroup in four orders, in one read', {
  shows,
  expected: { self: 1, pre: [0, 1], post: [1, 0], upFirst: 0, partly: -95, order: -22 },
  run: (rig) => {
    const child = `${rig.cgroup.path}/below`
    rig.kernel.mkdir(child, 0o755)
    const fd = rig.kernel.open(child, 0o200000)
    using it = new Iteration(rig, 'cgroups')
    const walk = (order: number, from: number) =>
      Array.from(new BigUint64Array(it.pass(order, from).bytes.slice().buffer))
    const self = walk(SELF, rig.cgroup.fd)
    const known = [self[0], walk(SELF, fd)[0]]
    const places = (ids: bigint[]) => ids.map((id) => known.indexOf(id))
    const iterator = rig.kernel.bpf(U.BPF_ITER_CREATE, words(it.attach(PRE, rig.cgroup.fd), 0))
    rig.kernel.read(iterator, new Uint8Array(8))
    const partly = rig.kernel.read(iterator, new Uint8Array(8))
    const result = {
      self: self.length,
      pre: places(walk(PRE, rig.cgroup.fd)),
      post: places(walk(POST, rig.cgroup.fd)),
      upFirst: places(walk(UP, rig.cgroup.fd))[0],
      partly,
      order: it.attach(7, rig.cgroup.fd),
    }
    rig.kernel.close(fd)
    rig.rmdir(child)
    return result
  },
})

scenario('iterators over sockets show those of the network namespace', {
  shows,
  expected: {
    tcp: ['2 7001 10 0'],
    udp: ['2 7002 0'],
    unix: ['1 1', '1 1'],
    names: ['tcp', 'udp', 'unix'],
  },
  run: (rig) => {
    const { kernel } = rig
    const listener = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.bind(listener, inet('0.0.0.0', 7001))
    kernel.listen(listener, 1)
    const bound = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.bind(bound, inet('0.0.0.0', 7003))
    const udp = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.bind(udp, inet('0.0.0.0', 7002))
    const pair = rig.socketpair(AF_UNIX, SOCK_STREAM)
    using tcps = new Iteration(rig, 'tcps')
    using udps = new Iteration(rig, 'udps')
    using unixes = new Iteration(rig, 'unixes')
    const passes = [tcps.pass(), udps.pass(), unixes.pass()] as const
    for (const fd of [listener, bound, udp, ...pair]) kernel.close(fd)
    const [a, b, c] = passes
    return { tcp: lines(a.text), udp: lines(b.text), unix: lines(c.text), names: passes.map(({ target }) => target) }
  },
})

scenario('an iterator over symbols knows functions of the kernel', {
  shows,
  expected: [/^bpf_fentry_test1 [tT] 1$/.source],
  run: (rig) => {
    using it = new Iteration(rig, 'symbols')
    return lines(it.pass().text).map((line) =>
      /^bpf_fentry_test1 [tT] 1$/.test(line) ? '^bpf_fentry_test1 [tT] 1$' : line,
    )
  },
})

scenario('an iterator over caches of the allocator knows their sizes', {
  shows,
  expected: ['96'],
  run: (rig) => {
    using it = new Iteration(rig, 'caches')
    return lines(it.pass().text)
  },
})

scenario('an iterator over elements changes them; a map of another kind is refused', {
  shows,
  expected: { text: ['0 1', '1 6', '2 1'], again: ['0 2', '1 7', '2 2'], none: -9, queue: -22, ends: 2 },
  run: (rig) => {
    using it = new Iteration(rig, 'elements')
    const shown = it.map('shown')
    updateElem(rig.kernel, shown, words(1), words(5, 0))
    const text = lines(it.pass(shown).text)
    const again = it.pass(shown)
    const queue = createMap(rig.kernel, U.BPF_MAP_TYPE_QUEUE, 0, 8, 4)
    return { text, again: lines(again.text), none: it.attach(0), queue: it.attach(queue), ends: again.ends }
  },
})

scenario('an iterator over storage of sockets shows each socket that has any', {
  shows,
  expected: { first: ['2 40'], again: ['2 41'], array: -22 },
  run: (rig) => {
    using it = new Iteration(rig, 'storages')
    const { kernel } = rig
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    updateElem(kernel, it.map('stored'), words(fd), words(40))
    const first = lines(it.pass(it.map('stored')).text)
    const again = lines(it.pass(it.map('stored')).text)
    const array = it.attach(it.map('shown'))
    kernel.close(fd)
    return { first, again, array }
  },
})

scenario('an iterator over a sockmap shows empty slots too', {
  shows,
  expected: ['0 0', '1 2', '2 0', '3 0'],
  run: (rig) => {
    using it = new Iteration(rig, 'sockmaps')
    const { kernel } = rig
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.bind(fd, inet('127.0.0.1', 7004))
    updateElem(kernel, it.map('socks'), words(1), words(fd, 0))
    const shown = lines(it.pass(it.map('socks')).text)
    kernel.close(fd)
    return shown
  },
})
