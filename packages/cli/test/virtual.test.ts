// SPDX-License-Identifier: BSD-2-Clause
// Commands that ask the virtual kernel. What is expected was answered by Linux 6.18, or follows from the capture.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePcap } from '@skep/core/pcap'
import { whyNoLinux } from '@skep/native-loader/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { example, skep } from './skep.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const CAPTURE = example('traffic.pcap')
const packets = parsePcap(readFileSync(CAPTURE)).packets.map(({ data }) => data)
const isUdp4 = (data: Uint8Array) => data[12] === 8 && data[13] === 0 && data[23] === 17
const destinationPort = (data: Uint8Array) => (data[36]! << 8) | data[37]!
/** What filter_udp drops: UDP over IPv4 to a port. */
const toPort = (port: number) => packets.filter((data) => isUdp4(data) && destinationPort(data) === port).length
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('verify', () => {
  it('accepts, with the counts of Linux', async () => {
    const { code, json } = await skep([
      'verify',
      '--json',
      example('bind4/bind4.bpf.o'),
      example('sockex3/sockex3.bpf.o'),
    ])
    expect(code).toBe(0)
    const counts = json.map(({ program, verdict, processedInsns, totalStates }) => [
      program,
      verdict,
      processedInsns,
      totalStates,
    ])
    expect(counts).toEqual([
      ['refuse_port', 'accept', 12, 1],
      ['parse_ipv4', 'accept', 56, 4],
      ['parse_ipv6', 'accept', 51, 4],
      ['dispatch', 'accept', 18, 1],
    ])
  })

  it('refuses with errno, message and C line, and exit code 1', async () => {
    const { code, out } = await skep(['verify', example('refused/context-write/context-write.bpf.o')])
    expect(code).toBe(1)
    expect(out).toMatch(/shorten .* reject +EACCES \(13\) .*invalid bpf_context access off=0 size=4/)
    expect(out).toContain('context-write.bpf.c:9: skb->len = 64;')
    expect(out).toMatch(/problem: The context may not be .* at offset 0 with 4 bytes/)
    expect(out).toMatch(/why: .*\n +instead: /)
  })

  it('explains refusals in JSON too, where it is asked to', async () => {
    const refused = example('refused/lost-reference/lost-reference.bpf.o')
    const plain = await skep(['verify', '--json', refused])
    expect(Object.keys(plain.json[0]!).join(' ')).toBe(
      'object section program type attachType kernel verdict errno message processedInsns totalStates peakStates verificationNs insns',
    )
    const { json } = await skep(['verify', '--json', '--explain', refused])
    expect(json[0]!.explanation).toMatchObject({
      id: 'lost-reference',
      problem: expect.stringMatching(/What instruction \d+ acquired/),
    })
    const accepted = await skep(['verify', '--json', '--explain', example('bind4/bind4.bpf.o')])
    expect(accepted.json[0]!.explanation).toBe(null)
  })

  it('goes on to the next file where one cannot be read', async () => {
    const { code, out, err } = await skep(['verify', example('sockex1/sockex1.bpf.c'), example('bind4/bind4.bpf.o')])
    expect(code).toBe(1)
    expect(err).toContain('sockex1.bpf.c: ')
    expect(out).toContain('refuse_port')
  })

  it('prints the log where it is asked for', async () => {
    const { out } = await skep(['verify', '--log-level', '2', example('bind4/bind4.bpf.o')])
    expect(out).toMatch(/1: \(61\) r1 = \*\(u32 \*\)\(r1 \+24\) +; R1=scalar\(smin=0,smax=umax=0xffffffff/)
    expect(out).toMatch(/processed 12 insns/)
  })

  it('shows system calls with --trace', async () => {
    const { err } = await skep(['verify', '--trace', example('bind4/bind4.bpf.o')])
    expect(err).toMatch(/bpf\(BPF_MAP_CREATE, \{map_type=BPF_MAP_TYPE_ARRAY, .*map_name="bind4.rodata"/)
    expect(err).toMatch(/bpf\(BPF_PROG_LOAD, \{prog_type=BPF_PROG_TYPE_CGROUP_SOCK_ADDR, .*\) = \d+/)
  })
})

describe('run', () => {
  const object = example('xdp-filter/xdp-filter.bpf.o')
  const over = ['run', object, '--program', 'filter_udp', '--pcap', CAPTURE]

  it('counts the verdicts of a capture', async () => {
    const dropped = toPort(7)
    expect(dropped).toBeGreaterThan(0)
    const { code, json } = await skep([...over, '--json'])
    expect(code).toBe(0)
    const runs = json.slice(0, -1)
    expect(runs.map(({ retval }) => retval)).toEqual(
      packets.map((data) => (isUdp4(data) && destinationPort(data) === 7 ? 1 : 2)),
    )
    expect(json.at(-1)).toEqual({
      kernel: 'virtual',
      maps: [
        { map: 'packets_by_verdict', key: 1, before: [0], after: [dropped] },
        { map: 'packets_by_verdict', key: 2, before: [0], after: [packets.length - dropped] },
      ],
    })
  })

  it('runs with constants that are set', async () => {
    const port = destinationPort(packets.find((data) => isUdp4(data) && destinationPort(data) !== 7)!)
    const { out } = await skep([...over, '--set', `dropped_port=${port}`])
    expect(out).toContain(`${packets.length} packets, ${packets.length - toPort(port)} survive`)
  })

  it('writes the packets that survive', async () => {
    const file = join(folder, 'survivors.pcap')
    expect((await skep([...over, '--pcap-out', file])).code).toBe(0)
    const left = parsePcap(readFileSync(file)).packets.map(({ data }) => hex(data))
    expect(left).toEqual(
      packets.filter((data) => !(isUdp4(data) && destinationPort(data) === 7)).map((data) => hex(data)),
    )
  })

  it.each(['interp', 'jit', 'checked'])('takes a packet in hexadecimal, on the engine %s', async (engine) => {
    const packet = packets.find(isUdp4)!
    const args = ['run', example('payload-sum/payload-sum.bpf.o'), '--program', 'add_bytes', '--engine', engine]
    const { json } = await skep([...args, '--data-in', hex(packet), '--repeat', '3', '--json'])
    const after = packet.reduce((sum, byte) => sum + byte, 0)
    expect(json[0]).toMatchObject({ retval: 0, maps: [{ map: 'total', key: 0, before: 0, after }] })
    expect(json[0]!.dataOut).toBe(hex(packet))
  })

  it('says what is missing', async () => {
    expect(await skep(['run', object, '--program', 'nobody'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nobody/),
    })
    const bind = ['run', example('bind4/bind4.bpf.o'), '--program', 'refuse_port']
    // As on Linux: programs of this type have no BPF_PROG_TEST_RUN.
    expect(await skep(bind)).toMatchObject({ code: 1, err: expect.stringMatching(/ENOTSUPP/) })
  })
})

describe('disasm --jit', () => {
  it('shows the module of a program with its C lines', async () => {
    const { code, out } = await skep(['disasm', '--jit', example('xdp-filter/xdp-filter.bpf.o')])
    expect(code).toBe(0)
    expect(out).toMatch(/^;; filter_udp: \d+ bytes\n\(module\n/)
    expect(out).toContain('(import "k" "memory" (memory 1))')
    expect(out).toMatch(
      /;; 6: r3 = \*\(u16 \*\)\(r1 \+12\) {2}; xdp-filter\.bpf\.c:37: .*\n +local\.get \d+\n +i32\.load16_u offset=12/,
    )
    const bare = await skep(['disasm', '--jit', '--no-source', example('xdp-filter/xdp-filter.bpf.o')])
    expect(bare.out).not.toContain('xdp-filter.bpf.c')
  })

  it('raises what the verifier refuses', async () => {
    const { code, err } = await skep(['disasm', '--jit', example('refused/null-check/null-check.bpf.o')])
    expect(code).toBe(1)
    expect(err).toContain("R0 invalid mem access 'map_value_or_null'")
  })
})

const noLinux = whyNoLinux()

describe.skipIf(noLinux)(`both kernels${noLinux ? ` (skipped: ${noLinux})` : ''}`, () => {
  it('agree on the examples and on what they do', async () => {
    const run = ['run', example('xdp-filter/xdp-filter.bpf.o'), '--program', 'filter_udp', '--pcap', CAPTURE]
    expect(await skep([...run, '--kernel', 'both'])).toMatchObject({ code: 0, err: '' })
    const verify = await skep(['verify', '--kernel', 'both', example('sockex2/sockex2.bpf.o')])
    expect(verify).toMatchObject({ code: 0, err: '' })
  })

  it('differ: exit code 3', async () => {
    const source =
      '.section lirc_mode2,"ax",@progbits\n.globl pass\n.type pass,@function\npass:\nr0 = 0\nexit\n.size pass, 16\n'
    const object = join(folder, 'lirc.o')
    expect((await skep(['asm', '-', '-o', object], source)).code).toBe(0)
    const { code, err, json } = await skep(['verify', '--json', '--kernel', 'both', object])
    const verdicts = json.map(({ verdict }) => verdict)
    // A Linux with infrared decoders accepts it as well.
    if (verdicts[1] === 'accept') expect(code).toBe(0)
    else {
      expect(verdicts).toEqual(['accept', 'reject'])
      expect(code).toBe(3)
      expect(err).toContain('the kernels differ on')
    }
  })
})
