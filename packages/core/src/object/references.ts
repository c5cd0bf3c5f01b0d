// SPDX-License-Identifier: BSD-2-Clause
/** Turns ELF relocations of instructions, and calls that need none, into references by name. */
import {
  type ElfFile,
  type ElfRelocation,
  R_BPF_64_32,
  R_BPF_64_64,
  relocationTypeName,
  SHN_UNDEF,
  STT_SECTION,
} from '../elf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { BPF_MAP_TYPE_ARENA } from '../gen/uapi-enums.gen.ts'
import { ARENA_SECTION } from './data-maps.ts'
import { type FoundFunction, isCode } from './functions.ts'
import { isCall, isLoad64, SLOT_SIZE } from './slots.ts'
import type { ExternSpec, FunctionSpec, MapSpec, Reference } from './spec.ts'

const PSEUDO_CALL = 1
/** Marks a 64-bit load of a function's address in the source register. */
export const PSEUDO_FUNC = 4

/** Everything that instructions can refer to. */
export interface Targets {
  readonly elf: ElfFile
  readonly functions: readonly FoundFunction[]
  readonly maps: readonly MapSpec[]
  readonly externs: readonly ExternSpec[]
}

class ReferenceScan {
  readonly targets: Targets
  readonly fn: FoundFunction
  readonly found = new Map<number, Reference>()

  constructor(targets: Targets, fn: FoundFunction) {
    this.targets = targets
    this.fn = fn
  }

  fail(slot: number, message: string): RelocationError {
    return new RelocationError(`relocate '${this.fn.spec.name}': instruction ${slot}: ${message}`)
  }

  /** The function at a slot of a section. */
  functionAt(slot: number, sectionIndex: number, target: number): FunctionSpec {
    const found = this.targets.functions.find((f) => f.section.index === sectionIndex && f.spec.offset === target)
    if (!found) throw this.fail(slot, `no function starts at instruction ${target} of section ${sectionIndex}`)
    return found.spec
  }

  relocation(relocation: ElfRelocation, slot: number): void {
    const insn = this.fn.spec.slots[slot]!
    const { symbol, type } = relocation
    const call = isCall(insn)
    if (!call && !isLoad64(insn)) throw this.fail(slot, `'${symbol.name}' in opcode 0x${insn.code.toString(16)}`)
    if (type !== (call ? R_BPF_64_32 : R_BPF_64_64)) {
      // Compilers of before 2021 used the one type for both.
      if (!(call && type === R_BPF_64_64)) throw this.fail(slot, `relocation type ${relocationTypeName(type)}`)
    }
    if (symbol.sectionIndex === SHN_UNDEF) this.extern(relocation, slot, call)
    else if (call) this.call(relocation, slot)
    else this.load(relocation, slot)
  }

  extern(relocation: ElfRelocation, slot: number, call: boolean): void {
    const extern = this.targets.externs.find((e) => e.name === relocation.symbol.name)
    if (!extern) throw this.fail(slot, `'${relocation.symbol.name}' is undefined and not declared __ksym or __kconfig`)
    if (call && extern.kind !== 'kfunc') throw this.fail(slot, `'${extern.name}' is called but is no function`)
    this.found.set(slot, { kind: call ? 'extern-call' : 'extern', slot, extern: extern.name })
  }

  call({ symbol }: ElfRelocation, slot: number): void {
    const insn = this.fn.spec.slots[slot]!
    if (insn.src !== PSEUDO_CALL)
      throw this.fail(slot, `call of '${symbol.name}' is not marked as a call of a function`)
    if (symbol.value % SLOT_SIZE !== 0) throw this.fail(slot, `'${symbol.name}' is inside an instruction`)
    // Against the section symbol the immediate says where in the section, against a function it is -1.
    const target = symbol.value / SLOT_SIZE + insn.imm + 1
    const fn = this.functionAt(slot, symbol.sectionIndex, target)
    this.found.set(slot, { kind: 'call', slot, function: fn.name })
  }

  load({ symbol }: ElfRelocation, slot: number): void {
    const { section } = symbol
    const insn = this.fn.spec.slots[slot]!
    if (!section) throw this.fail(slot, `'${symbol.name}' is in no section: was the variable initialised?`)
    if (isCode(section)) {
      const target = (symbol.value + insn.imm) / SLOT_SIZE
      const fn = this.functionAt(slot, section.index, target)
      this.found.set(slot, { kind: 'function', slot, function: fn.name })
      return
    }
    if (section.name === ARENA_SECTION) {
      const arena = this.targets.maps.find((m) => m.type === BPF_MAP_TYPE_ARENA)
      if (!arena) throw this.fail(slot, `'${symbol.name}' lives in an arena and there is none`)
      this.found.set(slot, { kind: 'map-value', slot, map: arena.name, offset: symbol.value })
      return
    }
    const inSection = this.targets.maps.filter((m) => m.section === section.name)
    const data = inSection.find((m) => m.origin === 'data' || m.origin === 'rodata' || m.origin === 'bss')
    if (data) {
      this.found.set(slot, { kind: 'map-value', slot, map: data.name, offset: symbol.value })
      return
    }
    const map = inSection.find((m) => m.offset === symbol.value + (symbol.type === STT_SECTION ? insn.imm : 0))
    if (!map) throw this.fail(slot, `'${symbol.name}' of section "${section.name}" is no map and no variable`)
    this.found.set(slot, { kind: 'map', slot, map: map.name })
  }

  /** Calls inside a section are relative and have no relocation. */
  localCalls(): void {
    const { spec, section } = this.fn
    for (const [slot, insn] of spec.slots.entries()) {
      if (!isCall(insn) || insn.src !== PSEUDO_CALL || this.found.has(slot)) continue
      const fn = this.functionAt(slot, section.index, spec.offset + slot + insn.imm + 1)
      this.found.set(slot, { kind: 'call', slot, function: fn.name })
    }
  }
}

/** Fills in the references of every function. */
export function resolveReferences(targets: Targets): void {
  const bySection = new Map<number, ElfRelocation[]>()
  for (const fn of targets.functions) {
    const scan = new ReferenceScan(targets, fn)
    const { spec, section } = fn
    let relocations = bySection.get(section.index)
    if (!relocations) {
      relocations = targets.elf.relocationsFor(section)
      bySection.set(section.index, relocations)
    }
    for (const relocation of relocations) {
      const slot = relocation.offset / SLOT_SIZE - spec.offset
      if (slot < 0 || slot >= spec.slots.length) continue
      if (!Number.isInteger(slot)) throw scan.fail(slot, `relocation ${relocation.index} is inside an instruction`)
      scan.relocation(relocation, slot)
    }
    scan.localCalls()
    spec.references = [...scan.found.values()].sort((a, b) => a.slot - b.slot)
  }
}
