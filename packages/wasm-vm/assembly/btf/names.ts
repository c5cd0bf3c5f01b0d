// SPDX-License-Identifier: GPL-2.0-only
// What messages call kinds of types, and types without a name. Kernel counterpart: btf_type_str, __btf_name_by_offset.

import {
  KIND_ARRAY,
  KIND_CONST,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_ENUM,
  KIND_ENUM64,
  KIND_FLOAT,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_RESTRICT,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_TYPE_TAG,
  KIND_UNION,
  KIND_VAR,
  KIND_VOLATILE,
} from './kinds'

/** `(anon)` */
export const ANONYMOUS: usize = memory.data<u8>([40, 97, 110, 111, 110, 41, 0])

/** Kind as messages name it. */
export function kindName(kind: u32): string {
  switch (kind) {
    case KIND_INT:
      return 'INT'
    case KIND_PTR:
      return 'PTR'
    case KIND_ARRAY:
      return 'ARRAY'
    case KIND_STRUCT:
      return 'STRUCT'
    case KIND_UNION:
      return 'UNION'
    case KIND_ENUM:
      return 'ENUM'
    case KIND_FWD:
      return 'FWD'
    case KIND_TYPEDEF:
      return 'TYPEDEF'
    case KIND_VOLATILE:
      return 'VOLATILE'
    case KIND_CONST:
      return 'CONST'
    case KIND_RESTRICT:
      return 'RESTRICT'
    case KIND_FUNC:
      return 'FUNC'
    case KIND_FUNC_PROTO:
      return 'FUNC_PROTO'
    case KIND_VAR:
      return 'VAR'
    case KIND_DATASEC:
      return 'DATASEC'
    case KIND_FLOAT:
      return 'FLOAT'
    case KIND_DECL_TAG:
      return 'DECL_TAG'
    case KIND_TYPE_TAG:
      return 'TYPE_TAG'
    case KIND_ENUM64:
      return 'ENUM64'
    default:
      return 'UNKNOWN'
  }
}
