// SPDX-License-Identifier: GPL-2.0-only
// Fields of a raw instruction slot (struct bpf_insn, 8 bytes, little endian).

export const INSN_SIZE: usize = 8

@inline export function insnAt(insns: usize, i: u32): usize {
  return insns + ((<usize>i) << 3)
}

@inline export function insnCode(p: usize): i32 {
  return <i32>load<u8>(p)
}

@inline export function insnClass(p: usize): i32 {
  return (<i32>load<u8>(p)) & 7
}

@inline export function insnDst(p: usize): i32 {
  return (<i32>load<u8>(p, 1)) & 15
}

@inline export function insnSrc(p: usize): i32 {
  return (<i32>load<u8>(p, 1)) >> 4
}

@inline export function insnOff(p: usize): i32 {
  return <i32>load<i16>(p, 2)
}

/** Read unsigned: of a load<i32> that is widened as a u32 the optimiser makes a load that extends the sign. */
@inline export function insnImm(p: usize): i32 {
  return <i32>load<u32>(p, 4)
}

/** The immediate of a 64-bit load, which spans two slots. */
@inline export function insnImm64(p: usize): i64 {
  return <i64>((<u64>load<u32>(p, 4)) | ((<u64>load<u32>(p, 12)) << 32))
}

export const CODE_LD_IMM64: i32 = 0x18
export const CODE_JA: i32 = 0x05
export const CODE_JA32: i32 = 0x06
export const CODE_CALL: i32 = 0x85
export const CODE_CALL_REG: i32 = 0x8d
export const CODE_EXIT: i32 = 0x95
export const CODE_MAY_GOTO: i32 = 0xe5

/** Whether the instruction may go elsewhere than to the next one: a jump, not a call, not an exit. */
export function isJump(p: usize): bool {
  const cls = insnClass(p)
  if (cls != 5 && cls != 6) return false
  const op = insnCode(p) & 0xf0
  return op != 0x80 && op != 0x90
}

/** Distance of a jump in slots, counted from the next instruction. */
@inline export function jumpDistance(p: usize): i32 {
  return insnCode(p) == CODE_JA32 ? insnImm(p) : insnOff(p)
}
