// SPDX-License-Identifier: BSD-2-Clause
/**
 * BTF types as plain data, one shape per kind. Kinds keep the kernel's spelling without `BTF_KIND_`. Type ids are
 * numbers; 0 is void. Sizes are bytes, bit offsets and bit sizes are bits.
 */

export type BtfKind =
  | 'VOID'
  | 'INT'
  | 'PTR'
  | 'ARRAY'
  | 'STRUCT'
  | 'UNION'
  | 'ENUM'
  | 'FWD'
  | 'TYPEDEF'
  | 'VOLATILE'
  | 'CONST'
  | 'RESTRICT'
  | 'FUNC'
  | 'FUNC_PROTO'
  | 'VAR'
  | 'DATASEC'
  | 'FLOAT'
  | 'DECL_TAG'
  | 'TYPE_TAG'
  | 'ENUM64'

/** Kinds in the order of their BTF_KIND_* numbers (uapi/linux/btf.h). */
export const BTF_KINDS: readonly BtfKind[] = [
  'VOID',
  'INT',
  'PTR',
  'ARRAY',
  'STRUCT',
  'UNION',
  'ENUM',
  'FWD',
  'TYPEDEF',
  'VOLATILE',
  'CONST',
  'RESTRICT',
  'FUNC',
  'FUNC_PROTO',
  'VAR',
  'DATASEC',
  'FLOAT',
  'DECL_TAG',
  'TYPE_TAG',
  'ENUM64',
]

export interface BtfVoid {
  readonly kind: 'VOID'
  readonly name: ''
}

export interface BtfInt {
  readonly kind: 'INT'
  readonly name: string
  readonly size: number
  readonly bits: number
  readonly bitOffset: number
  /** BTF_INT_SIGNED 1, BTF_INT_CHAR 2, BTF_INT_BOOL 4. */
  readonly encoding: number
}

/** Kinds that only point to another type. */
export interface BtfReference {
  readonly kind: 'PTR' | 'VOLATILE' | 'CONST' | 'RESTRICT' | 'TYPEDEF'
  /** Empty but for a TYPEDEF. */
  readonly name: string
  readonly type: number
}

export interface BtfTypeTag {
  readonly kind: 'TYPE_TAG'
  /** The tag's text. */
  readonly name: string
  readonly type: number
  /** Since Linux 6.15: the name is an attribute as written, not a btf_type_tag. */
  readonly kindFlag: boolean
}

export interface BtfArray {
  readonly kind: 'ARRAY'
  readonly name: ''
  readonly type: number
  readonly indexType: number
  readonly count: number
}

export interface BtfMember {
  readonly name: string
  readonly type: number
  /** Offset from the start of the struct in bits. */
  readonly bitOffset: number
  /** Width of a bit field; 0 if it is none. (Bit fields in files without kind_flag have it in their INT.) */
  readonly bitSize: number
}

export interface BtfComposite {
  readonly kind: 'STRUCT' | 'UNION'
  readonly name: string
  readonly size: number
  /** Member offsets are stored as size << 24 | offset. */
  readonly kindFlag: boolean
  readonly members: readonly BtfMember[]
}

export interface BtfEnumerator {
  readonly name: string
  readonly value: bigint
}

export interface BtfEnum {
  readonly kind: 'ENUM' | 'ENUM64'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  readonly values: readonly BtfEnumerator[]
}

export interface BtfFwd {
  readonly kind: 'FWD'
  readonly name: string
  readonly union: boolean
}

export interface BtfFunc {
  readonly kind: 'FUNC'
  readonly name: string
  /** The FUNC_PROTO. */
  readonly type: number
  /** BTF_FUNC_STATIC 0, BTF_FUNC_GLOBAL 1, BTF_FUNC_EXTERN 2. */
  readonly linkage: number
}

export interface BtfParam {
  readonly name: string
  /** 0 with an empty name, as the last one: variadic. */
  readonly type: number
}

export interface BtfFuncProto {
  readonly kind: 'FUNC_PROTO'
  readonly name: ''
  readonly returnType: number
  readonly params: readonly BtfParam[]
}

export interface BtfVar {
  readonly kind: 'VAR'
  readonly name: string
  readonly type: number
  /** BTF_VAR_STATIC 0, BTF_VAR_GLOBAL_ALLOCATED 1, BTF_VAR_GLOBAL_EXTERN 2. */
  readonly linkage: number
}

export interface BtfSecInfo {
  /** A VAR or a FUNC. */
  readonly type: number
  readonly offset: number
  readonly size: number
}

export interface BtfDatasec {
  readonly kind: 'DATASEC'
  readonly name: string
  readonly size: number
  readonly vars: readonly BtfSecInfo[]
}

export interface BtfFloat {
  readonly kind: 'FLOAT'
  readonly name: string
  readonly size: number
}

export interface BtfDeclTag {
  readonly kind: 'DECL_TAG'
  /** The tag's text. */
  readonly name: string
  readonly type: number
  /** -1: the declaration itself; else the member or parameter. */
  readonly componentIndex: number
  /** Since Linux 6.15: the name is an attribute as written, not a btf_decl_tag. */
  readonly kindFlag: boolean
}

export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfReference
  | BtfTypeTag
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfFwd
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag

/** A record of `.BTF.ext` about the function that starts at an instruction. */
export interface BtfFuncInfo {
  /** Offset in the section in bytes. */
  readonly insnOffset: number
  readonly typeId: number
}

/** A record of `.BTF.ext` about the C line from which an instruction was compiled. */
export interface BtfLineInfo {
  readonly insnOffset: number
  readonly fileNameOffset: number
  /** Offset of the line's text in the string table, as it stands in the record. */
  readonly lineOffset: number
  /** line << 10 | column, as it stands in the record. */
  readonly lineColumn: number
}

/** A CO-RE relocation of `.BTF.ext`. */
export interface BtfCoreRelo {
  readonly insnOffset: number
  readonly typeId: number
  readonly accessStringOffset: number
  /** enum bpf_core_relo_kind. */
  readonly kind: number
}

/** The records of one ELF section. */
export interface BtfExtSection<Record> {
  readonly sectionNameOffset: number
  readonly sectionName: string
  readonly records: readonly Record[]
}

export interface BtfExt {
  readonly littleEndian: boolean
  readonly version: number
  readonly funcInfo: readonly BtfExtSection<BtfFuncInfo>[]
  readonly lineInfo: readonly BtfExtSection<BtfLineInfo>[]
  readonly coreRelos: readonly BtfExtSection<BtfCoreRelo>[]
}
