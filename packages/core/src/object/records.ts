// SPDX-License-Identifier: BSD-2-Clause
/** Deals the records of .BTF.ext out to the functions that they describe. */
import { type Btf, type BtfExt, type BtfExtSection, lineOf } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { SLOT_SIZE } from './slots.ts'
import type { FunctionSpec, ProgramSpec } from './spec.ts'

function sectionRecords<T>(sections: readonly BtfExtSection<T>[], name: string): readonly T[] {
  return sections.filter((section) => section.sectionName === name).flatMap((section) => section.records)
}

/** Records inside the function, with the slot counted from its start. */
function inside<T extends { readonly insnOffset: number }>(records: readonly T[], fn: FunctionSpec): [number, T][] {
  const found: [number, T][] = []
  for (const record of records) {
    if (record.insnOffset % SLOT_SIZE !== 0) {
      throw new RelocationError(
        `parse .BTF.ext: record of ${fn.section} at ${record.insnOffset} is inside an instruction`,
      )
    }
    const slot = record.insnOffset / SLOT_SIZE - fn.offset
    if (slot >= 0 && slot < fn.slots.length) found.push([slot, record])
  }
  return found
}

/** Fills function info, line info and CO-RE relocations of the functions. */
export function assignRecords(functions: readonly FunctionSpec[], ext: BtfExt, btf: Btf): void {
  for (const fn of functions) {
    fn.funcInfo = inside(sectionRecords(ext.funcInfo, fn.section), fn).map(([slot, r]) => ({ slot, typeId: r.typeId }))
    fn.lineInfo = inside(sectionRecords(ext.lineInfo, fn.section), fn).map(([slot, r]) => ({
      slot,
      file: btf.string(r.fileNameOffset),
      text: btf.string(r.lineOffset),
      ...lineOf(r),
    }))
    fn.coreRelos = inside(sectionRecords(ext.coreRelos, fn.section), fn).map(([slot, r]) => ({
      slot,
      typeId: r.typeId,
      access: btf.string(r.accessStringOffset),
      kind: r.kind,
    }))
  }
}

const EXCEPTION_TAG = 'exception_callback:'

/** Reads from declaration tags which function handles a program's exceptions. */
export function assignExceptionCallbacks(programs: readonly ProgramSpec[], btf: Btf): void {
  const tags = new Map<number, string>()
  for (const id of btf.ownIds()) {
    const tag = btf.kindOf(id) === 'DECL_TAG' ? btf.typeAs(id, 'DECL_TAG') : undefined
    if (tag?.name.startsWith(EXCEPTION_TAG) && tag.componentIndex === -1)
      tags.set(tag.type, tag.name.slice(EXCEPTION_TAG.length))
  }
  if (tags.size === 0) return
  for (const program of programs) {
    const callback = tags.get(btf.find(program.name, 'FUNC') ?? 0)
    if (callback) program.exceptionCallback = callback
  }
}
