// SPDX-License-Identifier: BSD-2-Clause
// Random programs that a verifier accepts: scalars in registers, stack slots that are written before anything else, a
// block of memory indexed through a mask, forward jumps, counted loops, subprograms. Everything that is computed ends up
// in r0, in the stack's slots or in memory.
import { Random } from './random.mjs'

/** Bytes of memory that r6 points to. */
export const MEMORY_SIZE = 64
/** Map and value sources of the two ways to reach memory: see `MemoryAccess`. */
const SLOTS = 6

const ALU_OPS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0]
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0]
const SIZES = [0x10, 0x08, 0x00, 0x18]
const WIDTH = new Map([
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
])
const ATOMICS = [0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1]
const CMPXCHG = 0xf1
const EDGES = [
  0, 1, -1, 2, 7, 31, 32, 63, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -0x80000000, -2, -128,
]

/** Registers that hold scalars; r6 is memory, r9 counts loops. */
const SCALARS = [0, 1, 2, 3, 4, 5, 7, 8]

class Writer {
  slots = []

  emit(code, dst, src, off, imm) {
    const bytes = Buffer.alloc(8)
    bytes[0] = code
    bytes[1] = dst | (src << 4)
    bytes.writeInt16LE(off, 2)
    bytes.writeInt32LE(imm | 0, 4)
    this.slots.push(bytes)
    return this.slots.length - 1
  }

  loadImm64(dst, low, high, src = 0) {
    this.emit(0x18, dst, src, 0, low)
    this.emit(0, 0, 0, 0, high)
  }

  /** Lets the jump at `at` lead to what comes next. */
  land(at) {
    this.slots[at].writeInt16LE(this.slots.length - at - 1, 2)
  }
}

class Generator {
  constructor(seed, memory, mapFd) {
    this.random = new Random(seed)
    this.out = new Writer()
    this.memory = memory
    this.mapFd = mapFd
    this.calls = []
  }

  constant() {
    return this.random.oneIn(3) ? this.random.pick(EDGES) : this.random.next() | 0
  }

  scalar() {
    return this.random.pick(SCALARS)
  }

  start(withMemory) {
    const { out, random } = this
    if (withMemory) this.memory(out)
    for (const reg of SCALARS) {
      if (random.oneIn(3)) out.emit(0xb7, reg, 0, 0, this.constant())
      else out.loadImm64(reg, random.next(), random.next())
    }
    for (let i = 1; i <= SLOTS; i++) out.emit(0x7b, 10, this.scalar(), -8 * i, 0)
  }

  alu() {
    const { out, random } = this
    const wide = random.oneIn(2) ? 0x07 : 0x04
    const op = random.pick(ALU_OPS)
    const dst = this.scalar()
    const divides = op === 0x30 || op === 0x90
    const off = divides && random.oneIn(2) ? 1 : 0
    if (random.oneIn(2)) return out.emit(wide | 0x08 | op, dst, this.scalar(), off, 0)
    const shifts = op === 0x60 || op === 0x70 || op === 0xc0
    let imm = this.constant()
    if (shifts) imm = random.below(wide === 7 ? 64 : 32)
    if (divides && imm === 0) imm = 3
    out.emit(wide | op, dst, 0, off, imm)
  }

  unary() {
    const { out, random } = this
    const dst = this.scalar()
    switch (random.below(5)) {
      case 0:
        return out.emit(random.oneIn(2) ? 0x87 : 0x84, dst, 0, 0, 0)
      case 1:
        return out.emit(0xbf, dst, this.scalar(), random.pick([8, 16, 32]), 0)
      case 2:
        return out.emit(0xbc, dst, this.scalar(), random.pick([8, 16]), 0)
      case 3:
        return out.emit(0xd7, dst, 0, 0, random.pick([16, 32, 64]))
      default:
        return out.emit(random.oneIn(2) ? 0xd4 : 0xdc, dst, 0, 0, random.pick([16, 32, 64]))
    }
  }

  /** Shifts up and down, as compilers extend values. */
  extend() {
    const { out, random } = this
    const dst = this.scalar()
    const by = random.pick([32, 48, 56])
    out.emit(0x67, dst, 0, 0, by)
    out.emit(random.oneIn(2) ? 0x77 : 0xc7, dst, 0, 0, by)
  }

  stack() {
    const { out, random } = this
    const size = random.oneIn(2) ? 0x18 : random.pick(SIZES)
    const width = WIDTH.get(size)
    const off = -8 * (1 + random.below(SLOTS)) + width * random.below(8 / width)
    switch (random.below(4)) {
      case 0:
        return out.emit(0x62 | size, 10, 0, off, this.constant())
      case 1:
        return out.emit(0x63 | size, 10, this.scalar(), off, 0)
      case 2:
        return size === 0x18 ? undefined : out.emit(0x81 | size, this.scalar(), 10, off, 0)
      default:
        return out.emit(0x61 | size, this.scalar(), 10, off, 0)
    }
  }

  /** memory[x & mask], x any scalar: r3 becomes the address. */
  memoryAccess() {
    const { out, random } = this
    const size = random.pick(SIZES)
    const width = WIDTH.get(size)
    const index = this.scalar()
    out.emit(0xbf, 3, index, 0, 0)
    out.emit(0x57, 3, 0, 0, (MEMORY_SIZE - 1) & ~(width - 1))
    out.emit(0x0f, 3, 6, 0, 0)
    const off = 0
    switch (random.below(4)) {
      case 0:
        out.emit(0x62 | size, 3, 0, off, this.constant())
        break
      case 1:
        out.emit(0x63 | size, 3, random.pick([0, 1, 2, 4, 5, 7, 8]), off, 0)
        break
      case 2: {
        const wide = random.oneIn(2) ? 0x18 : 0x00
        const source = random.pick([1, 2, 4, 5, 7, 8])
        // An atomic must be aligned; the mask saw to the access size only
        out.emit(0xbf, 3, index === 3 ? 8 : index, 0, 0)
        out.emit(0x57, 3, 0, 0, MEMORY_SIZE - 8)
        out.emit(0x0f, 3, 6, 0, 0)
        const op = random.pick(ATOMICS)
        out.emit(0xc3 | wide, 3, source, off, op)
        // Linux 6.18 on x86-64 leaves the upper half of r0 as it was when a 32-bit exchange succeeds and its verifier does
        // not see on this path that somebody reads it; RFC 9669 has it zero
        if (op === CMPXCHG && !wide) out.emit(0xbc, 0, 0, 0, 0)
        break
      }
      default:
        out.emit(0x61 | size, random.pick([0, 1, 2, 4, 5, 7, 8]), 3, off, 0)
    }
    out.emit(0xb7, 3, 0, 0, this.constant())
  }

  jump(depth) {
    const { out, random } = this
    const cls = random.oneIn(2) ? 0x05 : 0x06
    const op = random.pick(JUMPS)
    const at = random.oneIn(2)
      ? out.emit(cls | 0x08 | op, this.scalar(), this.scalar(), 0, 0)
      : out.emit(cls | op, this.scalar(), 0, 0, this.constant())
    this.block(1 + random.below(4), depth + 1)
    if (random.oneIn(3)) {
      const skip = out.emit(0x05, 0, 0, 0, 0)
      out.land(at)
      this.block(1 + random.below(4), depth + 1)
      out.land(skip)
    } else {
      out.land(at)
    }
  }

  /** A chain of comparisons of one register with small constants. */
  chain(depth) {
    const { out, random } = this
    const reg = this.scalar()
    out.emit(0x57, reg, 0, 0, 31)
    const ends = []
    for (let i = 0, count = 4 + random.below(12); i < count; i++) {
      const at = out.emit((random.oneIn(2) ? 0x05 : 0x06) | 0x50, reg, 0, 0, i)
      this.block(1, depth + 2)
      ends.push(out.emit(0x05, 0, 0, 0, 0))
      out.land(at)
    }
    for (const end of ends) out.land(end)
  }

  loop(depth) {
    const { out, random } = this
    out.emit(0xb7, 9, 0, 0, 1 + random.below(6))
    const head = out.slots.length
    this.block(1 + random.below(5), depth + 2, true)
    if (random.oneIn(4)) {
      const at = out.emit(0x15, this.scalar(), 0, 0, this.constant())
      this.block(1, depth + 2, true)
      out.land(at)
    }
    out.emit(0x07, 9, 0, 0, -1)
    out.emit(0x55, 9, 0, head - out.slots.length - 1, 0)
  }

  /** A helper looks up an element, there or not, and the program adds to it. */
  lookup() {
    const { out, random } = this
    out.emit(0x62, 10, 0, -64, random.below(2))
    out.loadImm64(1, this.mapFd, 0, 1)
    out.emit(0xbf, 2, 10, 0, 0)
    out.emit(0x07, 2, 0, 0, -64)
    out.emit(0x85, 0, 0, 0, 1)
    const missing = out.emit(0x15, 0, 0, 0, 0)
    const size = random.pick(SIZES)
    out.emit(0x61 | size, 4, 0, 8 * random.below(8), 0)
    out.emit(0x0f, 4, random.pick([7, 8]), 0, 0)
    out.emit(0x63 | size, 0, 4, 8 * random.below(8), 0)
    out.land(missing)
    for (const reg of [0, 1, 2, 3, 4, 5]) out.emit(0xb7, reg, 0, 0, this.constant())
  }

  call() {
    const { out } = this
    if (this.mapFd !== undefined && this.random.oneIn(2)) return this.lookup()
    this.calls.push(out.emit(0x85, 0, 1, 0, 0))
    for (const reg of [1, 2, 3, 4, 5]) out.emit(0xb7, reg, 0, 0, this.constant())
  }

  block(count, depth, inLoop = false) {
    for (let i = 0; i < count; i++) {
      const what = this.random.below(20)
      if (what < 8) this.alu()
      else if (what < 10) this.unary()
      else if (what < 11) this.extend()
      else if (what < 13) this.stack()
      else if (what < 15 && !this.inSubprogram) this.memoryAccess()
      else if (what < 17 && depth < 3) this.jump(depth)
      else if (what === 17 && depth < 2) this.chain(depth)
      else if (what === 18 && depth < 2 && !inLoop) this.loop(depth)
      else if (what === 19 && !this.inSubprogram && this.withCalls) this.call()
      else this.alu()
    }
  }

  /** Everything into r0. */
  finish(registers) {
    const { out } = this
    for (const reg of registers) {
      out.emit(0x27, 0, 0, 0, 31)
      out.emit(0x0f, 0, reg, 0, 0)
    }
    for (let i = 1; i <= SLOTS; i++) {
      out.emit(0x79, 1, 10, -8 * i, 0)
      out.emit(0xaf, 0, 1, 0, 0)
    }
    out.emit(0xbf, 1, 0, 0, 0)
    out.emit(0x77, 1, 0, 0, 32)
    out.emit(0xaf, 0, 1, 0, 0)
    out.emit(0x95, 0, 0, 0, 0)
  }

  program() {
    const { out, random } = this
    this.withCalls = random.oneIn(3)
    this.start(true)
    this.block(4 + random.below(20), 0)
    this.finish(SCALARS.slice(1))
    if (this.calls.length) this.subprogram()
    return Buffer.concat(out.slots)
  }

  subprogram() {
    const { out, random } = this
    const first = out.slots.length
    for (const at of this.calls) out.slots[at].writeInt32LE(first - at - 1, 4)
    this.inSubprogram = true
    for (const reg of [0, 7, 8]) out.emit(0xb7, reg, 0, 0, this.constant())
    for (let i = 1; i <= SLOTS; i++) out.emit(0x7b, 10, this.random.pick([1, 2, 3, 4, 5]), -8 * i, 0)
    this.block(2 + random.below(6), 1)
    this.finish([1, 2, 3, 4, 5, 7, 8])
  }
}

/**
 * A program of this seed. `memory(writer)` must emit instructions that leave the address of MEMORY_SIZE bytes in r6.
 * `mapFd`, if given, is an array of such values, which programs may look into. Returns the bytes of its instructions.
 */
export function generate(seed, memory, mapFd) {
  return new Generator(seed, memory, mapFd).program()
}
