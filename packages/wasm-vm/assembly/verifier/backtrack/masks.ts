// SPDX-License-Identifier: GPL-2.0-only
// Registers and stack slots that are looked for while a path is walked backwards. Counterpart: bt_* of verifier.c.

import { Env } from '../env'
import { MAX_CALL_FRAMES } from '../state'

@inline export function btFrameRegs(env: Env, frame: i32): u32 {
  return load<u32>(env.btRegs + ((<usize>frame) << 2))
}

@inline export function btFrameSlots(env: Env, frame: i32): u64 {
  return load<u64>(env.btStack + ((<usize>frame) << 3))
}

@inline export function btRegs(env: Env): u32 {
  return btFrameRegs(env, env.btFrame)
}

@inline export function btSlots(env: Env): u64 {
  return btFrameSlots(env, env.btFrame)
}

@inline export function btSetFrameReg(env: Env, frame: i32, r: i32): void {
  store<u32>(env.btRegs + ((<usize>frame) << 2), btFrameRegs(env, frame) | (1 << r))
}

@inline export function btClearFrameReg(env: Env, frame: i32, r: i32): void {
  store<u32>(env.btRegs + ((<usize>frame) << 2), btFrameRegs(env, frame) & ~(1 << r))
}

@inline export function btSetReg(env: Env, r: i32): void {
  btSetFrameReg(env, env.btFrame, r)
}

@inline export function btClearReg(env: Env, r: i32): void {
  btClearFrameReg(env, env.btFrame, r)
}

@inline export function btHasFrameReg(env: Env, frame: i32, r: i32): bool {
  return ((btFrameRegs(env, frame) >> r) & 1) != 0
}

@inline export function btHasReg(env: Env, r: i32): bool {
  return btHasFrameReg(env, env.btFrame, r)
}

@inline export function btSetFrameSlot(env: Env, frame: i32, spi: i32): void {
  store<u64>(env.btStack + ((<usize>frame) << 3), btFrameSlots(env, frame) | ((<u64>1) << spi))
}

@inline export function btClearFrameSlot(env: Env, frame: i32, spi: i32): void {
  store<u64>(env.btStack + ((<usize>frame) << 3), btFrameSlots(env, frame) & ~((<u64>1) << spi))
}

@inline export function btHasFrameSlot(env: Env, frame: i32, spi: i32): bool {
  return ((btFrameSlots(env, frame) >> spi) & 1) != 0
}
export function btEmpty(env: Env): bool {
  for (let i = 0; i <= env.btFrame; i++) if (btFrameRegs(env, i) || btFrameSlots(env, i)) return false
  return true
}
export function btReset(env: Env): void {
  env.btFrame = 0
  memory.fill(env.btRegs, 0, (<usize>MAX_CALL_FRAMES) << 2)
  memory.fill(env.btStack, 0, (<usize>MAX_CALL_FRAMES) << 3)
}
