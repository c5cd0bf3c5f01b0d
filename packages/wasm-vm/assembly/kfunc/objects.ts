// SPDX-License-Identifier: GPL-2.0-only
// Objects that programs allocate: bpf_obj_new and bpf_percpu_obj_new, their references and their end.
// Kernel counterpart: bpf_obj_new_impl, __bpf_obj_drop_impl, bpf_obj_init, bpf_obj_free_fields.
//
//   | record u32 | copies u32 | size of a copy u32 | 0 u32 | payload, copies times (one copy a CPU) |
//
// The size stands where helpers of per-CPU memory look for it (helpers/percpu.ts). Nodes remember where in their object
// they are (kfunc/list.ts, kfunc/rbtree.ts), so that an object is found from its node.

import { structRecord } from '../btf/check/struct-metas'
import { Btf, btfSize, btfTypeById } from '../btf/btf'
import {
  BPF_KPTR_PERCPU,
  BPF_KPTR_REF,
  BPF_KPTR_UNREF,
  BPF_LIST_HEAD,
  BPF_LIST_NODE,
  BPF_RB_NODE,
  BPF_RB_ROOT,
  BPF_REFCOUNT,
  BPF_TASK_WORK,
  BPF_TIMER,
  BPF_WORKQUEUE,
  BtfField,
  BtfRecord,
  recordField,
} from '../btf/record'
import { callingProg, giveMemory } from '../helpers/given'
import { freeTimer } from '../helpers/timer'
import { kzalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { kernel } from '../mem/root'
import { freeList, initList, initListNode } from './list'
import { clearTreeNode, freeTree } from './rbtree'
import { kfuncFn } from './table'

const HEADER: usize = 16
const COPIES: usize = 4
const SIZE: usize = 8
/** What the kernel's allocator of small objects gives out, its own word included. */
const MAX_BLOCK: u32 = 4096
const BLOCK_WORD: u32 = 8

function allocate(record: BtfRecord, size: u32, copies: u32): usize {
  if (!size || size > MAX_BLOCK - BLOCK_WORD) return 0
  const stride = (size + 7) & ~7
  const block = kzalloc(HEADER + <usize>stride * <usize>copies)
  if (!block) return 0
  store<usize>(block, changetype<usize>(record))
  store<u32>(block, copies, COPIES)
  store<u32>(block, stride, SIZE)
  return block + HEADER
}

/** Special fields of a new object. */
function init(record: BtfRecord, obj: usize): void {
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    const p = obj + f.offset
    if (f.type == BPF_REFCOUNT) store<u32>(p, 1)
    else if (f.type == BPF_LIST_HEAD) initList(p)
    else if (f.type == BPF_LIST_NODE) initListNode(p, f.offset)
    else if (f.type == BPF_RB_NODE) clearTreeNode(p, f.offset)
  }
}

export function objNew(typeId: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const btf: Btf = callingProg().btf
  const size = btfSize(btfTypeById(btf, <u32>typeId))
  const record = structRecord(btf, <u32>typeId)
  const obj = allocate(record, size, 1)
  if (!obj) return 0
  if (changetype<usize>(record)) init(record, obj)
  giveMemory(obj, size)
  return <u64>obj
}

export function percpuObjNew(typeId: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const size = btfSize(btfTypeById(callingProg().btf, <u32>typeId))
  return <u64>allocate(changetype<BtfRecord>(0), size, kernel().cpus)
}

/** Gives a reference back; with the last one the object ends, and what hangs on it. */
export function dropObject(obj: usize): void {
  const block = obj - HEADER
  const record = changetype<BtfRecord>(load<usize>(block))
  if (changetype<usize>(record)) {
    if (record.refcountOff >= 0) {
      const count = obj + <usize>record.refcountOff
      const left = load<u32>(count) - 1
      store<u32>(count, left)
      if (left) return
    }
    freeFields(record, obj)
  }
  rcuFree(block)
}

export function objDrop(obj: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  dropObject(<usize>obj)
  return 0
}

/** One more reference, unless the last one is gone already. */
export function refcountAcquire(obj: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const record = changetype<BtfRecord>(load<usize>(<usize>obj - HEADER))
  const count = <usize>obj + <usize>record.refcountOff
  const n = load<u32>(count)
  if (!n) return 0
  store<u32>(count, n + 1)
  return obj
}

function freeKptr(f: BtfField, at: usize): void {
  const ptr = load<u64>(at)
  store<u64>(at, 0)
  if (!ptr || f.type == BPF_KPTR_UNREF) return
  if (!changetype<Btf>(f.btf).kernelBtf) {
    dropObject(<usize>ptr)
    return
  }
  const release = kfuncFn(<i32>f.dtor)
  if (release) call_indirect<u64>(release, ptr, <u64>0, <u64>0, <u64>0, <u64>0)
}

/** Ends what hangs on the special fields of an object or a map value. */
export function freeFields(record: BtfRecord, obj: usize): void {
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    const p = obj + f.offset
    switch (f.type) {
      case BPF_TIMER:
      case BPF_WORKQUEUE:
      case BPF_TASK_WORK:
        freeTimer(p)
        break
      case BPF_KPTR_UNREF:
      case BPF_KPTR_REF:
      case BPF_KPTR_PERCPU:
        freeKptr(f, p)
        break
      case BPF_LIST_HEAD:
        freeList(p, f.nodeOffset)
        break
      case BPF_RB_ROOT:
        freeTree(p, f.nodeOffset)
        break
    }
  }
}
