// SPDX-License-Identifier: GPL-2.0-only
// What the verifier asks of a program's BTF.

import { EEXIST, EINVAL, ENOENT } from '../gen/errno.gen'
import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../btf/btf'
import {
  KIND_INT,
  KIND_PTR,
  KIND_ARRAY,
  KIND_STRUCT,
  KIND_UNION,
  KIND_ENUM,
  KIND_TYPEDEF,
  KIND_VOLATILE,
  KIND_CONST,
  KIND_RESTRICT,
  KIND_FUNC,
  KIND_FLOAT,
  KIND_DECL_TAG,
  KIND_TYPE_TAG,
  KIND_ENUM64,
} from '../btf/kinds'
import { kindName } from '../btf/names'
import { HELPER_BTF_NAMES, HELPER_BTF_NAME_OFFSETS } from '../gen/helpers.gen'
import { Env } from './env'
import { Z, reject } from './log/verbose'

export {
  KIND_INT,
  KIND_PTR,
  KIND_ARRAY,
  KIND_STRUCT,
  KIND_UNION,
  KIND_ENUM,
  KIND_FWD,
  KIND_TYPEDEF,
  KIND_VOLATILE,
  KIND_CONST,
  KIND_RESTRICT,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_VAR,
  KIND_DATASEC,
  KIND_FLOAT,
  KIND_DECL_TAG,
  KIND_TYPE_TAG,
  KIND_ENUM64,
} from '../btf/kinds'

export function isModifier(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_TYPEDEF || k == KIND_VOLATILE || k == KIND_CONST || k == KIND_RESTRICT || k == KIND_TYPE_TAG
}
export function skipModifiers(btf: Btf, id: u32): usize {
  let t = btfTypeById(btf, id)
  while (t && isModifier(t)) t = btfTypeById(btf, btfType(t))
  return t
}

@inline export function isEnum(t: usize): bool {
  return btfKind(t) == KIND_ENUM || btfKind(t) == KIND_ENUM64
}

/** Kind as messages name it. */
export function kindStr(t: usize): string {
  return kindName(btfKind(t))
}

/** Name of a type for %S. Without BTF it is a structure that a helper's prototype names. */
export function typeName(btf: Btf, id: u32): i64 {
  if (!changetype<usize>(btf)) return <i64>(HELPER_BTF_NAMES + load<u16>(HELPER_BTF_NAME_OFFSETS + ((<usize>id) << 1)))
  const t = btfTypeById(btf, id)
  return t ? <i64>btfNameOf(btf, t) : 0
}

/** Whether a byte string is a literal. */
export function isText(p: usize, s: string): bool {
  if (!p) return false
  const n = s.length
  for (let i = 0; i < n; i++) if (<i32>load<u8>(p + i) != s.charCodeAt(i)) return false
  return load<u8>(p + n) == 0
}
export function startsWith(p: usize, s: string): bool {
  if (!p) return false
  const n = s.length
  for (let i = 0; i < n; i++) if (<i32>load<u8>(p + i) != s.charCodeAt(i)) return false
  return true
}

/** Size of a complete type after modifiers; -1 if it has none. */
export function resolveSize(btf: Btf, t: usize): i64 {
  let n: u64 = 1
  for (let depth = 0; t && depth < 32; depth++) {
    switch (btfKind(t)) {
      case KIND_PTR:
        return <i64>(n * 8)
      case KIND_INT:
      case KIND_STRUCT:
      case KIND_UNION:
      case KIND_ENUM:
      case KIND_FLOAT:
      case KIND_ENUM64:
        n *= btfSize(t)
        return n > 0xffffffff ? -1 : <i64>n
      case KIND_TYPEDEF:
      case KIND_VOLATILE:
      case KIND_CONST:
      case KIND_RESTRICT:
      case KIND_TYPE_TAG:
        t = btfTypeById(btf, btfType(t))
        break
      case KIND_ARRAY:
        n *= load<u32>(t, 20)
        if (n > 0xffffffff) return -1
        t = btfTypeById(btf, load<u32>(t, 12))
        break
      default:
        return -1
    }
  }
  return -1
}

/** Next declaration tag of a type (component -1) or of a member or argument: its number, 0 if there is none. */
export function nextDeclTag(btf: Btf, target: usize, component: i32, prefix: string, after: u32): u32 {
  for (let id = after + 1; id < btf.nrTypes; id++) {
    const t = btfTypeById(btf, id)
    if (btfKind(t) != KIND_DECL_TAG) continue
    if (btfTypeById(btf, btfType(t)) != target || load<i32>(t, 12) != component) continue
    if (startsWith(btfNameOf(btf, t), prefix)) return id
  }
  return 0
}

function findByName(btf: Btf, name: usize, kind: u32): u32 {
  for (let id: u32 = 1; id < btf.nrTypes; id++) {
    const t = btfTypeById(btf, id)
    if (btfKind(t) != kind) continue
    const n = btfNameOf(btf, t)
    let i: usize = 0
    while (load<u8>(n + i) && load<u8>(n + i) == load<u8>(name + i)) i++
    if (load<u8>(n + i) == load<u8>(name + i)) return id
  }
  return 0
}

/** First instruction of the exception callback that the main program names by a tag, 0 if it names none. */
export function findExceptionCallback(env: Env): i32 {
  const prog = env.prog
  if (!prog.funcInfoCnt) return 0
  const btf = prog.btf
  const main = btfTypeById(btf, load<u32>(prog.funcInfo, 4))
  if (!main) return reject(env, -EINVAL, 'invalid btf id for main subprog in func_info\n')
  const tag = nextDeclTag(btf, main, -1, 'exception_callback:', 0)
  if (!tag) return 0
  if (nextDeclTag(btf, main, -1, 'exception_callback:', tag))
    return reject(env, -EEXIST, 'multiple exception callback tags for main subprog\n')
  const name = btfNameOf(btf, btfTypeById(btf, tag)) + 19
  const id = findByName(btf, name, KIND_FUNC)
  if (!id) return reject(env, -ENOENT, "exception callback '%S' could not be found in BTF\n", Z(name))
  if (btfVlen(btfTypeById(btf, id)) != 1)
    return reject(env, -EINVAL, "exception callback '%S' must have global linkage\n", Z(name))
  let off = 0
  for (let i: u32 = 0; i < prog.funcInfoCnt; i++) {
    if (load<u32>(prog.funcInfo + ((<usize>i) << 3), 4) != id) continue
    off = load<i32>(prog.funcInfo + ((<usize>i) << 3))
    if (!off) return reject(env, -EINVAL, 'invalid exception callback insn_off in func_info: 0\n')
  }
  if (!off) return reject(env, -EINVAL, 'exception callback type id not found in func_info\n')
  return off
}

/** Name of a subprogram, from func_info. */
export function subprogName(env: Env, i: i32): i64 {
  const prog = env.prog
  if (!prog.funcInfo) return <i64>EMPTY
  return typeName(prog.btf, load<u32>(prog.funcInfo + ((<usize>i) << 3), 4))
}
const EMPTY: usize = memory.data(8, 1)
