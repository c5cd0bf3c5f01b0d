// SPDX-License-Identifier: BSD-2-Clause
// The main job: one object file, two kernels. Counts bytes per IP protocol of the frames in a capture, with the socket
// filter of sockex1, on the virtual kernel and, where bpf(2) is allowed, on Linux in a network namespace of its own.
//   node examples/sockex1/run.mjs [CAPTURE]
import { readFile } from 'node:fs/promises'
import { openObject } from '@skep/core'
import { parsePcap } from '@skep/core/pcap'
import { linuxAvailability } from '@skep/native-loader'
import { isolated } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'

const AF_PACKET = 17
const SOCK_RAW = 3
const ETH_P_ALL_BE = 0x0300
const SOL_PACKET = 263
const PACKET_IGNORE_OUTGOING = 23
const LO = 1
/** How long Linux may take to pass a frame through lo, in milliseconds. */
const PATIENCE = 1000

const PROTOCOLS = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
])

/** Raises unless the kernel answered with success. */
function must(result, what) {
  if (result < 0) throw new Error(`${what}: errno ${-result}`)
  return result
}

/** A packet socket on lo. */
function packetSocket(kernel) {
  const fd = must(kernel.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL_BE), 'socket')
  const address = new DataView(new ArrayBuffer(20)) // struct sockaddr_ll
  address.setUint16(0, AF_PACKET, true)
  address.setUint16(2, ETH_P_ALL_BE, true)
  address.setInt32(4, LO, true)
  must(kernel.bind(fd, new Uint8Array(address.buffer)), 'bind to lo')
  return fd
}

/** Bytes by protocol number, as the program counted them. The same code for both kernels. */
async function countProtocols(kernel, bytes, frames, expected) {
  const object = openObject(bytes, { name: 'sockex1' }).load(kernel)
  const counted = object.maps.get('bytes_by_protocol')
  const listener = packetSocket(kernel)
  const sender = packetSocket(kernel)
  try {
    must(kernel.setsockopt(listener, SOL_PACKET, PACKET_IGNORE_OUTGOING, Uint8Array.of(1, 0, 0, 0)), 'setsockopt')
    object.programs.get('count_bytes').attach({ socketFd: listener })
    for (const frame of frames) must(kernel.send(sender, frame, 0), 'send')
    const read = () =>
      Array.from({ length: 256 }, (_, protocol) => [protocol, Number(counted.lookup(protocol))]).filter(
        ([, n]) => n > 0,
      )
    const total = (rows) => rows.reduce((sum, [, n]) => sum + n, 0)
    const end = Date.now() + PATIENCE
    while (total(read()) < expected && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
    return new Map(read())
  } finally {
    kernel.close(listener)
    kernel.close(sender)
    object[Symbol.dispose]()
  }
}

/** Bytes that the frames hold: those of IPv4 and IPv6 are what the program counts. */
function ipBytes(frames) {
  const isIp = (frame) => [0x0800, 0x86dd].includes((frame[12] << 8) | frame[13])
  return frames.filter(isIp).reduce((sum, frame) => sum + frame.length, 0)
}

async function onVirtual(bytes, frames) {
  const kernel = await createVirtualKernel()
  return {
    title: `virtual ${kernel.facts.release}`,
    counts: await countProtocols(kernel, bytes, frames, ipBytes(frames)),
  }
}

async function onLinux(bytes, frames) {
  const { available, reason } = linuxAvailability()
  if (!available) return { reason }
  try {
    return await isolated({ network: true }, async ({ kernel }) => ({
      title: `Linux ${kernel.facts.release}`,
      counts: await countProtocols(kernel, bytes, frames, ipBytes(frames)),
    }))
  } catch (error) {
    // Only the right to make a network namespace may be missing: anything else is a failure and stays one.
    if (/unshare.*(EPERM|not permitted)/.test(error.message)) return { reason: error.message }
    throw error
  }
}

function printTable(columns) {
  const protocols = [...new Set(columns.flatMap(({ counts }) => [...counts.keys()]))].sort((a, b) => a - b)
  const titles = ['protocol', ...columns.map(({ title }) => title)]
  const rows = protocols.map((protocol) => [
    PROTOCOLS.get(protocol) ?? String(protocol),
    ...columns.map(({ counts }) => String(counts.get(protocol) ?? 0)),
  ])
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)))
  for (const row of [titles, ...rows])
    console.log(row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('   '))
}

const here = (name) => new URL(name, import.meta.url)
const capture = process.argv[2] ?? here('../traffic.pcap')
const bytes = await readFile(here('sockex1.bpf.o'))
const frames = parsePcap(await readFile(capture)).packets.map(({ data }) => data)

console.log(`sockex1: bytes per IP protocol of ${frames.length} frames, counted by a BPF socket filter\n`)
const virtual = await onVirtual(bytes, frames)
const linux = await onLinux(bytes, frames)
if (linux.reason) {
  printTable([virtual])
  console.log(`\nThe Linux kernel was not asked: ${linux.reason}`)
} else {
  printTable([virtual, linux])
  const same = JSON.stringify([...virtual.counts]) === JSON.stringify([...linux.counts])
  console.log(same ? '\nBoth kernels agree.' : '\nThe kernels DIFFER.')
  if (!same) process.exitCode = 3
}
