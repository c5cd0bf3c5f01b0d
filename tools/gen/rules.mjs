// SPDX-License-Identifier: BSD-2-Clause
// Section names, licences, attach rules and return ranges.
import { ATTACH_POINTS, LOAD_ATTACH_TYPES, SLEEPABLE_TYPES } from '../../spec/attach.mjs'
import { GPL_COMPATIBLE_LICENSES } from '../../spec/license.mjs'
import { RETURN_RANGES } from '../../spec/return-ranges.mjs'
import { LOOSE_SECTIONS, SECTIONS } from '../../spec/sections.mjs'
import * as as from './assemblyscript.mjs'
import { CORE, generated, VM } from './files.mjs'
import { attachType, linkType, PROG_TYPE_COUNT, progType } from './numbers.mjs'
import { quote } from './typescript.mjs'

const NONE = 0xffffffffffffffffn

function sectionRow([pattern, type, attach, flags, auto]) {
  const words = flags.split(' ')
  const has = (word) => words.includes(word)
  const extras = pattern.endsWith('+')
  const parts = [
    `name: ${quote(extras ? pattern.slice(0, -1) : pattern)}`,
    `extras: ${extras}`,
    `type: ${progType(type)}`,
    `attachType: ${attachType(attach)}`,
    ...['attachable', 'optional', 'btf', 'sleepable', 'frags', 'usdt'].filter(has).map((word) => `${word}: true`),
    ...(auto ? [`auto: ${quote(auto)}`] : []),
  ]
  return `  { ${parts.join(', ')} }, // ${type.replace('BPF_PROG_TYPE_', '')}${attach ? ` ${attach}` : ''}`
}

function tsSections() {
  return `/** What a section name says about the program in it. */
export interface SectionRow {
  readonly name: string
  /** Whether a slash and more may follow the name. */
  readonly extras: boolean
  readonly type: number
  /** expected_attach_type, 0 where none is set. */
  readonly attachType: number
  /** Attached with PROG_ATTACH or LINK_CREATE. */
  readonly attachable?: boolean
  /** A kernel that knows no expected_attach_type gets 0. */
  readonly optional?: boolean
  /** The target is a BTF id. */
  readonly btf?: boolean
  readonly sleepable?: boolean
  /** BPF_F_XDP_HAS_FRAGS. */
  readonly frags?: boolean
  readonly usdt?: boolean
  /** How to attach from the section name alone. */
  readonly auto?: string
}

/** Exact names (or, with \`extras\`, a name with a slash and more). The first row that fits wins. */
export const SECTIONS: readonly SectionRow[] = [
${SECTIONS.map(sectionRow).join('\n')}
]

/** Prefixes that old loaders took, longest first: tried when no row of SECTIONS fits. */
export const LOOSE_SECTIONS: readonly SectionRow[] = [
${LOOSE_SECTIONS.map(sectionRow).join('\n')}
]`
}

function tsLicense() {
  return `/** Licences under which a program may call GPL-only helpers, to be compared whole. */
export const GPL_COMPATIBLE_LICENSES: readonly string[] = [
${GPL_COMPATIBLE_LICENSES.map((text) => `  ${quote(text)},`).join('\n')}
]`
}

function tsAttach() {
  const load = LOAD_ATTACH_TYPES.map(
    ([type, by, fixup, accepted]) =>
      `  { type: ${progType(type)}, checkedBy: ${quote(by)}, zeroBecomes: ${attachType(fixup)}, accepted: [${accepted.map(attachType).join(', ')}] }, // ${type}`,
  )
  const sleepable = SLEEPABLE_TYPES.map(
    ([type, when]) => `  { type: ${progType(type)}, when: ${quote(when)} }, // ${type}`,
  )
  const points = ATTACH_POINTS.map(
    ([attach, type, via, link, target]) =>
      `  { attachType: ${attachType(attach)}, type: ${progType(type)}, progAttach: ${via === 'attach'}, linkType: ${linkType(link)}, target: ${quote(target)} }, // ${attach || type}`,
  )
  return `/** Types that check expected_attach_type; every other type takes any value. */
export const LOAD_ATTACH_TYPES: readonly {
  readonly type: number
  readonly checkedBy: 'load' | 'verifier'
  /** What 0 is replaced by before the check (0: nothing). */
  readonly zeroBecomes: number
  readonly accepted: readonly number[]
}[] = [
${load.join('\n')}
]

/** Types that may be loaded with BPF_F_SLEEPABLE, see spec/attach.mjs for \`when\`. */
export const SLEEPABLE_TYPES: readonly { readonly type: number; readonly when: string }[] = [
${sleepable.join('\n')}
]

/** Where programs can be attached. \`linkType\` 0: no link. */
export const ATTACH_POINTS: readonly {
  readonly attachType: number
  readonly type: number
  readonly progAttach: boolean
  readonly linkType: number
  readonly target: string
}[] = [
${points.join('\n')}
]`
}

function tsRanges() {
  const rows = RETURN_RANGES.map(
    ([type, min, max, attach]) =>
      `  { type: ${progType(type)}, min: ${min}, max: ${max}, attachTypes: ${attach ? `[${attach.map(attachType).join(', ')}]` : 'null'} }, // ${type}`,
  )
  return `/** Allowed values of r0 at exit; the first row that fits wins (\`attachTypes\` null: any), without one any value may be returned. */
export const RETURN_RANGES: readonly {
  readonly type: number
  readonly min: number
  readonly max: number
  readonly attachTypes: readonly number[] | null
}[] = [
${rows.join('\n')}
]`
}

function mask(attachTypes) {
  return attachTypes.reduce((bits, name) => bits | (1n << BigInt(attachType(name))), 0n)
}

function hex(value) {
  return `0x${value.toString(16)}`
}

function perType(rows, value, fallback) {
  return Array.from({ length: PROG_TYPE_COUNT }, (_, type) => {
    const row = rows.find(([name]) => progType(name) === type)
    return row ? value(row) : fallback
  })
}

function asAttach() {
  const load = LOAD_ATTACH_TYPES.filter(([, by]) => by === 'load')
  const late = LOAD_ATTACH_TYPES.filter(([, by]) => by === 'verifier')
  const points = ATTACH_POINTS.map(([attach, type, via, link]) => [
    attachType(attach),
    progType(type),
    via === 'attach' ? 1 : 0,
    linkType(link),
  ])
  return `// Indexed by program type; bit n of a mask: expected_attach_type n is accepted. All bits set: no check (values over 63 too).
// LOAD_ATTACH_MASKS        u64: checked when the program is loaded, after the fixup. EINVAL.
// VERIFIER_ATTACH_MASKS    u64: checked by the verifier (tracing and LSM).
// LOAD_ATTACH_FIXUPS       u8: what an expected_attach_type of 0 is replaced by; 0: nothing.
// ATTACH_POINTS            rows of four u8: attach type, program type, 1 if PROG_ATTACH takes it, link type (0: no link).
${as.data(
  'LOAD_ATTACH_MASKS',
  'u64',
  perType(load, ([, , , list]) => hex(mask(list)), hex(NONE)),
  4,
)}
${as.data(
  'VERIFIER_ATTACH_MASKS',
  'u64',
  perType(late, ([, , , list]) => hex(mask(list)), hex(NONE)),
  4,
)}
${as.data(
  'LOAD_ATTACH_FIXUPS',
  'u8',
  perType(load, ([, , fixup]) => attachType(fixup), 0),
)}
${as.constant('ATTACH_POINT_COUNT', points.length)}
${as.constant('ATTACH_POINT_SIZE', 4)}
${as.data('ATTACH_POINTS', 'u8', points.flat(), 16)}`
}

function asRanges() {
  const rows = RETURN_RANGES.map(([type, min, max, attach]) => [
    progType(type),
    hex(attach ? mask(attach) : NONE),
    min,
    max,
  ])
  return `// What r0 may be at exit: the first row whose type is the program's and whose mask has the bit of expected_attach_type wins;
// without one any value may be returned. A mask with all bits set fits every attach type, values over 63 too.
// A row of RETURN_RANGES, 32 bytes: u64 program type, u64 mask of attach types, i64 lowest, i64 highest.
${as.constant('RETURN_RANGE_COUNT', rows.length)}
${as.constant('RETURN_RANGE_SIZE', 32)}
${as.constant('RETURN_RANGE__TYPE', 0)}
${as.constant('RETURN_RANGE__MASK', 8)}
${as.constant('RETURN_RANGE__MIN', 16)}
${as.constant('RETURN_RANGE__MAX', 24)}
${as.data('RETURN_RANGES', 'u64', rows.flat(), 4)}`
}

function asLicense() {
  const bytes = GPL_COMPATIBLE_LICENSES.flatMap((text) => [...new TextEncoder().encode(text), 0])
  return `// Licences under which a program may call GPL-only helpers: zero-terminated, one behind the other.
${as.constant('GPL_LICENSE_COUNT', GPL_COMPATIBLE_LICENSES.length)}
${as.data('GPL_LICENSES', 'u8', bytes, 24)}`
}

export function ruleOutputs() {
  const verifier = 'kernel/bpf/verifier.c of Linux 6.18'
  const syscall = 'kernel/bpf/syscall.c and verifier.c of Linux 6.18'
  return [
    generated(`${CORE}/sections.gen.ts`, 'sections', 'libbpf 1.6', tsSections()),
    generated(`${CORE}/license.gen.ts`, 'license', 'include/linux/license.h of Linux 6.18', tsLicense()),
    generated(`${CORE}/attach.gen.ts`, 'attach', syscall, tsAttach()),
    generated(`${CORE}/return-ranges.gen.ts`, 'return-ranges', verifier, tsRanges()),
    generated(`${VM}/license.gen.ts`, 'license', 'include/linux/license.h of Linux 6.18', asLicense()),
    generated(`${VM}/attach.gen.ts`, 'attach', syscall, asAttach()),
    generated(`${VM}/return-ranges.gen.ts`, 'return-ranges', verifier, asRanges()),
  ]
}
