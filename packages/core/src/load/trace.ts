// SPDX-License-Identifier: BSD-2-Clause
/** A kernel that prints every system call on its way, as strace does, with the fields of attr by name. */
import { errnoName } from '../errors/index.ts'
import { COMMANDS } from '../gen/commands.gen.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import * as layouts from '../gen/uapi-layouts.gen.ts'
import { decodeCString, getBigField, type StructLayout } from './attr.ts'
import type { Kernel, Mapping, UserMemory } from './kernel.ts'

/** Takes a line without its end. */
export type TraceSink = (line: string) => void

const LAYOUTS = layouts as unknown as Readonly<Record<string, StructLayout | undefined>>

/** Fields whose numbers have names. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  map_type: U.MAP_TYPE_NAMES,
  prog_type: U.PROG_TYPE_NAMES,
  expected_attach_type: U.ATTACH_TYPE_NAMES,
  attach_type: U.ATTACH_TYPE_NAMES,
}

/** 64-bit fields that are addresses. */
const POINTERS = new Set([
  'insns',
  'license',
  'log_buf',
  'func_info',
  'line_info',
  'fd_array',
  'core_relos',
  'key',
  'value',
  'next_key',
  'in_batch',
  'out_batch',
  'keys',
  'values',
  'pathname',
  'data_in',
  'data_out',
  'ctx_in',
  'ctx_out',
  'info',
  'btf',
  'btf_log_buf',
  'name',
  'prog_ids',
  'iter_info',
  'stream_buf',
  'buf',
  'excl_prog_hash',
  'signature',
])

function formatField(attr: Uint8Array, layout: StructLayout, name: string, little: boolean): string | undefined {
  const { offset, size } = layout.fields[name]!
  if (offset + size > attr.length) return undefined
  if (![1, 2, 4, 8].includes(size)) {
    const text = decodeCString(attr.subarray(offset, offset + size))
    return text ? `${name}=${JSON.stringify(text)}` : undefined
  }
  const value = getBigField(layout, attr, name, little)
  const names = NAMED[name]
  if (names && value < BigInt(names.length)) return `${name}=${names[Number(value)]}`
  // Zero is what every field is that was not given.
  if (value === 0n) return undefined
  if (POINTERS.has(name)) return `${name}=0x${value.toString(16)}`
  const signed = size === 4 && value >= 0x80000000n ? BigInt.asIntN(32, value) : value
  return `${name}=${name.endsWith('flags') ? `0x${value.toString(16)}` : signed}`
}

/**
 * Overlapping parts of a union are printed once: by the name of the command's last field where that is one of them, else
 * by the first; structs inside by their members.
 */
function formatAttr(command: number, attr: Uint8Array, little: boolean): string {
  const { layout: layoutName = '', lastField = '' } = COMMANDS[command] ?? {}
  const layout = LAYOUTS[layoutName]
  if (!layout) return `{${attr.length} bytes}`
  const fields = Object.keys(layout.fields)
  // Members of structs in a union say which kind of object is meant: the last field is of one kind among many.
  const last = lastField.includes('.') ? undefined : layout.fields[lastField]
  const seen = new Set<number>()
  const parts: string[] = []
  for (const name of fields) {
    const { offset } = layout.fields[name]!
    if (seen.has(offset) || fields.some((other) => other.startsWith(`${name}.`))) continue
    seen.add(offset)
    const text = formatField(attr, layout, offset === last?.offset ? lastField : name, little)
    if (text) parts.push(text)
  }
  return `{${parts.join(', ')}}`
}

function formatResult(result: number): string {
  return result < 0 ? `-1 ${errnoName(result)}` : String(result)
}

function formatBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${shown}${bytes.length > 32 ? '…' : ''}[${bytes.length}]`
}

class TracedKernel implements Kernel {
  readonly #kernel: Kernel
  readonly #sink: TraceSink

  constructor(kernel: Kernel, sink: TraceSink) {
    this.#kernel = kernel
    this.#sink = sink
  }

  get kind(): Kernel['kind'] {
    return this.#kernel.kind
  }

  get facts(): Kernel['facts'] {
    return this.#kernel.facts
  }

  get memory(): UserMemory {
    return this.#kernel.memory
  }

  get kernelBtf(): Uint8Array | undefined {
    return this.#kernel.kernelBtf
  }

  #show(name: string, args: readonly unknown[], result: number): number {
    this.#sink(`${name}(${args.join(', ')}) = ${formatResult(result)}`)
    return result
  }

  bpf(cmd: number, attr: Uint8Array): number {
    // As given, before the kernel writes to it.
    const text = formatAttr(cmd, attr, this.#kernel.facts.littleEndian)
    const result = this.#kernel.bpf(cmd, attr)
    return this.#show('bpf', [U.CMD_NAMES[cmd] ?? cmd, text, attr.length], result)
  }

  close(fd: number): number {
    return this.#show('close', [fd], this.#kernel.close(fd))
  }

  mmap(fd: number, length: number, offset: number, prot: number, hint = 0n): Mapping | number {
    const mapping = this.#kernel.mmap(fd, length, offset, prot, hint)
    const shown = typeof mapping === 'number' ? formatResult(mapping) : `0x${mapping.address.toString(16)}`
    this.#sink(
      `mmap(${hint ? `0x${hint.toString(16)}` : 'NULL'}, ${length}, ${prot}, MAP_SHARED, ${fd}, ${offset}) = ${shown}`,
    )
    return mapping
  }

  async wait(fds: readonly number[], timeoutMs: number): Promise<number[]> {
    const ready = await this.#kernel.wait(fds, timeoutMs)
    this.#sink(`epoll_wait([${fds.join(', ')}], ${timeoutMs}) = [${ready.join(', ')}]`)
    return ready
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.#show('socket', [domain, type, protocol], this.#kernel.socket(domain, type, protocol))
  }

  bind(fd: number, addr: Uint8Array): number {
    return this.#show('bind', [fd, formatBytes(addr)], this.#kernel.bind(fd, addr))
  }

  connect(fd: number, addr: Uint8Array): number {
    return this.#show('connect', [fd, formatBytes(addr)], this.#kernel.connect(fd, addr))
  }

  listen(fd: number, backlog: number): number {
    return this.#show('listen', [fd, backlog], this.#kernel.listen(fd, backlog))
  }

  accept(fd: number): number {
    return this.#show('accept', [fd], this.#kernel.accept(fd))
  }

  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    const result = this.#kernel.getsockopt(fd, level, name, value)
    return this.#show('getsockopt', [fd, level, name, formatBytes(value)], result)
  }

  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    const result = this.#kernel.setsockopt(fd, level, name, value)
    return this.#show('setsockopt', [fd, level, name, formatBytes(value)], result)
  }

  send(fd: number, data: Uint8Array, flags: number, addr?: Uint8Array): number {
    const result = addr ? this.#kernel.send(fd, data, flags, addr) : this.#kernel.send(fd, data, flags)
    return this.#show('sendto', [fd, formatBytes(data), flags, addr ? formatBytes(addr) : 'NULL'], result)
  }

  recv(fd: number, data: Uint8Array, flags: number): number {
    const result = this.#kernel.recv(fd, data, flags)
    return this.#show('recvfrom', [fd, formatBytes(data.subarray(0, Math.max(0, result))), flags], result)
  }

  open(path: string, flags: number, mode?: number): number {
    const result = mode === undefined ? this.#kernel.open(path, flags) : this.#kernel.open(path, flags, mode)
    return this.#show('open', [JSON.stringify(path), `0x${flags.toString(16)}`], result)
  }

  mkdir(path: string, mode: number): number {
    return this.#show('mkdir', [JSON.stringify(path), `0${mode.toString(8)}`], this.#kernel.mkdir(path, mode))
  }

  unlink(path: string): number {
    return this.#show('unlink', [JSON.stringify(path)], this.#kernel.unlink(path))
  }

  read(fd: number, data: Uint8Array): number {
    const result = this.#kernel.read(fd, data)
    return this.#show('read', [fd, formatBytes(data.subarray(0, Math.max(0, result))), data.length], result)
  }

  write(fd: number, data: Uint8Array): number {
    return this.#show('write', [fd, formatBytes(data), data.length], this.#kernel.write(fd, data))
  }

  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number {
    const result = this.#kernel.perfEventOpen(attr, pid, cpu, group, flags)
    return this.#show('perf_event_open', [formatBytes(attr), pid, cpu, group, `0x${flags.toString(16)}`], result)
  }

  ioctl(fd: number, request: number, arg: number | Uint8Array): number {
    const shown = typeof arg === 'number' ? arg : formatBytes(arg)
    return this.#show('ioctl', [fd, `0x${request.toString(16)}`, shown], this.#kernel.ioctl(fd, request, arg))
  }

  [Symbol.dispose](): void {
    this.#kernel[Symbol.dispose]()
  }
}

/** The same kernel, each system call shown to `sink` after it returned. Disposing it disposes the kernel. */
export function traceKernel(kernel: Kernel, sink: TraceSink): Kernel {
  return new TracedKernel(kernel, sink)
}
