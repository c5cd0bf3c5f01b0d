// SPDX-License-Identifier: BSD-2-Clause
/** Programs attached inside namespaces and cgroups of the test, and what they do to the world there. */
import { BpfLink, features, Program, progQuery, RuleError, traceKernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import { inetAddress, interfaceIndex, isolated, must, portOf } from '@skep/native-loader/testing'
import { describe, expect, test } from 'vitest'
import { eachKernel, fixture, needIsolation } from './fixtures.ts'

const AF_INET = 2
const SOCK_DGRAM = 2
const MSG_DONTWAIT = 0x40
const EPERM = 1
const EAGAIN = 11

type World = Parameters<Parameters<typeof isolated>[1]>[0]
type LinuxKernel = World['kernel']

/** A UDP socket bound to lo. */
function receiver(kernel: LinuxKernel): { fd: number; address: Uint8Array } {
  const fd = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
  must(kernel.bind(fd, inetAddress('127.0.0.1', 0)), 'bind')
  const address = new Uint8Array(16)
  must(kernel.getsockname(fd, address), 'getsockname')
  return { fd, address: inetAddress('127.0.0.1', portOf(address)) }
}

function sendOne(kernel: LinuxKernel, address: Uint8Array): void {
  const sender = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
  kernel.send(sender, new Uint8Array(20), 0, address)
  kernel.close(sender)
}

describe('inside a world of the test', () => {
  test('a socket filter counts, and counts no more once detached', async (context) => {
    needIsolation(context)
    await isolated({ network: true }, ({ kernel }) => {
      using loaded = fixture('world').load(kernel)
      const { fd, address } = receiver(kernel)
      const program = loaded.programs.get('run')!
      const total = () => (loaded.maps.get('.data')!.lookup(0) as { total: bigint }).total
      {
        using link = program.attach({ socketFd: fd })
        expect(link.target).toContain('socket')
        sendOne(kernel, address)
        // A datagram of 20 bytes with 8 of UDP header is what a filter on a UDP socket sees.
        expect(total()).toBe(5n + 28n)
      }
      sendOne(kernel, address)
      expect(total()).toBe(5n + 28n)
      expect(() => program.attach()).toThrow('needs a socket: set socketFd')
    })
  })

  test('a cgroup program refuses a port', async (context) => {
    needIsolation(context)
    await isolated({ network: true, cgroup: true }, ({ kernel, cgroup }) => {
      const object = fixture('bind4')
      object.setVariable('refused_port', 5050)
      using loaded = object.load(kernel)
      const program = loaded.programs.get('refuse_port')!
      const bind = (port: number) => {
        const fd = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
        const result = kernel.bind(fd, inetAddress('127.0.0.1', port))
        kernel.close(fd)
        return result
      }
      {
        using link = program.attach({ cgroup: cgroup.fd }) as BpfLink
        expect(bind(5050)).toBe(-EPERM)
        expect(bind(5051)).toBe(0)
        expect(link.info()).toMatchObject({ typeName: 'BPF_LINK_TYPE_CGROUP', progId: program.info().id })
        expect(progQuery(kernel, cgroup.fd, U.BPF_CGROUP_INET4_BIND).progIds).toEqual([program.info().id])
      }
      expect(bind(5050)).toBe(0)
      using byPath = program.attach({ cgroup: cgroup.path })
      expect(bind(5050)).toBe(-EPERM)
      byPath.detach()
      expect(loaded.maps.get('.bss')!.lookup(0)).toMatchObject({ refused: 2n })
      expect(() => program.attach({ attachType: U.BPF_XDP })).toThrow(RuleError)
    })
  })

  test('xdp and tcx on lo', async (context) => {
    needIsolation(context)
    await isolated({ network: true }, ({ kernel }) => {
      const lo = interfaceIndex(kernel, 'lo')
      const room = new Uint8Array(64)
      const { fd, address } = receiver(kernel)
      for (const name of ['xdp-filter', 'tc-classifier']) {
        using loaded = fixture(name).load(kernel)
        const program = [...loaded.programs.values()][0]!
        const attachType = name === 'xdp-filter' ? U.BPF_XDP : U.BPF_TCX_INGRESS
        using link = program.attach({ ifindex: lo, attachType }) as BpfLink
        expect(link.info().details).toMatchObject({ ifindex: lo })
        sendOne(kernel, address)
        while (kernel.recv(fd, room, MSG_DONTWAIT) >= 0);
      }
      expect(kernel.recv(fd, room, MSG_DONTWAIT)).toBe(-EAGAIN)
    })
  })

  test('links live in bpffs and take another program', async (context) => {
    needIsolation(context)
    await isolated({ network: true, mounts: true }, ({ kernel, bpffs }) => {
      const lo = interfaceIndex(kernel, 'lo')
      using first = fixture('xdp-filter').load(kernel)
      using second = fixture('xdp-filter').load(kernel)
      const [a, b] = [first, second].map((loaded) => loaded.programs.get('filter_udp')!) as [Program, Program]
      {
        using link = a.attach({ ifindex: lo }) as BpfLink
        link.pin(`${bpffs}/link`)
      }
      using pinned = BpfLink.fromPin(kernel, `${bpffs}/link`)
      expect(pinned.info().progId).toBe(a.info().id)
      pinned.update(b, a)
      expect(pinned.info().progId).toBe(b.info().id)
      expect(() => pinned.update(b, a)).toThrow('BPF_LINK_UPDATE')
      a.pin(`${bpffs}/program`)
      using again = Program.fromPin(kernel, `${bpffs}/program`)
      expect(again.info().id).toBe(a.info().id)
      kernel.unlink(`${bpffs}/link`)
      kernel.unlink(`${bpffs}/program`)
      pinned.forceDetach()
    })
  })
})

const at = eachKernel()

test('the trace prints fields by name', () => {
  const lines: string[] = []
  const traced = traceKernel(at.kernel, (line) => lines.push(line))
  fixture('sockex1').load(traced)[Symbol.dispose]()
  const text = lines.join('\n')
  expect(text).toMatch(
    /^bpf\(BPF_MAP_CREATE, \{map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=8, max_entries=256, /m,
  )
  expect(text).toMatch(
    /^bpf\(BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=\d+, .*prog_name="count_bytes"/m,
  )
  expect(text).toMatch(/^close\(\d+\) = 0$/m)
})

test('what this kernel offers', () => {
  const found = features(at.kernel)
  // Facts about any kernel on which these tests can run: the first types, and helper 1 in socket filters.
  expect(found.commands.get('BPF_PROG_LOAD')).toBe(true)
  expect(found.programTypes.get('BPF_PROG_TYPE_SOCKET_FILTER')).toBe(true)
  expect(found.mapTypes.get('BPF_MAP_TYPE_HASH')).toBe(true)
  expect(found.attachTypes.get('BPF_CGROUP_INET_INGRESS')).toBe(true)
  expect(found.helpers.get('BPF_PROG_TYPE_SOCKET_FILTER')).toContain('bpf_map_lookup_elem')
  expect(found.helpers.get('BPF_PROG_TYPE_SOCKET_FILTER')).not.toContain('bpf_probe_read')
  expect(found.helpers.get('BPF_PROG_TYPE_XDP')).toContain('bpf_xdp_adjust_head')
})
