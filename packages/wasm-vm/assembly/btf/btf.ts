// SPDX-License-Identifier: GPL-2.0-only
// Type information as BTF_LOAD took it. Kernel counterpart: struct btf and the accessors of include/linux/btf.h.
//
// A type is a pointer to its struct btf_type in the copied data:
//
//   | name_off u32 | info u32: vlen 0..15, kind 24..28, kind_flag 31 | size or type u32 | kind's own data … |

@unmanaged export class Btf {
  refs: u32
  id: u32
  /** The blob as given (header, types, strings), its size. */
  data: usize
  dataSize: u32
  /** u32[]: address of each type; number 0 is void. */
  types: usize
  nrTypes: u32
  /** First byte of the string section, its length. */
  strings: usize
  stringLen: u32
  /** First byte of the type section. */
  typeData: usize
  typeLen: u32
  /** u32[]: resolved size and resolved type of each type, by number. */
  resolvedSizes: usize
  resolvedIds: usize
  kernelBtf: bool
  /** char[]: name of a kernel BTF (vmlinux). */
  name: usize
  /** BtfRecord pointers of structs with special fields: { type id u32, record u32 }[]. */
  structMetas: usize
  structMetaCnt: u32
  /** Type number of the first type, when types of another BTF precede (0 or 1: none). */
  startId: u32
  base: usize
  /** Types by name, made when first asked for (btf/name-index.ts). */
  nameIndex: usize
}

export const BTF_VOID: usize = memory.data(12, 4)

@inline export function btfKind(t: usize): u32 {
  return (load<u32>(t, 4) >> 24) & 0x1f
}

@inline export function btfVlen(t: usize): u32 {
  return load<u32>(t, 4) & 0xffff
}

@inline export function btfKflag(t: usize): bool {
  return load<u32>(t, 4) >> 31 != 0
}

@inline export function btfNameOff(t: usize): u32 {
  return load<u32>(t)
}
/** Size in bytes, or number of the type referred to, by kind. */
@inline export function btfSize(t: usize): u32 {
  return load<u32>(t, 8)
}

@inline export function btfType(t: usize): u32 {
  return load<u32>(t, 8)
}

/** The type with this number, 0 if there is none. Number 0 is void. */
export function btfTypeById(btf: Btf, id: u32): usize {
  return id < btf.nrTypes ? load<usize>(btf.types + ((<usize>id) << 2)) : 0
}

/** The zero-terminated string at this offset; 0 outside the section. */
export function btfNameByOffset(btf: Btf, offset: u32): usize {
  return offset < btf.stringLen ? btf.strings + <usize>offset : 0
}

@inline export function btfNameOf(btf: Btf, t: usize): usize {
  return btfNameByOffset(btf, load<u32>(t))
}
