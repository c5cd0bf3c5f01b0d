// SPDX-License-Identifier: BSD-2-Clause
// Programs from typed templates: each step knows what the registers hold and mostly does what is allowed.

import { Code } from './emit.mjs'
import { FD_BASE, MAPS } from './maps.mjs'

const CONSTANTS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 40, 48, 63, 64, 100, 127, 128, 255, 256, 511, 512, 4095, 65535, 65536, -1,
  -2, -8, -16, -128, -129, 0x7fffffff, -0x80000000, 0x7ffffffe, 0xffff,
]
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
const JUMP_OPS = ['eq', 'gt', 'ge', 'set', 'ne', 'sgt', 'sge', 'lt', 'le', 'slt', 'sle']
const TYPES = [1, 3, 6, 1, 3, 6, 8, 5, 17, 15, 13, 14, 2]
/** Context words that may be read, by program type. */
const FIELDS = {
  1: [0, 4, 8, 12, 16, 20, 24, 48, 52, 64],
  3: [0, 4, 8, 12, 16, 24, 28, 48, 52, 64, 68],
  6: [12, 16, 20],
  8: [0, 4, 8, 12, 16, 24, 28, 48],
  5: [0],
  17: [0],
  15: [0, 4],
  13: [0, 4, 8, 12],
  14: [0, 4],
  2: [0],
}
const PACKET = { 3: [76, 80], 6: [0, 4], 8: [76, 80], 14: [76, 80] }
const HELPERS = [
  7, 5, 8, 14, 15, 16, 1, 2, 3, 26, 28, 12, 25, 131, 130, 181, 164, 105, 113, 197, 198, 87, 88, 89, 195, 9, 44, 11, 84,
  33, 147, 112, 6, 4, 45, 34,
]

class Maker {
  constructor(random) {
    this.r = random
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

  step_constant() {
    const reg = this.target()
    if (this.r.chance(20)) this.code.imm64(reg, this.r.pick(CONSTANTS), this.r.pick(CONSTANTS))
    else this.code.aluImm('mov', reg, this.r.pick(CONSTANTS), this.r.chance(70))
    this.set(reg, 'scalar')
  }
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
  }
  step_unary() {
    const reg = this.scalar()
    if (this.r.chance(40)) this.code.aluImm('neg', reg, 0, this.r.chance(50))
    else this.code.put(this.r.pick([0xd4, 0xdc, 0xd7]), reg, 0, 0, this.r.pick([16, 32, 64]))
  }
  step_copy() {
    const live = []
    for (let i = 0; i < 11; i++) if (this.regs[i] !== 'none') live.push(i)
    const src = this.r.pick(live)
    const dst = this.target()
    this.code.movReg(dst, src)
    this.set(dst, this.regs[src])
  }
  step_context() {
    const ctx = this.one('ctx')
    if (ctx < 0) return
    const dst = this.target()
    const off = this.r.chance(95) ? this.r.pick(FIELDS[this.type]) : this.r.below(200)
    this.code.load(this.r.chance(85) ? 4 : this.r.pick([1, 2, 8]), dst, ctx, off)
    this.set(dst, 'scalar')
  }
  step_stackStore() {
    const { r, code } = this
    const off = this.slot()
    const size = r.chance(60) ? 8 : r.pick([1, 2, 4])
    const at = off + (r.chance(80) ? 0 : size * r.below(8 / size))
    if (r.chance(40)) code.storeImm(size, 10, at, r.pick(CONSTANTS))
    else {
      const live = []
      for (let i = 0; i < 11; i++) if (this.regs[i] !== 'none') live.push(i)
      const src = size === 8 ? r.pick(live) : this.scalar()
      code.store(size, 10, at, src)
      if (size === 8 && at === off) this.spilled = [off, this.regs[src]]
    }
    this.slots.add(off)
  }
  step_stackLoad() {
    const { r, code } = this
    const dst = this.target()
    if (this.spilled && r.chance(50)) {
      code.load(8, dst, 10, this.spilled[0])
      this.set(dst, this.spilled[1])
      return
    }
    const off = this.slots.size && r.chance(90) ? r.pick([...this.slots]) : this.slot()
    const size = r.pick([1, 2, 4, 8, 8])
    code.load(size, dst, 10, off + (r.chance(70) ? 0 : size * r.below(8 / size)), size < 8 && r.chance(25))
    this.set(dst, 'scalar')
  }
  step_stackPointer() {
    const { r, code } = this
    const dst = this.target()
    code.movReg(dst, 10)
    code.aluImm('add', dst, this.slot())
    this.set(dst, 'stack')
    if (!r.chance(30)) return
    const idx = this.scalar()
    if (idx === dst) return
    code.aluImm('and', idx, r.pick([7, 8, 15, 24, 56]))
    code.aluReg('add', dst, idx)
    if (r.chance(50)) code.storeImm(r.pick([1, 8]), dst, 0, 0)
    else {
      code.load(1, idx, dst, 0)
    }
  }
  step_stackAccess() {
    const { r, code } = this
    const p = this.one('stack')
    if (p < 0) return
    const off = r.pick([0, 0, 8, -8, 4, 16])
    if (r.chance(50)) code.store(r.pick([1, 2, 4, 8]), p, off, this.scalar())
    else {
      const dst = this.target()
      code.load(r.pick([1, 2, 4, 8]), dst, p, off)
      this.set(dst, 'scalar')
    }
  }
  mapAddress(dst, place) {
    this.code.imm64(dst, FD_BASE + place, 0, 1)
  }
  keyOnStack(reg, size) {
    const { r, code } = this
    const off = -8 * r.between(Math.max(1, size >> 3), 4)
    for (let at = 0; at < Math.max(8, size); at += 8) code.storeImm(8, 10, off + at, r.pick([0, 1, 2]))
    code.movReg(reg, 10)
    code.aluImm('add', reg, off)
    this.slots.add(off)
  }
  step_lookup() {
    const { r, code } = this
    const place = r.pick([0, 0, 1, 2, 3, 7, 10, 11, 12, 13])
    this.keyOnStack(2, MAPS[place].key)
    this.mapAddress(1, place)
    code.call(1)
    this.clobber()
    this.set(0, 'none')
    const keep = r.chance(50) ? r.between(6, 9) : 0
    if (keep) {
      code.movReg(keep, 0)
      this.set(keep, 'none')
    }
    if (r.chance(8)) {
      this.set(0, 'value')
      return
    }
    const label = this.fresh()
    if (r.chance(50)) {
      code.jumpImm('eq', keep && r.chance(50) ? keep : 0, 0, label)
      this.pending.push([label, code.length + r.between(2, 12)])
    } else {
      code.jumpImm('ne', keep && r.chance(50) ? keep : 0, 0, label)
      if (r.chance(50)) {
        code.mov(0, 0)
        code.exit()
      } else code.jump('end')
      code.label(label)
    }
    this.set(0, 'value')
    if (keep) this.set(keep, 'value')
    this.valueSize = MAPS[place].value
  }
  step_value() {
    const { r, code } = this
    const p = this.one('value', 'mem')
    if (p < 0) return
    const size = r.pick([1, 2, 4, 8, 8])
    const limit = this.valueSize || 8
    const off = r.chance(85) ? size * r.below(Math.max(1, Math.floor(limit / size))) : r.between(-4, limit + 8)
    switch (r.below(4)) {
      case 0:
        code.store(size, p, off, this.scalar())
        break
      case 1:
        code.storeImm(size, p, off, r.pick(CONSTANTS))
        break
      case 2:
        code.put(
          0xc3 | (r.chance(50) ? 0x18 : 0),
          p,
          this.scalar(),
          off & ~7,
          r.pick([0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1]),
        )
        break
      default: {
        const dst = this.target()
        code.load(size, dst, p, off, size < 8 && r.chance(25))
        this.set(dst, 'scalar')
      }
    }
  }
  step_valueIndex() {
    const { r, code } = this
    const p = this.one('value', 'mem')
    const idx = this.scalar()
    if (p < 0 || idx === p) return
    const limit = this.valueSize || 8
    if (r.chance(50)) code.aluImm('and', idx, r.pick([7, 3, limit - 1, 31, 63]))
    else {
      const label = this.fresh()
      code.jumpImm(r.pick(['gt', 'ge', 'sgt', 'lt']), idx, r.pick([limit - 8, limit - 1, 8, 4]), label, r.chance(80))
      this.pending.push([label, code.length + r.between(2, 8)])
    }
    if (r.chance(30)) code.aluImm('lsh', idx, r.pick([1, 2, 3]))
    code.aluReg(r.chance(85) ? 'add' : 'sub', p, idx, r.chance(95))
    if (r.chance(60)) code.load(r.pick([1, 4, 8]), this.target(), p, 0)
  }
  step_packet() {
    const { r, code } = this
    const ctx = this.one('ctx')
    const bounds = PACKET[this.type]
    if (ctx < 0 || !bounds) return
    const [data, end, walk] = [r.between(2, 5), r.between(6, 8), 9]
    code.load(4, data, ctx, bounds[0])
    code.load(4, end, ctx, bounds[1])
    code.movReg(walk, data)
    const n = r.pick([1, 4, 8, 14, 34])
    code.aluImm('add', walk, n)
    if (r.chance(25)) {
      const idx = this.scalar()
      if (idx !== walk && idx !== data && idx !== end && idx !== ctx) {
        code.aluImm('and', idx, r.pick([15, 60, 255]))
        code.aluReg('add', walk, idx)
      }
    }
    const label = this.fresh()
    if (r.chance(50)) code.jumpReg(r.pick(['gt', 'ge']), walk, end, label)
    else code.jumpReg(r.pick(['lt', 'le']), end, walk, label)
    this.pending.push([label, code.length + r.between(2, 8)])
    this.set(data, 'packet')
    this.set(end, 'end')
    this.set(walk, 'packet')
    this.packetSize = n
  }
  step_packetAccess() {
    const { r, code } = this
    const p = this.one('packet')
    if (p < 0) return
    const size = r.pick([1, 2, 4, 8])
    const off = r.chance(80) ? r.below(Math.max(1, (this.packetSize ?? 8) - size + 1)) : r.between(-8, 20)
    if (r.chance(70)) {
      const dst = this.target()
      code.load(size, dst, p, off)
      this.set(dst, 'scalar')
    } else code.store(size, p, off, this.scalar())
  }
  step_branch() {
    const { r, code } = this
    const label = this.fresh()
    const a = this.scalar()
    const wide = r.chance(70)
    if (r.chance(60)) code.jumpImm(r.pick(JUMP_OPS), a, r.pick(CONSTANTS), label, wide)
    else code.jumpReg(r.pick(JUMP_OPS), a, this.scalar(), label, wide)
    this.pending.push([label, code.length + r.between(1, 8)])
  }
  step_pointerBranch() {
    const { r, code } = this
    const live = []
    for (let i = 0; i < 11; i++) if (this.regs[i] !== 'none') live.push(i)
    const label = this.fresh()
    if (r.chance(50)) code.jumpReg(r.pick(JUMP_OPS), r.pick(live), r.pick(live), label)
    else code.jumpImm(r.pick(JUMP_OPS), r.pick(live), 0, label)
    this.pending.push([label, code.length + r.between(1, 6)])
  }
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
  }
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
  }
  /** Puts what the prototype of a helper wants into r1 to r5, now and then something else. */
  step_helper() {
    const { r, code } = this
    const id = r.pick(HELPERS)
    const stack = (reg, off) => {
      code.movReg(reg, 10)
      code.aluImm('add', reg, off)
    }
    const ctx = this.one('ctx')
    const needsCtx = [26, 9, 44, 11, 84, 33, 25, 12, 34].includes(id)
    if (needsCtx) {
      if (ctx < 0) return
      if (ctx !== 1) code.movReg(1, ctx)
    }
    switch (id) {
      case 1:
        this.keyOnStack(2, 4)
        this.mapAddress(1, r.below(MAPS.length))
        break
      case 2: {
        const place = r.pick([0, 1, 2, 3])
        this.keyOnStack(2, MAPS[place].key)
        stack(3, -64)
        for (let at = 0; at < MAPS[place].value; at += 8) if (r.chance(97)) code.storeImm(8, 10, -64 + at, 0)
        code.mov(4, 0)
        this.mapAddress(1, place)
        break
      }
      case 3:
        this.keyOnStack(2, 8)
        this.mapAddress(1, r.pick([0, 1, 2]))
        break
      case 16:
        stack(1, -16)
        code.mov(2, r.pick([16, 8, 17, 0]))
        break
      case 26:
        code.mov(2, r.pick([0, 4]))
        stack(3, -32)
        this.size(4, 32)
        break
      case 9:
        code.mov(2, 0)
        if (r.chance(90)) code.storeImm(8, 10, -8, 0)
        stack(3, -8)
        this.size(4, 8)
        code.mov(5, r.pick([0, 1]))
        break
      case 28:
        stack(1, -16)
        code.mov(2, r.pick([0, 16, 8]))
        code.storeImm(8, 10, -16, 0)
        code.storeImm(8, 10, -8, 0)
        stack(3, -16)
        code.mov(4, r.pick([0, 8, 16]))
        code.mov(5, 0)
        break
      case 12:
        this.mapAddress(2, r.pick([5, 5, 5, 0]))
        code.mov(3, r.pick([0, 1, 5]))
        break
      case 25:
        this.mapAddress(2, 6)
        code.imm64(3, -1, 0)
        code.storeImm(8, 10, -8, 1)
        stack(4, -8)
        this.size(5, 8)
        break
      case 131:
        return this.ringbuf()
      case 130:
        this.mapAddress(1, 4)
        code.storeImm(8, 10, -8, 1)
        stack(2, -8)
        this.size(3, 8)
        code.mov(4, 0)
        break
      case 181:
        return this.callback(181)
      case 164:
        return this.callback(164)
      case 105:
        code.storeImm(8, 10, -8, 49)
        stack(1, -8)
        this.size(2, 8)
        code.mov(3, r.pick([0, 10, 7]))
        stack(4, -16)
        break
      case 113:
      case 112:
        stack(1, -16)
        this.size(2, 16)
        code.movReg(3, 10)
        break
      case 4:
      case 45:
        stack(1, -16)
        this.size(2, 16)
        code.mov(3, 0)
        break
      case 197:
        return this.dynptr()
      case 198:
        return this.ringbufDynptr()
      case 87:
        code.storeImm(8, 10, -8, 1)
        stack(2, -8)
        code.mov(3, 0)
        this.mapAddress(1, r.pick([8, 9]))
        break
      case 88:
      case 89:
        if (r.chance(50)) code.storeImm(8, 10, -8, 1)
        stack(2, -8)
        this.mapAddress(1, r.pick([8, 8, 9]))
        break
      case 195:
        this.keyOnStack(2, 4)
        code.mov(3, 0)
        this.mapAddress(1, r.pick([3, 13, 0]))
        break
      case 44:
        code.mov(2, r.pick([0, 4, -4]))
        break
      case 11:
        code.mov(2, 0)
        code.mov(3, 0)
        code.mov(4, 0)
        code.mov(5, 0)
        break
      case 84:
        return this.socket()
      case 33:
        this.mapAddress(2, r.pick([0, 5]))
        code.mov(3, 0)
        break
      case 147:
        code.mov(2, 0)
        stack(1, -8)
        code.mov(3, 0)
        code.mov(4, 0)
        break
      case 6:
        code.storeImm(8, 10, -8, 0x0a6425)
        stack(1, -8)
        this.size(2, 8)
        code.mov(3, 1)
        break
    }
    code.call(id)
    this.clobber()
    this.set(0, id === 1 || id === 195 ? 'none' : 'scalar')
  }
  /** A length, known or only bounded. */
  size(reg, max) {
    const { r, code } = this
    if (r.chance(60)) return code.mov(reg, r.pick([1, 4, max, max, max + 1, 0]))
    const src = this.one('scalar')
    if (src < 0) return code.mov(reg, max)
    if (src !== reg) code.movReg(reg, src)
    code.aluImm('and', reg, max - 1)
    if (r.chance(50)) code.aluImm('add', reg, 1)
    return code
  }
  ringbuf() {
    const { r, code } = this
    this.mapAddress(1, 4)
    code.mov(2, r.pick([8, 16, 64]))
    code.mov(3, 0)
    code.call(131)
    this.clobber()
    const label = this.fresh()
    code.jumpImm('eq', 0, 0, label)
    if (r.chance(60)) code.storeImm(8, 0, r.pick([0, 0, 8]), 1)
    if (r.chance(90)) {
      code.movReg(1, 0)
      code.mov(2, 0)
      code.call(r.pick([132, 133]))
    }
    code.label(label)
    this.set(0, 'none')
  }
  ringbufDynptr() {
    const { r, code } = this
    this.mapAddress(1, 4)
    code.mov(2, r.pick([8, 32]))
    code.mov(3, 0)
    code.movReg(4, 10)
    code.aluImm('add', 4, -16)
    code.call(198)
    if (r.chance(40)) {
      code.movReg(1, 10)
      code.aluImm('add', 1, -16)
      code.mov(2, 0)
      code.mov(3, 8)
      code.call(203)
      const label = this.fresh()
      code.jumpImm('eq', 0, 0, label)
      code.storeImm(8, 0, r.pick([0, 0, 8]), 1)
      code.label(label)
    }
    if (r.chance(90)) {
      code.movReg(1, 10)
      code.aluImm('add', 1, r.chance(95) ? -16 : -8)
      code.mov(2, 0)
      code.call(r.pick([199, 200]))
    }
    this.clobber()
    this.set(0, 'none')
  }
  dynptr() {
    const { r, code } = this
    const value = this.one('value')
    if (value < 0) return
    if (value !== 1) code.movReg(1, value)
    code.mov(2, r.pick([8, 16]))
    code.mov(3, 0)
    code.movReg(4, 10)
    code.aluImm('add', 4, -32)
    code.call(197)
    this.clobber()
    for (let n = r.below(3); n > 0; n--) {
      const id = r.pick([201, 202, 203])
      if (id === 203) {
        code.movReg(1, 10)
        code.aluImm('add', 1, -32)
        code.mov(2, 0)
        code.mov(3, r.pick([4, 8]))
        code.call(203)
        const label = this.fresh()
        code.jumpImm('eq', 0, 0, label)
        code.storeImm(4, 0, 0, 1)
        code.label(label)
      } else if (id === 201) {
        code.movReg(1, 10)
        code.aluImm('add', 1, -48)
        code.mov(2, 8)
        code.movReg(3, 10)
        code.aluImm('add', 3, -32)
        code.mov(4, 0)
        code.mov(5, 0)
        code.call(201)
      } else {
        code.movReg(1, 10)
        code.aluImm('add', 1, -32)
        code.mov(2, 0)
        code.storeImm(8, 10, -48, 0)
        code.movReg(3, 10)
        code.aluImm('add', 3, -48)
        code.mov(4, 8)
        code.mov(5, 0)
        code.call(202)
      }
      if (r.chance(20)) code.storeImm(8, 10, r.pick([-32, -24]), 0)
    }
    this.set(0, 'none')
  }
  socket() {
    const { r, code } = this
    if (this.type !== 3 && this.type !== 6) return
    const ctx = this.one('ctx')
    if (ctx !== 6) code.movReg(6, ctx)
    this.set(6, 'ctx')
    for (let off = -48; off < 0; off += 8) code.storeImm(8, 10, off, 0)
    code.movReg(1, 6)
    code.movReg(2, 10)
    code.aluImm('add', 2, -48)
    code.mov(3, r.pick([12, 36]))
    code.mov(4, 0)
    code.mov(5, 0)
    code.call(84)
    this.clobber()
    const label = this.fresh()
    code.jumpImm('eq', 0, 0, label)
    if (r.chance(50)) code.load(4, 7, 0, r.pick([0, 4, 8, 12, 24, 68]))
    if (r.chance(92)) {
      code.movReg(1, 0)
      code.call(86)
    }
    code.label(label)
    this.set(0, 'none')
    this.set(7, 'none')
  }
  callback(id) {
    const { r, code } = this
    if (this.functions.length > 3) return
    const label = `F${this.functions.length}`
    if (id === 181) {
      this.size(1, 16)
      code.functionAddress(2, label)
      if (r.chance(50)) code.mov(3, 0)
      else {
        code.storeImm(8, 10, -8, 0)
        code.movReg(3, 10)
        code.aluImm('add', 3, -8)
      }
      code.mov(4, 0)
      this.functions.push({
        label,
        kinds: ['none', 'scalar', r.chance(50) ? 'none' : 'stack'],
        args: 2,
        callback: true,
      })
    } else {
      this.mapAddress(1, r.pick([0, 1, 2]))
      code.functionAddress(2, label)
      code.mov(3, 0)
      code.mov(4, 0)
      this.functions.push({ label, kinds: ['none', 'none', 'none', 'value', 'scalar'], args: 4, callback: true })
    }
    code.call(id)
    this.clobber()
    this.set(0, 'scalar')
  }
  step_legacy() {
    const { r, code } = this
    const ctx = this.one('ctx')
    if (ctx < 0 || ![1, 3, 8].includes(this.type)) return
    if (ctx !== 6) code.movReg(6, ctx)
    this.set(6, 'ctx')
    if (r.chance(60)) code.put(r.pick([0x20, 0x28, 0x30]), 0, 0, 0, r.below(40))
    else code.put(r.pick([0x40, 0x48, 0x50]), 0, this.scalar(), 0, r.below(40))
    this.clobber()
    this.set(0, 'scalar')
  }
  step_odd() {
    const { r, code } = this
    code.put(r.below(256), r.below(11), r.below(11), r.pick([0, 0, 1, -1, 8]), r.pick(CONSTANTS))
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
      eat: this.type === 14 ? 0 : 0,
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

export function randomProgram(random) {
  return new Maker(random).make()
}
