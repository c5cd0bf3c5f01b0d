// SPDX-License-Identifier: BSD-2-Clause
/** Programs in the place of functions of other programs (freplace). */
import { readFileSync } from 'node:fs'
import { openObject, progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import { createMap, EBUSY, udpFrame, updateElem, words } from './calls.ts'
import { scenario } from './scenario.ts'

const bytes = (name: string) => readFileSync(new URL(`programs/${name}.bpf.o`, import.meta.url))

scenario('a function of a program is replaced for as long as the link is there', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_EXT'],
    linkTypes: ['BPF_LINK_TYPE_TRACING'],
    commands: ['BPF_LINK_CREATE'],
  },
  notOnLinux: 'extensions are refused on this kernel: EPERM without a log',
  // XDP_PASS + 10; twice the queue (0) plus 20, + 10
  expected: { before: 12, replaced: 50, calls: 1, second: EBUSY, tailCallee: EBUSY, restored: 12, tailAfter: 0 },
  run: ({ kernel }) => {
    using target = openObject(bytes('replaced'), { name: 'replaced' }).load(kernel)
    const whole = target.programs.get('whole')!
    const run = () => progTestRun(kernel, whole.fd, { dataIn: udpFrame() }).retval
    const before = run()
    const loadExtension = () => {
      const object = openObject(bytes('extension'), { name: 'extension' })
      for (const program of object.programs) program.attachProgFd = whole.fd
      return object.load(kernel)
    }
    using extension = loadExtension()
    using another = loadExtension()
    const link = extension.programs.get('instead')!.attach()
    const replaced = run()
    const { calls } = extension.map('.bss').lookup(0) as unknown as { calls: bigint }
    let second = 0
    try {
      another.programs.get('instead')!.attach()
    } catch (error) {
      second = -(error as { errno: number }).errno
    }
    const array = createMap(kernel, U.BPF_MAP_TYPE_PROG_ARRAY, 4, 4)
    const tailCallee = updateElem(kernel, array, words(0), words(whole.fd))
    link[Symbol.dispose]()
    const restored = run()
    return {
      before,
      replaced,
      calls: Number(calls),
      second,
      tailCallee,
      restored,
      tailAfter: updateElem(kernel, array, words(0), words(whole.fd)),
    }
  },
})
