// SPDX-License-Identifier: GPL-2.0-only
// BPF_OBJ_GET_INFO_BY_FD. Kernel counterpart: bpf_*_get_info_by_fd of kernel/bpf/syscall.c.

import { EBADFD, EFAULT, EINVAL, ENOSPC, EPERM } from '../gen/errno.gen'
import {
  ATTR_INFO__bpf_fd,
  ATTR_INFO__info,
  ATTR_INFO__info_len,
  bpf_btf_info__btf,
  bpf_btf_info__btf_size,
  bpf_btf_info__id,
  bpf_btf_info__kernel_btf,
  bpf_btf_info__name,
  bpf_btf_info__name_len,
  bpf_btf_info__SIZE,
  bpf_link_info__SIZE,
  bpf_map_info__btf_id,
  bpf_map_info__btf_key_type_id,
  bpf_map_info__btf_value_type_id,
  bpf_map_info__btf_vmlinux_value_type_id,
  bpf_map_info__hash,
  bpf_map_info__hash_size,
  bpf_map_info__id,
  bpf_map_info__key_size,
  bpf_map_info__map_extra,
  bpf_map_info__map_flags,
  bpf_map_info__max_entries,
  bpf_map_info__name,
  bpf_map_info__SIZE,
  bpf_map_info__type,
  bpf_map_info__value_size,
  bpf_prog_info__attach_btf_id,
  bpf_prog_info__attach_btf_obj_id,
  bpf_prog_info__btf_id,
  bpf_prog_info__created_by_uid,
  bpf_prog_info__func_info,
  bpf_prog_info__func_info_rec_size,
  bpf_prog_info__gpl_compatible,
  bpf_prog_info__id,
  bpf_prog_info__jited_func_lens,
  bpf_prog_info__jited_ksyms,
  bpf_prog_info__jited_line_info_rec_size,
  bpf_prog_info__jited_prog_insns,
  bpf_prog_info__jited_prog_len,
  bpf_prog_info__line_info,
  bpf_prog_info__line_info_rec_size,
  bpf_prog_info__load_time,
  bpf_prog_info__map_ids,
  bpf_prog_info__name,
  bpf_prog_info__nr_func_info,
  bpf_prog_info__nr_jited_func_lens,
  bpf_prog_info__nr_jited_ksyms,
  bpf_prog_info__nr_jited_line_info,
  bpf_prog_info__nr_line_info,
  bpf_prog_info__nr_map_ids,
  bpf_prog_info__nr_prog_tags,
  bpf_prog_info__prog_tags,
  bpf_prog_info__recursion_misses,
  bpf_prog_info__run_cnt,
  bpf_prog_info__run_time_ns,
  bpf_prog_info__SIZE,
  bpf_prog_info__tag,
  bpf_prog_info__type,
  bpf_prog_info__verified_insns,
  bpf_prog_info__xlated_prog_insns,
  bpf_prog_info__xlated_prog_len,
} from '../gen/uapi-layouts.gen'
import { BPF_MAP_TYPE_ARRAY } from '../gen/uapi-enums.gen'
import { Btf } from '../btf/btf'
import { Decoded } from '../insn/record'
import { BpfMap, mapName } from '../maps/map'
import { cstrlen } from '../mem/bytes'
import { copyFromUser, copyToUser, putUser32, putUser64 } from '../mem/user'
import { Prog, progName, progUsedMap } from '../prog/prog'
import { bpfCapable, CAP_BPF } from './caps'
import { FD_BTF, FD_FREE, FD_LINK, FD_MAP, FD_PROG, FD_TOKEN, fdKind, fdObject } from './fd'
import { Link, linkFillInfo } from './link'
import { dumpInsns } from './dump'
import { checkTail } from './tail'
import { sha256 } from './digest'
import { Token, tokenInfo } from './token'

/** Kernel's copy of the caller's info struct. */
const INFO: usize = memory.data(256, 8)
const INFO_ROOM: usize = 256
/** Ends of the last fields of structs whose sizes have padding behind them. */
const PROG_INFO_END: u32 = bpf_prog_info__attach_btf_id + 4
const MAP_INFO_END: u32 = bpf_map_info__hash_size + 4
const FUNC_INFO_SIZE: u32 = 8
const LINE_INFO_SIZE: u32 = 16

export function infoCmd(attr: usize, uattr: u64): i32 {
  const fd = load<i32>(attr, ATTR_INFO__bpf_fd)
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADFD
  const obj = fdObject(fd)
  const info = load<u64>(attr, ATTR_INFO__info)
  const len = load<u32>(attr, ATTR_INFO__info_len)
  memory.fill(INFO, 0, INFO_ROOM)
  switch (kind) {
    case FD_PROG:
      return progInfo(changetype<Prog>(obj), info, len, uattr)
    case FD_MAP:
      return mapInfo(changetype<BpfMap>(obj), info, len, uattr)
    case FD_BTF:
      return btfInfo(changetype<Btf>(obj), info, len, uattr)
    case FD_LINK:
      return linkInfo(changetype<Link>(obj), info, len, uattr)
    case FD_TOKEN:
      return tokenInfo(changetype<Token>(obj), info, len, uattr)
    default:
      return -EINVAL
  }
}

function finish(info: u64, len: u32, uattr: u64): i32 {
  return copyToUser(info, INFO, len) && putUser32(uattr + <u64>ATTR_INFO__info_len, len) ? 0 : -EFAULT
}

/** Replaces a count in INFO by how many there are; how many of them the caller has room for. */
function room(field: i32, have: u32): u32 {
  const asked = load<u32>(INFO + field)
  store<u32>(INFO + field, have)
  return min<u32>(asked, have)
}

/** A record size that the caller gave must be the kernel's. */
function recordSize(field: i32, count: i32, size: u32): bool {
  const asked = load<u32>(INFO + field)
  if (load<u32>(INFO + count) && asked != size) return false
  store<u32>(INFO + field, size)
  return true
}

function progInfo(p: Prog, uinfo: u64, ulen: u32, uattr: u64): i32 {
  const bad = checkTail(uinfo, PROG_INFO_END, ulen)
  if (bad) return bad
  const len = min<u32>(ulen, bpf_prog_info__SIZE)
  if (!copyFromUser(INFO, uinfo, len)) return -EFAULT
  store<u32>(INFO, p.type, bpf_prog_info__type)
  store<u32>(INFO, p.id, bpf_prog_info__id)
  store<u64>(INFO, p.loadTime, bpf_prog_info__load_time)
  store<u32>(INFO, p.createdByUid, bpf_prog_info__created_by_uid)
  store<u32>(INFO, p.gplCompatible ? 1 : 0, bpf_prog_info__gpl_compatible)
  store<u64>(INFO, p.tag, bpf_prog_info__tag)
  memory.copy(INFO + bpf_prog_info__name, progName(p), 16)
  const maps = room(bpf_prog_info__nr_map_ids, p.usedMapCnt)
  const ids = load<u64>(INFO, bpf_prog_info__map_ids)
  for (let i: u32 = 0; i < maps; i++) if (!putUser32(ids + <u64>i * 4, progUsedMap(p, i).id)) return -EFAULT
  if (!recordSize(bpf_prog_info__func_info_rec_size, bpf_prog_info__nr_func_info, FUNC_INFO_SIZE)) return -EINVAL
  if (!recordSize(bpf_prog_info__line_info_rec_size, bpf_prog_info__nr_line_info, LINE_INFO_SIZE)) return -EINVAL
  if (!recordSize(bpf_prog_info__jited_line_info_rec_size, bpf_prog_info__nr_jited_line_info, 8)) return -EINVAL
  store<u64>(INFO, p.runTimeNs, bpf_prog_info__run_time_ns)
  store<u64>(INFO, p.runCnt, bpf_prog_info__run_cnt)
  store<u64>(INFO, p.recursionMisses, bpf_prog_info__recursion_misses)
  store<u32>(INFO, p.verifiedInsns, bpf_prog_info__verified_insns)
  if (changetype<usize>(p.btf)) store<u32>(INFO, p.btf.id, bpf_prog_info__btf_id)
  if (!bpfCapable(CAP_BPF)) {
    hideCode()
    return finish(uinfo, len, uattr)
  }
  const err = progCode(p)
  return err ? err : finish(uinfo, len, uattr)
}

/** What a caller without capabilities is not told. */
function hideCode(): void {
  store<u32>(INFO, 0, bpf_prog_info__jited_prog_len)
  store<u32>(INFO, 0, bpf_prog_info__xlated_prog_len)
  store<u32>(INFO, 0, bpf_prog_info__nr_jited_ksyms)
  store<u32>(INFO, 0, bpf_prog_info__nr_jited_func_lens)
  store<u32>(INFO, 0, bpf_prog_info__nr_func_info)
  store<u32>(INFO, 0, bpf_prog_info__nr_line_info)
  store<u32>(INFO, 0, bpf_prog_info__nr_jited_line_info)
}

function progCode(p: Prog): i32 {
  const xlated = room(bpf_prog_info__xlated_prog_len, p.len * 8)
  if (xlated) {
    const err = dumpInsns(p, load<u64>(INFO, bpf_prog_info__xlated_prog_insns), xlated)
    if (err) return err
  }
  const decoded = changetype<Decoded>(p.decoded)
  const jited = room(bpf_prog_info__jited_prog_len, p.jitedLen)
  if (jited && changetype<usize>(decoded) && decoded.jitBytes) {
    if (!copyToUser(load<u64>(INFO, bpf_prog_info__jited_prog_insns), decoded.jitBytes, jited)) return -EFAULT
  }
  const funcs = p.subprogCnt ? p.subprogCnt : 1
  const ksyms = room(bpf_prog_info__nr_jited_ksyms, funcs)
  for (let i: u32 = 0; i < ksyms; i++) {
    if (!putUser64(load<u64>(INFO, bpf_prog_info__jited_ksyms) + <u64>i * 8, <u64>p.jitFn)) return -EFAULT
  }
  const lens = room(bpf_prog_info__nr_jited_func_lens, funcs)
  for (let i: u32 = 0; i < lens; i++) {
    if (!putUser32(load<u64>(INFO, bpf_prog_info__jited_func_lens) + <u64>i * 4, i ? 0 : p.jitedLen)) return -EFAULT
  }
  store<u32>(INFO, p.attachBtfId, bpf_prog_info__attach_btf_id)
  if (changetype<usize>(p.attachProg)) {
    const b = p.attachProg.btf
    if (changetype<usize>(b)) store<u32>(INFO, b.id, bpf_prog_info__attach_btf_obj_id)
  } else if (changetype<usize>(p.attachBtf)) store<u32>(INFO, p.attachBtf.id, bpf_prog_info__attach_btf_obj_id)
  const fi = room(bpf_prog_info__nr_func_info, p.funcInfoCnt)
  if (fi && !copyToUser(load<u64>(INFO, bpf_prog_info__func_info), p.funcInfo, <usize>fi * FUNC_INFO_SIZE))
    return -EFAULT
  const li = room(bpf_prog_info__nr_line_info, p.lineInfoCnt)
  if (li && !copyToUser(load<u64>(INFO, bpf_prog_info__line_info), p.lineInfo, <usize>li * LINE_INFO_SIZE))
    return -EFAULT
  room(bpf_prog_info__nr_jited_line_info, 0)
  return progTags(p, funcs)
}

function progTags(p: Prog, funcs: u32): i32 {
  const tags = room(bpf_prog_info__nr_prog_tags, funcs)
  for (let i: u32 = 0; i < tags; i++) {
    // subprograms have tags of their own instructions
    let tag = p.tag
    if (p.subprogCnt > 1 && p.subprogStarts) {
      const from = load<u32>(p.subprogStarts + ((<usize>i) << 2))
      const to = i + 1 < p.subprogCnt ? load<u32>(p.subprogStarts + ((<usize>i) << 2), 4) : p.len
      if (sha256(p.insns + <usize>from * 8, <usize>(to - from) * 8, TAG)) tag = load<u64>(TAG)
    }
    if (!putUser64(load<u64>(INFO, bpf_prog_info__prog_tags) + <u64>i * 8, tag)) return -EFAULT
  }
  return 0
}
const TAG: usize = memory.data(32, 8)

function mapInfo(m: BpfMap, uinfo: u64, ulen: u32, uattr: u64): i32 {
  const bad = checkTail(uinfo, MAP_INFO_END, ulen)
  if (bad) return bad
  const len = min<u32>(ulen, bpf_map_info__SIZE)
  if (!copyFromUser(INFO, uinfo, len)) return -EFAULT
  const hash = load<u64>(INFO, bpf_map_info__hash)
  const hashSize = load<u32>(INFO, bpf_map_info__hash_size)
  memory.fill(INFO, 0, bpf_map_info__SIZE)
  store<u32>(INFO, m.mapType, bpf_map_info__type)
  store<u32>(INFO, m.id, bpf_map_info__id)
  store<u32>(INFO, m.keySize, bpf_map_info__key_size)
  store<u32>(INFO, m.valueSize, bpf_map_info__value_size)
  store<u32>(INFO, m.maxEntries, bpf_map_info__max_entries)
  store<u32>(INFO, m.mapFlags, bpf_map_info__map_flags)
  store<u64>(INFO, m.mapExtra, bpf_map_info__map_extra)
  memory.copy(INFO + bpf_map_info__name, mapName(m), 16)
  if (changetype<usize>(m.btf)) {
    store<u32>(INFO, m.btf.id, bpf_map_info__btf_id)
    store<u32>(INFO, m.btfKeyTypeId, bpf_map_info__btf_key_type_id)
    store<u32>(INFO, m.btfValueTypeId, bpf_map_info__btf_value_type_id)
  }
  store<u32>(INFO, m.btfVmlinuxValueTypeId, bpf_map_info__btf_vmlinux_value_type_id)
  const err = mapHash(m, hash, hashSize)
  return err ? err : finish(uinfo, len, uattr)
}

/** Digest of a frozen array of one: what a signed loader checks. */
function mapHash(m: BpfMap, to: u64, size: u32): i32 {
  if (!to) return size ? -EINVAL : 0
  if (m.mapType != BPF_MAP_TYPE_ARRAY || size != 32) return -EINVAL
  if (!m.frozen) return -EPERM
  if (!sha256(m.values, <usize>m.valueSize, TAG) || !copyToUser(to, TAG, 32)) return -EFAULT
  store<u64>(INFO, to, bpf_map_info__hash)
  store<u32>(INFO, 32, bpf_map_info__hash_size)
  return 0
}

function btfInfo(b: Btf, uinfo: u64, ulen: u32, uattr: u64): i32 {
  const bad = checkTail(uinfo, bpf_btf_info__SIZE, ulen)
  if (bad) return bad
  const len = min<u32>(ulen, bpf_btf_info__SIZE)
  if (!copyFromUser(INFO, uinfo, len)) return -EFAULT
  store<u32>(INFO, b.id, bpf_btf_info__id)
  const copy = min<u32>(b.dataSize, load<u32>(INFO, bpf_btf_info__btf_size))
  if (!copyToUser(load<u64>(INFO, bpf_btf_info__btf), b.data, copy)) return -EFAULT
  store<u32>(INFO, b.dataSize, bpf_btf_info__btf_size)
  store<u32>(INFO, b.kernelBtf ? 1 : 0, bpf_btf_info__kernel_btf)
  const uname = load<u64>(INFO, bpf_btf_info__name)
  const nameRoom = load<u32>(INFO, bpf_btf_info__name_len)
  if ((uname != 0) != (nameRoom != 0)) return -EINVAL
  const n: u32 = b.name ? <u32>cstrlen(b.name) : 0
  store<u32>(INFO, n, bpf_btf_info__name_len)
  let ret = 0
  if (uname) {
    const fits = nameRoom >= n + 1
    if (n && !copyToUser(uname, b.name, fits ? n : nameRoom - 1)) return -EFAULT
    store<u8>(TAG, 0)
    if (!copyToUser(uname + <u64>(fits ? n : nameRoom - 1), TAG, 1)) return -EFAULT
    if (!fits) ret = -ENOSPC
  }
  const err = finish(uinfo, len, uattr)
  return err ? err : ret
}

function linkInfo(l: Link, uinfo: u64, ulen: u32, uattr: u64): i32 {
  const bad = checkTail(uinfo, bpf_link_info__SIZE, ulen)
  if (bad) return bad
  const len = min<u32>(ulen, bpf_link_info__SIZE)
  if (!copyFromUser(INFO, uinfo, len)) return -EFAULT
  store<u32>(INFO, l.type)
  store<u32>(INFO, l.id, 4)
  store<u32>(INFO, changetype<usize>(l.prog) ? l.prog.id : 0, 8)
  const err = linkFillInfo(l, INFO)
  return err ? err : finish(uinfo, len, uattr)
}
