// SPDX-License-Identifier: GPL-2.0-only
// Where WebAssembly bytes go: a growing buffer, LEB128 numbers, a method for each opcode that the compiler emits.
// Knows nothing of BPF. Callers reserve room once for several opcodes: reserve() may move the buffer, the rest never does.

import { kfree, kmalloc } from '../mem/alloc'

@unmanaged export class Sink {
  base: usize
  pos: usize
  end: usize
  failed: bool
}

const SINK: usize = memory.data(offsetof<Sink>(), 8)
const FIRST_SIZE: usize = 4096

@inline function sink(): Sink {
  return changetype<Sink>(SINK)
}

/** Starts an empty buffer; false when memory is out. */
export function sinkOpen(): bool {
  const s = sink()
  s.base = kmalloc(FIRST_SIZE)
  s.pos = s.base
  s.end = s.base + FIRST_SIZE
  s.failed = !s.base
  return !s.failed
}

export function sinkFree(): void {
  const s = sink()
  if (s.base) kfree(s.base)
  s.base = 0
}

@inline export function sinkBase(): usize {
  return sink().base
}

@inline export function sinkLength(): u32 {
  return <u32>(sink().pos - sink().base)
}

@inline export function sinkFailed(): bool {
  return sink().failed
}

/** Makes room for `bytes` more. When memory is out the buffer starts over and its content is worthless. */
export function reserve(bytes: usize): void {
  const s = sink()
  if (s.pos + bytes <= s.end) return
  const used = s.pos - s.base
  const size = max((s.end - s.base) * 2, used + bytes)
  const fresh = kmalloc(size)
  if (!fresh) {
    s.failed = true
    s.pos = s.base
    return
  }
  memory.copy(fresh, s.base, used)
  kfree(s.base)
  s.base = fresh
  s.pos = fresh + used
  s.end = fresh + size
}

@inline export function byte(b: i32): void {
  const s = sink()
  store<u8>(s.pos, <u8>b)
  s.pos++
}

export function uleb(value: u32): void {
  let v = value
  while (v >= 128) {
    byte((<i32>(v & 127)) | 128)
    v >>= 7
  }
  byte(<i32>v)
}

export function sleb(value: i64): void {
  let v = value
  while (v < -64 || v > 63) {
    byte((<i32>(v & 127)) | 128)
    v >>= 7
  }
  byte(<i32>(v & 127))
}

/** Room for a length that is not known yet: five bytes; the offset to give to `patchLength`. */
export function lengthHole(): u32 {
  const at = sinkLength()
  sink().pos += 5
  return at
}

/** Writes the number of bytes since the hole into it. */
export function patchLength(at: u32): void {
  const p = sink().base + at
  let v = sinkLength() - at - 5
  for (let i: usize = 0; i < 4; i++) {
    store<u8>(p + i, <u8>((v & 127) | 128))
    v >>= 7
  }
  store<u8>(p + 4, <u8>v)
}

// Control
export function opUnreachable(): void {
  byte(0x00)
}
export function opBlock(): void {
  byte(0x02)
  byte(0x40)
}
export function opLoop(): void {
  byte(0x03)
  byte(0x40)
}
export function opIf(): void {
  byte(0x04)
  byte(0x40)
}
export function opIfI32(): void {
  byte(0x04)
  byte(0x7f)
}
export function opIfI64(): void {
  byte(0x04)
  byte(0x7e)
}
export function opElse(): void {
  byte(0x05)
}
export function opEnd(): void {
  byte(0x0b)
}
export function opBr(depth: u32): void {
  byte(0x0c)
  uleb(depth)
}
export function opBrIf(depth: u32): void {
  byte(0x0d)
  uleb(depth)
}
export function opReturn(): void {
  byte(0x0f)
}
export function opCall(fn: u32): void {
  byte(0x10)
  uleb(fn)
}
export function opSelect(): void {
  byte(0x1b)
}

// Locals and constants
export function opGet(local: u32): void {
  byte(0x20)
  uleb(local)
}
export function opSet(local: u32): void {
  byte(0x21)
  uleb(local)
}
export function opTee(local: u32): void {
  byte(0x22)
  uleb(local)
}
export function opI32Const(value: i32): void {
  byte(0x41)
  sleb(<i64>value)
}
export function opI64Const(value: i64): void {
  byte(0x42)
  sleb(value)
}

/** A load or store: opcode, alignment hint 0 (addresses may be unaligned), constant offset. */
export function opMem(opcode: i32, offset: u32): void {
  byte(opcode)
  byte(0)
  uleb(offset)
}

// Memory opcodes
export const I32_LOAD: i32 = 0x28
export const I64_LOAD: i32 = 0x29
export const I32_LOAD8_S: i32 = 0x2c
export const I32_LOAD8_U: i32 = 0x2d
export const I32_LOAD16_S: i32 = 0x2e
export const I32_LOAD16_U: i32 = 0x2f
export const I64_LOAD8_S: i32 = 0x30
export const I64_LOAD16_S: i32 = 0x32
export const I64_LOAD32_S: i32 = 0x34
export const I32_STORE: i32 = 0x36
export const I64_STORE: i32 = 0x37
export const I32_STORE8: i32 = 0x3a
export const I32_STORE16: i32 = 0x3b
export const I64_STORE8: i32 = 0x3c
export const I64_STORE16: i32 = 0x3d
export const I64_STORE32: i32 = 0x3e

// Numeric opcodes without immediates, for byte()
export const I32_EQZ: i32 = 0x45
export const I32_EQ: i32 = 0x46
export const I32_NE: i32 = 0x47
export const I32_LT_S: i32 = 0x48
export const I32_LT_U: i32 = 0x49
export const I32_GT_S: i32 = 0x4a
export const I32_GT_U: i32 = 0x4b
export const I32_LE_S: i32 = 0x4c
export const I32_LE_U: i32 = 0x4d
export const I32_GE_S: i32 = 0x4e
export const I32_GE_U: i32 = 0x4f
export const I64_EQZ: i32 = 0x50
export const I64_EQ: i32 = 0x51
export const I64_NE: i32 = 0x52
export const I64_LT_S: i32 = 0x53
export const I64_LT_U: i32 = 0x54
export const I64_GT_S: i32 = 0x55
export const I64_GT_U: i32 = 0x56
export const I64_LE_S: i32 = 0x57
export const I64_LE_U: i32 = 0x58
export const I64_GE_S: i32 = 0x59
export const I64_GE_U: i32 = 0x5a
export const I32_ADD: i32 = 0x6a
export const I32_SUB: i32 = 0x6b
export const I32_MUL: i32 = 0x6c
export const I32_DIV_S: i32 = 0x6d
export const I32_DIV_U: i32 = 0x6e
export const I32_REM_S: i32 = 0x6f
export const I32_REM_U: i32 = 0x70
export const I32_AND: i32 = 0x71
export const I32_OR: i32 = 0x72
export const I32_XOR: i32 = 0x73
export const I32_SHL: i32 = 0x74
export const I32_SHR_S: i32 = 0x75
export const I32_SHR_U: i32 = 0x76
export const I32_ROTL: i32 = 0x77
export const I64_ADD: i32 = 0x7c
export const I64_SUB: i32 = 0x7d
export const I64_MUL: i32 = 0x7e
export const I64_DIV_S: i32 = 0x7f
export const I64_DIV_U: i32 = 0x80
export const I64_REM_S: i32 = 0x81
export const I64_REM_U: i32 = 0x82
export const I64_AND: i32 = 0x83
export const I64_OR: i32 = 0x84
export const I64_XOR: i32 = 0x85
export const I64_SHL: i32 = 0x86
export const I64_SHR_S: i32 = 0x87
export const I64_SHR_U: i32 = 0x88
export const I64_ROTL: i32 = 0x89
export const I32_WRAP_I64: i32 = 0xa7
export const I64_EXTEND_I32_S: i32 = 0xac
export const I64_EXTEND_I32_U: i32 = 0xad
export const I32_EXTEND8_S: i32 = 0xc0
export const I32_EXTEND16_S: i32 = 0xc1
export const I64_EXTEND8_S: i32 = 0xc2
export const I64_EXTEND16_S: i32 = 0xc3
export const I64_EXTEND32_S: i32 = 0xc4
