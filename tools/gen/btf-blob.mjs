// SPDX-License-Identifier: BSD-2-Clause
// Type information as bytes: read into plain rows, and written again. Only what pruning needs to know of a type: which
// other types it names, and how.

const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
}

export { KIND }

const MAGIC = 0xeb9f
const HEADER = 24

/** 32-bit words of kind-specific data behind a type with `vlen` elements. */
function extraWords(kind, vlen) {
  switch (kind) {
    case KIND.INT:
    case KIND.VAR:
    case KIND.DECL_TAG:
      return 1
    case KIND.ARRAY:
      return 3
    case KIND.STRUCT:
    case KIND.UNION:
    case KIND.DATASEC:
    case KIND.ENUM64:
      return 3 * vlen
    case KIND.ENUM:
    case KIND.FUNC_PROTO:
      return 2 * vlen
    default:
      return 0
  }
}

/** Rows by number: { kind, flag, vlen, name, ref, words }; `ref` is the size or the type; element 0 is void. */
export function readBtf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (at) => view.getUint32(at, true)
  if (view.getUint16(0, true) !== MAGIC) throw new Error('no BTF')
  const start = word(4)
  const [typeOff, typeLen, strOff, strLen] = [8, 12, 16, 20].map(word)
  const strings = bytes.subarray(start + strOff, start + strOff + strLen)
  const decoder = new TextDecoder()
  const text = (off) => decoder.decode(strings.subarray(off, strings.indexOf(0, off)))
  const types = [null]
  for (let at = start + typeOff, end = at + typeLen; at < end; ) {
    const info = word(at + 4)
    const kind = (info >>> 24) & 0x1f
    const vlen = info & 0xffff
    const count = extraWords(kind, vlen)
    const words = Array.from({ length: count }, (_, i) => word(at + 12 + 4 * i))
    types.push({ kind, flag: info >>> 31, vlen, name: text(word(at)), ref: word(at + 8), words })
    at += 12 + 4 * count
  }
  return { types, text }
}

/** Where in a type's words stand names of elements, and numbers of types. */
export function elementsOf(kind) {
  switch (kind) {
    case KIND.STRUCT:
    case KIND.UNION:
      return { stride: 3, name: 0, type: 1 }
    case KIND.FUNC_PROTO:
      return { stride: 2, name: 0, type: 1 }
    case KIND.ENUM:
      return { stride: 2, name: 0 }
    case KIND.ENUM64:
      return { stride: 3, name: 0 }
    case KIND.DATASEC:
      return { stride: 3, type: 0 }
    default:
      return undefined
  }
}

/** Whether `ref` is the number of a type. */
export function refersByRef(kind) {
  return (
    kind === KIND.PTR || (kind >= KIND.TYPEDEF && kind <= KIND.VAR) || kind === KIND.DECL_TAG || kind === KIND.TYPE_TAG
  )
}

/** Bytes of rows whose names are text: `names` of elements in the order of the elements. */
export function writeBtf(rows) {
  const encoder = new TextEncoder()
  const offsets = new Map([['', 0]])
  const strings = [Buffer.from([0])]
  let size = 1
  const offset = (name) => {
    let at = offsets.get(name)
    if (at === undefined) {
      at = size
      offsets.set(name, at)
      const bytes = Buffer.from([...encoder.encode(name), 0])
      strings.push(bytes)
      size += bytes.length
    }
    return at
  }
  const out = []
  for (const { kind, flag, vlen, name, ref, words, names } of rows) {
    out.push(offset(name), ((flag << 31) | (kind << 24) | vlen) >>> 0, ref)
    const copy = [...words]
    const shape = elementsOf(kind)
    for (const [i, text] of (names ?? []).entries()) copy[i * shape.stride + shape.name] = offset(text)
    out.push(...copy)
  }
  const types = Buffer.from(Uint32Array.from(out).buffer)
  const header = Buffer.alloc(HEADER)
  header.writeUInt16LE(MAGIC, 0)
  header.writeUInt8(1, 2)
  for (const [i, v] of [HEADER, 0, types.length, types.length, size].entries()) header.writeUInt32LE(v, 4 + 4 * i)
  return Buffer.concat([header, types, ...strings])
}
