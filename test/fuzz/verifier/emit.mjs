// SPDX-License-Identifier: BSD-2-Clause
// Instructions in words, and a list that puts them together with jumps to labels.

export const SIZES = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }
export const ALU = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  or: 4,
  and: 5,
  lsh: 6,
  rsh: 7,
  neg: 8,
  mod: 9,
  xor: 10,
  mov: 11,
  arsh: 12,
  end: 13,
}
export const JMP = {
  ja: 0,
  eq: 1,
  gt: 2,
  ge: 3,
  set: 4,
  ne: 5,
  sgt: 6,
  sge: 7,
  call: 8,
  exit: 9,
  lt: 10,
  le: 11,
  slt: 12,
  sle: 13,
}

export class Code {
  insns = []
  #labels = new Map()

  get length() {
    return this.insns.length
  }

  put(op, dst, src, off, imm, target) {
    this.insns.push({ op, dst, src, off, imm, target })
    return this
  }

  label(name) {
    this.#labels.set(name, this.insns.length)
  }

  aluImm(op, dst, imm, wide = true, off = 0) {
    return this.put((wide ? 7 : 4) | (ALU[op] << 4), dst, 0, off, imm)
  }
  aluReg(op, dst, src, wide = true, off = 0) {
    return this.put((wide ? 7 : 4) | 8 | (ALU[op] << 4), dst, src, off, 0)
  }
  mov(dst, imm) {
    return this.aluImm('mov', dst, imm)
  }
  movReg(dst, src) {
    return this.aluReg('mov', dst, src)
  }
  load(size, dst, src, off, signed = false) {
    return this.put((signed ? 0x81 : 0x61) | SIZES[size], dst, src, off, 0)
  }
  store(size, dst, off, src) {
    return this.put(0x63 | SIZES[size], dst, src, off, 0)
  }
  storeImm(size, dst, off, imm) {
    return this.put(0x62 | SIZES[size], dst, 0, off, imm)
  }
  imm64(dst, lo, hi, src = 0) {
    this.put(0x18, dst, src, 0, lo)
    return this.put(0, 0, 0, 0, hi)
  }
  call(id) {
    return this.put(0x85, 0, 0, 0, id)
  }
  exit() {
    return this.put(0x95, 0, 0, 0, 0)
  }
  jumpImm(op, dst, imm, target, wide = true) {
    return this.put((wide ? 5 : 6) | (JMP[op] << 4), dst, 0, 0, imm, target)
  }
  jumpReg(op, dst, src, target, wide = true) {
    return this.put((wide ? 5 : 6) | 8 | (JMP[op] << 4), dst, src, 0, 0, target)
  }
  jump(target) {
    return this.put(5, 0, 0, 0, 0, target)
  }
  callLabel(target) {
    return this.put(0x85, 0, 1, 0, 0, target)
  }
  functionAddress(dst, target) {
    this.put(0x18, dst, 4, 0, 0, target)
    return this.put(0, 0, 0, 0, 0)
  }

  /** Bytes; labels that were never set become jumps to the end. */
  bytes() {
    const view = new DataView(new ArrayBuffer(this.insns.length * 8))
    this.insns.forEach(({ op, dst, src, off, imm, target }, i) => {
      if (target !== undefined) {
        const distance = (this.#labels.get(target) ?? this.insns.length - 1) - i - 1
        if (op === 0x85 || op === 0x18 || op === 6) imm = distance
        else off = distance
      }
      view.setUint8(i * 8, op)
      view.setUint8(i * 8 + 1, dst | (src << 4))
      view.setInt16(i * 8 + 2, off, true)
      view.setInt32(i * 8 + 4, imm | 0, true)
    })
    return new Uint8Array(view.buffer)
  }
}
