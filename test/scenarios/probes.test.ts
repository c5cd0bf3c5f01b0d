// SPDX-License-Identifier: BSD-2-Clause
/** Probes that fire on both kernels: a place of a program that is run, and an event that overflows. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kernel, openObject } from '@skep/core'
import * as U from '@skep/core/uapi'
import { must } from '@skep/native-loader/testing'
import { count, counter, createMap, link, mustLoad, words } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const PERF_TYPE_SOFTWARE = 1
const PERF_COUNT_SW_CPU_CLOCK = 0
const IOC_ENABLE = 0x2400
const IOC_SET_BPF = 0x40042408

/** A copy of a small program of our own, so that nobody else's processes meet the probe. */
function withProgram<T>(use: (path: string, entry: number) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'skep-probe-'))
  try {
    const path = join(directory, 'true')
    copyFileSync('/bin/true', path)
    return use(path, entryOffset(readFileSync(path)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Where in the file the entry point of a 64-bit ELF lies. */
function entryOffset(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entry = Number(view.getBigUint64(24, true))
  const headers = Number(view.getBigUint64(32, true))
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers + i * view.getUint16(54, true)
    const offset = Number(view.getBigUint64(at + 8, true))
    const address = Number(view.getBigUint64(at + 16, true))
    const size = Number(view.getBigUint64(at + 32, true))
    if (view.getUint32(at, true) === 1 && entry >= address && entry < address + size) return entry - address + offset
  }
  throw new Error('the entry point is in no segment')
}

/** Comes by the entry point once: runs the program, or says to the simulated world that it ran. */
function pass({ world }: Rig, path: string, offset: number): void {
  if (world) world.fireUprobe(path, offset)
  else spawnSync(path)
}

for (const [what, name, type] of [
  ['many by one link', 'BPF_TRACE_UPROBE_MULTI', U.BPF_TRACE_UPROBE_MULTI],
  ['a session', 'BPF_TRACE_UPROBE_SESSION', U.BPF_TRACE_UPROBE_SESSION],
] as const) {
  scenario(`uprobes, ${what}: programs run where a program is entered`, {
    shows: {
      linkTypes: ['BPF_LINK_TYPE_UPROBE_MULTI'],
      commands: ['BPF_LINK_CREATE'],
      programTypes: ['BPF_PROG_TYPE_KPROBE'],
      attachTypes: [name],
    },
    expected: { linked: true, runs: [0, 1, 2], closed: 2 },
    run: (rig) =>
      withProgram((path, entry) => {
        const { kernel } = rig
        const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
        const program = mustLoad(kernel, U.BPF_PROG_TYPE_KPROBE, `${count(facts)}\nr0 = 0\nexit`, {
          expectedAttachType: type,
        })
        using text = kernel.memory.alloc(path.length + 1)
        text.bytes.set(new TextEncoder().encode(path))
        using offsets = kernel.memory.alloc(8)
        offsets.bytes.set(new Uint8Array(BigUint64Array.of(BigInt(entry)).buffer))
        const attr = new Uint8Array(64)
        attr.set(words(program, 0, type, 0))
        const view = new DataView(attr.buffer)
        view.setBigUint64(16, text.address, true)
        view.setBigUint64(24, offsets.address, true)
        view.setUint32(48, 1, true)
        const fd = kernel.bpf(U.BPF_LINK_CREATE, attr)
        const runs = [counter(kernel, facts)]
        for (let i = 0; i < 2; i++) {
          pass(rig, path, entry)
          runs.push(counter(kernel, facts))
        }
        kernel.close(fd)
        pass(rig, path, entry)
        return { linked: fd > 0, runs, closed: counter(kernel, facts) }
      }),
  })
}

/** Where in the file the function lies that is called before main, and returns. */
function initOffset(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headers = Number(view.getBigUint64(32, true))
  const segments = Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = headers + i * view.getUint16(54, true)
    const [offset, address, size] = [8, 16, 32].map((o) => Number(view.getBigUint64(at + o, true)))
    return { type: view.getUint32(at, true), offset: offset ?? 0, address: address ?? 0, size: size ?? 0 }
  })
  const dynamic = segments.find(({ type }) => type === 2)
  for (let at = dynamic?.offset ?? 0; at < (dynamic?.offset ?? 0) + (dynamic?.size ?? 0); at += 16) {
    if (view.getBigUint64(at, true) !== 12n) continue
    const init = Number(view.getBigUint64(at + 8, true))
    const segment = segments.find((s) => s.type === 1 && init >= s.address && init < s.address + s.size)
    if (segment) return init - segment.address + segment.offset
  }
  throw new Error('the program has no function that is called before main')
}

const sessionsObject = readFileSync(new URL('programs/sessions.bpf.o', import.meta.url))

/** BPF_LINK_CREATE with the words of its part for many probes. */
function linkMulti(kernel: Kernel, program: number, type: number, tail: (view: DataView) => void): number {
  const attr = new Uint8Array(64)
  attr.set(words(program, 0, type, 0))
  tail(new DataView(attr.buffer))
  return must(kernel.bpf(U.BPF_LINK_CREATE, attr), 'BPF_LINK_CREATE')
}

/** Four calls: the second and the fourth want no return, the others find what they left as they were entered. */
const SESSION = { entries: 4n, returns: 2n, cookies: 13n, attached: 77n }

scenario('a session of uprobes: what the entry returns spares the return, both share a cookie', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_UPROBE_MULTI'],
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_KPROBE'],
    attachTypes: ['BPF_TRACE_UPROBE_SESSION'],
  },
  expected: SESSION,
  run: ({ kernel, world }) =>
    withProgram((path) => {
      const at = initOffset(readFileSync(path))
      using object = openObject(sessionsObject, { name: 'sessions' }).load(kernel)
      using text = kernel.memory.alloc(path.length + 1)
      text.bytes.set(new TextEncoder().encode(path))
      using numbers = kernel.memory.alloc(16)
      numbers.bytes.set(new Uint8Array(BigUint64Array.of(BigInt(at), 77n).buffer))
      const fd = linkMulti(kernel, object.program('of_program').fd, U.BPF_TRACE_UPROBE_SESSION, (view) => {
        view.setBigUint64(16, text.address, true)
        view.setBigUint64(24, numbers.address, true)
        view.setBigUint64(40, numbers.address + 8n, true)
        view.setUint32(48, 1, true)
      })
      for (let i = 0; i < 4; i++) {
        if (!world) spawnSync(path)
        world?.fireUprobe(path, at)
        world?.fireUprobe(path, at, {}, { isReturn: true })
      }
      kernel.close(fd)
      return object.map('.bss').lookup(0)
    }),
})

scenario('a session of kprobes: what the entry returns spares the return, both share a cookie', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_KPROBE_MULTI'],
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_KPROBE'],
    attachTypes: ['BPF_TRACE_KPROBE_SESSION'],
  },
  expected: SESSION,
  notOnLinux: 'kprobes are not built into this kernel',
  run: ({ kernel, world }) => {
    using object = openObject(sessionsObject, { name: 'sessions' }).load(kernel)
    using text = kernel.memory.alloc(16)
    text.bytes.set(new TextEncoder().encode('do_nanosleep'))
    using numbers = kernel.memory.alloc(16)
    numbers.bytes.set(new Uint8Array(BigUint64Array.of(text.address, 77n).buffer))
    const fd = linkMulti(kernel, object.program('of_kernel').fd, U.BPF_TRACE_KPROBE_SESSION, (view) => {
      view.setUint32(20, 1, true)
      view.setBigUint64(24, numbers.address, true)
      view.setBigUint64(40, numbers.address + 8n, true)
    })
    for (let i = 0; i < 4; i++) {
      world?.fireKprobe('do_nanosleep')
      world?.fireKprobe('do_nanosleep', {}, { isReturn: true })
    }
    kernel.close(fd)
    return object.map('.bss').lookup(0)
  },
})

/** A software event of this task that overflows each 100 µs of its running. */
function clockEvent(kernel: Kernel): number {
  const attr = new Uint8Array(112)
  const view = new DataView(attr.buffer)
  view.setUint32(0, PERF_TYPE_SOFTWARE, true)
  view.setUint32(4, attr.length, true)
  view.setBigUint64(8, BigInt(PERF_COUNT_SW_CPU_CLOCK), true)
  view.setBigUint64(16, 100_000n, true)
  return kernel.perfEventOpen(attr, 0, -1, -1, 0)
}

scenario('a program runs when a perf event overflows, and knows its period', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_PERF_EVENT'],
    commands: ['BPF_LINK_CREATE'],
    programTypes: ['BPF_PROG_TYPE_PERF_EVENT'],
    attachTypes: ['BPF_PERF_EVENT'],
  },
  expected: { set: 0, byIoctl: true, byLink: true, period: 100_000, quietAfter: true },
  run: (rig) => {
    const { kernel, world } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = (index: number) =>
      mustLoad(
        kernel,
        U.BPF_PROG_TYPE_PERF_EVENT,
        `r7 = r1
         ${count(facts, index)}
         r6 = *(u64 *)(r7 + 168)
         *(u32 *)(r10 - 4) = 3
         r2 = r10
         r2 += -4
         ld_pseudo r1, 1, ${facts}
         call 1
         if r0 == 0 goto end
         *(u64 *)(r0 + 0) = r6
       end:
         r0 = 0
         exit`,
      )
    const overflow = (event: number) => {
      if (world) world.samplePerf(event)
      else for (const end = Date.now() + 30; Date.now() < end; ) Math.random()
    }
    const first = clockEvent(kernel)
    const set = kernel.ioctl(first, IOC_SET_BPF, program(0))
    kernel.ioctl(first, IOC_ENABLE, 0)
    overflow(first)
    kernel.close(first)
    const second = clockEvent(kernel)
    const linked = link(kernel, program(1), second, U.BPF_PERF_EVENT)
    kernel.ioctl(second, IOC_ENABLE, 0)
    overflow(second)
    kernel.close(linked)
    kernel.close(second)
    const runs = counter(kernel, facts, 1)
    return {
      set,
      byIoctl: counter(kernel, facts, 0) > 0,
      byLink: runs > 0,
      period: counter(kernel, facts, 3),
      quietAfter: counter(kernel, facts, 1) === runs,
    }
  },
})
