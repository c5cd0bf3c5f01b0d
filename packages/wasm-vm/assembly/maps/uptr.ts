// SPDX-License-Identifier: GPL-2.0-only
// User pointers in values of task storage: the caller gives an address of its own memory, programs read and write what
// is there. Kernel counterpart: bpf_obj_pin_uptrs, bpf_obj_swap_uptrs. Nothing is pinned: memory never moves.

import { Btf, btfSize, btfTypeById } from '../btf/btf'
import { BPF_UPTR, BtfRecord, recordField, recordHas } from '../btf/record'
import { EFAULT, EOPNOTSUPP } from '../gen/errno.gen'
import { userOk } from '../mem/user'

const PAGE_SHIFT: u64 = 12

/** Whether the addresses in a value that the caller gives can be kept. */
export function checkUptrs(record: BtfRecord, value: usize): i32 {
  if (!recordHas(record, BPF_UPTR)) return 0
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    if (f.type != BPF_UPTR) continue
    const start = load<u64>(value + f.offset)
    if (!start) continue
    const size = <u64>btfSize(btfTypeById(changetype<Btf>(f.btf), f.btfId))
    const last = start + size - 1
    if (last < start) return -EFAULT
    // One page is pinned, so the structure must lie in one.
    if (start >> PAGE_SHIFT != last >> PAGE_SHIFT) return -EOPNOTSUPP
    if (!userOk(start, size)) return -EFAULT
  }
  return 0
}

/** Puts the caller's addresses into the stored value. */
export function storeUptrs(record: BtfRecord, to: usize, from: usize): void {
  if (!recordHas(record, BPF_UPTR)) return
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    if (f.type == BPF_UPTR) store<u64>(to + f.offset, load<u64>(from + f.offset))
  }
}
