// SPDX-License-Identifier: GPL-2.0-only
// Which element of an LRU map makes room. Kernel counterpart: kernel/bpf/bpf_lru_list.c; the order of eviction is Linux's.
//
// Nodes live in elements of the hash map, at +8:  | prev u32 | next u32 | cpu u16 | list u8 | referenced u8 |
// Lists are rings through heads of the same shape. One common LRU list with a local list of free and pending nodes for
// each CPU, or (BPF_F_NO_COMMON_LRU) one LRU list for each CPU.

import { ENOMEM } from '../gen/errno.gen'
import { BPF_F_NO_COMMON_LRU } from '../gen/uapi-enums.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { hashEvict, HashMap } from './hash'

const NODE: usize = 8
const PREV: usize = 0
const NEXT: usize = 4

const ACTIVE: u32 = 0
const INACTIVE: u32 = 1
const FREE: u32 = 2
const LOCAL_FREE: u32 = 3
const LOCAL_PENDING: u32 = 4

const LOCAL_TARGET: u32 = 128
const PERCPU_TARGET: u32 = 4

/** An LRU list: heads of three rings, counts of active and inactive nodes, where the next rotation begins. */
const LIST_SIZE: usize = 40
const LIST_COUNTS: usize = 24
const LIST_ROTATION: usize = 32
/** A CPU's local list: heads of free and pending nodes, the CPU to steal from next. */
const LOCAL_SIZE: usize = 24

@unmanaged export class Lru {
  percpu: bool
  scans: u32
  targetFree: u32
  /** LRU lists (one, or one a CPU) and local lists (one a CPU). */
  lists: usize
  locals: usize
}

@inline function head(list: usize, type: u32): usize {
  return list + ((<usize>type) << 3)
}

@inline function initHead(h: usize): void {
  store<usize>(h, h, PREV)
  store<usize>(h, h, NEXT)
}

@inline function nextNode(n: usize): usize {
  return load<usize>(n, NEXT)
}

@inline function prevNode(n: usize): usize {
  return load<usize>(n, PREV)
}

@inline function isEmpty(h: usize): bool {
  return load<usize>(h, NEXT) == h
}

@inline function nodeType(n: usize): u32 {
  return <u32>load<u8>(n, 10)
}

@inline function setType(n: usize, t: u32): void {
  store<u8>(n, <u8>t, 10)
}

@inline function isRef(n: usize): bool {
  return load<u8>(n, 11) != 0
}

@inline function clearRef(n: usize): void {
  store<u8>(n, 0, 11)
}

function unlinkNode(n: usize): void {
  const prev = load<usize>(n, PREV)
  const next = load<usize>(n, NEXT)
  store<usize>(prev, next, NEXT)
  store<usize>(next, prev, PREV)
}
function addFirst(h: usize, n: usize): void {
  const first = load<usize>(h, NEXT)
  store<usize>(n, h, PREV)
  store<usize>(n, first, NEXT)
  store<usize>(first, n, PREV)
  store<usize>(h, n, NEXT)
}
function moveFirst(h: usize, n: usize): void {
  unlinkNode(n)
  addFirst(h, n)
}

@inline function count(list: usize, type: u32): usize {
  return list + LIST_COUNTS + ((<usize>type) << 2)
}
function countAdd(list: usize, type: u32, by: i32): void {
  if (type <= INACTIVE) store<u32>(count(list, type), load<u32>(count(list, type)) + by)
}

/** The pointer of the next rotation steps back when its node leaves. */
function leaveRotation(list: usize, n: usize): void {
  if (n == load<usize>(list, LIST_ROTATION)) store<usize>(list, prevNode(n), LIST_ROTATION)
}

function moveToFree(list: usize, n: usize, freeHead: usize, type: u32): void {
  leaveRotation(list, n)
  countAdd(list, nodeType(n), -1)
  setType(n, type)
  moveFirst(freeHead, n)
}

function moveIn(list: usize, n: usize, type: u32): void {
  countAdd(list, type, 1)
  setType(n, type)
  clearRef(n)
  moveFirst(head(list, type), n)
}

function move(list: usize, n: usize, type: u32): void {
  if (nodeType(n) != type) {
    countAdd(list, nodeType(n), -1)
    countAdd(list, type, 1)
    setType(n, type)
  }
  clearRef(n)
  leaveRotation(list, n)
  moveFirst(head(list, type), n)
}

function rotateActive(lru: Lru, list: usize): void {
  const active = head(list, ACTIVE)
  const first = nextNode(active)
  let i: u32 = 0
  let n = prevNode(active)
  while (n != active) {
    const before = prevNode(n)
    move(list, n, isRef(n) ? ACTIVE : INACTIVE)
    if (++i == lru.scans || n == first) break
    n = before
  }
}

function rotateInactive(lru: Lru, list: usize): void {
  const inactive = head(list, INACTIVE)
  if (isEmpty(inactive)) return
  let last = nextNode(load<usize>(list, LIST_ROTATION))
  if (last == inactive) last = nextNode(last)
  let cur = load<usize>(list, LIST_ROTATION)
  let next = inactive
  let i: u32 = 0
  while (i < lru.scans) {
    if (cur == inactive) {
      cur = prevNode(cur)
      continue
    }
    next = prevNode(cur)
    if (isRef(cur)) move(list, cur, ACTIVE)
    if (cur == last) break
    cur = next
    i++
  }
  store<usize>(list, next, LIST_ROTATION)
}

function rotate(lru: Lru, list: usize): void {
  if (load<u32>(count(list, INACTIVE)) < load<u32>(count(list, ACTIVE))) rotateActive(lru, list)
  rotateInactive(lru, list)
}

@inline function evict(h: HashMap, n: usize): bool {
  return hashEvict(h, n - NODE)
}

function shrinkInactive(h: HashMap, list: usize, target: u32, freeHead: usize, type: u32): u32 {
  const inactive = head(list, INACTIVE)
  let shrunk: u32 = 0
  let i: u32 = 0
  let n = prevNode(inactive)
  while (n != inactive) {
    const before = prevNode(n)
    if (isRef(n)) move(list, n, ACTIVE)
    else if (evict(h, n)) {
      moveToFree(list, n, freeHead, type)
      if (++shrunk == target) break
    }
    if (++i == h.lruState.scans) break
    n = before
  }
  return shrunk
}

function shrink(h: HashMap, list: usize, target: u32, freeHead: usize, type: u32): void {
  if (shrinkInactive(h, list, target, freeHead, type)) return
  const from = isEmpty(head(list, INACTIVE)) ? head(list, ACTIVE) : head(list, INACTIVE)
  for (let n = prevNode(from); n != from; n = prevNode(n)) {
    if (!evict(h, n)) continue
    moveToFree(list, n, freeHead, type)
    return
  }
}

function flushLocal(list: usize, local: usize): void {
  const pending = local + 8
  let n = prevNode(pending)
  while (n != pending) {
    const before = prevNode(n)
    moveIn(list, n, isRef(n) ? ACTIVE : INACTIVE)
    n = before
  }
}

function refill(h: HashMap, local: usize): void {
  const lru = h.lruState
  const list = lru.lists
  flushLocal(list, local)
  rotate(lru, list)
  const free = head(list, FREE)
  let got: u32 = 0
  let n = nextNode(free)
  while (n != free) {
    const after = nextNode(n)
    moveToFree(list, n, local, LOCAL_FREE)
    if (++got == lru.targetFree) break
    n = after
  }
  if (got < lru.targetFree) shrink(h, list, lru.targetFree - got, local, LOCAL_FREE)
}

function popLocalFree(local: usize): usize {
  const n = nextNode(local)
  if (n == local) return 0
  unlinkNode(n)
  return n
}

function popPending(h: HashMap, local: usize): usize {
  const pending = local + 8
  for (let force = 0; force < 2; force++) {
    for (let n = prevNode(pending); n != pending; n = prevNode(n)) {
      if ((isRef(n) && !force) || !evict(h, n)) continue
      unlinkNode(n)
      return n
    }
  }
  return 0
}

function addPending(local: usize, cpu: u32, n: usize): void {
  store<u16>(n, <u16>cpu, 8)
  setType(n, LOCAL_PENDING)
  clearRef(n)
  addFirst(local + 8, n)
}

function popCommon(h: HashMap): usize {
  const lru = h.lruState
  const cpus = kernel().cpus
  const cpu = kernel().currentCpu
  const local = lru.locals + <usize>cpu * LOCAL_SIZE
  let n = popLocalFree(local)
  if (!n) {
    refill(h, local)
    n = popLocalFree(local)
  }
  if (!n) {
    const first = load<u32>(local, 16)
    let steal = first
    do {
      const from = lru.locals + <usize>steal * LOCAL_SIZE
      n = popLocalFree(from)
      if (!n) n = popPending(h, from)
      steal = (steal + 1) % cpus
    } while (!n && steal != first)
    store<u32>(local, steal, 16)
  }
  if (n) addPending(local, cpu, n)
  return n
}

function popPercpu(h: HashMap): usize {
  const list = h.lruState.lists + <usize>kernel().currentCpu * LIST_SIZE
  rotate(h.lruState, list)
  const free = head(list, FREE)
  if (isEmpty(free)) shrink(h, list, PERCPU_TARGET, free, FREE)
  if (isEmpty(free)) return 0
  const n = nextNode(free)
  clearRef(n)
  move(list, n, INACTIVE)
  return n
}

/** An element for a new entry with this hash, evicting another if need be; 0 if none can be had. */
export function lruPop(h: HashMap, hash: u32): usize {
  const n = h.lruState.percpu ? popPercpu(h) : popCommon(h)
  if (!n) return 0
  const e = n - NODE
  store<u32>(e, hash, 4)
  return e
}

/** Gives an element back. */
export function lruFree(h: HashMap, e: usize): void {
  const lru = h.lruState
  const n = e + NODE
  const cpu = <usize>load<u16>(n, 8)
  if (lru.percpu) {
    move(lru.lists + cpu * LIST_SIZE, n, FREE)
    return
  }
  if (nodeType(n) == LOCAL_PENDING) {
    setType(n, LOCAL_FREE)
    clearRef(n)
    moveFirst(lru.locals + cpu * LOCAL_SIZE, n)
    return
  }
  move(lru.lists, n, FREE)
}

/** Notes that an element was used. */
@inline export function lruSetRef(e: usize): void {
  if (!load<u8>(e + NODE, 11)) store<u8>(e + NODE, 1, 11)
}

export function lruInit(h: HashMap): i32 {
  const lru = changetype<Lru>(kzalloc(offsetof<Lru>()))
  if (!changetype<usize>(lru)) return -ENOMEM
  h.lruState = lru
  const cpus = kernel().cpus
  lru.percpu = (h.mapFlags & BPF_F_NO_COMMON_LRU) != 0
  lru.scans = lru.percpu ? PERCPU_TARGET : LOCAL_TARGET
  const lists: u32 = lru.percpu ? cpus : 1
  lru.lists = kzalloc(<usize>lists * LIST_SIZE)
  lru.locals = kzalloc(<usize>cpus * LOCAL_SIZE)
  if (!lru.lists || !lru.locals) return -ENOMEM
  for (let i: u32 = 0; i < lists; i++) {
    const list = lru.lists + <usize>i * LIST_SIZE
    for (let t: u32 = 0; t <= FREE; t++) initHead(head(list, t))
    store<usize>(list, head(list, INACTIVE), LIST_ROTATION)
  }
  for (let i: u32 = 0; i < cpus; i++) {
    const local = lru.locals + <usize>i * LOCAL_SIZE
    initHead(local)
    initHead(local + 8)
    store<u32>(local, i, 16)
  }
  return 0
}

/** Puts all elements on the free lists. */
export function lruPopulate(h: HashMap, elems: usize, size: u32, n: u32): void {
  const lru = h.lruState
  const cpus = kernel().cpus
  const each = n / cpus
  let cpu: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const node = elems + <usize>i * size + NODE
    let list = lru.lists
    if (lru.percpu) {
      if (i && each && i % each == 0 && cpu + 1 < cpus) cpu++
      store<u16>(node, <u16>cpu, 8)
      list += <usize>cpu * LIST_SIZE
    }
    setType(node, FREE)
    addFirst(head(list, FREE), node)
  }
  const target = each / 2
  lru.targetFree = target < 1 ? 1 : target > LOCAL_TARGET ? LOCAL_TARGET : target
}

export function lruDestroy(h: HashMap): void {
  const lru = h.lruState
  kfree(lru.lists)
  kfree(lru.locals)
  kfree(changetype<usize>(lru))
}
