// SPDX-License-Identifier: BSD-2-Clause
// Kernel functions that programs may call: static data for the virtual kernel, looked up by name.

import { KFUNC_FLAGS, KFUNC_HOOKS, KFUNC_SETS, KFUNCS } from '../../spec/kfuncs.mjs'
import { UAPI_ENUMS } from '../../spec/uapi-enums.mjs'
import * as as from './assemblyscript.mjs'
import { generated, VM } from './files.mjs'
import { blob, pack } from './helpers.mjs'
import { number } from './numbers.mjs'

const SOURCE = 'BTF_ID_FLAGS lists of Linux 6.18'
const FILTERS = ['', 'kprobe_session', 'lsm', 'iter', 'device']
const ALL_HOOKS = 0xffff

function hookMask(hooks) {
  const names = hooks.split(' ').filter(Boolean)
  if (names.includes('COMMON')) return ALL_HOOKS
  return names.reduce((mask, name) => mask | (1 << (KFUNC_HOOKS.findIndex(([hook]) => hook === name) + 1)), 0)
}

const sets = new Map(KFUNC_SETS.map(([set, hooks, filter]) => [set, { mask: hookMask(hooks), filter }]))

/** Hook of each program type, 0: none. */
function hooksByType() {
  const hooks = new Array(64).fill(0)
  for (const [i, [, types]] of KFUNC_HOOKS.entries()) {
    for (const type of types.split(' ')) hooks[number(`BPF_PROG_TYPE_${type}`)] = i + 1
  }
  return hooks
}

function sorted() {
  const names = KFUNCS.map(([name]) => name)
  for (const [i, name] of names.entries()) {
    if (i > 0 && !(names[i - 1] < name)) throw new Error(`spec/kfuncs.mjs: ${name} is not in its place`)
  }
  return names
}

function row([name, set, flags], offset) {
  const { mask, filter } = sets.get(set) ?? missing(`set ${set} of ${name}`)
  const bits = flags
    .split(' ')
    .filter(Boolean)
    .reduce((sum, flag) => sum | (KFUNC_FLAGS[flag] ?? missing(`flag ${flag} of ${name}`)), 0)
  return pack([
    [bits, 4],
    [mask, 2],
    [FILTERS.indexOf(filter), 1],
    [0, 1],
    [offset, 4],
  ])
}

/** Members of struct bpf_ctx_convert that are the kernel's side of a context, by program type. */
function contextMembers() {
  const { values } = UAPI_ENUMS.find(({ values }) => values.some(([name]) => name === 'BPF_PROG_TYPE_XDP'))
  const names = []
  for (const [name, type] of values) if (!name.startsWith('__')) names[type] = `${name}_kern`
  return blob(names)
}

function missing(what) {
  throw new Error(`spec/kfuncs.mjs: no ${what}`)
}

function tables() {
  const names = sorted()
  const contexts = contextMembers()
  const { bytes, offsets } = blob(names)
  const rows = [new Array(12).fill(0), ...KFUNCS.map((fields, i) => row(fields, offsets[i]))]
  return `// KFUNCS: KFUNC_COUNT rows of KFUNC__SIZE bytes, sorted by name; row 0 is empty. The number of a row is its KFUNC_name.
//   0 u32  KF_* flags
//   4 u16  hooks of the sets that have the function: bit n is hook n, 0xffff is every program
//   6 u8   KFUNC_FILTER_*
//   8 u32  name: offset into KFUNC_NAMES, zero-terminated
// KERNEL_CONTEXTS: by program type, the member of struct bpf_ctx_convert with the kernel's own context, zero-terminated;
// KERNEL_CONTEXT_OFFSETS (u16): where each begins.
// KFUNC_HOOK_OF_TYPE: the hook of a program type, 0: it has the common functions only.
${as.constant('KFUNC_COUNT', rows.length)}
${as.constant('KFUNC__SIZE', 12)}
${as.constant('KFUNC__flags', 0)}
${as.constant('KFUNC__hooks', 4)}
${as.constant('KFUNC__filter', 6)}
${as.constant('KFUNC__name', 8)}
${as.constant('KFUNC_EVERY_HOOK', ALL_HOOKS)}

${FILTERS.map((name, i) => as.constant(`KFUNC_FILTER_${(name || 'none').toUpperCase()}`, i)).join('\n')}

${Object.entries(KFUNC_FLAGS)
  .map(([name, bit]) => as.constant(`KF_${name}`, bit))
  .join('\n')}

${as.constant('KFUNC_NONE', 0)}
${names.map((name, i) => as.constant(`KFUNC_${name}`, i + 1)).join('\n')}

${as.data('KFUNC_HOOK_OF_TYPE', 'u8', hooksByType(), 32)}

${as.constant('KERNEL_CONTEXT_COUNT', contexts.offsets.length)}
${as.data('KERNEL_CONTEXT_OFFSETS', 'u16', contexts.offsets)}
${as.data('KERNEL_CONTEXTS', 'u8', contexts.bytes, 32)}

${as.data('KFUNCS', 'u8', rows.flat(), 24)}

${as.data('KFUNC_NAMES', 'u8', bytes, 32)}`
}

export function kfuncOutputs() {
  return [generated(`${VM}/kfuncs.gen.ts`, 'kfuncs', SOURCE, tables())]
}
