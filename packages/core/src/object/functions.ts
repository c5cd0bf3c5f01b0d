// SPDX-License-Identifier: BSD-2-Clause
/** Finds the functions of the executable sections and decides which are programs. */
import {
  type ElfFile,
  type ElfSection,
  type ElfSymbol,
  SHF_EXECINSTR,
  SHT_PROGBITS,
  STB_LOCAL,
  STT_FUNC,
  STT_NOTYPE,
  STV_HIDDEN,
  STV_INTERNAL,
} from '../elf/index.ts'
import { ElfError } from '../errors/index.ts'
import { BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS } from '../gen/uapi-defines.gen.ts'
import { resolveSection } from '../rules/section.ts'
import { decodeSlots, SLOT_SIZE } from './slots.ts'
import type { FunctionSpec, ProgramSpec } from './spec.ts'

const TEXT = '.text'

/** A function with where it came from. */
export interface FoundFunction {
  readonly spec: FunctionSpec
  readonly section: ElfSection
  readonly symbol: ElfSymbol | undefined
}

/** Whether the section holds instructions. */
export function isCode(section: ElfSection): boolean {
  return section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.size > 0
}

/** Start and length in bytes of each function of a section. */
function extents(elf: ElfFile, section: ElfSection): { name: string; at: number; size: number; symbol?: ElfSymbol }[] {
  const symbols = elf.symbolsOf(section).sort((a, b) => a.value - b.value)
  const functions = symbols.filter((s) => s.type === STT_FUNC && s.size > 0)
  if (functions.length > 0) return functions.map((s) => ({ name: s.name, at: s.value, size: s.size, symbol: s }))
  // Compilers of before 2018 gave functions no type and no size: a global symbol then reaches to the next one.
  const old = symbols.filter((s) => s.type === STT_NOTYPE && s.binding !== STB_LOCAL && s.name !== '')
  if (old.length === 0) return [{ name: section.name, at: 0, size: section.size }]
  return old.map((s, i) => ({
    name: s.name,
    at: s.value,
    size: (old[i + 1]?.value ?? section.size) - s.value,
    symbol: s,
  }))
}

function parseSection(elf: ElfFile, section: ElfSection): FoundFunction[] {
  const act = `parse section ${section.index} "${section.name}"`
  if (section.size % SLOT_SIZE !== 0) throw new ElfError(`${act}: ${section.size} bytes are no whole instructions`)
  return extents(elf, section).map(({ name, at, size, symbol }) => {
    if (at % SLOT_SIZE !== 0 || size % SLOT_SIZE !== 0 || at + size > section.size) {
      throw new ElfError(`${act}: function '${name}' at 0x${at.toString(16)} with ${size} bytes does not fit`)
    }
    const hidden = symbol?.visibility === STV_HIDDEN || symbol?.visibility === STV_INTERNAL
    const spec: FunctionSpec = {
      name,
      section: section.name,
      offset: at / SLOT_SIZE,
      isStatic: symbol?.binding === STB_LOCAL || hidden,
      slots: decodeSlots(section.data.subarray(at, at + size), elf.littleEndian),
      references: [],
      funcInfo: [],
      lineInfo: [],
      coreRelos: [],
    }
    return { spec, section, symbol }
  })
}

/** Static functions of linked objects may share a name: later ones get their place behind it. */
function distinct(functions: FoundFunction[]): FoundFunction[] {
  const names = new Set<string>()
  return functions.map((fn) => {
    const taken = names.has(fn.spec.name)
    const name = taken ? `${fn.spec.name}@${fn.spec.section}+${fn.spec.offset}` : fn.spec.name
    names.add(name)
    return taken ? { ...fn, spec: { ...fn.spec, name } } : fn
  })
}

/** All functions of all executable sections, in file order. */
export function findFunctions(elf: ElfFile): FoundFunction[] {
  return distinct(elf.sections.filter(isCode).flatMap((section) => parseSection(elf, section)))
}

/** Whether the kernel loads it as a program: functions of `.text`, which say no type, and static ones are called. */
export function isProgram(fn: FoundFunction): boolean {
  if (fn.section.name === TEXT) return false
  return fn.symbol?.binding !== STB_LOCAL || fn.symbol.type !== STT_FUNC
}

/** The function as a program, as its section name says. */
export function toProgram(fn: FunctionSpec): ProgramSpec {
  const { row, extra, autoload } = resolveSection(fn.section)
  let flags = 0
  if (row?.sleepable) flags |= BPF_F_SLEEPABLE
  if (row?.frags) flags |= BPF_F_XDP_HAS_FRAGS
  return {
    ...fn,
    type: row?.type ?? 0,
    expectedAttachType: row?.attachType ?? 0,
    flags,
    attachTo: extra,
    attachBtf: row?.btf ?? false,
    attachTypeOptional: row?.optional ?? false,
    autoload,
  }
}
