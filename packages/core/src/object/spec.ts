// SPDX-License-Identifier: BSD-2-Clause
/**
 * What an object file says, as plain data: the same file gives the same Spec, which can be printed, compared and edited
 * before it is loaded. Names in references are names of maps, functions and externs of the same Spec.
 */
import type { Slot } from './slots.ts'

/** What an instruction refers to; `slot` counts from the start of the function. */
export type Reference =
  /** 64-bit load of a map. */
  | { readonly kind: 'map'; readonly slot: number; readonly map: string }
  /** 64-bit load of an address inside a data map; the instruction's immediate adds to `offset`. */
  | { readonly kind: 'map-value'; readonly slot: number; readonly map: string; readonly offset: number }
  /** Call of a function of the object. */
  | { readonly kind: 'call'; readonly slot: number; readonly function: string }
  /** 64-bit load of a function's address, for callbacks. */
  | { readonly kind: 'function'; readonly slot: number; readonly function: string }
  /** 64-bit load of a kernel symbol's address or of a configuration value. */
  | { readonly kind: 'extern'; readonly slot: number; readonly extern: string }
  /** Call of a kernel function. */
  | { readonly kind: 'extern-call'; readonly slot: number; readonly extern: string }

/** Type of the function that starts at a slot. */
export interface FuncInfo {
  readonly slot: number
  readonly typeId: number
}

/** C line of the instruction at a slot. */
export interface LineInfo {
  readonly slot: number
  readonly file: string
  /** The line's text. */
  readonly text: string
  readonly line: number
  readonly column: number
}

/** A CO-RE relocation of the instruction at a slot. */
export interface CoreRelo {
  readonly slot: number
  readonly typeId: number
  /** Access string such as `0:1:2`. */
  readonly access: string
  /** enum bpf_core_relo_kind. */
  readonly kind: number
}

/** A function of the object: a subprogram, or the body of a program. */
export interface FunctionSpec {
  readonly name: string
  /** Name of the section it stands in. */
  readonly section: string
  /** Slot in that section. */
  readonly offset: number
  /** Static functions and those of hidden visibility are verified as part of their callers. */
  readonly isStatic: boolean
  slots: Slot[]
  references: Reference[]
  funcInfo: FuncInfo[]
  lineInfo: LineInfo[]
  coreRelos: CoreRelo[]
}

/** A function that the kernel loads as a program. */
export interface ProgramSpec extends FunctionSpec {
  /** BPF_PROG_TYPE_*; 0 where the section name says nothing. */
  type: number
  /** BPF_* attach type, 0 where the section name says none. */
  expectedAttachType: number
  /** BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS … */
  flags: number
  /** What follows the slash of the section name: function, tracepoint, hook; empty if nothing. */
  attachTo: string
  /** Whether the target is a function or type that has a BTF id (fentry, tp_btf, lsm, iter, freplace …). */
  attachBtf: boolean
  /** BTF id of the target where the caller knows it; looked up by `attachTo` otherwise. */
  attachBtfId?: number
  /** fd of the program whose function is replaced or traced. */
  attachProgFd?: number
  /** Whether the expected attach type may be left out where a kernel does not know it. */
  attachTypeOptional: boolean
  /** False for a section that starts with `?`: skipped when the whole object is loaded. */
  autoload: boolean
  /** Device that the program is bound to. */
  ifindex?: number
  /** Function that runs when the program throws (`__exception_cb`): linked in though nothing calls it. */
  exceptionCallback?: string
}

/** What kind of section a map comes from. */
export type MapOrigin = 'legacy' | 'btf' | 'data' | 'rodata' | 'bss' | 'kconfig' | 'struct_ops' | 'inner'

/** A variable in a data section. */
export interface VariableSpec {
  readonly name: string
  /** Offset in the section in bytes. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
  /** Its type in the object's BTF, 0 where there is none. */
  readonly typeId: number
  readonly isStatic: boolean
}

/** A map as the file defines it. */
export interface MapSpec {
  readonly name: string
  readonly origin: MapOrigin
  readonly section: string
  /** Offset of its definition in the section. */
  readonly offset: number
  /** BPF_MAP_TYPE_*. */
  type: number
  keySize: number
  valueSize: number
  maxEntries: number
  flags: number
  numaNode: number
  mapExtra: bigint
  ifindex?: number
  /** Path in bpffs by which loads share it: `LIBBPF_PIN_BY_NAME`. */
  pinByName: boolean
  keyTypeId: number
  valueTypeId: number
  /** Template of the maps that it holds. */
  inner?: MapSpec
  /** Members of a map of maps or of a program array, by index. */
  initial: { readonly index: number; readonly target: string }[]
  /** False: not created, and references to it poison the instruction. */
  autocreate: boolean
  /** Contents of a data section. */
  data?: Uint8Array
  variables: VariableSpec[]
  /** Bytes of a legacy definition beyond the fields that loaders agree on. */
  extra?: Uint8Array
}

/** How a configuration value is stored. */
export type KconfigType = 'bool' | 'char' | 'int' | 'tristate' | 'char-array'

/** A symbol that the kernel provides. */
export interface ExternSpec {
  readonly name: string
  readonly kind: 'kconfig' | 'ksym' | 'kfunc'
  /** May be missing: the value is then 0. */
  readonly weak: boolean
  /** Type in the object's BTF: of the variable, or the function's prototype; 0 for `void` symbols. */
  readonly typeId: number
  /** Where it lies in the `.kconfig` map, and its shape there. */
  readonly kconfig?: {
    readonly type: KconfigType
    readonly offset: number
    readonly size: number
    readonly signed: boolean
  }
}
