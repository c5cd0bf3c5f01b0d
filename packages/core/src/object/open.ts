// SPDX-License-Identifier: BSD-2-Clause
/** From the bytes of an object file to the Spec: ELF, BTF, maps, functions, references, in that order. */
import { type Btf, type BtfExt, parseBtf, parseBtfExt } from '../btf/index.ts'
import { ByteView } from '../bytes/index.ts'
import { type ElfFile, EM_BPF, EM_NONE, ET_REL, parseElf } from '../elf/index.ts'
import { ElfError } from '../errors/index.ts'
import { fixBtf } from './btf-fixup.ts'
import { btfMaps, initialMembers } from './btf-maps.ts'
import { assignArenaData, dataMap, dataOrigin } from './data-maps.ts'
import { findExterns, kconfigMap } from './externs.ts'
import { findFunctions, isProgram, toProgram } from './functions.ts'
import { isLegacyMapsSection, legacyMaps } from './legacy-maps.ts'
import { ObjectSpec } from './object.ts'
import { assignExceptionCallbacks, assignRecords } from './records.ts'
import { resolveReferences } from './references.ts'
import type { ExternSpec, MapSpec } from './spec.ts'
import { structOpsMaps } from './struct-ops.ts'

/** Longest licence text that the kernel copies, NUL included. */
const LICENSE_SIZE = 128

export interface OpenOptions {
  /** Name of the object, used in the kernel names of its data maps. Default `object`. */
  readonly name?: string
}

function readLicense(elf: ElfFile): string {
  const section = elf.section('license')
  if (!section) return ''
  const end = section.data.indexOf(0)
  return new TextDecoder().decode(section.data.subarray(0, Math.min(end < 0 ? section.size : end, LICENSE_SIZE - 1)))
}

function readVersion(elf: ElfFile): number {
  const section = elf.section('version')
  if (!section) return 0
  if (section.size !== 4)
    throw new ElfError(`parse section ${section.index} "version": ${section.size} bytes, expected 4`)
  return new ByteView(section.data, {
    littleEndian: elf.littleEndian,
    error: ElfError,
    act: 'parse section "version"',
  }).u32(0)
}

function readBtf(elf: ElfFile): { btf: Btf; ext: BtfExt | undefined } | undefined {
  const section = elf.section('.BTF')
  if (!section || section.size === 0) return undefined
  const btf = parseBtf(section.data)
  const ext = elf.section('.BTF.ext')
  return { btf, ext: ext && ext.size > 0 ? parseBtfExt(ext.data, btf) : undefined }
}

function findMaps(elf: ElfFile, btf: Btf | undefined, externs: readonly ExternSpec[]): MapSpec[] {
  const maps: MapSpec[] = []
  for (const section of elf.sections) {
    const origin = dataOrigin(section)
    if (isLegacyMapsSection(section)) maps.push(...legacyMaps(elf, section, btf))
    else if (section.name === '.maps' && btf && section.size > 0) maps.push(...btfMaps(section, btf))
    else if (origin) maps.push(dataMap(elf, section, origin, btf))
  }
  const kconfig = kconfigMap(externs, btf)
  if (kconfig) maps.push(kconfig)
  return maps
}

/**
 * Reads an object file that a compiler made for BPF.
 *
 * @throws ElfError, BtfError, RelocationError where the file is not what it should be: nothing else, whatever the bytes
 */
export function openObject(bytes: Uint8Array, options: OpenOptions = {}): ObjectSpec {
  const elf = parseElf(bytes)
  if (elf.header.type !== ET_REL || (elf.header.machine !== EM_BPF && elf.header.machine !== EM_NONE)) {
    throw new ElfError(
      `open object: ELF type ${elf.header.type} for machine ${elf.header.machine}, expected a relocatable file for BPF (247)`,
    )
  }
  const types = readBtf(elf)
  const externs = findExterns(elf, types?.btf)
  const functions = findFunctions(elf)
  const staticFunctions = functions.filter((fn) => fn.spec.isStatic).map((fn) => fn.spec)
  const btf = types && fixBtf(types.btf, elf, externs, staticFunctions)
  const maps = findMaps(elf, btf, externs)
  assignArenaData(elf, maps, btf)
  const structOps = structOpsMaps(
    elf,
    btf,
    functions.map((fn) => fn.spec),
  )
  resolveReferences({ elf, functions, maps, externs })
  const bodies = functions.map((fn) => fn.spec)
  if (types?.ext) assignRecords(bodies, types.ext, types.btf)
  const definitions = elf.section('.maps')
  if (definitions && btf) initialMembers(elf, definitions, btf, maps, bodies)
  const programs = functions.filter((fn) => isProgram(fn)).map((fn) => toProgram(fn.spec))
  if (btf) assignExceptionCallbacks(programs, btf)
  return new ObjectSpec({
    name: options.name ?? 'object',
    littleEndian: elf.littleEndian,
    license: readLicense(elf),
    kernVersion: readVersion(elf),
    btf,
    programs,
    functions: functions.filter((fn) => !isProgram(fn)).map((fn) => fn.spec),
    maps: [...maps, ...structOps],
    externs: [...externs],
  })
}
