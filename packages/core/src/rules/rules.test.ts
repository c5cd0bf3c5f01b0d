// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import * as U from '../gen/uapi-enums.gen.ts'
import {
  attachPoint,
  brokenRule,
  calledHelpers,
  checkHelperLicense,
  checkLoadAttachType,
  checkProgram,
  fixupAttachType,
  helperNeedsGpl,
  helperProto,
  isGplCompatible,
  resolveSection,
} from './index.ts'

describe('licences', () => {
  // license_is_gpl_compatible of include/linux/license.h.
  test.each(['GPL', 'GPL v2', 'GPL and additional rights', 'Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL'])(
    '%s',
    (license) => {
      expect(isGplCompatible(license)).toBe(true)
    },
  )

  test.each(['', 'gpl', 'GPL v3', 'GPL ', 'MIT', 'Proprietary', 'Dual BSD/GPL v2'])('not "%s"', (license) => {
    expect(isGplCompatible(license)).toBe(false)
  })

  test('the refusal says what would do', () => {
    expect(() => checkHelperLicense('MIT', U.BPF_FUNC_probe_read, true)).toThrow(
      'bpf_probe_read is for GPL-compatible programs and this one has licence "MIT": "GPL", "GPL v2"',
    )
    expect(() => checkHelperLicense('', U.BPF_FUNC_map_lookup_elem, false)).not.toThrow()
  })
})

describe('sections', () => {
  test.each([
    ['socket', U.BPF_PROG_TYPE_SOCKET_FILTER, 0, ''],
    ['socket1', U.BPF_PROG_TYPE_SOCKET_FILTER, 0, ''],
    ['kprobe/do_unlinkat', U.BPF_PROG_TYPE_KPROBE, 0, 'do_unlinkat'],
    ['kprobe.multi/vfs_*', U.BPF_PROG_TYPE_KPROBE, U.BPF_TRACE_KPROBE_MULTI, 'vfs_*'],
    ['tracepoint/sched/sched_switch', U.BPF_PROG_TYPE_TRACEPOINT, 0, 'sched/sched_switch'],
    ['xdp.frags', U.BPF_PROG_TYPE_XDP, U.BPF_XDP, ''],
    ['xdp_drop', U.BPF_PROG_TYPE_XDP, U.BPF_XDP, ''],
    ['cgroup/bind4', U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, U.BPF_CGROUP_INET4_BIND, ''],
    ['fentry.s/vfs_read', U.BPF_PROG_TYPE_TRACING, U.BPF_TRACE_FENTRY, 'vfs_read'],
    ['tc', U.BPF_PROG_TYPE_SCHED_CLS, 0, ''],
    ['tcx/ingress', U.BPF_PROG_TYPE_SCHED_CLS, U.BPF_TCX_INGRESS, ''],
    ['iter/bpf_map', U.BPF_PROG_TYPE_TRACING, U.BPF_TRACE_ITER, 'bpf_map'],
  ])('%s', (name, type, attachType, extra) => {
    const { row, extra: found, autoload } = resolveSection(name)
    expect([row?.type, row?.attachType, found, autoload]).toEqual([type, attachType, extra, true])
  })

  test('a question mark means: only when asked for', () => {
    expect(resolveSection('?kprobe/x')).toMatchObject({
      autoload: false,
      extra: 'x',
      row: { type: U.BPF_PROG_TYPE_KPROBE },
    })
  })

  test('sleepable and fragments', () => {
    expect(resolveSection('lsm.s/file_open').row).toMatchObject({ sleepable: true, btf: true })
    expect(resolveSection('xdp.frags/devmap').row).toMatchObject({ frags: true, attachType: U.BPF_XDP_DEVMAP })
  })

  test('unknown', () => {
    expect(resolveSection('whatever/target')).toEqual({ row: undefined, extra: 'target', autoload: true })
  })
})

describe('programs', () => {
  const call = (helper: number) => ({ code: 0x85, dst: 0, src: 0, off: 0, imm: helper })
  const program = { name: 'p', type: U.BPF_PROG_TYPE_KPROBE, expectedAttachType: 0, flags: 0 }

  test('the licence is asked for the helpers that are called', () => {
    const slots = [call(U.BPF_FUNC_trace_printk), call(U.BPF_FUNC_map_lookup_elem), call(U.BPF_FUNC_trace_printk)]
    expect(calledHelpers(slots)).toEqual([1, 6])
    expect(() => checkProgram(program, 'GPL', slots)).not.toThrow()
    expect(brokenRule(program, 'BSD', slots)?.message).toContain('bpf_trace_printk is for GPL-compatible programs')
    expect(brokenRule(program, 'BSD', [call(1)])).toBeUndefined()
  })

  test('helpers by kind of program', () => {
    expect(helperProto(program, U.BPF_FUNC_skb_load_bytes)).toBeUndefined()
    expect(helperProto({ ...program, type: U.BPF_PROG_TYPE_SOCKET_FILTER }, U.BPF_FUNC_skb_load_bytes)?.gplOnly).toBe(
      false,
    )
    expect(helperNeedsGpl(U.BPF_FUNC_probe_read)).toBe(true)
  })

  test('the type must be known', () => {
    expect(() => checkProgram({ ...program, type: 0 }, 'GPL', [])).toThrow("check 'p': its program type is not set")
  })
})

describe('attach types', () => {
  test('old types have a default', () => {
    expect(fixupAttachType(U.BPF_PROG_TYPE_CGROUP_SOCK, 0)).toBe(U.BPF_CGROUP_INET_SOCK_CREATE)
    expect(fixupAttachType(U.BPF_PROG_TYPE_SK_REUSEPORT, 0)).toBe(U.BPF_SK_REUSEPORT_SELECT)
    expect(fixupAttachType(U.BPF_PROG_TYPE_XDP, 0)).toBe(0)
  })

  test('refusals say what would be accepted', () => {
    expect(() => checkLoadAttachType(U.BPF_PROG_TYPE_SK_LOOKUP, 0)).toThrow(
      'BPF_PROG_TYPE_SK_LOOKUP does not load with BPF_CGROUP_INET_INGRESS: BPF_SK_LOOKUP are accepted',
    )
    expect(() => checkLoadAttachType(U.BPF_PROG_TYPE_CGROUP_SOCKOPT, U.BPF_CGROUP_GETSOCKOPT)).not.toThrow()
    // Most types never look at it.
    expect(() => checkLoadAttachType(U.BPF_PROG_TYPE_SOCKET_FILTER, 58)).not.toThrow()
    expect(attachPoint(U.BPF_PROG_TYPE_XDP, U.BPF_XDP).target).toBe('ifindex')
    expect(() => attachPoint(U.BPF_PROG_TYPE_XDP, U.BPF_CGROUP_DEVICE)).toThrow('BPF_XDP are accepted')
  })
})
