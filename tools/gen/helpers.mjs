// SPDX-License-Identifier: BSD-2-Clause
// Helper prototypes and availability: tables for core and static data for the virtual kernel.
import * as as from './assemblyscript.mjs'
import { CORE, generated, VM } from './files.mjs'
import { ATTRS, FUNC_COUNT, KINDS, NEEDS_CAP_BPF, NEEDS_CAP_PERFMON, PROTOS } from './helper-tables.mjs'
import { quote } from './typescript.mjs'

const SOURCE = 'func_proto tables of Linux 6.18'
const ALL_ATTACH = 0xffffffffffffffffn
const FLAG_NAMES = [
  ['GPL_ONLY', ATTRS.gpl],
  ['PKT_ACCESS', ATTRS.pkt],
  ['MIGHT_SLEEP', ATTRS.sleep],
  ['ALLOW_FASTCALL', ATTRS.fastcall],
  ['ALLOWED_D_PATH', ATTRS['allowed:d_path']],
  ['ALLOWED_IMA', ATTRS['allowed:ima']],
  ['ALLOWED_SK_STORAGE', ATTRS['allowed:sk_storage']],
]

const BTF_NAMES = [
  '',
  '?',
  ...new Set(
    PROTOS.flatMap(({ result, args }) => [result.btf, ...args.map(({ btf }) => btf)]).filter(
      (name) => name && name !== '?',
    ),
  ),
]

function attrBits(attrs) {
  return attrs.reduce((bits, attr) => bits | ATTRS[attr], 0)
}

/** Bytes of little-endian numbers: [value, size] pairs. */
export function pack(fields) {
  const bytes = []
  for (const [value, size] of fields) {
    for (let i = 0; i < size; i++) bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn))
  }
  return bytes
}

function protoRow({ id, attrs, result, args }) {
  const arg = (i) => args[i] ?? { word: 0, size: 0, btf: '' }
  const extra = ({ size, btf }) => (btf ? BTF_NAMES.indexOf(btf) : size)
  return pack([
    [id, 2],
    [attrBits(attrs), 2],
    [result.word, 4],
    ...[0, 1, 2, 3, 4].map((i) => [arg(i).word, 4]),
    [extra(result), 1],
    ...[0, 1, 2, 3, 4].map((i) => [extra(arg(i)), 1]),
    [0, 2],
  ])
}

/** Zero-terminated names behind each other, and where each begins. */
export function blob(names) {
  const bytes = []
  const offsets = []
  for (const name of names) {
    offsets.push(bytes.length)
    bytes.push(...new TextEncoder().encode(name), 0)
  }
  return { bytes, offsets }
}

function asProtos() {
  const btf = blob(BTF_NAMES)
  const rows = [new Array(36).fill(0), ...PROTOS.map(protoRow)]
  const comments = PROTOS.map(({ index, variant }) => `//   ${String(index).padStart(3)} ${variant}`)
  return `// Prototypes of helpers. HELPER_PROTOS holds HELPER_PROTO_COUNT rows of HELPER_PROTO__SIZE bytes; row 0 is empty and means that
// the helper cannot be used. helper-availability.gen.ts gives the row for a kind of program and a helper id.
//   0 u16  helper id
//   2 u16  HELPER_* flags below
//   4 u32  result: bpf_return_type with bpf_type_flag
//   8 u32  five arguments: bpf_arg_type with bpf_type_flag, 0 (ARG_DONTCARE) behind the last
//  28 u8   result's kernel structure: index into HELPER_BTF_NAMES, 0 none
//  29 u8   five arguments: index into HELPER_BTF_NAMES where the base type is ARG_PTR_TO_BTF_ID, else size of fixed-size memory
// HELPER_ALLOWED_*: a predicate over what the program is attached to must hold ("helper call is not allowed in probe").
// HELPER_BTF_NAMES: zero-terminated structure names, HELPER_BTF_NAME_OFFSETS (u16) where each begins; index 1 ("?") is
// decided call by call (kptr_xchg, spin locks).
${as.constant('HELPER_PROTO_COUNT', rows.length)}
${as.constant('HELPER_PROTO__SIZE', 36)}
${as.constant('HELPER_PROTO__id', 0)}
${as.constant('HELPER_PROTO__flags', 2)}
${as.constant('HELPER_PROTO__result', 4)}
${as.constant('HELPER_PROTO__args', 8)}
${as.constant('HELPER_PROTO__resultBtf', 28)}
${as.constant('HELPER_PROTO__argExtras', 29)}
${FLAG_NAMES.map(([name, bit]) => as.constant(`HELPER_${name}`, bit)).join('\n')}

${as.constant('HELPER_BTF_NAME_COUNT', BTF_NAMES.length)}
${as.data('HELPER_BTF_NAME_OFFSETS', 'u16', btf.offsets)}
${as.data('HELPER_BTF_NAMES', 'u8', btf.bytes, 32)}

// Rows:
${comments.join('\n')}
${as.data('HELPER_PROTOS', 'u8', rows.flat(), 36)}`
}

function asNames() {
  const names = []
  for (const { id, helper } of PROTOS) names[id] = `bpf_${helper}`
  names[0] = 'bpf_unspec'
  const { bytes, offsets } = blob(names)
  return `// Names of helpers for messages: HELPER_NAMES holds them zero-terminated, HELPER_NAME_OFFSETS (u16 by helper id) where each begins.
${as.constant('HELPER_COUNT', FUNC_COUNT)}
${as.data('HELPER_NAME_OFFSETS', 'u16', offsets)}
${as.data('HELPER_NAMES', 'u8', bytes, 32)}`
}

function mask(attach) {
  return attach === null ? ALL_ATTACH : attach.reduce((bits, n) => bits | (1n << BigInt(n)), 0n)
}

function asAvailability() {
  const hooks = [...new Set(KINDS.map(({ hook }) => hook))]
  const hookName = (hook) => hook.replace(/^[a-z_]+: /, (kind) => kind.toUpperCase()).toUpperCase()
  const hookConstant = (hook) => (hook === '' ? 'ANY' : hookName(hook).replace(/[^A-Z0-9]+/g, '_'))
  const rows = KINDS.map(({ type, sleepable, hook, attach }) =>
    pack([
      [mask(attach), 8],
      [type, 1],
      [sleepable === null ? 2 : Number(sleepable), 1],
      [hooks.indexOf(hook), 1],
      [0, 5],
    ]),
  )
  const kinds = KINDS.map(({ index, name }) => as.constant(`PROGRAM_KIND_${name}`, index))
  return `// Kinds of programs, and which helper prototype each may use.
// PROGRAM_KINDS: PROGRAM_KIND_COUNT rows of PROGRAM_KIND__SIZE bytes; the first that fits a program is its kind:
//   0 u64  mask of expected_attach_type; all bits set: any, values over 63 too
//   8 u8   program type
//   9 u8   0: not sleepable, 1: sleepable, 2: does not matter
//  10 u8   PROGRAM_HOOK_*: what the program is attached to (0: does not matter)
// HELPER_AVAILABILITY: u16 at (kind * HELPER_AVAILABILITY_STRIDE + helper id) * 2: row of HELPER_PROTOS, 0: cannot be used;
// with HELPER_NEEDS_CAP_BPF or HELPER_NEEDS_CAP_PERFMON where the loader must have the capability (else as if 0).
${as.constant('PROGRAM_KIND_COUNT', KINDS.length)}
${as.constant('PROGRAM_KIND__SIZE', 16)}
${as.constant('PROGRAM_KIND__attachMask', 0)}
${as.constant('PROGRAM_KIND__type', 8)}
${as.constant('PROGRAM_KIND__sleepable', 9)}
${as.constant('PROGRAM_KIND__hook', 10)}
${hooks.map((hook, i) => `${as.constant(`PROGRAM_HOOK_${hookConstant(hook)}`, i)} // ${hook || 'any'}`).join('\n')}
${kinds.join('\n')}
${as.data('PROGRAM_KINDS', 'u8', rows.flat(), 16)}

${as.constant('HELPER_AVAILABILITY_STRIDE', FUNC_COUNT)}
${as.constant('HELPER_AVAILABILITY_ROW_MASK', 0x3fff)}
${as.constant('HELPER_NEEDS_CAP_BPF', NEEDS_CAP_BPF)}
${as.constant('HELPER_NEEDS_CAP_PERFMON', NEEDS_CAP_PERFMON)}
${as.data(
  'HELPER_AVAILABILITY',
  'u16',
  KINDS.flatMap(({ helpers }) => helpers),
  32,
)}`
}

function tsProtos() {
  const rows = PROTOS.map(({ variant, helper, id, attrs, result, args }) => {
    const arg = ({ text, size, btf }) => quote(text + (size ? `#${size}` : '') + (btf ? `@${btf}` : ''))
    return `  { id: ${id}, name: 'bpf_${helper}', variant: ${quote(variant)}, gplOnly: ${attrs.includes('gpl')}, mightSleep: ${attrs.includes('sleep')}, result: ${arg(result)}, args: [${args.map(arg).join(', ')}] },`
  })
  return `/** Prototype of a helper. Types in the kernel's spelling, with \`#size\` or \`@structure\`. */
export interface HelperProto {
  readonly id: number
  readonly name: string
  /** A helper may have several prototypes, for different kinds of programs. */
  readonly variant: string
  readonly gplOnly: boolean
  readonly mightSleep: boolean
  readonly result: string
  readonly args: readonly string[]
}

export const HELPER_PROTOS: readonly HelperProto[] = [
${rows.join('\n')}
]`
}

function tsAvailability() {
  const rows = KINDS.map(({ name, type, sleepable, hook, attach, helpers }) => {
    const indices = helpers.flatMap((entry) => (entry ? [(entry & 0x3fff) - 1] : []))
    return `  { name: ${quote(name)}, type: ${type}, attachTypes: ${attach ? `[${attach.join(', ')}]` : 'null'}, sleepable: ${sleepable}, hook: ${quote(hook)}, helpers: [${indices.join(', ')}] },`
  })
  return `/** A kind of program and the helpers that it may call: indices into HELPER_PROTOS. The first row that fits a program wins. */
export interface ProgramKind {
  readonly name: string
  readonly type: number
  /** null: any. */
  readonly attachTypes: readonly number[] | null
  /** null: does not matter. */
  readonly sleepable: boolean | null
  /** What it is attached to, empty where that does not matter. */
  readonly hook: string
  readonly helpers: readonly number[]
}

export const PROGRAM_KINDS: readonly ProgramKind[] = [
${rows.join('\n')}
]`
}

export function helperOutputs() {
  return [
    generated(`${CORE}/helpers.gen.ts`, 'helpers', SOURCE, tsProtos()),
    generated(`${CORE}/helper-availability.gen.ts`, 'helper-availability', SOURCE, tsAvailability()),
    generated(`${VM}/helpers.gen.ts`, 'helpers', SOURCE, asProtos()),
    generated(`${VM}/helper-names.gen.ts`, 'helpers', SOURCE, asNames()),
    generated(`${VM}/helper-availability.gen.ts`, 'helper-availability', SOURCE, asAvailability()),
  ]
}
