// SPDX-License-Identifier: BSD-2-Clause
/** Programs on functions, typed tracepoints and security hooks, by programs of trampolines.bpf.c. */
import { readFileSync } from 'node:fs'
import { type Kernel, linkInfo, openObject, progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import { AF_INET, inet, link, SOCK_STREAM } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const OBJECT = readFileSync(new URL('programs/trampolines.bpf.o', import.meta.url))
const NO_TRAMPOLINES = 'this Linux refuses programs that need a trampoline'

class Loaded implements Disposable {
  readonly object
  readonly program: number

  constructor(kernel: Kernel, name: string) {
    const spec = openObject(OBJECT, { name: 'trampolines' })
    for (const program of spec.programs) program.autoload = program.name === name
    this.object = spec.load(kernel)
    this.program = this.object.program(name).fd
  }
  get seen(): readonly number[] {
    return (this.object.map('.bss').lookup(0) as { seen: number[] }).seen
  }
  answer(verdict: number): void {
    this.object.map('.bss').update(0, { ...(this.object.map('.bss').lookup(0) as object), verdict })
  }
  [Symbol.dispose](): void {
    this.object[Symbol.dispose]()
  }
}

const tracing = (attachType: string) => ({
  commands: ['BPF_LINK_CREATE'],
  programTypes: ['BPF_PROG_TYPE_TRACING'],
  attachTypes: [attachType],
  linkTypes: ['BPF_LINK_TYPE_TRACING'],
})

scenario('a program at the entry of a function sees its arguments', {
  shows: tracing('BPF_TRACE_FENTRY'),
  notOnLinux: NO_TRAMPOLINES,
  expected: { seen: [4, 5, 6, 3], attachType: 24, twice: -16 },
  run: ({ kernel }) => {
    using it = new Loaded(kernel, 'entered')
    const made = link(kernel, it.program, 0, U.BPF_TRACE_FENTRY)
    progTestRun(kernel, it.program, {})
    const { details } = linkInfo(kernel, made)
    const twice = link(kernel, it.program, 0, U.BPF_TRACE_FENTRY)
    return { seen: it.seen.slice(0, 4), attachType: Number(details.attach_type), twice }
  },
})

scenario('a program at the exit of a function sees its result, and the cookie of its link', {
  shows: tracing('BPF_TRACE_FEXIT'),
  notOnLinux: NO_TRAMPOLINES,
  expected: [15, 15, 77],
  run: ({ kernel }) => {
    using it = new Loaded(kernel, 'left')
    // target_btf_id, then the cookie of tracing links
    link(kernel, it.program, 0, U.BPF_TRACE_FEXIT, 0, 0, 0, 77, 0)
    progTestRun(kernel, it.program, {})
    return it.seen.slice(4, 7)
  },
})

scenario('a program that changes the result takes the place of the function', {
  shows: tracing('BPF_MODIFY_RETURN'),
  notOnLinux: NO_TRAMPOLINES,
  // side effects above, sums of both results below: 4 + 29, and -1 + 29 without the first one's effect
  expected: { detached: 0x20021, asked: 0x20021, changed: 0x1001c, seen: [1, 0] },
  run: ({ kernel }) => {
    using it = new Loaded(kernel, 'changed')
    const run = () => progTestRun(kernel, it.program, {}).retval
    const detached = run()
    link(kernel, it.program, 0, U.BPF_MODIFY_RETURN)
    const asked = run()
    it.answer(-1)
    return { detached, asked, changed: run(), seen: it.seen.slice(0, 2) }
  },
})

scenario('a typed tracepoint gives the structures themselves', {
  shows: {
    commands: ['BPF_RAW_TRACEPOINT_OPEN'],
    programTypes: ['BPF_PROG_TYPE_TRACING'],
    attachTypes: ['BPF_TRACE_RAW_TP'],
    linkTypes: ['BPF_LINK_TYPE_RAW_TRACEPOINT'],
  },
  notOnLinux: 'a task that is born at the word of the test exists only in the simulated world',
  // the name is that of the parent until the child takes its own
  expected: { pid: true, comm: 's' },
  run: ({ kernel, world }: Rig) => {
    using it = new Loaded(kernel, 'born')
    using attached = it.object.program('born').attach()
    const task = world?.createTask()
    const [pid, comm] = it.seen
    return { pid: attached !== undefined && pid === task?.pid, comm: String.fromCharCode(comm ?? 0) }
  },
})

scenario('a typed tracepoint tells of a cgroup that is made', {
  shows: { programTypes: ['BPF_PROG_TYPE_TRACING'], attachTypes: ['BPF_TRACE_RAW_TP'] },
  expected: true,
  run: ({ kernel, cgroup, rmdir }: Rig) => {
    using it = new Loaded(kernel, 'made')
    using attached = it.object.program('made').attach()
    const path = `${cgroup.path}/traced`
    kernel.mkdir(path, 0o755)
    rmdir(path)
    return attached !== undefined && (it.seen[0] ?? 0) > 1
  },
})

const ECONNREFUSED = -111

scenario('a connection passes the function that makes it', {
  shows: tracing('BPF_TRACE_FENTRY'),
  notOnLinux: NO_TRAMPOLINES,
  expected: { result: ECONNREFUSED, seen: [2, 6] },
  run: ({ kernel }) => {
    using it = new Loaded(kernel, 'connecting')
    link(kernel, it.program, 0, U.BPF_TRACE_FENTRY)
    const fd = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const result = kernel.connect(fd, inet('127.0.0.1', 7010))
    kernel.close(fd)
    return { result, seen: it.seen.slice(0, 2) }
  },
})

scenario('a security program refuses bind with the errno that it gives', {
  shows: {
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_LSM'],
    attachTypes: ['BPF_LSM_MAC'],
    linkTypes: ['BPF_LINK_TYPE_TRACING'],
  },
  notOnLinux: NO_TRAMPOLINES,
  expected: { allowed: 0, refused: -13, seen: [1, 16], after: 0 },
  run: ({ kernel }) => {
    using it = new Loaded(kernel, 'binding')
    const made = link(kernel, it.program, 0, U.BPF_LSM_MAC)
    const bind = (port: number) => {
      const fd = kernel.socket(AF_INET, SOCK_STREAM, 0)
      const result = kernel.bind(fd, inet('127.0.0.1', port))
      kernel.close(fd)
      return result
    }
    const allowed = bind(7011)
    it.answer(-13)
    const refused = bind(7012)
    const seen = it.seen.slice(0, 2)
    kernel.close(made)
    return { allowed, refused, seen, after: bind(7013) }
  },
})

scenario('a security program of a cgroup refuses with 0, in that cgroup only', {
  shows: {
    commands: ['BPF_PROG_ATTACH'],
    programTypes: ['BPF_PROG_TYPE_LSM'],
    attachTypes: ['BPF_LSM_CGROUP'],
    linkTypes: ['BPF_LINK_TYPE_CGROUP'],
  },
  notOnLinux: NO_TRAMPOLINES,
  expected: { refused: -1, allowed: ECONNREFUSED, calls: 2, after: ECONNREFUSED },
  run: ({ kernel, cgroup }) => {
    using it = new Loaded(kernel, 'connects')
    const made = link(kernel, it.program, cgroup.fd, U.BPF_LSM_CGROUP)
    const connect = () => {
      const fd = kernel.socket(AF_INET, SOCK_STREAM, 0)
      const result = kernel.connect(fd, inet('127.0.0.1', 7014))
      kernel.close(fd)
      return result
    }
    const refused = connect()
    it.answer(1)
    const allowed = connect()
    const calls = it.seen[0] ?? 0
    kernel.close(made)
    return { refused, allowed, calls, after: connect() }
  },
})
