// SPDX-License-Identifier: GPL-2.0-only
// The functions that compiled code calls: helpers and the compiler's own runtime. Each is an import named by its index in
// the kernel's table; here stand their numbers within the module being made.

import { Arena } from '../mem/arena'
import { opCall } from './sink'

/** A load that may fault: (address, operation). */
export const RUNTIME_PROBE: i32 = 0
/** A tail call: (context, map, index, frame pointer) => what the other program returned; Run.tailCalled. */
export const RUNTIME_TAIL_CALL: i32 = 1
/** A legacy packet load: (context, offset, size) => value or -1. */
export const RUNTIME_PACKET: i32 = 2
/** A call by register of bare instructions: (id). */
export const RUNTIME_ISA_CALL: i32 = 3
/** An access to an arena: (map, address, operation, value, r0). */
export const RUNTIME_ARENA: i32 = 4

@unmanaged class Imports {
  arena: Arena
  /** u32[]: table indices, in order of import. */
  list: usize
  cnt: u32
  room: u32
  runtime0: i32
  runtime1: i32
  runtime2: i32
  runtime3: i32
  runtime4: i32
}

const IMPORTS: usize = memory.data(offsetof<Imports>(), 8)

@inline function imports(): Imports {
  return changetype<Imports>(IMPORTS)
}

/** Starts an empty list; the table indices of the runtime's functions. */
export function openImports(arena: Arena, probe: i32, tailCall: i32, packet: i32, isaCall: i32, arenaCall: i32): void {
  const m = imports()
  m.arena = arena
  m.list = 0
  m.cnt = 0
  m.room = 0
  m.runtime0 = probe
  m.runtime1 = tailCall
  m.runtime2 = packet
  m.runtime3 = isaCall
  m.runtime4 = arenaCall
}

@inline export function importCount(): u32 {
  return imports().cnt
}

@inline export function importAt(i: u32): u32 {
  return load<u32>(imports().list + ((<usize>i) << 2))
}

function find(index: u32): i32 {
  for (let i: u32 = 0; i < imports().cnt; i++) {
    if (importAt(i) == index) return <i32>i
  }
  return -1
}

/** Adds a table index; false when memory is out. */
export function addImport(index: u32): bool {
  if (find(index) >= 0) return true
  const m = imports()
  if (m.cnt == m.room) {
    const room = max<u32>(m.room * 2, 16)
    const fresh = m.arena.alloc((<usize>room) << 2)
    if (!fresh) return false
    memory.copy(fresh, m.list, (<usize>m.cnt) << 2)
    m.list = fresh
    m.room = room
  }
  store<u32>(m.list + ((<usize>m.cnt) << 2), index)
  m.cnt++
  return true
}

@inline export function runtimeIndex(which: i32): u32 {
  return load<u32>(IMPORTS + offsetof<Imports>('runtime0') + ((<usize>which) << 2))
}

/** Calls an imported function of the helper signature whose arguments are on the wasm stack. */
export function callImport(index: u32): void {
  opCall(<u32>find(index))
}
export function callRuntime(which: i32): void {
  callImport(runtimeIndex(which))
}
