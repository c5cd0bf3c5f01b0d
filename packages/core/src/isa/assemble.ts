// SPDX-License-Identifier: BSD-2-Clause
import { AsmError } from '../errors/index.ts'
import { FUNC_ID_NAMES } from '../gen/uapi-enums.gen.ts'
import { applyDirective } from './asm-directives.ts'
import { type AsmPosition, AsmSyntaxError, lexStatements, type Token } from './asm-lexer.ts'
import { parseLlvmStatement, type Statement } from './asm-llvm.ts'
import { parseMnemonicStatement } from './asm-mnemonic.ts'
import { StatementReader } from './asm-reader.ts'
import { type AsmSection, AsmUnit } from './asm-unit.ts'
import { type Instruction, isExit, isPseudoCall, isPseudoFunc, JA32, slotCount, slotOffsets } from './instruction.ts'

/** Assembled instructions of one section. */
export interface AssembledCode {
  readonly instructions: readonly Instruction[]
  /** Label to slot. */
  readonly labels: ReadonlyMap<string, number>
  /** Where each instruction stands in the text. */
  readonly positions: readonly AsmPosition[]
}

/**
 * Assembles instructions in LLVM's style (`r0 = *(u32 *)(r1 + 4)`), the kernel's (`goto pc+3`), the style of the
 * bpf_conformance suite (`ldxw %r0, [%r1+4]`), or any mixture. Every name must be a label of the text or, in a call, a
 * helper.
 * @throws AsmSyntaxError with line and column
 */
export function assemble(source: string): AssembledCode {
  const unit = parseAssembly(source)
  const used = [...unit.sections.values()].filter((section) => section.instructions.length > 0)
  const [section] = used
  if (!section) return { instructions: [], labels: new Map(), positions: [] }
  const other = used[1] ?? [...unit.sections.values()].find(({ data }) => data.length > 0)
  if (other)
    throw new AsmError(`assemble: more than one section (${section.name}, ${other.name}): make an object of it`)
  const offsets = slotOffsets(section.instructions)
  const instructions = section.instructions.map((insn, index) => {
    const label = section.references.get(index)
    if (!label) return insn
    const target = section.labels.get(label.text) ?? implicitLabel(section, offsets, label)
    if (target !== undefined) return resolveTo(insn, target - offsets[index]!, label)
    const helper = isPseudoCall(insn) ? helperCall(insn, label) : undefined
    if (!helper) throw new AsmSyntaxError(`undefined label ${JSON.stringify(label.text)}`, label)
    return helper
  })
  return { instructions, labels: section.labels, positions: section.positions }
}

/** The name `exit`, where it is no label, means the first exit instruction: the conformance suite relies on it. */
function implicitLabel(section: AsmSection, offsets: readonly number[], label: Token): number | undefined {
  return label.text === 'exit' ? offsets[section.instructions.findIndex(isExit)] : undefined
}

/** A call of a helper by its name; undefined if there is none of that name. */
export function helperCall(insn: Instruction, label: Token): Instruction | undefined {
  const id = FUNC_ID_NAMES.indexOf(label.text)
  return id < 1 ? undefined : { ...insn, src: 0, imm: id }
}

/** Fills in the distance to a target in the same section. `slots` counts from the instruction's first slot. */
export function resolveTo(insn: Instruction, slots: number, label: AsmPosition): Instruction {
  if (isPseudoFunc(insn)) {
    const imm = slots - 1
    return { ...insn, imm, imm64: BigInt(imm >>> 0) }
  }
  const distance = slots - slotCount(insn)
  if (isPseudoCall(insn) || insn.code === JA32) return { ...insn, imm: distance }
  if (distance < -0x8000 || distance > 0x7fff) {
    throw new AsmSyntaxError(`target is ${distance} slots away: more than 16 bits can hold`, label)
  }
  return { ...insn, off: distance }
}

/** Reads assembly text into sections; names stay unresolved. */
export function parseAssembly(source: string, littleEndian = true): AsmUnit {
  const unit = new AsmUnit(littleEndian)
  for (const tokens of lexStatements(source)) {
    const reader = new StatementReader(tokens)
    while (reader.peek().kind === 'name' && reader.isSign(':', 1)) {
      unit.label(reader.next())
      reader.next()
    }
    const first = reader.peek()
    if (first.kind === 'end') continue
    if (first.kind === 'name' && first.text.startsWith('.')) {
      applyDirective(unit, reader)
    } else {
      unit.add(parseStatement(reader), first)
    }
    reader.end()
  }
  return unit
}

function parseStatement(reader: StatementReader): Statement {
  return parseLlvmStatement(reader) ?? parseMnemonicStatement(reader)
}
