// SPDX-License-Identifier: GPL-2.0-only
// Special fields of a map value or an allocated object, found in its BTF. Kernel counterpart: struct btf_record.

// enum btf_field_type
export const BPF_SPIN_LOCK: u32 = 1 << 0
export const BPF_TIMER: u32 = 1 << 1
export const BPF_KPTR_UNREF: u32 = 1 << 2
export const BPF_KPTR_REF: u32 = 1 << 3
export const BPF_KPTR_PERCPU: u32 = 1 << 4
export const BPF_KPTR: u32 = BPF_KPTR_UNREF | BPF_KPTR_REF | BPF_KPTR_PERCPU
export const BPF_LIST_HEAD: u32 = 1 << 5
export const BPF_LIST_NODE: u32 = 1 << 6
export const BPF_RB_ROOT: u32 = 1 << 7
export const BPF_RB_NODE: u32 = 1 << 8
export const BPF_GRAPH_NODE: u32 = BPF_LIST_NODE | BPF_RB_NODE
export const BPF_GRAPH_ROOT: u32 = BPF_LIST_HEAD | BPF_RB_ROOT
export const BPF_REFCOUNT: u32 = 1 << 9
export const BPF_WORKQUEUE: u32 = 1 << 10
export const BPF_UPTR: u32 = 1 << 11
export const BPF_RES_SPIN_LOCK: u32 = 1 << 12
export const BPF_TASK_WORK: u32 = 1 << 13

export const BTF_FIELDS_MAX: u32 = 11

@unmanaged export class BtfField {
  offset: u32
  size: u32
  type: u32
  /** kptr and graph root: the BTF and the type that it points to or holds. */
  btf: usize
  btfId: u32
  /** Graph root: offset of the node in what it holds. */
  nodeOffset: u32
  /** kptr to an object of the kernel: number of the kernel function that gives it back. */
  dtor: u32
  /** Graph root: record of what it holds (a BtfRecord), set once all are known. */
  valueRec: usize
}
export const BTF_FIELD_SIZE: usize = offsetof<BtfField>()

@unmanaged export class BtfRecord {
  refs: u32
  cnt: u32
  fieldMask: u32
  // offsets, -1 where absent
  spinLockOff: i32
  resSpinLockOff: i32
  timerOff: i32
  wqOff: i32
  refcountOff: i32
  taskWorkOff: i32
  /** BtfField[cnt], ascending by offset, follow here. */
  fields: usize
}

/** Whether the record has one of these kinds of field; a null record has none. */
@inline export function recordHas(r: BtfRecord, types: u32): bool {
  return changetype<usize>(r) != 0 && (r.fieldMask & types) != 0
}

@inline export function recordField(r: BtfRecord, i: u32): BtfField {
  return changetype<BtfField>(r.fields + <usize>i * BTF_FIELD_SIZE)
}

/** The field at this offset, of one of these kinds, or null. */
export function recordFind(r: BtfRecord, offset: u32, types: u32): BtfField {
  if (!recordHas(r, types)) return changetype<BtfField>(0)
  for (let i: u32 = 0; i < r.cnt; i++) {
    const f = recordField(r, i)
    if (f.offset == offset) return f.type & types ? f : changetype<BtfField>(0)
  }
  return changetype<BtfField>(0)
}
