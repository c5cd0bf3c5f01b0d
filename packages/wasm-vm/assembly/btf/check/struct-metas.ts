// SPDX-License-Identifier: GPL-2.0-only
// Structs that programs may allocate and link into lists and trees: their special fields, found once.
// Kernel counterpart: btf_parse_struct_metas, btf_check_and_fixup_fields, btf_check_ownership_depth.

import { E2BIG, EFAULT, EINVAL, ELOOP, ENOMEM } from '../../gen/errno.gen'
import { kmalloc, krealloc } from '../../mem/alloc'
import { cstrIs } from '../../mem/bytes'
import { isErr } from '../../syscall/fd'
import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../btf'
import { btfTypeSkipModifiers, isStruct, KIND_PTR, KIND_TYPE_TAG, KIND_VOLATILE, memberType } from '../kinds'
import { parseFields } from '../parse-fields'
import {
  BPF_GRAPH_NODE,
  BPF_GRAPH_ROOT,
  BPF_KPTR,
  BPF_LIST_HEAD,
  BPF_LIST_NODE,
  BPF_RB_NODE,
  BPF_RB_ROOT,
  BPF_REFCOUNT,
  BPF_RES_SPIN_LOCK,
  BPF_SPIN_LOCK,
  BPF_UPTR,
  BtfField,
  BtfRecord,
  recordField,
  recordHas,
} from '../record'

const FIELDS: u32 =
  BPF_SPIN_LOCK |
  BPF_RES_SPIN_LOCK |
  BPF_LIST_HEAD |
  BPF_LIST_NODE |
  BPF_RB_ROOT |
  BPF_RB_NODE |
  BPF_REFCOUNT |
  BPF_KPTR

function isSpecial(btf: Btf, t: usize): bool {
  if (isStruct(t)) {
    const name = btfNameOf(btf, t)
    return (
      cstrIs(name, 'bpf_spin_lock') ||
      cstrIs(name, 'bpf_list_head') ||
      cstrIs(name, 'bpf_list_node') ||
      cstrIs(name, 'bpf_rb_root') ||
      cstrIs(name, 'bpf_rb_node') ||
      cstrIs(name, 'bpf_refcount')
    )
  }
  return isKptr(btf, t)
}

/** A pointer with one of the tags to a structure that is there, and only one tag. */
function isKptr(btf: Btf, t: usize): bool {
  if (btfKind(t) == KIND_VOLATILE) t = btfTypeById(btf, btfType(t))
  if (!t || btfKind(t) != KIND_PTR) return false
  const tag = btfTypeById(btf, btfType(t))
  if (!tag || btfKind(tag) != KIND_TYPE_TAG) return false
  const name = btfNameOf(btf, tag)
  if (!cstrIs(name, 'kptr') && !cstrIs(name, 'kptr_untrusted') && !cstrIs(name, 'percpu_kptr')) return false
  const to = btfTypeById(btf, btfType(tag))
  if (to && btfKind(to) == KIND_TYPE_TAG) return false
  const base = btfTypeSkipModifiers(btf, btfType(tag), 0)
  return base != 0 && isStruct(base)
}

/** Whether any type can be a special field: most programs have none, and the scan of members is saved. */
function anySpecial(btf: Btf): bool {
  for (let i: u32 = 1; i < btf.nrTypes; i++) if (isSpecial(btf, load<usize>(btf.types + ((<usize>i) << 2)))) return true
  return false
}

export function parseStructMetas(btf: Btf): i32 {
  if (!anySpecial(btf)) return 0
  for (let i: u32 = 1; i < btf.nrTypes; i++) {
    const t = load<usize>(btf.types + ((<usize>i) << 2))
    if (!isStruct(t)) continue
    const n = btfVlen(t)
    let found = false
    for (let j: u32 = 0; j < n && !found; j++) found = isSpecial(btf, btfTypeById(btf, memberType(t, j)))
    if (!found) continue
    const rec = parseFields(btf, t, FIELDS, btfSize(t))
    if (isErr(rec)) return <i32>rec
    if (!rec) return -EFAULT
    const err = addMeta(btf, i, rec)
    if (err) return err
  }
  return checkOwnership(btf)
}

function addMeta(btf: Btf, id: u32, rec: usize): i32 {
  const size = <usize>(btf.structMetaCnt + 1) * 8
  const table = btf.structMetas ? krealloc(btf.structMetas, size) : kmalloc(size)
  if (!table) return -ENOMEM
  btf.structMetas = table
  store<u32>(table + ((<usize>btf.structMetaCnt) << 3), id)
  store<usize>(table + ((<usize>btf.structMetaCnt) << 3), rec, 4)
  btf.structMetaCnt++
  return 0
}

/** The record of a struct with special fields, null if it has none. */
export function structRecord(btf: Btf, id: u32): BtfRecord {
  for (let i: u32 = 0; i < btf.structMetaCnt; i++) {
    if (load<u32>(btf.structMetas + ((<usize>i) << 3)) == id)
      return changetype<BtfRecord>(load<usize>(btf.structMetas + ((<usize>i) << 3), 4))
  }
  return changetype<BtfRecord>(0)
}

const PAGE_SIZE: u32 = 4096

/** A page of the user's memory is pinned: what it holds must fit, and is the program's own. */
function checkUptr(f: BtfField): i32 {
  const btf = changetype<Btf>(f.btf)
  if (btf.kernelBtf) return -EINVAL
  const size = btfSize(btfTypeById(btf, f.btfId))
  return !size ? -EINVAL : size > PAGE_SIZE ? -E2BIG : 0
}

/** Points roots to the records of what they hold. */
export function fixupFields(btf: Btf, rec: BtfRecord): i32 {
  if (!recordHas(rec, BPF_GRAPH_ROOT | BPF_UPTR)) return 0
  for (let i: u32 = 0; i < rec.cnt; i++) {
    const f = recordField(rec, i)
    if (f.type == BPF_UPTR) {
      const err = checkUptr(f)
      if (err) return err
      continue
    }
    if (!(f.type & BPF_GRAPH_ROOT)) continue
    const held = structRecord(btf, f.btfId)
    if (!changetype<usize>(held)) return -EFAULT
    f.valueRec = changetype<usize>(held)
    // what is linked itself may hold others only if it is not held by its own kind
    if (!recordHas(rec, BPF_GRAPH_NODE)) continue
    if (recordHas(held, BPF_GRAPH_ROOT)) return -ELOOP
  }
  return 0
}

function checkOwnership(btf: Btf): i32 {
  for (let i: u32 = 0; i < btf.structMetaCnt; i++) {
    const rec = changetype<BtfRecord>(load<usize>(btf.structMetas + ((<usize>i) << 3), 4))
    const err = fixupFields(btf, rec)
    if (err) return err
  }
  return 0
}
