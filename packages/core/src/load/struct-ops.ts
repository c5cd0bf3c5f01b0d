// SPDX-License-Identifier: BSD-2-Clause
/** Fits a struct_ops table of the object to the kernel's struct of the same name. */
import type { Btf, BtfComposite, BtfMember } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'
import type { ObjectSpec } from '../object/object.ts'
import type { MapSpec } from '../object/spec.ts'
import { essentialName } from '../relo/core-types.ts'
import type { KernelTypes } from './kernel-types.ts'

const VALUE_PREFIX = 'bpf_struct_ops_'

/** A program's place in the table. */
export interface StructOpsMember {
  readonly program: string
  /** Index of the member in the kernel's struct: the program's expected attach type. */
  readonly memberIndex: number
  /** Where its fd goes in the map's value. */
  readonly offset: number
}

/** A table as this kernel has it. */
export interface StructOpsTable {
  /** Kernel's BTF id of the struct: the programs' attach id. */
  readonly typeId: number
  /** Kernel's BTF id of the map's value, a struct around it. */
  readonly valueTypeId: number
  /** fd of the module's types, 0 for the kernel. */
  readonly btfFd: number
  readonly valueSize: number
  /** The value with everything but the programs. */
  readonly value: Uint8Array
  readonly members: readonly StructOpsMember[]
  /** Programs whose member this kernel does not have: they are not loaded. */
  readonly unknownPrograms: readonly string[]
}

interface KernelStruct {
  readonly btf: Btf
  readonly typeId: number
  readonly type: BtfComposite
  readonly valueTypeId: number
  readonly valueSize: number
  readonly fd: number
  /** Offset of the struct in the value. */
  readonly offset: number
}

function kernelStruct(name: string, types: KernelTypes): KernelStruct {
  const found = types.find(`${VALUE_PREFIX}${name}`, 'STRUCT')
  const value = found?.btf.typeAs(found.id, 'STRUCT') as BtfComposite | undefined
  const typeId = found?.btf.find(name, 'STRUCT')
  const member = value?.members.find((m) => m.type === typeId)
  if (!found || !value || typeId === undefined || !member) {
    throw new RelocationError(`resolve struct_ops '${name}': the kernel has no such struct`)
  }
  const type = found.btf.type(typeId) as BtfComposite
  return {
    btf: found.btf,
    typeId,
    type,
    valueTypeId: found.id,
    valueSize: value.size,
    fd: found.fd,
    offset: member.bitOffset / 8,
  }
}

/** The table for this kernel. @throws RelocationError where a member that is set does not fit */
export function structOpsTable(object: ObjectSpec, map: MapSpec, types: KernelTypes): StructOpsTable {
  const btf = object.btf!
  const local = btf.type(map.valueTypeId) as BtfComposite
  const kernel = kernelStruct(essentialName(local.name), types)
  const value = new Uint8Array(kernel.valueSize)
  const members: StructOpsMember[] = []
  const unknownPrograms: string[] = []
  for (const member of local.members) {
    const at = member.bitOffset / 8
    const size = btf.sizeOf(member.type)
    const bytes = map.data!.subarray(at, at + size)
    const program = map.initial.find((i) => i.index === at)?.target
    const memberIndex = kernel.type.members.findIndex((m) => m.name === member.name)
    const target = kernel.type.members[memberIndex]
    const fail = (message: string) =>
      new RelocationError(`resolve struct_ops '${map.name}': member '${member.name}' ${message}`)
    if (!target) {
      if (bytes.some((byte) => byte !== 0)) throw fail('is set but the kernel does not have it')
      if (program) unknownPrograms.push(program)
      continue
    }
    checkMember(btf, member, kernel.btf, target, fail)
    const offset = kernel.offset + target.bitOffset / 8
    if (program) members.push({ program, memberIndex, offset })
    else value.set(bytes, offset)
  }
  const { typeId, valueTypeId, fd: btfFd, valueSize } = kernel
  return { typeId, valueTypeId, btfFd, valueSize, value, members, unknownPrograms }
}

function checkMember(
  local: Btf,
  member: BtfMember,
  kernel: Btf,
  target: BtfMember,
  fail: (message: string) => RelocationError,
): void {
  if (member.bitSize || target.bitSize) throw fail('is a bit field, which struct_ops cannot have')
  const kinds = [local.kindOf(local.resolve(member.type)), kernel.kindOf(kernel.resolve(target.type))]
  if (kinds[0] !== kinds[1]) throw fail(`is ${kinds[0]}, in the kernel ${kinds[1]}`)
  const sizes = [local.sizeOf(member.type), kernel.sizeOf(target.type)]
  if (sizes[0] !== sizes[1]) throw fail(`has ${sizes[0]} bytes, in the kernel ${sizes[1]}`)
}
