// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a kernel can do, asked of it by loading the smallest thing that needs it. Answers are kept per kernel. A kernel that
 * has tokens (Linux 6.9) has all of it, and may refuse to be asked by callers that need one.
 */
import { ALL_BTF_FEATURES, BtfBuilder, type BtfFeatures, type BtfType } from '../btf/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import { CODE_EXIT, encodeSlots, type Slot } from '../object/slots.ts'
import type { Kernel } from './kernel.ts'
import { mapCreate } from './syscalls/map.ts'
import { tryBtfLoad } from './syscalls/object.ts'
import { type ProgLoadParams, tryProgLoad } from './syscalls/prog.ts'
import type { BpfToken } from './token.ts'

const answers = new WeakMap<Kernel, Map<string, unknown>>()

function once<T>(kernel: Kernel, name: string, ask: () => T): T {
  let known = answers.get(kernel)
  if (!known) {
    known = new Map()
    answers.set(kernel, known)
  }
  if (!known.has(name)) known.set(name, ask())
  return known.get(name) as T
}

/** `r0 = value; exit`. */
export function returnValue(kernel: Kernel, value: number): Uint8Array {
  const slots: Slot[] = [
    { code: 0xb7, dst: 0, src: 0, off: 0, imm: value },
    { code: CODE_EXIT, dst: 0, src: 0, off: 0, imm: 0 },
  ]
  return encodeSlots(slots, kernel.facts.littleEndian)
}

/** Whether the program loads. */
export function loads(kernel: Kernel, params: ProgLoadParams): boolean {
  const { result } = tryProgLoad(kernel, params)
  if (result >= 0) kernel.close(result)
  return result >= 0
}

/** Whether the function creates something, whose fd is closed again. */
export function creates(kernel: Kernel, create: () => number): boolean {
  try {
    kernel.close(create())
    return true
  } catch {
    return false
  }
}

/** Names of programs and maps (Linux 4.15). */
export function hasNames(kernel: Kernel, token?: BpfToken): boolean {
  if (token) return true
  return once(kernel, 'names', () => {
    const insns = returnValue(kernel, 0)
    return loads(kernel, { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns, license: 'GPL', name: 'probe' })
  })
}

/** Array maps that can be mapped into user space (Linux 5.5). */
export function hasArrayMmap(kernel: Kernel, token?: BpfToken): boolean {
  const params = { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1, flags: U.BPF_F_MMAPABLE }
  if (token) return true
  return once(kernel, 'mmap', () => creates(kernel, () => mapCreate(kernel, params)))
}

/** Maps that programs can only read (Linux 5.2), the ground of constants. */
export function hasReadOnlyMaps(kernel: Kernel, token?: BpfToken): boolean {
  const params = { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1, flags: U.BPF_F_RDONLY_PROG }
  if (token) return true
  return once(kernel, 'rdonly', () => creates(kernel, () => mapCreate(kernel, params)))
}

/** Cookies of perf event links (Linux 5.15): helper get_attach_cookie in a kprobe. */
export function hasCookies(kernel: Kernel, token?: BpfToken): boolean {
  if (token) return true
  return once(kernel, 'cookie', () => {
    const slots: Slot[] = [
      { code: 0x85, dst: 0, src: 0, off: 0, imm: U.BPF_FUNC_get_attach_cookie },
      { code: CODE_EXIT, dst: 0, src: 0, off: 0, imm: 0 },
    ]
    const insns = encodeSlots(slots, kernel.facts.littleEndian)
    return loads(kernel, { type: U.BPF_PROG_TYPE_TRACEPOINT, insns, license: 'GPL' })
  })
}

const INT: BtfType = { kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 }
const PROTO: BtfType = { kind: 'FUNC_PROTO', name: '', returnType: 0, params: [{ name: 'a', type: 1 }] }
const VARIABLE: BtfType = { kind: 'VAR', name: 'x', type: 1, linkage: 0 }

function datasec(name: string): BtfType {
  return { kind: 'DATASEC', name, size: 4, vars: [{ type: 2, offset: 0, size: 4 }] }
}

function takes(kernel: Kernel, ...types: BtfType[]): boolean {
  const builder = new BtfBuilder({ littleEndian: kernel.facts.littleEndian })
  for (const type of types) builder.add(type)
  const { result } = tryBtfLoad(kernel, builder.finish())
  if (result >= 0) kernel.close(result)
  return result >= 0
}

/** Type information at all (Linux 4.18). */
export function hasBtf(kernel: Kernel, token?: BpfToken): boolean {
  if (token) return true
  return once(kernel, 'btf', () => takes(kernel, INT))
}

/** Which kinds of types it knows. */
export function btfFeatures(kernel: Kernel, token?: BpfToken): BtfFeatures {
  if (token) return ALL_BTF_FEATURES
  return once(kernel, 'btfFeatures', () => ({
    ...ALL_BTF_FEATURES,
    func: takes(kernel, INT, PROTO, { kind: 'FUNC', name: 'a', type: 2, linkage: 0 }),
    funcGlobal: takes(kernel, INT, PROTO, { kind: 'FUNC', name: 'a', type: 2, linkage: 1 }),
    datasec: takes(kernel, INT, VARIABLE, datasec('.data')),
    float: takes(kernel, { kind: 'FLOAT', name: 'float', size: 4 }),
    declTag: takes(kernel, INT, VARIABLE, {
      kind: 'DECL_TAG',
      name: 'tag',
      type: 2,
      componentIndex: -1,
      kindFlag: false,
    }),
    typeTag: takes(
      kernel,
      INT,
      { kind: 'TYPE_TAG', name: 'tag', type: 1, kindFlag: false },
      { kind: 'PTR', name: '', type: 2 },
    ),
    enum64: takes(kernel, { kind: 'ENUM64', name: 'e', size: 8, signed: false, values: [{ name: 'v', value: 1n }] }),
    questionMarkInDatasec: takes(kernel, INT, VARIABLE, datasec('?.data')),
  }))
}
