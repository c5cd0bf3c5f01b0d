// SPDX-License-Identifier: BSD-2-Clause
// Steps on memory: context, stack, map values, packets.
// Methods of the maker of programs.mjs.

import { CONSTANTS } from './constants.mjs'
import { FD_BASE, MAPS } from './maps.mjs'

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

export const memory = {
  step_context() {
    const ctx = this.one('ctx')
    if (ctx < 0) return
    const dst = this.target()
    const off = this.r.chance(95) ? this.r.pick(FIELDS[this.type]) : this.r.below(200)
    this.code.load(this.r.chance(85) ? 4 : this.r.pick([1, 2, 8]), dst, ctx, off)
    this.set(dst, 'scalar')
  },
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
  },
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
  },
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
  },
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
  },
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
  },
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
  },
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
  },
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
  },
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
  },
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
  },
  mapAddress(dst, place) {
    this.code.imm64(dst, FD_BASE + place, 0, 1)
  },
  keyOnStack(reg, size) {
    const { r, code } = this
    const off = -8 * r.between(Math.max(1, size >> 3), 4)
    for (let at = 0; at < Math.max(8, size); at += 8) code.storeImm(8, 10, off + at, r.pick([0, 1, 2]))
    code.movReg(reg, 10)
    code.aluImm('add', reg, off)
    this.slots.add(off)
  },
}
