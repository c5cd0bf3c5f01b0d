// SPDX-License-Identifier: BSD-2-Clause
// Constants, names and layouts of the system call interface.
import { COMMANDS } from '../../spec/commands.mjs'
import { ERRNO_ALIASES, ERRNOS } from '../../spec/errno.mjs'
import { INSTRUCTIONS, ISA_CONSTANTS } from '../../spec/isa.mjs'
import { SYSTEM_CONSTANTS } from '../../spec/system.mjs'
import { DEFINES } from '../../spec/uapi-defines.mjs'
import { UAPI_ENUMS } from '../../spec/uapi-enums.mjs'
import { LAYOUTS } from '../../spec/uapi-layouts.mjs'
import { VERIFIER_ENUMS } from '../../spec/verifier-types.mjs'
import * as as from './assemblyscript.mjs'
import { ADDON, CORE, generated, VM } from './files.mjs'
import * as ts from './typescript.mjs'

const BTF = 'BTF of Linux 6.18'
const UAPI = 'uapi headers of Linux 6.18'
const LAYOUT_TYPE = `/** Where the fields of a C structure stand, in bytes. */
export interface Layout {
  readonly size: number
  readonly fields: { readonly [field: string]: LayoutField }
}

export interface LayoutField {
  readonly offset: number
  /** Bytes: of the whole array where there is a \`count\`, of the unit where it is a bit field. */
  readonly size: number
  /** Elements of an array. */
  readonly count?: number
  /** Bit field: lowest bit and number of bits of the unit. */
  readonly shift?: number
  readonly width?: number
}`

function enumGroups(enums) {
  return enums.map(({ name, values }) => [`enum ${name}`, values])
}

function helperName(name) {
  return name.replace(/^BPF_FUNC_/, 'bpf_')
}

function nameTables(enums) {
  return enums
    .filter(({ names }) => names)
    .map(({ name, names, values }) => {
      const own = values.filter(
        ([value, number]) => !value.startsWith('__') && number < 4096 && !/_(MAX|MAX_ID)$/.test(value),
      )
      const entries = name === 'bpf_func_id' ? own.map(([text, value]) => [helperName(text), value]) : own
      return ts.nameTable(names, entries, `Names of enum ${name} by number.`)
    })
    .join('\n\n')
}

/** Byte behind the last field that CHECK_ATTR accepts. */
function checkSize([command, layoutName, last]) {
  const layout = LAYOUTS.find(({ name }) => name === layoutName)
  const field = layout.fields.find(([name]) => name === last)
  if (!field) throw new Error(`${command}: ${layoutName} has no field ${last}`)
  return field[1] + field[2]
}

function commandNumber(command) {
  return UAPI_ENUMS.find(({ name }) => name === 'bpf_cmd').values.find(([name]) => name === command)[1]
}

function tsCommands() {
  const rows = COMMANDS.map(
    (row) =>
      `  { name: ${ts.quote(row[0])}, layout: ${ts.quote(row[1])}, lastField: ${ts.quote(row[2])}, checkSize: ${checkSize(row)} },`,
  )
  return `/** The commands of bpf(2) by number. \`checkSize\`: every byte of attr from there on must be zero (EINVAL otherwise). */
export const COMMANDS: readonly { readonly name: string; readonly layout: string; readonly lastField: string; readonly checkSize: number }[] = [
${rows.join('\n')}
]`
}

function asCommands() {
  const sizes = COMMANDS.map(checkSize)
  return `// ATTR_CHECK_SIZES: an u8 a command: every byte of attr from there on must be zero (EINVAL otherwise).
${as.constant('COMMAND_COUNT', sizes.length)}
${as.data('ATTR_CHECK_SIZES', 'u8', sizes)}`
}

function cppCommands() {
  const rows = COMMANDS.map((row) => `    {"${row[0]}", ${checkSize(row)}},`)
  const constants = COMMANDS.map(([name]) => `inline constexpr std::uint32_t k_${name} = ${commandNumber(name)};`)
  const size = LAYOUTS.find(({ name }) => name === 'bpf_attr').size
  return `#pragma once
#include <cstddef>
#include <cstdint>

namespace skep::gen {

// Size of union bpf_attr. A caller may pass fewer bytes, or more as long as they are zero.
inline constexpr std::size_t kBpfAttrSize = ${size};

struct Command {
    const char *name;
    std::uint32_t checkSize;  // every byte of attr from there on must be zero
};

// The commands of bpf(2) by number.
inline constexpr Command kCommands[] = {
${rows.join('\n')}
};
inline constexpr std::uint32_t kCommandCount = sizeof(kCommands) / sizeof(kCommands[0]);

${constants.join('\n')}

}  // namespace skep::gen
`
}

function tsErrnos() {
  const rows = ERRNOS.map(([name, number]) => `  [${number}, '${name}'],`)
  return `${ts.constants([['errno numbers', [...ERRNOS, ...ERRNO_ALIASES]]])}

/** Symbolic names by number. */
export const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
${rows.join('\n')}
])`
}

function tsInstructions() {
  const rows = INSTRUCTIONS.map(([name, opcode, dst, src, off, imm, since]) => {
    const cell = (value) => (typeof value === 'number' ? value : `'${value}'`)
    return `  { name: '${name}', opcode: 0x${opcode.toString(16).padStart(2, '0')}, dst: ${cell(dst)}, src: ${cell(src)}, off: ${cell(off)}, imm: ${cell(imm)}, since: ${since} },`
  })
  return `/** An instruction form. A number in \`src\`, \`off\` or \`imm\` is what the field must hold. */
export interface InstructionForm {
  readonly name: string
  readonly opcode: number
  readonly dst: 'reg' | 0
  readonly src: 'reg' | number
  readonly off: 'off' | number
  readonly imm: 'imm' | 'imm64' | 'target' | 'helper' | 'btf' | number
  /** Instruction set version: 1 to 4. */
  readonly since: number
}

export const INSTRUCTIONS: readonly InstructionForm[] = [
${rows.join('\n')}
]`
}

export function uapiOutputs() {
  const defines = DEFINES.map(({ group, values }) => [group, values])
  const system = SYSTEM_CONSTANTS.map(({ group, values }) => [group, values])
  const isa = [['instruction encoding', ISA_CONSTANTS]]
  const layouts = LAYOUTS.map(ts.layout).join('\n\n')
  const isaSource = 'RFC 9669 and uapi headers of Linux 6.18'
  return [
    generated(`${CORE}/isa.gen.ts`, 'isa', isaSource, `${ts.constants(isa)}\n\n${tsInstructions()}`),
    generated(
      `${CORE}/uapi-enums.gen.ts`,
      'uapi-enums',
      BTF,
      `${ts.constants(enumGroups(UAPI_ENUMS))}\n\n${nameTables(UAPI_ENUMS)}`,
    ),
    generated(`${CORE}/uapi-defines.gen.ts`, 'uapi-defines', UAPI, ts.constants(defines)),
    generated(`${CORE}/uapi-layouts.gen.ts`, 'uapi-layouts', BTF, `${LAYOUT_TYPE}\n\n${layouts}`),
    generated(
      `${CORE}/verifier-types.gen.ts`,
      'verifier-types',
      BTF,
      `${ts.constants(enumGroups(VERIFIER_ENUMS))}\n\n${nameTables(VERIFIER_ENUMS)}`,
    ),
    generated(`${CORE}/commands.gen.ts`, 'commands', 'kernel/bpf/syscall.c of Linux 6.18', tsCommands()),
    generated(`${CORE}/system.gen.ts`, 'system', UAPI, ts.constants(system)),
    generated(`${CORE}/errno.gen.ts`, 'errno', UAPI, tsErrnos()),
    generated(`${VM}/isa.gen.ts`, 'isa', isaSource, as.constants(isa)),
    generated(`${VM}/uapi-enums.gen.ts`, 'uapi-enums', BTF, as.constants(enumGroups(UAPI_ENUMS))),
    generated(`${VM}/uapi-defines.gen.ts`, 'uapi-defines', UAPI, as.constants(defines)),
    generated(
      `${VM}/uapi-layouts.gen.ts`,
      'uapi-layouts',
      BTF,
      `// STRUCT__field: offset in bytes. STRUCT__SIZE: size (parts of union bpf_attr: end of the last field).\n\n${LAYOUTS.map(as.layout).join('\n\n')}`,
    ),
    generated(`${VM}/verifier-types.gen.ts`, 'verifier-types', BTF, as.constants(enumGroups(VERIFIER_ENUMS))),
    generated(`${VM}/commands.gen.ts`, 'commands', 'kernel/bpf/syscall.c of Linux 6.18', asCommands()),
    generated(`${VM}/system.gen.ts`, 'system', UAPI, as.constants(system)),
    generated(`${VM}/errno.gen.ts`, 'errno', UAPI, as.constants([['errno numbers', [...ERRNOS, ...ERRNO_ALIASES]]])),
    generated(`${ADDON}/uapi.gen.h`, 'commands', 'kernel/bpf/syscall.c of Linux 6.18', cppCommands()),
  ]
}
