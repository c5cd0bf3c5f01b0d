// SPDX-License-Identifier: BSD-2-Clause
/** Values as the verifier's log words them: read, put into plain words, compared with what a register really holds. */

/** What the verifier proved about a number. */
export interface Bounds {
  smin: bigint
  smax: bigint
  umin: bigint
  umax: bigint
  s32min: bigint
  s32max: bigint
  u32min: bigint
  u32max: bigint
  /** Bits that are known, and which are not. */
  value: bigint
  mask: bigint
}

const U64 = (1n << 64n) - 1n

function unknown(): Bounds {
  return {
    smin: -(1n << 63n),
    smax: (1n << 63n) - 1n,
    umin: 0n,
    umax: U64,
    s32min: -(1n << 31n),
    s32max: (1n << 31n) - 1n,
    u32min: 0n,
    u32max: (1n << 32n) - 1n,
    value: 0n,
    mask: U64,
  }
}

/** A proved value. */
export interface Proof {
  /** `scalar`, `ctx`, `pkt`, `map_value`, `fp` … */
  readonly kind: string
  readonly text: string
  /** Bounds of a number, or of the variable part of a pointer's offset. */
  readonly bounds: Bounds
  /** Fields in the brackets: `off`, `r`, `map`, `id` … */
  readonly fields: Readonly<Record<string, string>>
  /** Offset of a pointer; of `fp`, from the frame pointer. */
  readonly offset: number
  /** Of `fp`: the frame that it points to, where the log says so. */
  readonly frame: number | undefined
}

function toBigInt(text: string): bigint | undefined {
  const negative = text.startsWith('-')
  const digits = negative ? text.slice(1) : text
  if (!/^(0x[0-9a-f]+|\d+)$/.test(digits)) return undefined
  return negative ? -BigInt(digits) : BigInt(digits)
}

const SETTERS: Readonly<Record<string, (bounds: Bounds, value: bigint) => void>> = {
  smin: (b, v) => {
    b.smin = BigInt.asIntN(64, v)
  },
  smax: (b, v) => {
    b.smax = BigInt.asIntN(64, v)
  },
  umin: (b, v) => {
    b.umin = v
  },
  umax: (b, v) => {
    b.umax = v
  },
  smin32: (b, v) => {
    b.s32min = BigInt.asIntN(32, v)
  },
  smax32: (b, v) => {
    b.s32max = BigInt.asIntN(32, v)
  },
  umin32: (b, v) => {
    b.u32min = v
  },
  umax32: (b, v) => {
    b.u32max = v
  },
}

/** Splits `a=b=1,var_off=(0x0; 0xff)` at commas outside of brackets. */
function splitFields(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    const char = text[i]
    if (char === '(') depth++
    else if (char === ')') depth--
    else if ((char === ',' || char === undefined) && depth <= 0) {
      if (i > start) parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return parts
}

function readField(part: string, bounds: Bounds, fields: Record<string, string>): void {
  const known = /^var_off=\((0x[0-9a-f]+); (0x[0-9a-f]+)\)$/.exec(part)
  if (known) {
    bounds.value = BigInt(known[1]!)
    bounds.mask = BigInt(known[2]!)
    return
  }
  const words = part.split('=')
  const value = words.pop()!
  const number = toBigInt(value)
  for (const word of words) {
    const set = SETTERS[word]
    if (set && number !== undefined) set(bounds, number)
    else fields[word] = value
  }
}

function constant(value: bigint): Bounds {
  const unsigned = BigInt.asUintN(64, value)
  const low = BigInt.asUintN(32, value)
  const signed = BigInt.asIntN(64, value)
  const low32 = BigInt.asIntN(32, value)
  return {
    smin: signed,
    smax: signed,
    umin: unsigned,
    umax: unsigned,
    s32min: low32,
    s32max: low32,
    u32min: low,
    u32max: low,
    value: unsigned,
    mask: 0n,
  }
}

/** Reads `scalar(…)`, `5`, `fp-8`, `pkt(off=14,r=34)`, `P0x1f` … */
export function parseProof(text: string): Proof {
  // A spilled part of a register: the other bytes of the slot stand before it.
  const plain = text.replace(/^[m?0]{1,7}(?=[a-z]+\()/, '').replace(/^P/, '')
  const number = toBigInt(plain)
  if (number !== undefined) {
    return { kind: 'scalar', text, bounds: constant(number), fields: {}, offset: 0, frame: undefined }
  }
  const stack = /^fp(?:\[(\d+)\])?(-?\d+)?/.exec(plain)
  if (stack) {
    const frame = stack[1] === undefined ? undefined : Number(stack[1])
    const bounds = { ...constant(0n) }
    return { kind: 'fp', text, bounds, fields: {}, offset: Number(stack[2] ?? 0), frame }
  }
  const match = /^([a-z_0-9]+)\((.*)\)$/.exec(plain)
  if (!match) return { kind: plain, text, bounds: unknown(), fields: {}, offset: 0, frame: undefined }
  const isScalar = match[1] === 'scalar'
  const hasRange = /(min|max|var_off)/.test(match[2]!)
  const bounds = isScalar || hasRange ? unknown() : constant(0n)
  const fields: Record<string, string> = {}
  for (const part of splitFields(match[2]!)) readField(part, bounds, fields)
  return { kind: match[1]!, text, bounds, fields, offset: Number(fields.off ?? 0), frame: undefined }
}

/** Whether a number lies in the bounds. */
export function inBounds(bounds: Bounds, value: bigint): boolean {
  const unsigned = BigInt.asUintN(64, value)
  const signed = BigInt.asIntN(64, value)
  const low = BigInt.asUintN(32, value)
  const low32 = BigInt.asIntN(32, value)
  return (
    unsigned >= bounds.umin &&
    unsigned <= bounds.umax &&
    signed >= bounds.smin &&
    signed <= bounds.smax &&
    low >= bounds.u32min &&
    low <= bounds.u32max &&
    low32 >= bounds.s32min &&
    low32 <= bounds.s32max &&
    (unsigned & ~bounds.mask & U64) === (bounds.value & ~bounds.mask & U64)
  )
}

/** Where the pieces of memory begin that pointers of a run may point to. */
export interface Places {
  readonly ctx?: bigint
  readonly packet?: bigint
  readonly packetEnd?: bigint
  /** Frame pointers by frame, the outermost first. */
  readonly frames: readonly bigint[]
}

export type Agreement = 'agrees' | 'outside' | 'unknown'

function within(proof: Proof, base: bigint | undefined, value: bigint): Agreement {
  if (base === undefined) return 'unknown'
  return inBounds(proof.bounds, value - base - BigInt(proof.offset)) ? 'agrees' : 'outside'
}

/** Compares what a register holds with what had been proved about it. */
export function agree(proof: Proof, value: bigint, frame: number, places: Places): Agreement {
  switch (proof.kind) {
    case 'scalar':
      return inBounds(proof.bounds, value) ? 'agrees' : 'outside'
    case 'fp':
      return within(proof, places.frames[proof.frame ?? frame], value)
    case 'ctx':
      return within(proof, places.ctx, value)
    case 'pkt':
      return within(proof, places.packet, value)
    case 'pkt_end':
      return within(proof, places.packetEnd, value)
    default:
      if (proof.kind.endsWith('_or_null')) return 'agrees'
      // Any other pointer: that it is one is all that can be told.
      return /^(map_value|map_ptr|mem|sock|ringbuf_mem|pkt_meta|ptr)/.test(proof.kind) && value === 0n
        ? 'outside'
        : 'unknown'
  }
}

function range(min: bigint, max: bigint): string {
  return min === max ? format(min) : `${format(min)} … ${format(max)}`
}

function format(value: bigint): string {
  const size = value < 0n ? -value : value
  return size > 65535n ? `${value < 0n ? '-' : ''}0x${size.toString(16)}` : value.toString()
}

const KINDS: Readonly<Record<string, string>> = {
  ctx: 'the context',
  pkt: 'packet',
  pkt_end: 'end of the packet',
  pkt_meta: 'packet metadata',
  map_ptr: 'map',
  map_value: 'value in map',
  map_value_or_null: 'value in map, or null',
  map_key: 'key of map',
  fp: 'stack',
  mem: 'memory',
  mem_or_null: 'memory, or null',
  ringbuf_mem: 'ring buffer record',
  ringbuf_mem_or_null: 'ring buffer record, or null',
  sock: 'socket',
  sock_or_null: 'socket, or null',
  sock_common: 'socket',
  sock_common_or_null: 'socket, or null',
  func: 'function',
}

function numberInWords(bounds: Bounds): string {
  if (bounds.mask === 0n) return format(BigInt.asIntN(64, bounds.value))
  if (bounds.smin >= 0n && bounds.umax < U64) {
    const step = bounds.mask & 1n ? '' : `, a multiple of ${bounds.mask & -bounds.mask}`
    return bounds.value === 0n ? `${range(bounds.umin, bounds.umax)}${step}` : range(bounds.umin, bounds.umax)
  }
  if (bounds.smin > -(1n << 63n) || bounds.smax < (1n << 63n) - 1n) return range(bounds.smin, bounds.smax)
  if (bounds.u32min > 0n || bounds.u32max < 0xffffffffn) return `low half ${range(bounds.u32min, bounds.u32max)}`
  return 'any number'
}

/** The proof in a few plain words. */
export function inWords(proof: Proof): string {
  if (proof.kind === 'scalar') return numberInWords(proof.bounds)
  const name = KINDS[proof.kind] ?? proof.kind.replaceAll('_', ' ')
  const map = proof.fields.map ? ` ${proof.fields.map}` : ''
  const sign = proof.offset < 0 ? '-' : '+'
  const off = proof.offset ? ` ${sign} ${Math.abs(proof.offset)}` : ''
  const moving = proof.bounds.mask !== 0n && proof.kind !== 'map_ptr' ? ` + (${numberInWords(proof.bounds)})` : ''
  const reach = proof.fields.r && proof.fields.r !== '0' ? `, ${proof.fields.r} bytes may be read` : ''
  return `${name}${map}${off}${moving}${reach}`
}
