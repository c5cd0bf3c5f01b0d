// SPDX-License-Identifier: BSD-2-Clause
/** Functions of the kernel that programs call by their number in its BTF: what they give and do. */
import { KernelTypes, tryProgLoad } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { Program } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { createMap, updateElem, words } from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const NO_SUCH = 0x7fff
const SLEEPABLE = 16
const PSEUDO_MAP_FD = 1
const MAP_MARK = 0x7eee

/** A 64-bit number that stands for a map. */
const mapRef = (map: number) => `0x${((BigInt(MAP_MARK) << 32n) | BigInt(map)).toString(16)}`

/** Text with `kcall name` for calls of kernel functions, and maps by mapRef. */
function encode({ kernel }: Rig, text: string): Uint8Array {
  using types = new KernelTypes(kernel)
  const names: string[] = []
  const code = text.replace(/kcall (\w+)/g, (_, name: string) => {
    names.push(name)
    return `call ${NO_SUCH}`
  })
  const bytes = encodeInstructions(assemble(code).instructions)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < bytes.length; i += 8) {
    if (bytes[i] === 0x18 && view.getUint32(i + 12, true) === MAP_MARK) {
      bytes[i + 1] = (bytes[i + 1] ?? 0) | (PSEUDO_MAP_FD << 4)
      view.setUint32(i + 12, 0, true)
    }
    if (bytes[i] !== 0x85 || view.getInt32(i + 4, true) !== NO_SUCH) continue
    bytes[i + 1] = 2 << 4
    view.setInt32(i + 4, types.find(names.shift() ?? '', 'FUNC')?.id ?? 0, true)
  }
  return bytes
}

/** What one run of a program returns. */
function runs(rig: Rig, text: string, type: number = U.BPF_PROG_TYPE_SCHED_CLS): number {
  const sleeps = type === U.BPF_PROG_TYPE_SYSCALL
  const { result, log } = tryProgLoad(
    rig.kernel,
    { type, insns: encode(rig, text), license: 'GPL', flags: sleeps ? SLEEPABLE : 0 },
    { level: 1, size: 65536 },
  )
  if (result < 0) throw new Error(`program refused: errno ${-result}\n${log}`)
  using program = new Program(rig.kernel, result, { name: 'kfunc', type, log })
  return (
    program.testRun(sleeps ? { ctxIn: new Uint8Array(8), ctxOutSize: 0 } : { dataIn: new Uint8Array(64) }).retval | 0
  )
}

/** Bytes of a text of up to eight characters as a number. */
function packed(text: string): string {
  const bytes = new Uint8Array(8)
  bytes.set(new TextEncoder().encode(text))
  return `0x${new DataView(bytes.buffer).getBigUint64(0, true).toString(16)}`
}

const twoStrings = (a: string, b: string) => `
  r1 = ${packed(a)} ll
  *(u64 *)(r10 - 16) = r1
  r1 = 0
  *(u64 *)(r10 - 8) = r1
  r1 = ${packed(b)} ll
  *(u64 *)(r10 - 32) = r1
  r1 = 0
  *(u64 *)(r10 - 24) = r1
  r1 = r10
  r1 += -16
  r2 = r10
  r2 += -32`

scenario('functions on strings say where and how much', {
  shows: {},
  kernelTypes: true,
  expected: {
    same: 0,
    less: -1,
    folded: 0,
    length: 7,
    upTo: 3,
    first: 2,
    last: 6,
    none: -2,
    end: 7,
    span: 3,
    until: 3,
    found: 4,
    missed: -2,
    suffix: 4,
    short: -2,
    nowhere: -34,
  },
  run: (rig) => {
    const strings = (a: string, b: string, code: string) => runs(rig, `${twoStrings(a, b)}\n${code}\nexit`)
    const one = (code: string) => strings('one two', '', code)
    return {
      same: strings('abc', 'abc', 'kcall bpf_strcmp'),
      less: strings('abc', 'abd', 'kcall bpf_strcmp'),
      folded: strings('aBc', 'AbC', 'kcall bpf_strcasecmp'),
      length: one('kcall bpf_strlen'),
      upTo: one('r2 = 3\nkcall bpf_strnlen'),
      first: one('r2 = 101\nkcall bpf_strchr'),
      last: one('r2 = 111\nkcall bpf_strrchr'),
      none: one('r2 = 3\nr3 = 116\nkcall bpf_strnchr'),
      end: one('r2 = 120\nkcall bpf_strchrnul'),
      span: strings('aabcd', 'ab', 'kcall bpf_strspn'),
      until: strings('aabcd', 'cb', 'kcall bpf_strcspn') + 1,
      found: strings('one two', 'two', 'kcall bpf_strstr'),
      missed: strings('one two', 'six', 'kcall bpf_strstr'),
      suffix: strings('one two', 'two', 'r3 = 7\nkcall bpf_strnstr'),
      short: strings('one two', 'two', 'r3 = 6\nkcall bpf_strnstr'),
      nowhere: runs(rig, 'r1 = 0\nkcall bpf_strlen\nexit'),
    }
  },
})

/** Makes a mask and puts it into r6; without memory the program returns -1. */
const withMask = (code: string) => `
  kcall bpf_cpumask_create
  if r0 != 0 goto made
  r0 = -1
  exit
made:
  r6 = r0
  ${code}
  r7 = r0
  r1 = r6
  kcall bpf_cpumask_release
  r0 = r7
  exit`

scenario('a mask of CPUs holds what is set', {
  shows: {},
  kernelTypes: true,
  expected: { empty: 1, weight: 1, isSet: 1, notSet: 0, first: 0, cleared: 1, shared: 1 },
  run: (rig) => {
    const mask = (code: string) => runs(rig, withMask(code), U.BPF_PROG_TYPE_SYSCALL)
    const set = 'r1 = 0\nr2 = r6\nkcall bpf_cpumask_set_cpu\n'
    return {
      empty: mask('r1 = r6\nkcall bpf_cpumask_empty'),
      weight: mask(`${set}r1 = r6\nkcall bpf_cpumask_weight`),
      isSet: mask(`${set}r1 = 0\nr2 = r6\nkcall bpf_cpumask_test_cpu`),
      notSet: mask('r1 = 0\nr2 = r6\nkcall bpf_cpumask_test_cpu'),
      first: mask(`${set}r1 = r6\nkcall bpf_cpumask_first`),
      cleared: mask(`${set}r1 = r6\nkcall bpf_cpumask_clear\nr1 = r6\nkcall bpf_cpumask_empty`),
      shared: mask(
        `${set}r1 = r6\nkcall bpf_cpumask_acquire\nr8 = r0\nr1 = r8\nkcall bpf_cpumask_weight\nr7 = r0\nr1 = r8\nkcall bpf_cpumask_release\nr0 = r7`,
      ),
    }
  },
})

const GET_PID = U.BPF_FUNC_get_current_pid_tgid

scenario('a task is found by its number and is below the root of the cgroups', {
  shows: {},
  kernelTypes: true,
  expected: { found: 1, nobody: 0, below: 1 },
  run: (rig) => {
    const current = `call ${GET_PID}\nr1 = r0\nr1 <<= 32\nr1 >>= 32\nkcall bpf_task_from_pid`
    return {
      found: runs(rig, `${current}\nif r0 == 0 goto out\nr1 = r0\nkcall bpf_task_release\nr0 = 1\nout:\nexit`),
      nobody: runs(
        rig,
        'r1 = 0x7fffffff\nkcall bpf_task_from_pid\nif r0 == 0 goto out\nr1 = r0\nkcall bpf_task_release\nr0 = 1\nout:\nexit',
      ),
      below: runs(
        rig,
        `${current}
         if r0 == 0 goto out
         r6 = r0
         r1 = 1
         kcall bpf_cgroup_from_id
         if r0 == 0 goto none
         r7 = r0
         r1 = r6
         r2 = r7
         kcall bpf_task_under_cgroup
         r8 = r0
         r1 = r7
         kcall bpf_cgroup_release
         r1 = r6
         kcall bpf_task_release
         r0 = r8
         exit
       none:
         r1 = r6
         kcall bpf_task_release
         r0 = 2
       out:
         exit`,
      ),
    }
  },
})

scenario('an exception ends all functions of a program, and its value is the result', {
  shows: {},
  kernelTypes: true,
  expected: { main: 7, below: 9, notThrown: 3 },
  run: (rig) => ({
    main: runs(rig, 'r1 = 7\nkcall bpf_throw\nr0 = 1\nexit'),
    below: runs(
      rig,
      `r6 = r1
       call f
       r0 = 1
       exit
     f:
       r1 = 9
       kcall bpf_throw
       r0 = 2
       exit`,
    ),
    notThrown: runs(rig, 'r0 = 3\nif r0 == 3 goto out\nr1 = 7\nkcall bpf_throw\nout:\nexit'),
  }),
})

scenario('iterators on the stack visit tasks and cgroups', {
  shows: {},
  kernelTypes: true,
  expected: { tasks: 1, unknownOrder: -22, cgroups: 1 },
  run: (rig) => {
    const each = (kind: string, start: string) => `
      ${start}
      if r0 != 0 goto end
      r6 = 0
    next:
      r1 = r10
      r1 += -24
      kcall bpf_iter_${kind}_next
      if r0 == 0 goto end
      r6 = 1
      goto next
    end:
      r1 = r10
      r1 += -24
      kcall bpf_iter_${kind}_destroy
      r0 = r6
      exit`
    return {
      tasks: runs(rig, each('task', 'r6 = 5\nr1 = r10\nr1 += -24\nr2 = 0\nr3 = 0\nkcall bpf_iter_task_new')),
      unknownOrder: runs(
        rig,
        'r1 = r10\nr1 += -24\nr2 = 0\nr3 = 9\nkcall bpf_iter_task_new\nr6 = r0\nr1 = r10\nr1 += -24\nkcall bpf_iter_task_destroy\nr0 = r6\nexit',
      ),
      cgroups: runs(
        rig,
        `r1 = 1
         kcall bpf_cgroup_from_id
         if r0 == 0 goto none
         r7 = r0
         r1 = r10
         r1 += -24
         r2 = r7
         r3 = ${U.BPF_CGROUP_ITER_DESCENDANTS_PRE}
         kcall bpf_iter_css_new
         r6 = 0
       next:
         r1 = r10
         r1 += -24
         kcall bpf_iter_css_next
         if r0 == 0 goto end
         r6 = 1
         goto next
       end:
         r1 = r10
         r1 += -24
         kcall bpf_iter_css_destroy
         r1 = r7
         kcall bpf_cgroup_release
         r0 = r6
         exit
       none:
         r0 = 2
         exit`,
      ),
    }
  },
})

scenario('sections and locks of the kernel are entered and left', {
  shows: {},
  kernelTypes: true,
  expected: { irq: 4, preempt: 5, rcu: 6 },
  run: (rig) => ({
    irq: runs(
      rig,
      'r1 = r10\nr1 += -8\nkcall bpf_local_irq_save\nr6 = 4\nr1 = r10\nr1 += -8\nkcall bpf_local_irq_restore\nr0 = r6\nexit',
    ),
    preempt: runs(rig, 'kcall bpf_preempt_disable\nr6 = 5\nkcall bpf_preempt_enable\nr0 = r6\nexit'),
    rcu: runs(rig, 'kcall bpf_rcu_read_lock\nr6 = 6\nkcall bpf_rcu_read_unlock\nr0 = r6\nexit'),
  }),
})

scenario('the elements of a table are counted', {
  shows: {},
  kernelTypes: true,
  expected: { none: 0, two: 2, array: 0 },
  run: (rig) => {
    const { kernel } = rig
    const table = createMap(kernel, U.BPF_MAP_TYPE_HASH, 4, 4, 8)
    const array = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 4, 8)
    const count = (map: number) => runs(rig, `r1 = ${mapRef(map)} ll\nkcall bpf_map_sum_elem_count\nexit`)
    const none = count(table)
    for (const key of [1, 2]) updateElem(kernel, table, words(key), words(0))
    return { none, two: count(table), array: count(array) }
  },
})

scenario('dynptrs are copied and filled', {
  shows: {},
  kernelTypes: true,
  expected: { copied: 0x11111111, filled: 0x2222, tooFar: -7 },
  run: (rig) => {
    const { kernel } = rig
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 16, 1)
    const dynptrs = (code: string) => `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = ${mapRef(map)} ll
      r2 = r10
      r2 += -4
      call ${U.BPF_FUNC_map_lookup_elem}
      if r0 != 0 goto have
      exit
    have:
      r6 = r0
      r1 = r6
      r2 = 8
      r3 = 0
      r4 = r10
      r4 += -24
      call ${U.BPF_FUNC_dynptr_from_mem}
      r1 = r6
      r1 += 8
      r2 = 8
      r3 = 0
      r4 = r10
      r4 += -40
      call ${U.BPF_FUNC_dynptr_from_mem}
      ${code}
      exit`
    const fill = (offset: number, size: number, value: number) =>
      `r1 = r10\nr1 += -24\nr2 = ${offset}\nr3 = ${size}\nr4 = ${value}\nkcall bpf_dynptr_memset\n`
    return {
      copied: runs(
        rig,
        dynptrs(
          `${fill(0, 8, 0x11)}r1 = r10\nr1 += -40\nr2 = 4\nr3 = r10\nr3 += -24\nr4 = 0\nr5 = 4\nkcall bpf_dynptr_copy\nr0 = *(u32 *)(r6 + 12)`,
        ),
      ),
      filled: runs(
        rig,
        dynptrs(`${fill(0, 8, 0)}${fill(1, 2, 0x22)}r0 = *(u8 *)(r6 + 1)\nr1 = *(u8 *)(r6 + 2)\nr1 <<= 8\nr0 |= r1`),
      ),
      tooFar: runs(rig, dynptrs(`${fill(4, 5, 1)}`)),
    }
  },
})
