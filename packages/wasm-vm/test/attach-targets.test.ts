// SPDX-License-Identifier: GPL-2.0-only
/** Programs that are attached to what kernel types name: verdicts, errnos and messages of Linux 6.18's verifier. */
import { VerifierError } from '@skep/core'
import { type Btf, parseBtf } from '@skep/core/btf'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'

const { BPF_PROG_TYPE_TRACING: TRACING, BPF_PROG_TYPE_LSM: LSM, BPF_PROG_TYPE_STRUCT_OPS: STRUCT_OPS } = U

let kernel: VirtualKernel
let types: Btf
beforeAll(async () => {
  kernel = await createVirtualKernel()
  types = parseBtf(kernel.kernelBtf!)
})
afterAll(() => kernel[Symbol.dispose]())

function idOf(name: string, kind: 'FUNC' | 'TYPEDEF' | 'STRUCT'): number {
  const id = types.find(name, kind)
  if (!id) throw new Error(`the kernel's types have no ${name}`)
  return id
}

/** Byte offset of a member of a structure, however deep its unnamed parents. */
function offsetOf(struct: string, member: string): number {
  const search = (id: number, base: number): number | undefined => {
    const type = types.type(id)
    if (type?.kind !== 'STRUCT' && type?.kind !== 'UNION') return undefined
    for (const m of type.members) {
      if (m.name === member) return base + m.bitOffset / 8
      const inner = m.name ? undefined : search(m.type, base + m.bitOffset / 8)
      if (inner !== undefined) return inner
    }
    return undefined
  }
  const found = search(idOf(struct, 'STRUCT'), 0)
  if (found === undefined) throw new Error(`struct ${struct} has no ${member}`)
  return found
}

interface Target {
  type: number
  attach: number
  id: number
  flags?: number
  license?: string
}

/** 'accepted', or errno and what the log says. */
function verdict(code: string, { type, attach, id, flags = 0, license = 'GPL' }: Target): string {
  const insns = encodeInstructions(assemble(code).instructions)
  try {
    const { fd } = loadRaw(
      kernel,
      { type, insns, license, expectedAttachType: attach, attachBtfId: id, flags },
      { level: 2 },
    )
    kernel.close(fd)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    return `${error.errno} ${error.log}`
  }
}

const EXIT = 'r0 = 0\nexit'
const tracepoint = (name: string): Target => ({
  type: TRACING,
  attach: U.BPF_TRACE_RAW_TP,
  id: idOf(`btf_trace_${name}`, 'TYPEDEF'),
})
const iterator = (name: string): Target => ({
  type: TRACING,
  attach: U.BPF_TRACE_ITER,
  id: idOf(`bpf_iter_${name}`, 'FUNC'),
})
const hook = (name: string, attach: number = U.BPF_LSM_MAC): Target => ({
  type: LSM,
  attach,
  id: idOf(`bpf_lsm_${name}`, 'FUNC'),
})
const entry = (name: string, attach: number = U.BPF_TRACE_FENTRY): Target => ({
  type: TRACING,
  attach,
  id: idOf(name, 'FUNC'),
})

describe('targets', () => {
  test.each<[string, () => Target, string]>([
    ['no target', () => ({ ...entry('bpf_fentry_test1'), id: 0 }), 'Tracing programs must provide btf_id'],
    [
      'a structure is no function',
      () => ({ ...entry('bpf_fentry_test1'), id: idOf('task_struct', 'STRUCT') }),
      'is not a function',
    ],
    [
      'a function is no tracepoint',
      () => ({ ...entry('bpf_fentry_test1'), attach: U.BPF_TRACE_RAW_TP }),
      'is not a typedef',
    ],
    ['some results stay', () => entry('bpf_fentry_test2', U.BPF_MODIFY_RETURN), 'bpf_fentry_test2() is not modifiable'],
    [
      'some functions do not sleep',
      () => ({ ...entry('bpf_fentry_test2'), flags: U.BPF_F_SLEEPABLE }),
      'bpf_fentry_test2 is not sleepable',
    ],
    [
      'hooks need a licence',
      () => ({ ...hook('file_open'), license: 'proprietary' }),
      'LSM programs must have a GPL compatible license',
    ],
    ['some hooks are closed', () => hook('inode_getsecurity'), 'points to disabled hook bpf_lsm_inode_getsecurity'],
    [
      'hooks are functions of their own',
      () => ({ ...hook('file_open'), id: idOf('bpf_fentry_test1', 'FUNC') }),
      'points to wrong type name bpf_fentry_test1',
    ],
    [
      'structures of functions are listed',
      () => ({ type: STRUCT_OPS, attach: 0, id: idOf('task_struct', 'STRUCT') }),
      'is not a supported struct',
    ],
    [
      'members that are no functions',
      () => ({ type: STRUCT_OPS, attach: 99, id: idOf('tcp_congestion_ops', 'STRUCT') }),
      'attach to invalid member idx 99 of struct tcp_congestion_ops',
    ],
  ])('%s', (_, target, message) => {
    expect(verdict(EXIT, target())).toContain(message)
  })

  test('what may be attached is', () => {
    expect(verdict(EXIT, entry('bpf_fentry_test1'))).toBe('accepted')
    expect(verdict(EXIT, entry('bpf_fentry_test1', U.BPF_TRACE_FEXIT))).toBe('accepted')
    expect(verdict(EXIT, entry('bpf_modify_return_test', U.BPF_MODIFY_RETURN))).toBe('accepted')
    expect(verdict(EXIT, { ...entry('bpf_fentry_test1'), flags: U.BPF_F_SLEEPABLE })).toBe('accepted')
    expect(verdict(EXIT, { ...hook('file_open'), flags: U.BPF_F_SLEEPABLE })).toBe('accepted')
    expect(verdict('r0 = 1\nexit', hook('socket_bind', U.BPF_LSM_CGROUP))).toBe('accepted')
    expect(verdict(EXIT, iterator('task'))).toBe('accepted')
    expect(verdict(EXIT, tracepoint('sys_enter'))).toBe('accepted')
  })
})

describe('results', () => {
  test('fentry returns 0, a hook an errno or 0, an iterator 0 or 1', () => {
    expect(verdict('r0 = 1\nexit', entry('bpf_fentry_test1'))).toContain(
      'At program exit the register R0 has smin=1 smax=1 should have been in [0, 0]',
    )
    expect(verdict('r0 = 1\nexit', hook('file_open'))).toContain('should have been in [-4095, 0]')
    expect(verdict('r0 = -1\nexit', hook('file_open'))).toBe('accepted')
    expect(verdict('r0 = 2\nexit', iterator('task'))).toContain('should have been in [0, 1]')
  })
})

describe('contexts', () => {
  test('arguments that are structures are followed, and only they', () => {
    const pid = offsetOf('task_struct', 'pid')
    const walk = `r1 = *(u64 *)(r1 + 8)\nif r1 == 0 goto out\nr2 = *(u32 *)(r1 + ${pid})\nout:\nr0 = 0\nexit`
    expect(verdict(walk, iterator('task'))).toBe('accepted')
    expect(verdict(walk.replace('if r1 == 0 goto out\n', ''), iterator('task'))).toContain(
      "R1 invalid mem access 'trusted_ptr_or_null_'",
    )
    expect(verdict(`r1 = *(u64 *)(r1 + 16)\n${EXIT}`, iterator('task'))).toContain(
      "func 'bpf_iter_task' doesn't have 3-th argument",
    )
    expect(verdict(`r1 = *(u32 *)(r1 + 8)\n${EXIT}`, iterator('task'))).toContain(
      "func 'bpf_iter_task' size 4 must be 8",
    )
    expect(verdict(`r1 = *(u64 *)(r1 + 4)\n${EXIT}`, iterator('task'))).toContain(
      'invalid bpf_context access off=4 size=8',
    )
  })

  test('structures are read where they have members, never written', () => {
    const task = 'r1 = *(u64 *)(r1 + 8)\nif r1 == 0 goto out\n'
    const end = '\nout:\nr0 = 0\nexit'
    const size = types.type(idOf('task_struct', 'STRUCT'))
    if (size?.kind !== 'STRUCT') throw new Error('task_struct is no structure')
    expect(verdict(`${task}r2 = *(u64 *)(r1 + ${size.size})${end}`, iterator('task'))).toMatch(
      /access beyond struct task_struct at off \d+ size 8/,
    )
    expect(verdict(`${task}*(u32 *)(r1 + ${offsetOf('task_struct', 'pid')}) = 0${end}`, iterator('task'))).toContain(
      'only read is supported',
    )
    expect(
      verdict(`${task}r2 = *(u32 *)(r1 + ${offsetOf('task_struct', 'group_leader')})${end}`, iterator('task')),
    ).toContain('cannot access ptr member group_leader')
  })

  test('the leader of a task is as trusted as the task within a section of RCU', () => {
    const code = `r1 = *(u64 *)(r1 + 8)
      if r1 == 0 goto out
      r2 = *(u64 *)(r1 + ${offsetOf('task_struct', 'group_leader')})
      r3 = *(u64 *)(r1 + ${offsetOf('task_struct', 'mm')})
      r4 = *(u64 *)(r1 + 0)
      out:
      r0 = 0
      exit
      r5 = 0`
    const log = verdict(code.replace('      r5 = 0', '').replace('r0 = 0', 'r0 = 2'), iterator('task'))
    expect(log).toContain('R2=rcu_ptr_task_struct')
    expect(log).toContain('R3=ptr_mm_struct')
  })

  test('the value of an element is memory of unknown size', () => {
    const code = `r2 = *(u64 *)(r1 + 16)\nif r2 == 0 goto out\n*(u8 *)(r2 + 0) = 1\nout:\nr0 = 0\nexit`
    expect(verdict(code, iterator('bpf_map_elem'))).toContain('R2 cannot write into rdonly_buf')
    expect(verdict(code.replace('r1 + 16', 'r1 + 24'), iterator('bpf_map_elem'))).toBe('accepted')
  })
})

test('a member of tcp_congestion_ops may write what congestion control is about', () => {
  const struct = types.type(idOf('tcp_congestion_ops', 'STRUCT'))
  if (struct?.kind !== 'STRUCT') throw new Error('tcp_congestion_ops is no structure')
  const attach = struct.members.findIndex(({ name }) => name === 'init')
  const target = { type: STRUCT_OPS, attach, id: idOf('tcp_congestion_ops', 'STRUCT') }
  const write = (member: string) =>
    verdict(`r1 = *(u64 *)(r1 + 0)\n*(u32 *)(r1 + ${offsetOf('tcp_sock', member)}) = 7\n${EXIT}`, target)
  expect(write('snd_cwnd')).toBe('accepted')
  expect(write('rcv_nxt')).toMatch(/no write support to tcp_sock at off \d+/)
})
