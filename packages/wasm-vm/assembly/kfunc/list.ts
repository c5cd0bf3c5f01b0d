// SPDX-License-Identifier: GPL-2.0-only
// Lists of allocated objects. Kernel counterpart: __bpf_list_add, __bpf_list_del, bpf_list_head_free.
//
//   head   | next u64 | prev u64 |                              all zero: empty, never used
//   node   | next u64 | prev u64 | owner u32 | offset u32 |     offset: of the node in its object

import { EINVAL } from '../gen/errno.gen'
import { errno } from '../helpers/given'
import { dropObject } from './objects'

const NEXT: usize = 0
const PREV: usize = 8
const OWNER: usize = 16
const OFFSET: usize = 20

@inline function nextOf(p: usize): usize {
  return <usize>load<u64>(p, NEXT)
}

function link(a: usize, b: usize): void {
  store<u64>(a, <u64>b, NEXT)
  store<u64>(b, <u64>a, PREV)
}

export function initList(head: usize): void {
  link(head, head)
}
export function initListNode(node: usize, offset: u32): void {
  link(node, node)
  store<u32>(node, 0, OWNER)
  store<u32>(node, offset, OFFSET)
}

@inline function objectOf(node: usize): usize {
  return node - <usize>load<u32>(node, OFFSET)
}

function push(head: usize, node: usize, tail: bool): u64 {
  if (!nextOf(head)) initList(head)
  if (load<u32>(node, OWNER)) {
    // It is in a list already: the reference that was given goes.
    dropObject(objectOf(node))
    return errno(EINVAL)
  }
  const before = tail ? <usize>load<u64>(head, PREV) : head
  const after = nextOf(before)
  link(before, node)
  link(node, after)
  store<u32>(node, <u32>head, OWNER)
  return 0
}

export function listPushFront(head: u64, node: u64, r3: u64, r4: u64, r5: u64): u64 {
  return push(<usize>head, <usize>node, false)
}
export function listPushBack(head: u64, node: u64, r3: u64, r4: u64, r5: u64): u64 {
  return push(<usize>head, <usize>node, true)
}

/** The node at one end, 0 if the list is empty. */
function peek(head: usize, tail: bool): usize {
  if (!nextOf(head)) initList(head)
  const node = tail ? <usize>load<u64>(head, PREV) : nextOf(head)
  return node == head ? 0 : node
}

function pop(head: usize, tail: bool): u64 {
  const node = peek(head, tail)
  if (!node) return 0
  link(<usize>load<u64>(node, PREV), nextOf(node))
  initListNode(node, load<u32>(node, OFFSET))
  return <u64>node
}

export function listPopFront(head: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return pop(<usize>head, false)
}
export function listPopBack(head: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return pop(<usize>head, true)
}
export function listFront(head: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>peek(<usize>head, false)
}
export function listBack(head: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>peek(<usize>head, true)
}

/** Lets go of all that a list holds, when its owner ends. */
export function freeList(head: usize, nodeOffset: u32): void {
  let node = nextOf(head)
  const last = node ? <usize>load<u64>(head, PREV) : 0
  initList(head)
  if (!node || node == head) return
  for (let more = true; more;) {
    const next = nextOf(node)
    more = node != last
    initListNode(node, nodeOffset)
    dropObject(node - <usize>nodeOffset)
    node = next
  }
}
