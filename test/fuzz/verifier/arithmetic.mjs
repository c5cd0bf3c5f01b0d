// SPDX-License-Identifier: BSD-2-Clause
// Steps on numbers: constants, arithmetic, copies.
// Methods of the maker of programs.mjs.

import { CONSTANTS } from './constants.mjs'

const ALU_OPS = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  'mod',
  'xor',
  'mov',
  'arsh',
  'add',
  'and',
  'sub',
]

export const arithmetic = {
  step_constant() {
    const reg = this.target()
    if (this.r.chance(20)) this.code.imm64(reg, this.r.pick(CONSTANTS), this.r.pick(CONSTANTS))
    else this.code.aluImm('mov', reg, this.r.pick(CONSTANTS), this.r.chance(70))
    this.set(reg, 'scalar')
  },
  step_alu() {
    const { r, code } = this
    const reg = this.scalar()
    const op = r.pick(ALU_OPS)
    const wide = r.chance(65)
    const off = (op === 'div' || op === 'mod') && r.chance(30) ? 1 : 0
    if (r.chance(50)) {
      let imm = r.pick(CONSTANTS)
      if ((op === 'lsh' || op === 'rsh' || op === 'arsh') && r.chance(95)) imm = r.below(wide ? 64 : 32)
      code.aluImm(op, reg, imm, wide, off)
    } else {
      const src = this.scalar()
      const signed = op === 'mov' && r.chance(40) ? r.pick(wide ? [8, 16, 32] : [8, 16]) : off
      code.aluReg(op, reg, src, wide, signed)
    }
  },
  step_unary() {
    const reg = this.scalar()
    if (this.r.chance(40)) this.code.aluImm('neg', reg, 0, this.r.chance(50))
    else this.code.put(this.r.pick([0xd4, 0xdc, 0xd7]), reg, 0, 0, this.r.pick([16, 32, 64]))
  },
  step_copy() {
    const live = []
    for (let i = 0; i < 11; i++) if (this.regs[i] !== 'none') live.push(i)
    const src = this.r.pick(live)
    const dst = this.target()
    this.code.movReg(dst, src)
    this.set(dst, this.regs[src])
  },
}
