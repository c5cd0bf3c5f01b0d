// SPDX-License-Identifier: GPL-2.0-only
// Which BPF instruction stands behind which piece of code: a custom section "bpf" that engines skip and people read.
//
//   for each mark: how many bytes of the module after the last mark (LEB128), the instruction's number less the last one
//   (signed LEB128)

import { kfree, kmalloc } from '../mem/alloc'
import { byte, lengthHole, patchLength, reserve, sinkLength, sleb, uleb } from './sink'

@unmanaged class Marks {
  /** Pairs of u32: offset in the module, instruction. */
  list: usize
  cnt: u32
  room: u32
}

const MARKS: usize = memory.data(offsetof<Marks>(), 8)

@inline function marks(): Marks {
  return changetype<Marks>(MARKS)
}

export function openMarks(): void {
  marks().cnt = 0
}

/** What is emitted from here on belongs to the instruction. Without memory for it the mark is left out. */
export function markInsn(insn: u32): void {
  const m = marks()
  if (m.cnt == m.room) {
    const room = max<u32>(m.room * 2, 256)
    const fresh = kmalloc((<usize>room) << 3)
    if (!fresh) return
    memory.copy(fresh, m.list, (<usize>m.cnt) << 3)
    kfree(m.list)
    m.list = fresh
    m.room = room
  }
  const at = m.list + ((<usize>m.cnt) << 3)
  store<u32>(at, sinkLength())
  store<u32>(at, insn, 4)
  m.cnt++
}

export function emitMarks(): void {
  const m = marks()
  reserve(<usize>m.cnt * 10 + 32)
  byte(0)
  const at = lengthHole()
  byte(3)
  byte(0x62)
  byte(0x70)
  byte(0x66)
  let offset: u32 = 0
  let insn: u32 = 0
  for (let i: u32 = 0; i < m.cnt; i++) {
    const p = m.list + ((<usize>i) << 3)
    uleb(load<u32>(p) - offset)
    sleb(<i64>load<u32>(p, 4) - <i64>insn)
    offset = load<u32>(p)
    insn = load<u32>(p, 4)
  }
  patchLength(at)
  kfree(m.list)
  m.list = 0
  m.room = 0
}
