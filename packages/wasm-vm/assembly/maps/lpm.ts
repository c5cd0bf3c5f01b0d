// SPDX-License-Identifier: GPL-2.0-only
// LPM_TRIE: the value of the longest prefix that a key matches. Kernel counterpart: kernel/bpf/lpm_trie.c.
//
// A binary trie with skipped bits. A node that holds no value of its own (intermediate) has two children.
//
//   node:  child 0 u32 | child 1 u32 | prefix length u32 | flags u32 | value, rounded up to 8 | data
//   key:   prefix length u32 | data, most significant bit first

import { EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_F_NO_PREALLOC, BPF_F_NUMA_NODE, BPF_NOEXIST } from '../gen/uapi-enums.gen'
import { kfree, kmalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { ACCESS_MASK, accessOk, KMALLOC_MAX } from './attr'
import { BpfMap } from './map'
import { roundUp8 } from './value'

const CHILD0: usize = 0
const CHILD1: usize = 4
const PREFIX: usize = 8
const FLAGS: usize = 12
const VALUE: usize = 16
const INTERMEDIATE: u32 = 1
/** sizeof(struct lpm_trie_node) of Linux 6.18. */
const KERNEL_NODE: u64 = 24
const DATA_MAX: u32 = 256
const KEY_HEADER: u32 = 4

// map.values is the root; map.count the entries with a value
@inline function dataSize(map: BpfMap): u32 {
  return map.keySize - KEY_HEADER
}

@inline function maxPrefix(map: BpfMap): u32 {
  return dataSize(map) * 8
}

@inline function nodeData(map: BpfMap, node: usize): usize {
  return node + VALUE + map.elemSize
}

@inline function isIntermediate(node: usize): bool {
  return (load<u32>(node, FLAGS) & INTERMEDIATE) != 0
}

@inline function bitAt(data: usize, index: u32): u32 {
  return ((<u32>load<u8>(data + (index >> 3))) >> (7 - (index & 7))) & 1
}

@inline function childAddr(node: usize, bit: u32): usize {
  return node + ((<usize>bit) << 2)
}

@inline function rootAddr(map: BpfMap): usize {
  return changetype<usize>(map) + offsetof<BpfMap>('values')
}

export function lpmAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const keySize = load<u32>(attr, ATTR_MAP_CREATE__key_size)
  const valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  if (!load<u32>(attr, ATTR_MAP_CREATE__max_entries) || !(flags & BPF_F_NO_PREALLOC)) return -EINVAL
  if (flags & ~(BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | ACCESS_MASK) || !accessOk(flags)) return -EINVAL
  if (keySize < KEY_HEADER + 1 || keySize > KEY_HEADER + DATA_MAX) return -EINVAL
  return valueSize < 1 || <u64>valueSize > KMALLOC_MAX - DATA_MAX - KERNEL_NODE ? -EINVAL : 0
}

export function lpmAlloc(map: BpfMap): i32 {
  map.elemSize = roundUp8(map.valueSize)
  map.values = 0
  map.count = 0
  return 0
}

/** How many leading bits a node and a key have in common, at most the shorter of both prefixes. */
function commonBits(map: BpfMap, node: usize, keyPrefix: u32, keyData: usize): u32 {
  const limit = min(load<u32>(node, PREFIX), keyPrefix)
  const data = nodeData(map, node)
  const size = dataSize(map)
  let bits: u32 = 0
  for (let i: u32 = 0; i < size; i++) {
    const diff = (<u32>load<u8>(data + i)) ^ (<u32>load<u8>(keyData + i))
    bits += diff ? clz(diff) - 24 : 8
    if (bits >= limit) return limit
    if (diff) return bits
  }
  return bits
}

/** Address of the value, or 0. */
export function lpmLookup(map: BpfMap, key: usize): usize {
  const prefix = load<u32>(key)
  if (prefix > maxPrefix(map)) return 0
  const data = key + KEY_HEADER
  let found: usize = 0
  let node = map.values
  while (node) {
    const match = commonBits(map, node, prefix, data)
    if (match == maxPrefix(map)) {
      found = node
      break
    }
    const own = load<u32>(node, PREFIX)
    if (match < own) break
    if (!isIntermediate(node)) found = node
    node = load<usize>(childAddr(node, bitAt(data, own)))
  }
  return found ? found + VALUE : 0
}

function nodeNew(map: BpfMap, prefix: u32, data: usize): usize {
  const node = kmalloc(VALUE + <usize>map.elemSize + dataSize(map))
  if (!node) return 0
  memory.fill(node, 0, VALUE)
  store<u32>(node, prefix, PREFIX)
  memory.copy(nodeData(map, node), data, dataSize(map))
  return node
}

/** -errno, or 0 and one entry more. */
function countEntry(map: BpfMap, flags: u64): i32 {
  if (flags == <u64>BPF_EXIST) return -ENOENT
  if (map.count == map.maxEntries) return -ENOSPC
  map.count++
  return 0
}

export function lpmUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  const prefix = load<u32>(key)
  if (prefix > maxPrefix(map)) return -EINVAL
  const node = nodeNew(map, prefix, key + KEY_HEADER)
  if (!node) return -ENOMEM
  memory.copy(node + VALUE, value, map.valueSize)
  const err = insert(map, node, flags)
  if (err) kfree(node)
  return err
}

/** Hangs a new node where it belongs. */
function insert(map: BpfMap, fresh: usize, flags: u64): i32 {
  const prefix = load<u32>(fresh, PREFIX)
  const data = nodeData(map, fresh)
  let slot = rootAddr(map)
  let match: u32 = 0
  let node = load<usize>(slot)
  while (node) {
    match = commonBits(map, node, prefix, data)
    const own = load<u32>(node, PREFIX)
    if (own != match || own == prefix || own == maxPrefix(map)) break
    slot = childAddr(node, bitAt(data, own))
    node = load<usize>(slot)
  }
  if (node && load<u32>(node, PREFIX) == match) return replace(map, slot, node, fresh, flags)
  const err = countEntry(map, flags)
  if (err) return err
  if (!node) {
    store<usize>(slot, fresh)
    return 0
  }
  if (match == prefix) {
    // the new prefix contains the node's
    store<usize>(childAddr(fresh, bitAt(nodeData(map, node), match)), node)
    store<usize>(slot, fresh)
    return 0
  }
  return fork(map, slot, node, fresh, match)
}

function replace(map: BpfMap, slot: usize, node: usize, fresh: usize, flags: u64): i32 {
  if (!isIntermediate(node)) {
    if (flags == <u64>BPF_NOEXIST) return -EEXIST
  } else {
    const err = countEntry(map, flags)
    if (err) return err
  }
  store<usize>(fresh, load<usize>(node, CHILD0), CHILD0)
  store<usize>(fresh, load<usize>(node, CHILD1), CHILD1)
  store<usize>(slot, fresh)
  rcuFree(node)
  return 0
}

/** Both nodes below a new intermediate one that holds what they have in common. */
function fork(map: BpfMap, slot: usize, node: usize, fresh: usize, match: u32): i32 {
  const im = nodeNew(map, match, nodeData(map, node))
  if (!im) {
    map.count--
    return -ENOMEM
  }
  store<u32>(im, INTERMEDIATE, FLAGS)
  const bit = bitAt(nodeData(map, fresh), match)
  store<usize>(childAddr(im, bit), fresh)
  store<usize>(childAddr(im, bit ^ 1), node)
  store<usize>(slot, im)
  return 0
}

export function lpmDelete(map: BpfMap, key: usize): i32 {
  const prefix = load<u32>(key)
  const data = key + KEY_HEADER
  if (prefix > maxPrefix(map)) return -EINVAL
  let slot = rootAddr(map)
  let parentSlot = slot
  let parent: usize = 0
  let match: u32 = 0
  let node = load<usize>(slot)
  while (node) {
    match = commonBits(map, node, prefix, data)
    const own = load<u32>(node, PREFIX)
    if (own != match || own == prefix) break
    parent = node
    parentSlot = slot
    slot = childAddr(node, bitAt(data, own))
    node = load<usize>(slot)
  }
  if (!node || load<u32>(node, PREFIX) != prefix || prefix != match || isIntermediate(node)) return -ENOENT
  map.count--
  const left = load<usize>(node, CHILD0)
  const right = load<usize>(node, CHILD1)
  if (left && right) {
    store<u32>(node, load<u32>(node, FLAGS) | INTERMEDIATE, FLAGS)
    return 0
  }
  if (parent && isIntermediate(parent) && !left && !right) {
    // an intermediate parent with one child left has no reason to be
    const other = load<usize>(parent, CHILD0) == node ? load<usize>(parent, CHILD1) : load<usize>(parent, CHILD0)
    store<usize>(parentSlot, other)
    rcuFree(parent)
  } else store<usize>(slot, left ? left : right)
  rcuFree(node)
  return 0
}

/** Order of the walk: what is more specific first (postorder). */
export function lpmNextKey(map: BpfMap, key: usize, next: usize): i32 {
  let root = map.values
  if (!root) return -ENOENT
  if (!key || load<u32>(key) > maxPrefix(map)) return putKey(map, leftmost(root), next)
  const stack = kmalloc((<usize>maxPrefix(map) + 1) << 2)
  if (!stack) return -ENOMEM
  const prefix = load<u32>(key)
  let depth = -1
  let match: u32 = 0
  let node = root
  while (node) {
    store<usize>(stack + ((<usize>++depth) << 2), node)
    match = commonBits(map, node, prefix, key + KEY_HEADER)
    const own = load<u32>(node, PREFIX)
    if (own != match || own == prefix) break
    node = load<usize>(childAddr(node, bitAt(key + KEY_HEADER, own)))
  }
  let found: usize = 0
  if (!node || load<u32>(node, PREFIX) != match || isIntermediate(node)) found = leftmost(root)
  else found = after(node, stack, depth)
  kfree(stack)
  return found ? putKey(map, found, next) : -ENOENT
}

/** The first node with a value in postorder behind the one at the top of the stack, or 0. */
function after(from: usize, stack: usize, depth: i32): usize {
  let node = from
  while (depth > 0) {
    const parent = load<usize>(stack + ((<usize>(depth - 1)) << 2))
    const right = load<usize>(parent, CHILD1)
    if (load<usize>(parent, CHILD0) == node && right) return leftmost(right)
    if (!isIntermediate(parent)) return parent
    node = parent
    depth--
  }
  return 0
}

function leftmost(root: usize): usize {
  let found: usize = 0
  let node = root
  while (node) {
    if (isIntermediate(node)) {
      node = load<usize>(node, CHILD0)
      continue
    }
    found = node
    node = load<usize>(found, CHILD0)
    if (!node) node = load<usize>(found, CHILD1)
  }
  return found
}

function putKey(map: BpfMap, node: usize, next: usize): i32 {
  store<u32>(next, load<u32>(node, PREFIX))
  memory.copy(next + KEY_HEADER, nodeData(map, node), dataSize(map))
  return 0
}

export function lpmFree(map: BpfMap): void {
  // down to a leaf, which is cut off, until nothing is left
  while (map.values) {
    let slot = rootAddr(map)
    let node = load<usize>(slot)
    while (load<usize>(node, CHILD0) || load<usize>(node, CHILD1)) {
      slot = childAddr(node, load<usize>(node, CHILD0) ? 0 : 1)
      node = load<usize>(slot)
    }
    store<usize>(slot, 0)
    kfree(node)
  }
}

export function lpmMemUsage(map: BpfMap): u64 {
  return (KERNEL_NODE + <u64>dataSize(map) + <u64>map.valueSize) * <u64>map.count
}
