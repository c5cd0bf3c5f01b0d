// SPDX-License-Identifier: BSD-2-Clause
/**
 * Commands of bpf(2) on one element of a map: what programs do all the time, so nothing is allocated on the way. Key,
 * value and attr lie in memory that the kernel object keeps for that.
 */
import { ATTR_MAP_ELEM } from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, putLong } from '../attr.ts'
import type { Kernel } from '../kernel.ts'
import { type Scratch, scratchOf } from '../scratch.ts'

const { map_fd: FD, key: KEY, value: VALUE, flags: FLAGS } = ATTR_MAP_ELEM.fields

/** Attr of one kernel. A nested call may use it: nothing is read from it after the call. */
interface ElemAttr {
  readonly bytes: Uint8Array
  readonly view: DataView
}

const attrs = new WeakMap<Scratch, ElemAttr>()

function attrOf(scratch: Scratch): ElemAttr {
  let attr = attrs.get(scratch)
  if (!attr) {
    const buffer = new ArrayBuffer(ATTR_MAP_ELEM.size)
    attr = { bytes: new Uint8Array(buffer), view: new DataView(buffer) }
    attrs.set(scratch, attr)
  }
  return attr
}

/** What goes in and comes out of a command on an element. */
export interface ElemCall {
  readonly command: number
  readonly fd: number
  /** Empty or undefined: a null pointer. */
  readonly key: Uint8Array | undefined
  /** `value`, or `next_key` of BPF_MAP_GET_NEXT_KEY. */
  readonly value: Uint8Array | undefined
  readonly flags: number
  /** Whether the value comes back. */
  readonly out: boolean
}

/** Makes the call and returns the kernel's answer; where it is no error, `value` holds what came back. */
export function elemCall(kernel: Kernel, elem: ElemCall): number {
  const scratch = scratchOf(kernel)
  scratch.enter()
  try {
    const { key, value } = elem
    const keyAt = key?.length ? scratch.reserve(key.length) : 0
    const valueAt = value ? scratch.reserve(value.length) : 0
    if (keyAt < 0 || valueAt < 0) return largeCall(kernel, elem)
    if (key?.length || value) copyIn(scratch.bytes, key, keyAt, value, valueAt)
    const little = kernel.facts.littleEndian
    const { bytes, view } = attrOf(scratch)
    view.setUint32(FD.offset, elem.fd, little)
    putLong(view, KEY.offset, key?.length ? scratch.base + keyAt : 0, little)
    putLong(view, VALUE.offset, value ? scratch.base + valueAt : 0, little)
    putLong(view, FLAGS.offset, elem.flags, little)
    const result = kernel.bpf(elem.command, bytes)
    if (result >= 0 && elem.out && value) copyOut(scratch.bytes, value, valueAt)
    return result
  } finally {
    scratch.leave()
  }
}

/** Up to so many bytes a loop is quicker than making a view to copy from. */
const FEW = 32

function copyIn(
  block: Uint8Array,
  key: Uint8Array | undefined,
  keyAt: number,
  value: Uint8Array | undefined,
  valueAt: number,
): void {
  if (key?.length) block.set(key, keyAt)
  if (value) block.set(value, valueAt)
}

function copyOut(block: Uint8Array, value: Uint8Array, at: number): void {
  if (value.length > FEW) value.set(block.subarray(at, at + value.length))
  else for (let i = 0; i < value.length; i++) value[i] = block[at + i]!
}

/** The same for elements that the kept memory has no room for. */
function largeCall(kernel: Kernel, { command, fd, key, value, flags, out }: ElemCall): number {
  using call = new BpfCall(kernel)
  const buffer = value ? call.copy(value) : undefined
  const fields = { map_fd: fd, key: key?.length ? call.copy(key) : 0, value: buffer, flags }
  const { result } = call.attempt(command, ATTR_MAP_ELEM, fields)
  if (result >= 0 && out && value && buffer) value.set(buffer.bytes.subarray(0, value.length))
  return result
}
