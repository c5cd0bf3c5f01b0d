// SPDX-License-Identifier: BSD-2-Clause
/**
 * Programs while they are linked: one record per 8-byte slot, so that slot numbers in jumps, relocations and BTF records
 * index the list directly. A 64-bit load takes two slots, as it does in the kernel.
 */
import { RelocationError } from '../errors/index.ts'

/** Bytes of a slot. */
export const SLOT_SIZE = 8

/** `struct bpf_insn`: mutable on purpose, relocation patches it. */
export interface Slot {
  /** Opcode, 8 bits. */
  code: number
  /** Destination register, 4 bits. */
  dst: number
  /** Source register or pseudo number, 4 bits. */
  src: number
  /** Signed 16 bits. */
  off: number
  /** Signed 32 bits. */
  imm: number
}

/** BPF_LD | BPF_IMM | BPF_DW. */
export const CODE_LD_IMM64 = 0x18
/** BPF_JMP | BPF_CALL. */
export const CODE_CALL = 0x85
/** BPF_JMP | BPF_EXIT. */
export const CODE_EXIT = 0x95

/** Slots of the bytes; the two registers swap nibbles with the byte order, as the C bit fields do. */
export function decodeSlots(bytes: Uint8Array, littleEndian: boolean): Slot[] {
  if (bytes.length % SLOT_SIZE !== 0) {
    throw new RelocationError(`decode instructions: ${bytes.length} bytes are not a multiple of ${SLOT_SIZE}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const slots: Slot[] = []
  for (let at = 0; at < bytes.length; at += SLOT_SIZE) {
    const registers = view.getUint8(at + 1)
    slots.push({
      code: view.getUint8(at),
      dst: littleEndian ? registers & 15 : registers >> 4,
      src: littleEndian ? registers >> 4 : registers & 15,
      off: view.getInt16(at + 2, littleEndian),
      imm: view.getInt32(at + 4, littleEndian),
    })
  }
  return slots
}

/** Bytes of the slots, in the byte order of the kernel that will read them. */
export function encodeSlots(slots: readonly Slot[], littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(slots.length * SLOT_SIZE)
  const view = new DataView(bytes.buffer)
  slots.forEach((slot, index) => {
    const at = index * SLOT_SIZE
    view.setUint8(at, slot.code)
    view.setUint8(at + 1, littleEndian ? (slot.src << 4) | slot.dst : (slot.dst << 4) | slot.src)
    view.setInt16(at + 2, slot.off, littleEndian)
    view.setInt32(at + 4, slot.imm, littleEndian)
  })
  return bytes
}

/** Whether the slot starts a 64-bit load (and owns the next slot). */
export function isLoad64(slot: Slot | undefined): boolean {
  return slot?.code === CODE_LD_IMM64
}

/** Whether it calls a helper, a kfunc or a subprogram. */
export function isCall(slot: Slot): boolean {
  return slot.code === CODE_CALL
}

/** A copy that can be patched without touching the original. */
export function copySlots(slots: readonly Slot[]): Slot[] {
  return slots.map((slot) => ({ ...slot }))
}
