// SPDX-License-Identifier: GPL-2.0-only
// Types of the kernel by name: a hash table that is made when something first asks. Kernel counterpart:
// btf_find_by_name_kind.
//
//   Btf.nameIndex: | slots - 1 (4) | type number of each slot, 0 empty (4 each) … |, open addressing

import { Btf, btfKind, btfNameOf, btfTypeById } from './btf'
import { btfFindByNameKind } from './kinds'
import { cstrEquals, cstrPut } from '../mem/bytes'
import { kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'

const NAME: usize = memory.data(128, 8)
const MAX_LITERAL: i32 = 120

function hashOf(name: usize): u32 {
  let h: u32 = 0x811c9dc5
  for (let p = name; load<u8>(p); p++) h = (h ^ load<u8>(p)) * 0x01000193
  return h ^ (h >> 15)
}

function makeIndex(btf: Btf): bool {
  let slots: u32 = 64
  while (slots < btf.nrTypes * 2) slots <<= 1
  const table = kzalloc(4 + <usize>slots * 4)
  if (!table) return false
  const mask = slots - 1
  store<u32>(table, mask)
  for (let id: u32 = 1; id < btf.nrTypes; id++) {
    const name = btfNameOf(btf, btfTypeById(btf, id))
    if (!name || !load<u8>(name)) continue
    let at = hashOf(name) & mask
    while (load<u32>(table + ((<usize>at) << 2), 4)) at = (at + 1) & mask
    store<u32>(table + ((<usize>at) << 2), id, 4)
  }
  btf.nameIndex = table
  return true
}

@inline function slotOf(btf: Btf, at: u32): u32 {
  return load<u32>(btf.nameIndex + ((<usize>at) << 2), 4)
}

/** The first type with this name and kind, 0 if there is none. */
export function btfFind(btf: Btf, name: usize, kind: u32): u32 {
  if (!btf.kernelBtf || (!btf.nameIndex && !makeIndex(btf))) return btfFindByNameKind(btf, name, kind)
  const mask = load<u32>(btf.nameIndex)
  let found: u32 = 0
  let at = hashOf(name) & mask
  for (let id = slotOf(btf, at); id; id = slotOf(btf, at)) {
    const t = btfTypeById(btf, id)
    if (btfKind(t) == kind && cstrEquals(btfNameOf(btf, t), name) && (!found || id < found)) found = id
    at = (at + 1) & mask
  }
  return found
}

/** The same for a literal. */
export function btfFindText(btf: Btf, name: string, kind: u32): u32 {
  if (name.length > MAX_LITERAL) return 0
  cstrPut(NAME, name)
  return btfFind(btf, NAME, kind)
}

/** The kernel's own types; null where it has none. */
@inline export function kernelTypes(): Btf {
  return changetype<Btf>(kernel().vmlinux)
}

/** A type of the kernel's, 0 if it is not known. */
export function kernelType(name: string, kind: u32): u32 {
  const btf = kernelTypes()
  return changetype<usize>(btf) ? btfFindText(btf, name, kind) : 0
}
