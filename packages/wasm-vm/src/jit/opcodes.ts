// SPDX-License-Identifier: GPL-2.0-only
/** Names of the opcodes that the JIT emits (WebAssembly core specification, section 5.4). */

/** Loads and stores, followed by alignment and offset. */
export const MEMORY_OPCODES: ReadonlyMap<number, string> = new Map([
  [0x28, 'i32.load'],
  [0x29, 'i64.load'],
  [0x2c, 'i32.load8_s'],
  [0x2d, 'i32.load8_u'],
  [0x2e, 'i32.load16_s'],
  [0x2f, 'i32.load16_u'],
  [0x30, 'i64.load8_s'],
  [0x32, 'i64.load16_s'],
  [0x34, 'i64.load32_s'],
  [0x36, 'i32.store'],
  [0x37, 'i64.store'],
  [0x3a, 'i32.store8'],
  [0x3b, 'i32.store16'],
  [0x3c, 'i64.store8'],
  [0x3d, 'i64.store16'],
  [0x3e, 'i64.store32'],
])

/** Opcodes without immediates: a run of names from each number. */
const RUNS: readonly [first: number, names: string][] = [
  [0x00, 'unreachable nop'],
  [0x05, 'else'],
  [0x0b, 'end'],
  [0x0f, 'return'],
  [0x1a, 'drop select'],
  [0x45, 'i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u'],
  [0x50, 'i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u'],
  [
    0x67,
    'i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr',
  ],
  [
    0x79,
    'i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr',
  ],
  [0xa7, 'i32.wrap_i64'],
  [0xac, 'i64.extend_i32_s i64.extend_i32_u'],
  [0xc0, 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s'],
]

export const PLAIN_OPCODES: ReadonlyMap<number, string> = new Map(
  RUNS.flatMap(([first, names]) => names.split(' ').map((name, i): [number, string] => [first + i, name])),
)
