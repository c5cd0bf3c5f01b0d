// SPDX-License-Identifier: BSD-2-Clause
// Maps of struct_ops: their values are structures of the kernel, whose members are fds of programs.
//
// The maps have BPF_F_LINK: a value that is complete is only kept, and nothing is registered without a link.

import { parseBtf } from '@skep/core/btf'

/** Members of the structures for which there are programs. */
const MEMBERS = {
  tcp_congestion_ops: ['ssthresh', 'cong_avoid', 'undo_cwnd'],
  bpf_dummy_ops: ['test_1'],
}
const NAME = new TextEncoder().encode('skep_walk')

const parsed = new WeakMap()
function typesOf(bytes) {
  if (!parsed.has(bytes)) parsed.set(bytes, parseBtf(bytes))
  return parsed.get(bytes)
}

/** Where a structure's members lie in the map's value; undefined where the kernel does not have it. */
export function structOps(kernelBtf, name) {
  const btf = kernelBtf && typesOf(kernelBtf)
  const typeId = btf?.find(name, 'STRUCT')
  const valueTypeId = btf?.find(`bpf_struct_ops_${name}`, 'STRUCT')
  if (typeId === undefined || valueTypeId === undefined) return undefined
  const value = btf.typeAs(valueTypeId, 'STRUCT')
  const { members } = btf.typeAs(typeId, 'STRUCT')
  const start = value.members.find((member) => member.type === typeId).bitOffset / 8
  const placed = members.map(({ name: called, bitOffset }, index) => ({
    called,
    index,
    offset: start + bitOffset / 8,
  }))
  return {
    typeId,
    valueTypeId,
    size: value.size,
    start,
    nameOffset: placed.find(({ called }) => called === 'name')?.offset,
    slots: placed.filter(({ called }) => MEMBERS[name].includes(called)),
  }
}

/**
 * A value: mostly zero, so that the checks behind the first are reached. `fd(slot, other)` gives a program's fd: the
 * member's own, or another's.
 */
export function structOpsValue(ops, bytes, index, fd) {
  const out = new Uint8Array(ops.size)
  const view = new DataView(out.buffer)
  const how = index % 8
  if (how === 0) return bytes.slice(0, ops.size)
  if (how === 1) return out
  if (ops.nameOffset !== undefined && how !== 2) out.set(NAME, ops.nameOffset)
  for (const [place, slot] of ops.slots.entries()) {
    if (how === 3 && place === (index >>> 3) % ops.slots.length) continue
    view.setInt32(slot.offset, fd(place, how === 4 && place === 0), true)
  }
  // the common head, a byte of the structure, and the upper half of a program's fd are not the caller's to set
  if (how === 5) view.setUint32(((index >>> 3) % ops.start) & ~3, 1, true)
  // no low byte: as an fd it would be one of the process, and these differ
  if (how === 6) out[ops.start + (((index >>> 3) % (ops.size - ops.start)) | 2)] ^= 1 + (index % 255)
  return out
}
