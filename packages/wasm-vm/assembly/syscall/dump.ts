// SPDX-License-Identifier: GPL-2.0-only
// Instructions as info shows them: no addresses, map ids where pointers are, helper and subprogram calls as in the file.
// Kernel counterpart: bpf_insn_prepare_dump.

import { EFAULT, ENOMEM } from '../gen/errno.gen'
import { BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from '../gen/isa.gen'
import { BpfMap } from '../maps/map'
import { mapDirectValueAddr } from '../maps/ops'
import { kfree, kmalloc } from '../mem/alloc'
import { copyToUser } from '../mem/user'
import { Prog, progUsedMap } from '../prog/prog'

/** Loads that survive a fault are shown as plain ones. */
const LDX_PROBE_MEM: u8 = 0x21
const LDX_PROBE_MEMSX: u8 = 0x41
const ADDR: usize = memory.data(8, 8)

function isProbe(code: u8): bool {
  return (code & 0xe7) == LDX_PROBE_MEM || (code & 0xe7) == LDX_PROBE_MEMSX
}

/** Copies `len` bytes of the program's instructions to the caller. */
export function dumpInsns(p: Prog, to: u64, len: u32): i32 {
  const bytes = <usize>p.len * 8
  const copy = kmalloc(bytes)
  if (!copy) return -ENOMEM
  memory.copy(copy, p.insns, bytes)
  for (let i: u32 = 0; i + 1 < p.len; i++) {
    const at = copy + ((<usize>i) << 3)
    const code = load<u8>(at)
    if (isArenaAccess(code) || isProbe(code)) store<u8>(at, (code & 0x1f) | 0x60)
    if (isProbe(code) && load<i32>(at, 4)) {
      // of a map: the offset is the object's, the kernel's is kept in imm
      store<i16>(at, <i16>load<i32>(at, 4), 2)
      store<i32>(at, 0, 4)
    }
    if (code != 0x18) continue
    hideAddress(p, at)
    i++
  }
  const ok = copyToUser(to, copy, len)
  kfree(copy)
  return ok ? 0 : -EFAULT
}

/** Loads and stores of the mode BPF_PROBE_MEM32 show as plain ones; other modes of the verifier's show. */
@inline function isArenaAccess(code: i32): bool {
  return (code & 0xe0) == 0xa0 && (code & 7) >= 1 && (code & 7) <= 3
}

/** A 64-bit load of a map's or a value's address becomes what it was, with the map's id. */
function hideAddress(p: Prog, at: usize): void {
  if (load<u8>(at, 1) >> 4) return
  const imm = (<u64>load<u32>(at, 4)) | ((<u64>load<u32>(at, 12)) << 32)
  if (!imm) return
  for (let i: u32 = 0; i < p.usedMapCnt; i++) {
    const map = progUsedMap(p, i)
    if (imm == <u64>changetype<usize>(map)) {
      mark(at, map, BPF_PSEUDO_MAP_FD, 0)
      return
    }
    if (mapDirectValueAddr(map, 0, ADDR)) continue
    const base = load<u64>(ADDR)
    if (imm < base || imm >= base + <u64>map.valueSize) continue
    mark(at, map, BPF_PSEUDO_MAP_VALUE, <u32>(imm - base))
    return
  }
}

function mark(at: usize, map: BpfMap, src: u32, off: u32): void {
  store<u8>(at, <u8>(((<u32>load<u8>(at, 1)) & 15) | (src << 4)), 1)
  store<u32>(at, map.id, 4)
  store<u32>(at, off, 12)
}
