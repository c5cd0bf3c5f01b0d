// SPDX-License-Identifier: BSD-2-Clause
// Helper prototypes and their availability in the form that generators and the oracle check share.
import { HELPER_SETS, PROGRAM_KINDS } from '../../spec/helper-availability.mjs'
import { HELPERS } from '../../spec/helpers.mjs'
import { attachType, number, progType, typeWord } from './numbers.mjs'

export const ATTRS = {
  gpl: 1,
  pkt: 2,
  sleep: 4,
  fastcall: 8,
  'allowed:d_path': 0x10,
  'allowed:ima': 0x20,
  'allowed:sk_storage': 0x40,
}
export const NEEDS_CAP_BPF = 0x4000
export const NEEDS_CAP_PERFMON = 0x8000
export const FUNC_COUNT = number('__BPF_FUNC_MAX_ID')

function parseType(text) {
  const [, words, size, btf] = /^([^#@]+)(?:#(\d+))?(?:@(.+))?$/.exec(text)
  return { text: words, word: typeWord(words), size: Number(size ?? 0), btf: btf ?? '' }
}

/** Prototypes by index; index 0 means that a program cannot use the helper. */
export const PROTOS = HELPERS.map(([variant, helper, attrs, result, args], i) => ({
  index: i + 1,
  variant,
  helper,
  id: number(`BPF_FUNC_${helper}`),
  attrs: attrs.split(' ').filter(Boolean),
  result: parseType(result),
  args: args.map(parseType),
}))

const byVariant = new Map(PROTOS.map((proto) => [proto.variant, proto]))

const sets = new Map(
  HELPER_SETS.map(({ set, cap, variants }) => {
    const names = variants.split(/\s+/).filter(Boolean)
    const bits = cap === '' ? 0 : { CAP_BPF: NEEDS_CAP_BPF, CAP_PERFMON: NEEDS_CAP_PERFMON }[cap]
    return [set, names.map((name) => ({ proto: byVariant.get(name) ?? missing(name), cap: bits }))]
  }),
)

function missing(name) {
  throw new Error(`no helper prototype ${name}`)
}

/** Kinds of programs; \`helpers\`: by helper id, the prototype's index with the capability bits, or 0. */
export const KINDS = PROGRAM_KINDS.map(([name, type, sleepable, hook, setNames, attach], index) => {
  const helpers = new Array(FUNC_COUNT).fill(0)
  for (const set of setNames.split(' ').filter(Boolean)) {
    for (const { proto, cap } of sets.get(set) ?? missing(set)) helpers[proto.id] ||= proto.index | cap
  }
  return { index, name, type: progType(type), sleepable, hook, attach: attach?.map(attachType) ?? null, helpers }
})

/** The kind of a program. \`hook\`: what it is attached to, as far as the table tells hooks apart. */
export function kindOf(type, attach, sleepable, hook = '') {
  return KINDS.find(
    (kind) =>
      kind.type === type &&
      (kind.attach === null || kind.attach.includes(attach)) &&
      (kind.sleepable === null || kind.sleepable === sleepable) &&
      (kind.hook === '' || kind.hook === hook),
  )
}
