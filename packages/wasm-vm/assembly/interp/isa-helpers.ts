// SPDX-License-Identifier: GPL-2.0-only
// The helpers that bare instructions may call by number: those that read no memory, whatever their arguments.

const HELPER_KTIME_GET_NS: u64 = 5
const HELPER_GET_PRANDOM_U32: u64 = 7
const HELPER_GET_SMP_PROCESSOR_ID: u64 = 8

@inline export function isIsaHelper(id: u64): bool {
  return id == HELPER_KTIME_GET_NS || id == HELPER_GET_PRANDOM_U32 || id == HELPER_GET_SMP_PROCESSOR_ID
}

/** Deterministic stand-ins: time and randomness are inputs that bare instructions do not have. */
export function isaHelper(id: u64): u64 {
  if (id == HELPER_KTIME_GET_NS) return 1_000_000_000
  if (id == HELPER_GET_PRANDOM_U32) return 0x9e3779b9
  return 0
}

function ktimeGetNs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isaHelper(HELPER_KTIME_GET_NS)
}
function prandomU32(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isaHelper(HELPER_GET_PRANDOM_U32)
}
function smpProcessorId(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isaHelper(HELPER_GET_SMP_PROCESSOR_ID)
}

/** The resolver of bare instructions: see insn/decode.ts. */
export function resolveIsaCall(kind: i32, id: i32): i32 {
  if (kind != 0) return 0
  if (<u64>id == HELPER_KTIME_GET_NS) return <i32>ktimeGetNs.index
  if (<u64>id == HELPER_GET_PRANDOM_U32) return <i32>prandomU32.index
  if (<u64>id == HELPER_GET_SMP_PROCESSOR_ID) return <i32>smpProcessorId.index
  return 0
}
