// SPDX-License-Identifier: BSD-2-Clause
// node tools/gen/kernel-btf.mjs          writes packages/wasm-vm/types/linux.btf from the running kernel's BTF
// node tools/gen/kernel-btf.mjs --check  compares: nothing to do where another Linux runs
//
// What is kept, and why the rest need not be: spec/kernel-types.mjs.
import { readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { ENUMS, FUNCTIONS, OPAQUE, OPERATIONS, STRUCTS, TRACEPOINTS, VARIABLES } from '../../spec/kernel-types.mjs'
import { elementsOf, KIND, readBtf, refersByRef, writeBtf } from './btf-blob.mjs'

const OUTPUT = fileURLToPath(new URL('../../packages/wasm-vm/types/linux.btf', import.meta.url))
const SOURCE = '/sys/kernel/btf/vmlinux'
const RELEASE = '6.18.'

const isComposite = ({ kind }) => kind === KIND.STRUCT || kind === KIND.UNION

/** A function that tells whether a name is in a list in which * ends a prefix. */
function matcher(list) {
  const names = new Set(list.filter((name) => !name.endsWith('*')))
  const prefixes = list.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}

const isOpaque = matcher(OPAQUE)

/** The pruned rows of a BTF. */
export function prune({ types, text }) {
  const wanted = roots(types)
  const operations = matcher(OPERATIONS)
  const whole = new Set(wanted.filter((id) => isComposite(types[id])))
  // number -> how it is kept: 'whole', or 'name' without members
  const kept = new Map()
  const pointer = (id) => {
    // a pointer's target, through modifiers; structures stay outside unless they are wanted by name
    const type = types[id]
    if (!id) return
    if (type.kind === KIND.FUNC_PROTO) return
    if (isComposite(type) && type.name && !whole.has(id)) {
      if (!kept.has(id)) kept.set(id, 'name')
      return
    }
    if (type.kind === KIND.TYPEDEF || (type.kind >= KIND.VOLATILE && type.kind <= KIND.RESTRICT)) {
      if (kept.has(id)) return
      kept.set(id, 'whole')
      pointer(type.ref)
      return
    }
    if (type.kind === KIND.TYPE_TAG) {
      if (kept.has(id)) return
      kept.set(id, 'whole')
      pointer(type.ref)
      return
    }
    keep(id)
  }
  const keep = (id, inOperations = false) => {
    if (!id || kept.get(id) === 'whole') return
    const type = types[id]
    kept.set(id, 'whole')
    const shape = elementsOf(type.kind)
    if (isComposite(type) && isOpaque(type.name)) return
    if (type.kind === KIND.PTR) {
      if (inOperations || !pointsToFunction(types, id)) pointer(type.ref)
    } else if (type.kind === KIND.ARRAY) {
      keep(type.words[0])
      keep(type.words[1])
    } else if (shape?.type !== undefined) {
      // callbacks that functions take are compared with the program's declaration
      const deep = type.kind === KIND.FUNC_PROTO || (isComposite(type) && operations(type.name))
      for (let i = 0; i < type.vlen; i++) {
        const member = type.words[i * shape.stride + shape.type]
        if (deep && types[member]?.kind === KIND.PTR && types[types[member].ref]?.kind === KIND.FUNC_PROTO) {
          kept.set(member, 'whole')
          protos.add(types[member].ref)
          keep(types[member].ref)
        } else keep(member)
      }
    } else if (refersByRef(type.kind)) keep(type.ref)
  }
  const protos = new Set()
  for (const id of wanted) {
    // typed functions of tracepoints are typedefs of pointers to prototypes
    const type = types[id]
    if (type.kind === KIND.TYPEDEF && type.name.startsWith('btf_trace_')) {
      kept.set(id, 'whole')
      kept.set(type.ref, 'whole')
      protos.add(types[type.ref].ref)
      keep(types[type.ref].ref)
    } else keep(id)
  }
  // tags of what is kept
  types.forEach((type, id) => {
    if (type?.kind === KIND.DECL_TAG && kept.get(type.ref) === 'whole') kept.set(id, 'whole')
  })
  return renumber(types, text, kept)
}

function pointsToFunction(types, id) {
  return types[types[id].ref]?.kind === KIND.FUNC_PROTO
}

/** Numbers of the types that the spec names. */
function roots(types) {
  const tests = [
    [[KIND.STRUCT, KIND.UNION], matcher(STRUCTS)],
    [[KIND.ENUM, KIND.ENUM64], matcher(ENUMS)],
    [[KIND.VAR], matcher(VARIABLES)],
    [[KIND.TYPEDEF], matcher(TRACEPOINTS.map((name) => `btf_trace_${name}`))],
    [[KIND.FUNC], matcher([...FUNCTIONS, ...TRACEPOINTS.map((name) => `__bpf_trace_${name}`)])],
  ]
  const kfuncs = new Set(
    types.flatMap((type) => (type?.kind === KIND.DECL_TAG && type.name === 'bpf_kfunc' ? [type.ref] : [])),
  )
  const ids = []
  types.forEach((type, id) => {
    if (!type) return
    if (kfuncs.has(id) || tests.some(([kinds, matches]) => kinds.includes(type.kind) && matches(type.name)))
      ids.push(id)
  })
  return ids
}

/** Rows with new numbers, in the old order; equal names and equal references become one. */
function renumber(types, text, kept) {
  const ids = [...kept.keys()].sort((a, b) => a - b)
  const section = types.findIndex((type) => type?.kind === KIND.DATASEC)
  const number = new Map([[0, 0]])
  const outlines = new Map()
  let next = 1
  for (const id of ids) {
    if (kept.get(id) === 'name') {
      const key = `${types[id].kind} ${types[id].name}`
      if (!outlines.has(key)) outlines.set(key, next++)
      number.set(id, outlines.get(key))
    } else number.set(id, next++)
  }
  const of = (id) => number.get(id) ?? 0
  const rows = []
  const done = new Set()
  for (const id of ids) {
    if (done.has(of(id))) continue
    done.add(of(id))
    rows.push(kept.get(id) === 'name' ? outline(types[id]) : row(types[id], text, of))
  }
  if (section > 0) rows.push(datasec(types[section], number))
  return rows
}

/** Name and size of a structure; its members are not here. A pointer to it is still one to a structure. */
function outline(type) {
  return { ...type, flag: 0, vlen: 0, words: [], names: undefined }
}

function row(type, text, of) {
  if (isComposite(type) && isOpaque(type.name)) return { ...type, vlen: 0, words: [] }
  const words = [...type.words]
  const shape = elementsOf(type.kind)
  let names
  if (type.kind === KIND.ARRAY) {
    words[0] = of(words[0])
    words[1] = of(words[1])
  } else if (shape) {
    const at = (i, field) => i * shape.stride + field
    if (shape.type !== undefined)
      for (let i = 0; i < type.vlen; i++) words[at(i, shape.type)] = of(words[at(i, shape.type)])
    if (shape.name !== undefined)
      names = Array.from({ length: type.vlen }, (_, i) => text(type.words[at(i, shape.name)]))
  }
  return { ...type, ref: refersByRef(type.kind) ? of(type.ref) : type.ref, words, names }
}

/** The section of per-CPU variables, with those that are here. */
function datasec(type, number) {
  const words = []
  for (let i = 0; i < type.words.length; i += 3) {
    const id = number.get(type.words[i])
    if (id) words.push(id, type.words[i + 1], type.words[i + 2])
  }
  return { ...type, vlen: words.length / 3, words, names: undefined }
}

function main() {
  if (!release().startsWith(RELEASE)) {
    console.log(`skipped: Linux ${RELEASE}x is not what runs here`)
    return
  }
  const bytes = writeBtf(prune(readBtf(readFileSync(SOURCE))))
  const text = `${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`
  if (!process.argv.includes('--check')) {
    writeFileSync(OUTPUT, bytes)
    console.log(text)
  } else if (bytes.equals(readFileSync(OUTPUT))) console.log(`as committed: ${text}`)
  else {
    console.error('packages/wasm-vm/types/linux.btf differs: node tools/gen/kernel-btf.mjs')
    process.exitCode = 1
  }
}
if (process.argv[1] === fileURLToPath(import.meta.url)) main()
