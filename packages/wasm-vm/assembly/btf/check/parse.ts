// SPDX-License-Identifier: GPL-2.0-only
// From bytes to checked type information. Kernel counterpart: btf_parse of kernel/bpf/btf.c.

import { E2BIG, EFAULT, EINVAL, ELOOP, ENOMEM, ENOTSUPP } from '../../gen/errno.gen'
import {
  ATTR_BTF_LOAD__btf,
  ATTR_BTF_LOAD__btf_log_buf,
  ATTR_BTF_LOAD__btf_log_level,
  ATTR_BTF_LOAD__btf_log_size,
  ATTR_BTF_LOAD__btf_log_true_size,
  ATTR_BTF_LOAD__btf_size,
} from '../../gen/uapi-layouts.gen'
import { kfree, kmalloc, krealloc, kzalloc } from '../../mem/alloc'
import { isZero } from '../../mem/bytes'
import { copyFromUser, putUser32 } from '../../mem/user'
import { Log } from '../../verifier/env'
import { KBUF_SIZE, logFinalize, logInit } from '../../verifier/log/buffer'
import { Btf, BTF_VOID, btfKind, btfType, btfTypeById } from '../btf'
import { KIND_FUNC_PROTO, KIND_TYPE_TAG } from '../kinds'
import { btfFree } from '../refs'
import { BTF_MAX_NAME_OFFSET, BTF_MAX_SIZE, BTF_MAX_TYPE, BtfEnv, isResolved, MAX_RESOLVE_DEPTH, VERTEX } from './env'
import { message } from './log'
import { checkMeta } from './meta'
import { checkProto, resolve } from './resolve'
import { parseStructMetas } from './struct-metas'
import { isModifier, needsResolve } from './types'

const HEADER: u32 = 24
const MAGIC: u32 = 0xeb9f

/** A Btf with one reference and no number, or an errno. */
export function btfParse(attr: usize, size: u32, uattr: u64): usize {
  const dataSize = load<u32>(attr, ATTR_BTF_LOAD__btf_size)
  if (dataSize > BTF_MAX_SIZE) return -E2BIG
  const env = newEnv()
  if (!changetype<usize>(env)) return -ENOMEM
  let err = logInit(
    env.log,
    load<u32>(attr, ATTR_BTF_LOAD__btf_log_level),
    load<u64>(attr, ATTR_BTF_LOAD__btf_log_buf),
    load<u32>(attr, ATTR_BTF_LOAD__btf_log_size),
  )
  if (err) {
    freeEnv(env)
    return err
  }
  err = parseInto(env, load<u64>(attr, ATTR_BTF_LOAD__btf), dataSize)
  const logErr = finalize(env, size, uattr)
  if (logErr) err = logErr
  const btf = env.btf
  freeEnv(env)
  if (!err) {
    btf.refs = 1
    return changetype<usize>(btf)
  }
  if (changetype<usize>(btf)) btfFree(btf)
  return err
}

/** Type information of the kernel itself, which the host gives, not read yet; 0: no memory. */
export function btfOfKernel(data: usize, dataSize: u32): usize {
  const btf = newBtf(dataSize)
  if (!changetype<usize>(btf)) return 0
  memory.copy(btf.data, data, dataSize)
  btf.refs = 1
  btf.kernelBtf = true
  return changetype<usize>(btf)
}

/** Reads it: it is believed, only the log is not wanted. */
export function btfParseKernel(btf: Btf): i32 {
  const env = newEnv()
  if (!changetype<usize>(env)) return -ENOMEM
  env.btf = btf
  const err = parseData(env)
  freeEnv(env)
  return err
}

function newEnv(): BtfEnv {
  const head = (offsetof<BtfEnv>() + offsetof<Log>() + 7) & ~7
  const env = changetype<BtfEnv>(kzalloc(head + KBUF_SIZE + 8 + MAX_RESOLVE_DEPTH * VERTEX))
  if (!changetype<usize>(env)) return env
  env.log = changetype<Log>(changetype<usize>(env) + offsetof<BtfEnv>())
  env.log.kbuf = changetype<usize>(env) + head
  env.stack = env.log.kbuf + KBUF_SIZE + 8
  return env
}

function freeEnv(env: BtfEnv): void {
  kfree(env.visit)
  kfree(changetype<usize>(env))
}

function finalize(env: BtfEnv, size: u32, uattr: u64): i32 {
  const err = logFinalize(env.log)
  if (size < <u32>ATTR_BTF_LOAD__btf_log_true_size + 4) return err
  return putUser32(uattr + <u64>ATTR_BTF_LOAD__btf_log_true_size, env.log.lenMax) ? err : -EFAULT
}

/** A Btf with room for its data; 0: no memory. */
function newBtf(size: u32): Btf {
  const btf = changetype<Btf>(kzalloc(offsetof<Btf>()))
  if (!changetype<usize>(btf)) return btf
  // a word more than the data: an empty blob has an address, and the last string ends
  btf.data = kmalloc(<usize>size + 8)
  btf.dataSize = size
  if (btf.data) {
    store<u64>(btf.data + <usize>size, 0)
    return btf
  }
  kfree(changetype<usize>(btf))
  return changetype<Btf>(0)
}

function parseInto(env: BtfEnv, from: u64, size: u32): i32 {
  const btf = newBtf(size)
  if (!changetype<usize>(btf)) return -ENOMEM
  env.btf = btf
  return copyFromUser(btf.data, from, size) ? parseData(env) : -EFAULT
}

function parseData(env: BtfEnv): i32 {
  let err = parseHeader(env)
  if (!err) err = parseStrings(env)
  if (!err) err = parseTypes(env)
  if (!err) err = checkTypeTags(env)
  return err ? err : parseStructMetas(env.btf)
}

function bad(env: BtfEnv, what: string, err: i32 = -EINVAL): i32 {
  message(env, what)
  return err
}

/** The header as far as there is one; what an older one lacks is zero. */
const HDR: usize = memory.data(24, 8)

function parseHeader(env: BtfEnv): i32 {
  const btf = env.btf
  const size = btf.dataSize
  if (size < 8) return bad(env, 'hdr_len not found')
  const hdrLen = load<u32>(btf.data, 4)
  if (size < hdrLen) return bad(env, 'btf_header not found')
  if (hdrLen > HEADER && !isZero(btf.data + HEADER, hdrLen - HEADER)) return bad(env, 'Unsupported btf_header', -E2BIG)
  memory.fill(HDR, 0, HEADER)
  memory.copy(HDR, btf.data, min<u32>(hdrLen, HEADER))
  const magic = <u32>load<u16>(HDR)
  const version = <u32>load<u8>(HDR, 2)
  const flags = <u32>load<u8>(HDR, 3)
  const shownLen = load<u32>(HDR, 4)
  env.hdrLen = shownLen
  env.typeOff = load<u32>(HDR, 8)
  env.typeLen = load<u32>(HDR, 12)
  env.strOff = load<u32>(HDR, 16)
  env.strLen = load<u32>(HDR, 20)
  message(env, 'magic: 0x%x\n', magic)
  message(env, 'version: %u\n', version)
  message(env, 'flags: 0x%x\n', flags)
  message(env, 'hdr_len: %u\n', shownLen)
  message(env, 'type_off: %u\n', env.typeOff)
  message(env, 'type_len: %u\n', env.typeLen)
  message(env, 'str_off: %u\n', env.strOff)
  message(env, 'str_len: %u\n', env.strLen)
  message(env, 'btf_total_size: %u\n', size)
  if (magic != MAGIC) return bad(env, 'Invalid magic')
  if (version != 1) return bad(env, 'Unsupported version', -ENOTSUPP)
  if (flags) return bad(env, 'Unsupported flags', -ENOTSUPP)
  if (size == shownLen) return bad(env, 'No data')
  return checkSections(env, size - shownLen)
}

/** Both sections lie one behind the other, without gaps, and fill the rest. */
function checkSections(env: BtfEnv, expected: u32): i32 {
  // sorted by the sign of differences, as Linux does
  const before = <i32>(env.typeOff - env.strOff)
  const stringsFirst = before > 0 || (before == 0 && <i32>(env.typeLen - env.strLen) > 0)
  let total: u32 = 0
  for (let i = 0; i < 2; i++) {
    const strings = (i == 0) == stringsFirst
    const off = strings ? env.strOff : env.typeOff
    const len = strings ? env.strLen : env.typeLen
    if (expected < off) return bad(env, 'Invalid section offset')
    if (total < off) return bad(env, 'Unsupported section found')
    if (total > off) return bad(env, 'Section overlap found')
    if (expected - total < len) return bad(env, 'Total section length too long')
    total += len
  }
  return expected != total ? bad(env, 'Unsupported section found') : 0
}

function parseStrings(env: BtfEnv): i32 {
  const btf = env.btf
  const start = btf.data + env.hdrLen + env.strOff
  const end = start + env.strLen
  if (end != btf.data + btf.dataSize) return bad(env, 'String section is not at the end')
  btf.strings = start
  btf.stringLen = env.strLen
  if (!env.strLen || env.strLen - 1 > BTF_MAX_NAME_OFFSET || load<u8>(end - 1))
    return bad(env, 'Invalid string section')
  return load<u8>(start) ? bad(env, 'Invalid string section') : 0
}

function addType(env: BtfEnv, t: usize): i32 {
  const btf = env.btf
  if (btf.nrTypes >= env.typesCap) {
    if (env.typesCap == BTF_MAX_TYPE) return bad(env, 'Exceeded max num of types', -E2BIG)
    const cap = min<u32>(BTF_MAX_TYPE, env.typesCap + max<u32>(env.typesCap >> 1, 64))
    const types = btf.types ? krealloc(btf.types, <usize>cap * 4) : kmalloc(<usize>cap * 4)
    if (!types) return -ENOMEM
    btf.types = types
    env.typesCap = cap
    if (!btf.nrTypes) {
      store<usize>(types, BTF_VOID)
      btf.nrTypes = 1
    }
  }
  store<usize>(btf.types + ((<usize>btf.nrTypes) << 2), t)
  btf.nrTypes++
  return 0
}

function parseTypes(env: BtfEnv): i32 {
  const btf = env.btf
  if (env.typeOff & 3) return bad(env, 'Unaligned type_off')
  if (!env.typeLen) return bad(env, 'No type found')
  btf.typeData = btf.data + env.hdrLen + env.typeOff
  btf.typeLen = env.typeLen
  let cur = btf.typeData
  const end = cur + env.typeLen
  env.logTypeId = 1
  while (cur < end) {
    const size = checkMeta(env, cur, <u32>(end - cur))
    if (size < 0) return size
    // Linux goes on when there is no room for more types, and fails over what is missing
    const err = addType(env, cur)
    if (err == -ENOMEM) return err
    cur += size
    env.logTypeId++
  }
  return resolveAll(env)
}

function resolveAll(env: BtfEnv): i32 {
  const btf = env.btf
  const n = btf.nrTypes
  btf.resolvedSizes = kzalloc(<usize>n * 4)
  btf.resolvedIds = kzalloc(<usize>n * 4)
  env.visit = kzalloc(n)
  if (!btf.resolvedSizes || !btf.resolvedIds || !env.visit) return -ENOMEM
  env.phase++
  for (let i: u32 = 1; i < n; i++) {
    const t = load<usize>(btf.types + ((<usize>i) << 2))
    env.logTypeId = i
    if (needsResolve(t) && !isResolved(env, i)) {
      const err = resolve(env, t, i)
      if (err) return err
    }
    if (btfKind(t) == KIND_FUNC_PROTO) {
      const err = checkProto(env, t)
      if (err) return err
    }
  }
  return 0
}

/** Tags come before qualifiers, and chains of both end. */
function checkTypeTags(env: BtfEnv): i32 {
  const btf = env.btf
  let good: u32 = 0
  for (let i: u32 = 1; i < btf.nrTypes; i++) {
    let t = load<usize>(btf.types + ((<usize>i) << 2))
    if (!isModifier(t)) continue
    let left = 32
    let id = i
    let inTags = btfKind(t) == KIND_TYPE_TAG
    while (isModifier(t)) {
      if (!left--) return bad(env, 'Max chain length or cycle detected', -ELOOP)
      if (btfKind(t) == KIND_TYPE_TAG) {
        if (!inTags) return bad(env, "Type tags don't precede modifiers")
      } else inTags = false
      if (id <= good) break
      id = btfType(t)
      t = btfTypeById(btf, id)
      if (!t) return -EINVAL
    }
    good = i
  }
  return 0
}
