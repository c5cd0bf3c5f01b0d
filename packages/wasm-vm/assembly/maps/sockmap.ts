// SPDX-License-Identifier: GPL-2.0-only
// SOCKMAP and SOCKHASH. Kernel counterpart: net/core/sock_map.c. A map holds no socket alive: a socket that is closed
// leaves all maps.
//
//   element of a hash:  | next | hash | socket | reserved | key |

import { E2BIG, EBUSY, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_EXIST,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_WRONLY,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_NOEXIST,
} from '../gen/uapi-enums.gen'
import { kfree, kzalloc, kzalloc64 } from '../mem/alloc'
import { bytesEqual } from '../mem/bytes'
import { rcuFree } from '../mem/rcu'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { isErr } from '../syscall/fd'
import { Sock, sockCookie, sockFromFd, sockFitsMap, sockGet, sockStateAllowed } from '../world/sock'
import { keyHash } from './jhash'
import { BpfMap } from './map'

const FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY
const MAX_BPF_STACK: u32 = 512
const SOCK: usize = 8
const KEY: usize = 16
const KERNEL_SIZE: u64 = 296
const KERNEL_ELEM: u64 = 48

@unmanaged export class SockMap extends BpfMap {
  hash: bool
  nBuckets: u32
  /** Programs of the sockets in the map: sk_msg verdict, stream parser, stream verdict, skb verdict. */
  msgVerdict: Prog
  streamParser: Prog
  streamVerdict: Prog
  skbVerdict: Prog
  /** Links through which they came; 0: attached directly. */
  msgVerdictLink: usize
  streamParserLink: usize
  streamVerdictLink: usize
  skbVerdictLink: usize
}

@inline export function smap(map: BpfMap): SockMap {
  return changetype<SockMap>(map)
}

export function sockmapAllocCheck(attr: usize): i32 {
  const entries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  const keySize = load<u32>(attr, ATTR_MAP_CREATE__key_size)
  const valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const hash = load<u32>(attr, ATTR_MAP_CREATE__map_type) == BPF_MAP_TYPE_SOCKHASH
  if (!entries || (hash ? !keySize : keySize != 4 || entries > 0x7fffffff)) return -EINVAL
  if ((valueSize != 4 && valueSize != 8) || load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~FLAGS) return -EINVAL
  return hash && keySize > MAX_BPF_STACK ? -E2BIG : 0
}

export function sockmapAlloc(map: BpfMap): i32 {
  const s = smap(map)
  s.hash = map.mapType == BPF_MAP_TYPE_SOCKHASH
  let n = <u64>map.maxEntries
  if (s.hash) {
    n = n <= 1 ? 1 : (<u64>1) << (32 - clz(map.maxEntries - 1))
    if (n > 0xffffffff / 16) return -EINVAL
  }
  s.nBuckets = <u32>n
  map.values = kzalloc64(n * 4)
  return map.values ? 0 : -ENOMEM
}

export function sockmapFree(map: BpfMap): void {
  const s = smap(map)
  if (map.values) {
    for (let i: u32 = 0; i < s.nBuckets; i++) {
      const slot = map.values + ((<usize>i) << 2)
      while (load<usize>(slot)) dropFrom(s, slot)
    }
  }
  kfree(map.values)
  putProg(s.msgVerdict)
  putProg(s.streamParser)
  putProg(s.streamVerdict)
  putProg(s.skbVerdict)
}

function putProg(p: Prog): void {
  if (changetype<usize>(p)) progPut(p)
}

/** Takes out what a slot holds. */
function dropFrom(s: SockMap, slot: usize): void {
  const p = load<usize>(slot)
  if (!s.hash) {
    store<usize>(slot, 0)
    sockLeave(changetype<Sock>(p))
    return
  }
  store<usize>(slot, load<usize>(p))
  sockLeave(changetype<Sock>(load<usize>(p, SOCK)))
  rcuFree(p)
  s.count--
}

/** A socket is in one map less: without any it loses the programs that it had from them. */
function sockLeave(sk: Sock): void {
  if (--sk.mapLinks) return
  putProg(sk.msgVerdict)
  putProg(sk.streamParser)
  putProg(sk.streamVerdict)
  putProg(sk.skbVerdict)
  sk.msgVerdict = changetype<Prog>(0)
  sk.streamParser = changetype<Prog>(0)
  sk.streamVerdict = changetype<Prog>(0)
  sk.skbVerdict = changetype<Prog>(0)
}

@inline function has(p: Prog): bool {
  return changetype<usize>(p) != 0
}

/** A socket enters a map and gets the map's programs. */
function sockJoin(s: SockMap, sk: Sock): i32 {
  if (sk.mapLinks) {
    const busy =
      (has(s.msgVerdict) && has(sk.msgVerdict)) ||
      (has(s.streamParser) && has(sk.streamParser)) ||
      (has(s.skbVerdict) && (has(sk.skbVerdict) || has(sk.streamVerdict))) ||
      (has(s.streamVerdict) && (has(sk.skbVerdict) || has(sk.streamVerdict)))
    if (busy) return -EBUSY
  }
  sk.mapLinks++
  if (has(s.msgVerdict)) sk.msgVerdict = taken(s.msgVerdict)
  if (has(s.streamParser)) sk.streamParser = taken(s.streamParser)
  if (has(s.streamVerdict)) sk.streamVerdict = taken(s.streamVerdict)
  if (has(s.skbVerdict)) sk.skbVerdict = taken(s.skbVerdict)
  return 0
}
function taken(p: Prog): Prog {
  progGet(p)
  return p
}

/** The place that holds the element with this key, or where its chain ends. */
function slotOf(s: SockMap, key: usize): usize {
  if (!s.hash) return s.values + ((<usize>load<u32>(key)) << 2)
  const hash = keyHash(key, s.keySize, 0)
  let slot = s.values + ((<usize>(hash & (s.nBuckets - 1))) << 2)
  for (let e = load<usize>(slot); e; e = load<usize>(slot)) {
    if (load<u32>(e, 4) == hash && bytesEqual(e + KEY, key, s.keySize)) break
    slot = e
  }
  return slot
}

/** The socket with this key, or 0. */
export function sockmapLookup(map: BpfMap, key: usize): usize {
  const s = smap(map)
  if (!s.hash && load<u32>(key) >= map.maxEntries) return 0
  const p = load<usize>(slotOf(s, key))
  return p && s.hash ? load<usize>(p, SOCK) : p
}

/** A program's lookup: the socket with a reference, which it releases. */
export function sockmapTake(map: BpfMap, key: usize): usize {
  const sk = sockmapLookup(map, key)
  if (sk) sockGet(changetype<Sock>(sk))
  return sk
}

/** The caller's lookup: the socket's cookie. */
export function sockmapCopy(map: BpfMap, key: usize, to: usize): i32 {
  if (map.valueSize != 8) return -ENOSPC
  const sk = sockmapLookup(map, key)
  if (!sk) return -ENOENT
  store<u64>(to, sockCookie(changetype<Sock>(sk)))
  return 0
}

/** Puts a socket into the map: sock_map_update_common, sock_hash_update_common. */
export function sockmapPut(map: BpfMap, key: usize, sk: Sock, flags: u64): i32 {
  const s = smap(map)
  if (flags > <u64>BPF_EXIST) return -EINVAL
  if (!s.hash && load<u32>(key) >= map.maxEntries) return -E2BIG
  const err = sockJoin(s, sk)
  if (err) return err
  const slot = slotOf(s, key)
  const old = load<usize>(slot)
  let bad = 0
  if (old && flags == <u64>BPF_NOEXIST) bad = -EEXIST
  else if (!old && flags == <u64>BPF_EXIST) bad = -ENOENT
  else if (s.hash && !old && map.count >= map.maxEntries) bad = -E2BIG
  let e: usize = 0
  if (!bad && s.hash) {
    e = kzalloc(KEY + map.keySize)
    if (!e) bad = -ENOMEM
  }
  if (bad) {
    sockLeave(sk)
    return bad
  }
  if (!s.hash) {
    store<usize>(slot, changetype<usize>(sk))
    if (old) sockLeave(changetype<Sock>(old))
    return 0
  }
  const hash = keyHash(key, map.keySize, 0)
  store<u32>(e, hash, 4)
  store<usize>(e, changetype<usize>(sk), SOCK)
  memory.copy(e + KEY, key, map.keySize)
  if (old) dropFrom(s, slot)
  const head = map.values + ((<usize>(hash & (s.nBuckets - 1))) << 2)
  store<usize>(e, load<usize>(head))
  store<usize>(head, e)
  map.count++
  return 0
}

/** The caller's update: the value is an fd. */
export function sockmapUpdateUser(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  const fd = map.valueSize == 8 ? load<u64>(value) : <u64>load<u32>(value)
  if (fd > 0x7fffffff) return -EINVAL
  const p = sockFromFd(<i32>fd)
  if (isErr(p)) return <i32>p
  return putChecked(map, key, changetype<Sock>(p), flags)
}

function putChecked(map: BpfMap, key: usize, sk: Sock, flags: u64): i32 {
  if (!sockFitsMap(sk) || !sockStateAllowed(sk)) return -EOPNOTSUPP
  return sockmapPut(map, key, sk, flags)
}

/** A program's update: the value is a socket. */
export function sockmapUpdateProg(map: BpfMap, key: usize, sk: usize, flags: u64): i32 {
  if (!sk) return -EINVAL
  return putChecked(map, key, changetype<Sock>(sk), flags)
}

export function sockmapDelete(map: BpfMap, key: usize): i32 {
  const s = smap(map)
  if (!s.hash && load<u32>(key) >= map.maxEntries) return -EINVAL
  const slot = slotOf(s, key)
  if (!load<usize>(slot)) return s.hash ? -ENOENT : -EINVAL
  dropFrom(s, slot)
  return 0
}

export function sockmapNextKey(map: BpfMap, key: usize, next: usize): i32 {
  const s = smap(map)
  if (!s.hash) {
    const i: u32 = key ? load<u32>(key) : 0xffffffff
    if (i == map.maxEntries - 1) return -ENOENT
    store<u32>(next, i >= map.maxEntries ? 0 : i + 1)
    return 0
  }
  let bucket: u32 = 0
  if (key) {
    const e = load<usize>(slotOf(s, key))
    if (e) {
      const after = load<usize>(e)
      if (after) {
        memory.copy(next, after + KEY, map.keySize)
        return 0
      }
      bucket = (load<u32>(e, 4) & (s.nBuckets - 1)) + 1
    }
  }
  for (; bucket < s.nBuckets; bucket++) {
    const e = load<usize>(map.values + ((<usize>bucket) << 2))
    if (!e) continue
    memory.copy(next, e + KEY, map.keySize)
    return 0
  }
  return -ENOENT
}

/** A socket is closed: it leaves the map. */
export function sockmapForget(map: BpfMap, sk: Sock): void {
  const s = smap(map)
  for (let i: u32 = 0; i < s.nBuckets; i++) {
    let slot = map.values + ((<usize>i) << 2)
    for (let p = load<usize>(slot); p; p = load<usize>(slot)) {
      const mine = (s.hash ? load<usize>(p, SOCK) : p) == changetype<usize>(sk)
      if (mine) dropFrom(s, slot)
      else if (s.hash) slot = p
      if (!s.hash) break
    }
  }
}

export function sockmapMemUsage(map: BpfMap): u64 {
  const s = smap(map)
  if (map.mapType == BPF_MAP_TYPE_SOCKMAP) return KERNEL_SIZE + <u64>map.maxEntries * 8
  return KERNEL_SIZE + <u64>s.nBuckets * 16 + <u64>map.count * (KERNEL_ELEM + <u64>((map.keySize + 7) & ~7))
}
