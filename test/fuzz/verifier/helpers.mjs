// SPDX-License-Identifier: BSD-2-Clause
// Calls of helpers with what their prototypes want.
// Methods of the maker of programs.mjs.

import { MAPS } from './maps.mjs'

const HELPERS = [
  7, 5, 8, 14, 15, 16, 1, 2, 3, 26, 28, 12, 25, 131, 130, 181, 164, 105, 113, 197, 198, 87, 88, 89, 195, 9, 44, 11, 84,
  33, 147, 112, 6, 4, 45, 34,
]

export const helpers = {
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
  },
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
  },
}
