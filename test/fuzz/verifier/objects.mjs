// SPDX-License-Identifier: BSD-2-Clause
// Things that calls make and take back: ring buffer records, dynptrs, sockets, callbacks.
// Methods of the maker of programs.mjs.

export const objects = {
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
  },
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
  },
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
  },
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
  },
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
  },
}
