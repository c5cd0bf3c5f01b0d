// SPDX-License-Identifier: BSD-2-Clause
// Programs from typed templates: each step knows what the registers hold and mostly does what is allowed.

import { arithmetic } from './arithmetic.mjs'
import { CONSTANTS } from './constants.mjs'
import { control } from './control.mjs'
import { Code } from './emit.mjs'
import { helpers } from './helpers.mjs'
import { kernelFunctions } from './kernel-functions.mjs'
import { memory } from './memory.mjs'
import { objects } from './objects.mjs'

const TYPES = [1, 3, 6, 1, 3, 6, 8, 5, 17, 15, 13, 14, 2]

class Maker {
  constructor(random, withKernel) {
    this.r = random
    this.withKernel = withKernel
    this.type = random.pick(TYPES)
    this.code = new Code()
    this.regs = new Array(11).fill('none')
    this.regs[1] = 'ctx'
    this.regs[10] = 'fp'
    this.labels = 0
    this.pending = []
    this.slots = new Set()
    this.functions = []
    this.savedCtx = false
  }
  fresh() {
    return `L${this.labels++}`
  }
  having(...kinds) {
    const found = []
    for (let i = 0; i < 11; i++) if (kinds.includes(this.regs[i])) found.push(i)
    return found
  }
  one(...kinds) {
    const found = this.having(...kinds)
    return found.length ? this.r.pick(found) : -1
  }
  target() {
    const reg = this.r.below(10)
    return reg === this.counter ? (reg + 1) % 6 : reg
  }
  scalar() {
    let reg = this.one('scalar')
    if (reg < 0) {
      reg = this.target()
      this.code.mov(reg, this.r.pick(CONSTANTS))
      this.regs[reg] = 'scalar'
    }
    return reg
  }
  set(reg, kind) {
    this.regs[reg] = kind
  }
  clobber() {
    for (let i = 1; i <= 5; i++) this.regs[i] = 'none'
  }
  slot() {
    return -8 * this.r.between(1, this.r.chance(90) ? 8 : 64)
  }
  /** Sets the labels whose place has come. */
  flush(all = false) {
    this.pending = this.pending.filter(([label, at]) => {
      if (!all && at > this.code.length) return true
      this.code.label(label)
      return false
    })
  }
  step(names) {
    const name = names
      ? this.r.pick(names)
      : this.r.weighted({
          constant: 6,
          alu: 22,
          unary: 3,
          copy: 8,
          context: 6,
          stackStore: 9,
          stackLoad: 8,
          stackPointer: 4,
          stackAccess: 4,
          lookup: 7,
          value: 10,
          valueIndex: 6,
          packet: 5,
          packetAccess: 6,
          branch: 16,
          pointerBranch: 2,
          loop: 3,
          call: 3,
          helper: 12,
          legacy: 1,
          odd: 1,
          kernelFunction: this.withKernel ? 12 : 0,
        })
    this[`step_${name}`]()
    this.flush()
  }
  body(steps) {
    for (let i = 0; i < steps; i++) this.step()
    this.flush(true)
  }
  make() {
    const { r, code } = this
    if (r.chance(60)) {
      code.movReg(r.pick([6, 6, 7, 9]), 1)
      this.regs[code.insns[0].dst] = 'ctx'
    }
    this.body(r.between(3, r.chance(80) ? 20 : 60))
    code.label('end')
    if (r.chance(97)) code.mov(0, r.pick([0, 0, 0, 1, 2]))
    code.exit()
    for (let i = 0; i < this.functions.length; i++) this.makeFunction(this.functions[i])
    return {
      insns: code.bytes(),
      type: this.type,
      eat: 0,
      flags: r.chance(80) ? 0 : r.pick([1, 8, 128, 129]),
      license: 'GPL',
    }
  }
  makeFunction({ label, kinds, args, callback }) {
    const { r, code } = this
    code.label(label)
    this.regs = new Array(11).fill('none')
    for (let i = 1; i <= args; i++) this.regs[i] = kinds[i] ?? 'none'
    this.regs[10] = 'fp'
    this.slots = new Set()
    this.spilled = undefined
    this.body(r.between(1, 8))
    if (r.chance(95)) code.mov(0, callback ? r.pick([0, 0, 1, 2]) : r.pick(CONSTANTS))
    code.exit()
  }
}
Object.assign(Maker.prototype, arithmetic, memory, control, helpers, objects, kernelFunctions)

/** With kernel functions where the kernels have a BTF to take their ids from. */
export function randomProgram(random, withKernel = false) {
  return new Maker(random, withKernel).make()
}
