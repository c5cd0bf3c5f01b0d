// SPDX-License-Identifier: BSD-2-Clause
/** Objects loaded into the running kernel, and what they do there. */
import { loadRaw, parseKconfig, SyscallError, VerifierError, verifyProgram } from '@skep/core'
import * as U from '@skep/core/uapi'
import { isolated } from '@skep/native-loader/testing'
import { describe, expect, test } from 'vitest'
import { eachKernel, fixture, ipv4Frame, needIsolation } from './fixtures.ts'

const at = eachKernel()
const frame = ipv4Frame(17)

const world = () => fixture('world')

describe('loading', () => {
  test('subprograms, constants and counters', () => {
    const object = world()
    object.setVariable('limit', 4)
    using loaded = object.load(at.kernel)
    const run = loaded.programs.get('run')!
    // triple(2) = 2 * 3 + 11; and 4.
    expect(run.testRun({ dataIn: frame }).retval).toBe(21)
    // Socket filters see the packet without its Ethernet header: 50 bytes.
    run.testRun({ dataIn: frame, repeat: 9 })
    const counts = loaded.maps.get('per_cpu')!.lookup(0) as number[]
    expect(counts).toHaveLength(at.kernel.facts.possibleCpus)
    expect(counts.reduce((a, b) => a + b)).toBe(10)
    expect(loaded.maps.get('.data')!.lookup(0)).toMatchObject({ total: 5n + 10n * 50n, hidden: 11 })
  })

  test('callbacks, custom sections, enums as constants', () => {
    const object = world()
    object.setVariable('paint', 'BLUE')
    using loaded = object.load(at.kernel)
    const flows = loaded.maps.get('flows')!
    flows.update({ source: 1, port: 2, protocol: 6 }, { packets: 30n })
    flows.update({ source: 2, port: 2, protocol: 6 }, { packets: 12n })
    expect(loaded.programs.get('walk')!.testRun({ dataIn: frame }).retval).toBe(42)
    expect(loaded.programs.get('read_custom')!.testRun({ dataIn: frame }).retval).toBe(77 + 7)
  })

  test('program arrays and maps of maps are filled as the C says', () => {
    using loaded = world().load(at.kernel)
    expect(loaded.programs.get('call_tail')!.testRun({ dataIn: frame }).retval).toBe(99)
    loaded.maps.get('second')!.update(0, 1234n)
    expect(loaded.programs.get('read_inner')!.testRun({ dataIn: frame }).retval).toBe(1234)
    expect(loaded.maps.get('outer')!.lookup(1)).toBeUndefined()
    expect(loaded.maps.get('outer')!.lookup(2)).toBe(loaded.maps.get('second')!.info().id)
  })

  test('configuration: the kernel version, given values, weak ones zero', () => {
    const { version } = at.kernel.facts
    {
      using loaded = world().load(at.kernel)
      expect(loaded.programs.get('read_config')!.testRun({ dataIn: frame }).retval).toBe(version)
    }
    const kconfig = parseKconfig('CONFIG_SKEP_NUMBER=0x10\nCONFIG_SKEP_SWITCH=y\nCONFIG_SKEP_TEXT="aB"\n')
    using loaded = world().load(at.kernel, { kconfig })
    expect(loaded.programs.get('read_config')!.testRun({ dataIn: frame }).retval).toBe(version + 16 + 1 + 66)
  })

  test('constants are frozen', () => {
    using loaded = world().load(at.kernel)
    expect(() => loaded.maps.get('.rodata')!.update(0, { limit: 1 })).toThrow(SyscallError)
    expect(loaded.maps.get('.rodata')!.info().flags & U.BPF_F_RDONLY_PROG).toBe(U.BPF_F_RDONLY_PROG)
  })

  test('names in the kernel', () => {
    using loaded = world().load(at.kernel)
    expect(loaded.programs.get('run')!.info().name).toBe('run')
    expect(loaded.maps.get('.rodata')!.info().name).toBe('world.rodata')
    expect(loaded.maps.get('.kconfig')!.info().name).toBe('world.kconfig')
    expect(loaded.maps.get('.data.custom')!.info().name).toBe('.data.custom')
    expect(loaded.maps.get('events')!.info().maxEntries).toBe(8192)
  })

  test('a refused program: the last line of the log and the C line', () => {
    const object = world()
    object.program('refused').autoload = true
    let caught: unknown
    try {
      object.load(at.kernel)[Symbol.dispose]()
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(VerifierError)
    const error = caught as VerifierError
    expect(error.errnoName).toBe('EACCES')
    expect(error.message).toMatch(/^load 'refused': R\d invalid mem access 'map_value_or_null' at instruction \d+/)
    expect(error.line).toMatch(/^world\.bpf\.c:\d+: return counters->packets;$/)
    expect(error.log).toContain('processed ')
  })

  test('maps of the caller take the place of the own', () => {
    using first = world().load(at.kernel)
    first.maps.get('flows')!.update({ source: 9 }, { packets: 5n })
    using second = world().load(at.kernel, { maps: { flows: first.maps.get('flows')!.fd } })
    expect(second.programs.get('walk')!.testRun({ dataIn: frame }).retval).toBe(5)
    second[Symbol.dispose]()
    expect(first.maps.get('flows')!.lookup({ source: 9 })).toMatchObject({ packets: 5n })
  })

  test('everything is closed: ids vanish', () => {
    const loaded = world().load(at.kernel)
    const { id } = loaded.programs.get('run')!.info()
    loaded[Symbol.dispose]()
    expect(() => loaded.programs.get('run')!.fd).toThrow('was closed')
    expect(id).toBeGreaterThan(0)
  })

  test('an object of the old style', () => {
    using loaded = fixture('legacy').load(at.kernel)
    const protocol = new Uint8Array([0, 0, 0, 0])
    loaded.programs.get('count')!.testRun({ dataIn: frame })
    // skb->protocol of IPv4 is 0x0008 as a little-endian number, of which the program takes the low byte.
    protocol[0] = 8
    expect(loaded.maps.get('counts')!.lookup(protocol)).toEqual(Uint8Array.from([50, 0, 0, 0, 0, 0, 0, 0]))
    expect(loaded.maps.get('table')!.info().typeName).toBe('BPF_MAP_TYPE_HASH_OF_MAPS')
  })

  test('pinned by name: a second load shares the map', async (context) => {
    needIsolation(context)
    await isolated({ mounts: true }, ({ kernel, bpffs }) => {
      const object = world()
      object.map('flows').pinByName = true
      using first = object.load(kernel, { pinRoot: bpffs })
      first.maps.get('flows')!.update({ source: 3 }, { packets: 1n })
      using second = object.load(kernel, { pinRoot: bpffs })
      expect(second.maps.get('flows')!.info().id).toBe(first.maps.get('flows')!.info().id)
      object.map('flows').maxEntries = 17
      object.map('flows').valueSize = 24
      object.map('flows').valueTypeId = 0
      expect(() => object.load(kernel, { pinRoot: bpffs })).toThrow("open map 'flows'")
    })
  })
})

describe('verdicts', () => {
  test('accepted, with figures; refused, with reason; nothing stays changed', () => {
    const object = world()
    const accepted = verifyProgram(object, 'run', at.kernel)
    expect(accepted).toMatchObject({ verdict: 'accept', errno: 0, message: '' })
    expect(accepted.processedInsns).toBeGreaterThan(20)
    expect(accepted.totalStates).toBeGreaterThanOrEqual(accepted.peakStates!)
    expect(accepted.verificationNs).toBeGreaterThan(0)
    const refused = verifyProgram(object, 'refused', at.kernel)
    expect(refused).toMatchObject({ verdict: 'reject', errno: 13 })
    expect(refused.message).toMatch(/invalid mem access 'map_value_or_null'$/)
    expect(refused.line).toContain('world.bpf.c')
  })

  test('bare instructions', () => {
    const exit = [0xb7, 0, 0, 0, 7, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    using program = loadRaw(at.kernel, { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns: Uint8Array.from(exit) })
    expect(program.testRun({ dataIn: frame }).retval).toBe(7)
    const bare = Uint8Array.from(exit.slice(8))
    expect(() => loadRaw(at.kernel, { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns: bare })).toThrow('R0 !read_ok')
  })
})
