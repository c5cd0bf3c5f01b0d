// SPDX-License-Identifier: BSD-2-Clause
// Steps that change the way: branches, loops, functions; and now and then any instruction at all.
// Methods of the maker of programs.mjs.

import { CONSTANTS } from './constants.mjs'

const JUMP_OPS = ['eq', 'gt', 'ge', 'set', 'ne', 'sgt', 'sge', 'lt', 'le', 'slt', 'sle']

export const control = {
  step_branch() {
    const { r, code } = this
    const label = this.fresh()
    const a = this.scalar()
    const wide = r.chance(70)
    if (r.chance(60)) code.jumpImm(r.pick(JUMP_OPS), a, r.pick(CONSTANTS), label, wide)
    else code.jumpReg(r.pick(JUMP_OPS), a, this.scalar(), label, wide)
    this.pending.push([label, code.length + r.between(1, 8)])
  },
  step_pointerBranch() {
    const { r, code } = this
    const live = []
    for (let i = 0; i < 11; i++) if (this.regs[i] !== 'none') live.push(i)
    const label = this.fresh()
    if (r.chance(50)) code.jumpReg(r.pick(JUMP_OPS), r.pick(live), r.pick(live), label)
    else code.jumpImm(r.pick(JUMP_OPS), r.pick(live), 0, label)
    this.pending.push([label, code.length + r.between(1, 6)])
  },
  step_loop() {
    const { r, code } = this
    if (this.inLoop) return
    // A jump into a loop finds an unknown counter, and the walk goes on for a million steps: a few such are enough.
    const wild = r.chance(2)
    if (!wild) this.flush(true)
    const counter = r.between(6, 9)
    code.mov(counter, 0)
    this.set(counter, 'scalar')
    const top = this.fresh()
    const out = this.fresh()
    code.label(top)
    this.inLoop = true
    // Most loops end: their counter is theirs alone.
    const tame = !wild || r.chance(50)
    if (tame) {
      this.counter = counter
      this.set(counter, 'counter')
    }
    const before = [...this.regs]
    if (r.chance(30)) code.put(0xe5, 0, 0, 0, 0, out)
    for (let n = r.between(1, 4); n > 0; n--)
      this.step(['alu', 'alu', 'stackStore', 'stackLoad', r.chance(30) ? 'branch' : 'alu', 'value', 'copy'])
    this.regs = this.regs.map((kind, i) => (before[i] === kind ? kind : 'none'))
    this.flush(true)
    this.inLoop = false
    this.counter = undefined
    code.aluImm('add', counter, r.pick([1, 1, 1, 2, 3]))
    this.set(counter, 'scalar')
    const bound = r.pick([2, 2, 3, 4, 6, 8])
    if (tame) code.jumpImm(r.pick(['lt', 'le', 'slt']), counter, bound, top, r.chance(80))
    else if (r.chance(50)) code.jumpImm('ne', counter, bound, top)
    else code.jumpReg('lt', counter, this.scalar(), top)
    code.label(out)
  },
  step_call() {
    const { r, code } = this
    const label = `F${this.functions.length}`
    if (this.functions.length > 3) return
    const args = r.below(3)
    for (let i = 1; i <= 5; i++) {
      if (i > args) continue
      if (this.regs[i] === 'none') code.mov(i, r.pick(CONSTANTS))
    }
    const kinds = this.regs.slice(0, 6).map((k, i) => (i && i <= args && k === 'none' ? 'scalar' : k))
    code.callLabel(label)
    this.functions.push({ label, kinds, args })
    this.clobber()
    this.set(0, 'scalar')
  },
  step_odd() {
    const { r, code } = this
    code.put(r.below(256), r.below(11), r.below(11), r.pick([0, 0, 1, -1, 8]), r.pick(CONSTANTS))
  },
}
