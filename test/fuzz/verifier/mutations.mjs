// SPDX-License-Identifier: BSD-2-Clause
// Small changes of programs that are interesting already.

const IMMEDIATES = [0, 1, -1, 2, 4, 7, 8, 15, 16, 31, 32, 63, 64, 255, 512, 4096, 0x7fffffff, -0x80000000]

function insnsOf(bytes) {
  const list = []
  for (let i = 0; i < bytes.length; i += 8) list.push(bytes.slice(i, i + 8))
  return list
}

function joined(list) {
  const bytes = new Uint8Array(list.length * 8)
  for (const [i, insn] of list.entries()) bytes.set(insn, i * 8)
  return bytes
}

const CHANGES = {
  immediate(random, insn) {
    const view = new DataView(insn.buffer)
    const old = view.getInt32(4, true)
    view.setInt32(4, random.chance(50) ? random.pick(IMMEDIATES) : old + random.pick([-1, 1, 8, -8]), true)
  },
  offset(random, insn) {
    const view = new DataView(insn.buffer)
    view.setInt16(2, view.getInt16(2, true) + random.pick([-8, -4, -2, -1, 1, 2, 4, 8]), true)
  },
  destination(random, insn) {
    insn[1] = (insn[1] & 0xf0) | random.below(11)
  },
  source(random, insn) {
    insn[1] = (insn[1] & 15) | (random.below(11) << 4)
  },
  operation(random, insn) {
    const cls = insn[0] & 7
    if (cls === 0 || (insn[0] & 0xf7) === 0x85 || insn[0] === 0x95) return
    if (cls >= 4) insn[0] = (insn[0] & 15) | (random.below(14) << 4)
    else insn[0] = (insn[0] & 0xe7) | (random.below(4) << 3)
  },
  width(_random, insn) {
    const cls = insn[0] & 7
    if (cls === 4 || cls === 7) insn[0] ^= 3
    else if ((cls === 5 || cls === 6) && insn[0] !== 0x85 && insn[0] !== 0x95) insn[0] ^= 3
  },
  operand(_random, insn) {
    if ((insn[0] & 7) >= 4 && insn[0] !== 0x85 && insn[0] !== 0x95) insn[0] ^= 8
  },
}

export function mutated(random, program) {
  const list = insnsOf(program.insns)
  for (let n = random.between(1, 3); n > 0 && list.length; n--) {
    const at = random.below(list.length)
    const kind = random.below(10)
    if (kind === 0 && list.length > 1) list.splice(at, 1)
    else if (kind === 1) list.splice(at, 0, new Uint8Array(random.pick(list)))
    else if (kind === 2) {
      const other = random.below(list.length)
      const kept = list[at]
      list[at] = list[other]
      list[other] = kept
    } else CHANGES[random.pick(Object.keys(CHANGES))](random, list[at])
  }
  return { ...program, insns: joined(list) }
}

const NOTHING = new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0])

/** The smallest program that the predicate still holds for: instructions become jumps to the next, ends are cut. */
export function shrunk(program, holds) {
  let list = insnsOf(program.insns)
  const deadline = Date.now() + 30_000
  const attempt = (next) => {
    if (Date.now() > deadline || !holds({ ...program, insns: joined(next) })) return false
    list = next
    return true
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let span = 8; span >= 1; span >>= 1) {
      for (let at = 0; at + span <= list.length; at++) {
        if (list.slice(at, at + span).every((insn) => insn[0] === 5 && insn[2] === 0 && insn[3] === 0)) continue
        const next = list.map((insn, i) => (i >= at && i < at + span ? NOTHING : insn))
        if (attempt(next)) changed = true
      }
    }
  }
  for (let at = list.length - 1; at >= 0; at--) {
    if (list[at][0] === 5 && list[at][2] === 0 && list[at][3] === 0) attempt(without(list, at))
  }
  return { ...program, insns: joined(list) }
}

/** Takes one instruction out and keeps the jumps over it right. */
function without(list, at) {
  const next = list.map((insn) => new Uint8Array(insn))
  next.forEach((insn, i) => {
    const cls = insn[0] & 7
    const far = insn[0] === 0x06 || (insn[0] === 0x85 && insn[1] >> 4 === 1) || (insn[0] === 0x18 && insn[1] >> 4 === 4)
    const near = (cls === 5 || cls === 6) && insn[0] !== 0x85 && insn[0] !== 0x95 && insn[0] !== 0x06
    if (!far && !near) return
    const view = new DataView(insn.buffer)
    const distance = far ? view.getInt32(4, true) : view.getInt16(2, true)
    const to = i + distance + 1
    const shift = to > at && i < at ? -1 : to <= at && i > at ? 1 : 0
    if (far) view.setInt32(4, distance + shift, true)
    else view.setInt16(2, distance + shift, true)
  })
  next.splice(at, 1)
  return next
}
