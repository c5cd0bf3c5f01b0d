// SPDX-License-Identifier: GPL-2.0-only
// The module around the functions, one section after the other:
//
//   type      0 helper (i64 x 5) -> i64, 1 program (i64 x 5, i32) -> i64
//   import    k.memory, and the functions that the code calls, named f.<index in the kernel's table>
//   function  one a subprogram
//   export    the main function as "0", functions that are called back as "1" …
//   code

import { Decoded, funcAt } from '../insn/record'
import { importAt, importCount } from './runtime-calls'
import { byte, lengthHole, patchLength, reserve, uleb } from './sink'
import { TYPE_HELPER, TYPE_PROGRAM } from './lower'

const I32: i32 = 0x7f
const I64: i32 = 0x7e
const EXPORT_FUNC: i32 = 0

function openSection(id: i32): u32 {
  byte(id)
  return lengthHole()
}

export function emitHead(decoded: Decoded): void {
  reserve(256)
  // magic and version
  byte(0x00)
  byte(0x61)
  byte(0x73)
  byte(0x6d)
  byte(1)
  byte(0)
  byte(0)
  byte(0)
  emitTypes()
  emitImports()
  const at = openSection(3)
  uleb(decoded.funcCnt)
  reserve(<usize>decoded.funcCnt + 64)
  for (let i: u32 = 0; i < decoded.funcCnt; i++) uleb(TYPE_PROGRAM)
  patchLength(at)
  emitExports(decoded)
}

function emitTypes(): void {
  const at = openSection(1)
  uleb(2)
  emitType(false)
  emitType(true)
  patchLength(at)
}

function emitType(withFrame: bool): void {
  byte(0x60)
  uleb(withFrame ? 6 : 5)
  for (let i = 0; i < 5; i++) byte(I64)
  if (withFrame) byte(I32)
  uleb(1)
  byte(I64)
}

function emitImports(): void {
  const cnt = importCount()
  reserve(<usize>cnt * 20 + 64)
  const at = openSection(2)
  uleb(cnt + 1)
  // "k" "memory": no maximum, at least a page
  byte(1)
  byte(0x6b)
  name6(0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79)
  byte(2)
  byte(0)
  uleb(1)
  for (let i: u32 = 0; i < cnt; i++) {
    byte(1)
    byte(0x66)
    decimalName(importAt(i))
    byte(0)
    uleb(TYPE_HELPER)
  }
  patchLength(at)
}

function name6(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32): void {
  byte(6)
  byte(a)
  byte(b)
  byte(c)
  byte(d)
  byte(e)
  byte(f)
}

function decimalName(value: u32): void {
  let digits = 1
  let unit: u32 = 1
  while (value / unit >= 10) {
    unit *= 10
    digits++
  }
  byte(digits)
  while (unit) {
    byte(0x30 + <i32>((value / unit) % 10))
    unit /= 10
  }
}

/** How many functions the module exports: see emitExports. */
export function exportCount(decoded: Decoded): u32 {
  let cnt: u32 = 1
  for (let i: u32 = 1; i < decoded.funcCnt; i++) {
    if (funcAt(decoded, i).isCallback) cnt++
  }
  return cnt
}

function emitExports(decoded: Decoded): void {
  const cnt = exportCount(decoded)
  reserve(<usize>cnt * 16 + 64)
  const at = openSection(7)
  uleb(cnt)
  let nth: u32 = 0
  for (let i: u32 = 0; i < decoded.funcCnt; i++) {
    if (i && !funcAt(decoded, i).isCallback) continue
    decimalName(nth++)
    byte(EXPORT_FUNC)
    uleb(importCount() + i)
  }
  patchLength(at)
}

export function openCode(cnt: u32): u32 {
  reserve(64)
  const at = openSection(10)
  uleb(cnt)
  return at
}
