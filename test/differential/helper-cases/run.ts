// SPDX-License-Identifier: BSD-2-Clause
/**
 * A case is a program in assembly that calls helpers. It runs by BPF_PROG_TEST_RUN; what it returns, writes to its maps
 * and does to its packet and context is the outcome that two kernels must share.
 *
 * In the text, MAPn is a map's fd, OUT the map of results (one value of 256 bytes; the prologue leaves its address in
 * r9 and the context in r6), TEXT the map of read-only text.
 */
import { SyscallError } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import {
  type Kernel,
  mapCreate,
  mapFreeze,
  mapLookupElem,
  mapUpdateElem,
  progTestRun,
  tryBtfLoad,
  tryProgLoad,
} from '@skep/core/load'
import * as U from '@skep/core/uapi'

export interface CaseMap {
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags?: number
  /** With the value type of VALUE_BTF: a timer at 0, a lock at 16, a number at 24; 32 bytes. */
  readonly typed?: boolean
}

export interface HelperCase {
  readonly name: string
  readonly code: string
  /** BPF_PROG_TYPE_*; SCHED_CLS where not given. */
  readonly type?: number
  readonly attachType?: number
  readonly flags?: number
  readonly data?: Uint8Array
  readonly ctx?: Uint8Array
  readonly text?: string
  readonly maps?: readonly CaseMap[]
  /** Without prologue: the program is as written. */
  readonly bare?: boolean
  /** Bytes of data_out that hold what differs by nature. */
  readonly ignoreData?: boolean
  /** What the caller does to the maps before the program runs. */
  readonly prepare?: (kernel: Kernel, maps: readonly number[]) => void
}

const OUT_SIZE = 256
const TEXT_SIZE = 256

const PROLOGUE = `
  r6 = r1
  *(u32 *)(r10 - 4) = 0
  ld_pseudo r1, 1, OUT
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 != 0 goto have_out
  exit
have_out:
  r9 = r0
`

export const FRAME = Uint8Array.from({ length: 98 }, (_, i) => {
  const head = [
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 84, 1, 2, 0x40, 0, 64, 17, 0xaa, 0x55, 10, 0, 0, 1, 10, 0, 0,
    2,
  ]
  return head[i] ?? (i * 7) & 0xff
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** What happened, as one text. */
export function outcome(kernel: Kernel, helperCase: HelperCase): string {
  const fds: number[] = []
  try {
    return runCase(kernel, helperCase, fds)
  } catch (error) {
    if (error instanceof SyscallError) return `${error.command} errno ${error.errno}`
    throw error
  } finally {
    for (const fd of fds) kernel.close(fd)
  }
}

function textMap(kernel: Kernel, text: string): number {
  const fd = mapCreate(kernel, {
    type: U.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: TEXT_SIZE,
    maxEntries: 1,
    flags: U.BPF_F_RDONLY_PROG,
  })
  const value = new Uint8Array(TEXT_SIZE)
  value.set(Buffer.from(text, 'latin1'))
  mapUpdateElem(kernel, fd, new Uint8Array(4), value)
  mapFreeze(kernel, fd)
  return fd
}

function runCase(kernel: Kernel, c: HelperCase, fds: number[]): string {
  const out = mapCreate(kernel, { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: OUT_SIZE, maxEntries: 1 })
  fds.push(out)
  const text = c.text === undefined ? undefined : textMap(kernel, c.text)
  if (text !== undefined) fds.push(text)
  const maps = (c.maps ?? []).map((map) => makeMap(kernel, map, fds))
  fds.push(...maps)
  c.prepare?.(kernel, maps)
  const source = `${c.bare ? '' : PROLOGUE}${c.code}`
    .replace(/\bOUT\b/g, String(out))
    .replace(/\bTEXT\b/g, String(text ?? -1))
    .replace(/\bMAP(\d)\b/g, (_, n) => String(maps[Number(n)] ?? -1))
  const { instructions, labels } = assemble(source)
  const insns = encodeInstructions(instructions)
  const params = { type: c.type ?? U.BPF_PROG_TYPE_SCHED_CLS, insns, license: 'GPL', flags: c.flags ?? 0 }
  const attach = c.attachType === undefined ? {} : { expectedAttachType: c.attachType }
  const callback = labels.get('each')
  const info = callback === undefined ? {} : functionInfo(kernel, callback, fds)
  const { result, log } = tryProgLoad(kernel, { ...params, ...attach, ...info }, { level: 1 })
  if (result < 0) return `load ${result} ${lastMessage(log)}`
  fds.push(result)
  return describeRun(kernel, result, out, c)
}

function lastMessage(log: string): string | undefined {
  return log
    .split('\n')
    .findLast((line) => line !== '' && !/^(processed|\d+: |from |;|stack depth|verification)/.test(line))
}

const FUNC_INFO = new Uint8Array(new Uint32Array([0, 3, 0, 4]).buffer)

/** Loads type information: words of types and the strings that they name. */
function loadTypes(kernel: Kernel, types: readonly number[], strings: string, fds: number[]): number {
  const head = [0xeb9f | (1 << 16), 24, 0, types.length * 4, types.length * 4, strings.length]
  const words = new Uint8Array(new Uint32Array([...head, ...types]).buffer)
  const { result } = tryBtfLoad(kernel, Buffer.concat([words, Buffer.from(strings)]))
  fds.push(result)
  return result
}

const kind = (k: number, vlen = 0) => (k << 24) | vlen

/** Type information for the program and its callback, both `static int f(void)`. */
function functionInfo(kernel: Kernel, callback: number, fds: number[]) {
  const types = [1, kind(1), 4, (1 << 24) | 32, 0, kind(13), 1, 5, kind(12), 2, 10, kind(12), 2]
  const btfFd = loadTypes(kernel, types, '\0int\0main\0each\0', fds)
  const bytes = FUNC_INFO.slice()
  new DataView(bytes.buffer).setUint32(8, callback, true)
  return { btfFd, funcInfo: { bytes, recordSize: 8 } }
}

/** `struct value { struct bpf_timer t; struct bpf_spin_lock l; u32 pad; u64 n; }` is type 5, `int` type 1. */
const VALUE_STRINGS = '\0int\0u64\0bpf_timer\0bpf_spin_lock\0value\0t\0l\0n\0'
const at = (name: string) => VALUE_STRINGS.indexOf(`\0${name}\0`) + 1
const VALUE_TYPES = [
  [at('int'), kind(1), 4, (1 << 24) | 32],
  [at('u64'), kind(1), 8, 64],
  [at('bpf_timer'), kind(4), 16],
  [at('bpf_spin_lock'), kind(4), 4],
  [at('value'), kind(4, 3), 32, at('t'), 3, 0, at('l'), 4, 128, at('n'), 2, 192],
].flat()

function makeMap(kernel: Kernel, map: CaseMap, fds: number[]): number {
  if (!map.typed) return mapCreate(kernel, map)
  const btfFd = loadTypes(kernel, VALUE_TYPES, VALUE_STRINGS, fds)
  return mapCreate(kernel, { ...map, btfFd, btfKeyTypeId: 1, btfValueTypeId: 5 })
}

function describeRun(kernel: Kernel, fd: number, out: number, c: HelperCase): string {
  const dataIn = c.data ?? (needsData(c) ? FRAME : undefined)
  const ran = progTestRun(kernel, fd, { ...(dataIn ? { dataIn } : {}), ...contextOf(c) })
  const value = new Uint8Array(OUT_SIZE)
  mapLookupElem(kernel, out, new Uint8Array(4), value)
  const packet = c.ignoreData ? '' : hex(ran.dataOut)
  return `retval ${ran.retval | 0} out ${hex(value).replace(/(00)+$/, '')} data ${packet} ctx ${hex(ran.ctxOut)}`
}

/** Programs of type SYSCALL give no context back. */
function contextOf(c: HelperCase) {
  if (!c.ctx) return {}
  return c.type === U.BPF_PROG_TYPE_SYSCALL ? { ctxIn: c.ctx, ctxOutSize: 0 } : { ctxIn: c.ctx }
}

function needsData(c: HelperCase): boolean {
  return c.type !== U.BPF_PROG_TYPE_RAW_TRACEPOINT && c.type !== U.BPF_PROG_TYPE_SYSCALL
}
