// SPDX-License-Identifier: GPL-2.0-only
// Red-black trees of allocated objects. Programs see the shape of a tree (root, left, right), so it is balanced exactly
// as Linux does. Kernel counterpart: lib/rbtree.c, __bpf_rbtree_add, bpf_rbtree_remove, bpf_rb_root_free.
//
//   root   | top u64 | leftmost u64 |
//   node   | parent u32 | black u32 | right u64 | left u64 | owner u32 | offset u32 |    offset: of the node in its object

import { EINVAL } from '../gen/errno.gen'
import { errno } from '../helpers/given'
import { invokeCallback } from '../interp/run'
import { dropObject } from './objects'

const TOP: usize = 0
const LEFTMOST: usize = 8
const PARENT: usize = 0
const BLACK: usize = 4
const RIGHT: usize = 8
const LEFT: usize = 16
const OWNER: usize = 24
const OFFSET: usize = 28

@inline function parentOf(n: usize): usize {
  return <usize>load<u32>(n, PARENT)
}

@inline function setParent(n: usize, p: usize): void {
  store<u32>(n, <u32>p, PARENT)
}

/** What is not there is black. */
@inline function isBlack(n: usize): bool {
  return !n || load<u32>(n, BLACK) != 0
}

@inline function setBlack(n: usize, black: bool): void {
  store<u32>(n, u32(black), BLACK)
}

@inline function child(n: usize, side: usize): usize {
  return <usize>load<u64>(n + side)
}

@inline function setChild(n: usize, side: usize, c: usize): void {
  store<u64>(n + side, <u64>c)
}

@inline function other(side: usize): usize {
  return side == LEFT ? RIGHT : LEFT
}

/** Puts `now` where `was` hangs below `parent` (0: at the top). */
function replaceChild(root: usize, parent: usize, was: usize, now: usize): void {
  if (!parent) store<u64>(root, <u64>now, TOP)
  else if (child(parent, LEFT) == was) setChild(parent, LEFT, now)
  else setChild(parent, RIGHT, now)
}

/** Turns the tree at n: its child on the other side rises, n sinks to `side`. */
function rotate(root: usize, n: usize, side: usize): void {
  const up = child(n, other(side))
  const inner = child(up, side)
  const parent = parentOf(n)
  setChild(n, other(side), inner)
  if (inner) setParent(inner, n)
  setChild(up, side, n)
  replaceChild(root, parent, n, up)
  setParent(up, parent)
  setParent(n, up)
}

function balanceInserted(root: usize, node: usize): void {
  let n = node
  for (;;) {
    const parent = parentOf(n)
    if (!parent) {
      setBlack(n, true)
      return
    }
    if (isBlack(parent)) return
    const grand = parentOf(parent)
    const side = child(grand, LEFT) == parent ? LEFT : RIGHT
    const uncle = child(grand, other(side))
    if (!isBlack(uncle)) {
      setBlack(parent, true)
      setBlack(uncle, true)
      setBlack(grand, false)
      n = grand
      continue
    }
    let top = parent
    if (child(parent, other(side)) == n) {
      rotate(root, parent, side)
      top = n
    }
    setBlack(top, true)
    setBlack(grand, false)
    rotate(root, grand, other(side))
    return
  }
}

/** A black node is missing on the way through `node` (which may be 0) below `above`. */
function balanceErased(root: usize, node: usize, above: usize): void {
  let n = node
  let parent = above
  while (parent && isBlack(n)) {
    const side = child(parent, LEFT) == n ? LEFT : RIGHT
    let sibling = child(parent, other(side))
    if (!isBlack(sibling)) {
      setBlack(sibling, true)
      setBlack(parent, false)
      rotate(root, parent, side)
      sibling = child(parent, other(side))
    }
    if (isBlack(child(sibling, side)) && isBlack(child(sibling, other(side)))) {
      setBlack(sibling, false)
      n = parent
      parent = parentOf(n)
      continue
    }
    if (isBlack(child(sibling, other(side)))) {
      setBlack(child(sibling, side), true)
      setBlack(sibling, false)
      rotate(root, sibling, other(side))
      sibling = child(parent, other(side))
    }
    setBlack(sibling, isBlackNode(parent))
    setBlack(parent, true)
    setBlack(child(sibling, other(side)), true)
    rotate(root, parent, side)
    return
  }
  if (n) setBlack(n, true)
}

@inline function isBlackNode(n: usize): bool {
  return load<u32>(n, BLACK) != 0
}

function firstOf(n: usize): usize {
  while (n && child(n, LEFT)) n = child(n, LEFT)
  return n
}

function nextOf(node: usize): usize {
  if (child(node, RIGHT)) return firstOf(child(node, RIGHT))
  let n = node
  let parent = parentOf(n)
  while (parent && child(parent, RIGHT) == n) {
    n = parent
    parent = parentOf(n)
  }
  return parent
}

function erase(root: usize, node: usize): void {
  if (<usize>load<u64>(root, LEFTMOST) == node) store<u64>(root, <u64>nextOf(node), LEFTMOST)
  let gone = node
  if (child(node, LEFT) && child(node, RIGHT)) gone = firstOf(child(node, RIGHT))
  const below = child(gone, LEFT) ? child(gone, LEFT) : child(gone, RIGHT)
  let above = parentOf(gone)
  const wasBlack = isBlackNode(gone)
  replaceChild(root, above, gone, below)
  if (below) setParent(below, above)
  if (gone != node) {
    // The successor takes the place and the colour of the node.
    if (above == node) above = gone
    replaceChild(root, parentOf(node), node, gone)
    memory.copy(gone, node, <usize>OWNER)
    if (child(gone, LEFT)) setParent(child(gone, LEFT), gone)
    if (child(gone, RIGHT)) setParent(child(gone, RIGHT), gone)
  }
  if (wasBlack) balanceErased(root, below, above)
}

/** In no tree: it is its own parent. */
export function clearTreeNode(node: usize, offset: u32): void {
  setParent(node, node)
  store<u32>(node, 0, OWNER)
  store<u32>(node, offset, OFFSET)
}

export function rbtreeAdd(r: u64, n: u64, less: u64, r4: u64, r5: u64): u64 {
  const root = <usize>r
  const node = <usize>n
  if (load<u32>(node, OWNER)) {
    // It is in a tree already: the reference that was given goes.
    dropObject(node - <usize>load<u32>(node, OFFSET))
    return errno(EINVAL)
  }
  let parent: usize = 0
  let side = LEFT
  let leftmost = true
  for (let at = <usize>load<u64>(root, TOP); at; at = child(at, side)) {
    parent = at
    side = invokeCallback(less, n, <u64>at, 0, 0, 0) ? LEFT : RIGHT
    if (side == RIGHT) leftmost = false
  }
  setParent(node, parent)
  setBlack(node, false)
  setChild(node, LEFT, 0)
  setChild(node, RIGHT, 0)
  if (parent) setChild(parent, side, node)
  else store<u64>(root, n, TOP)
  if (leftmost) store<u64>(root, n, LEFTMOST)
  balanceInserted(root, node)
  store<u32>(node, <u32>root, OWNER)
  return 0
}

export function rbtreeRemove(r: u64, n: u64, r3: u64, r4: u64, r5: u64): u64 {
  const node = <usize>n
  if (load<u32>(node, OWNER) != <u32>r) return 0
  erase(<usize>r, node)
  clearTreeNode(node, load<u32>(node, OFFSET))
  return n
}

export function rbtreeFirst(r: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u64>(<usize>r, LEFTMOST)
}
export function rbtreeRoot(r: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u64>(<usize>r, TOP)
}

/** A child of a node of this tree; 0 if it has none or is in another tree. */
export function rbtreeLeft(r: u64, n: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u32>(<usize>n, OWNER) == <u32>r ? load<u64>(<usize>n, LEFT) : 0
}
export function rbtreeRight(r: u64, n: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u32>(<usize>n, OWNER) == <u32>r ? load<u64>(<usize>n, RIGHT) : 0
}

/** Lets go of all that a tree holds, when its owner ends. */
export function freeTree(root: usize, nodeOffset: u32): void {
  let n = <usize>load<u64>(root, TOP)
  store<u64>(root, 0, TOP)
  store<u64>(root, 0, LEFTMOST)
  while (n) {
    // Down to a leaf, which is cut off.
    const below = child(n, LEFT) ? child(n, LEFT) : child(n, RIGHT)
    if (below) {
      n = below
      continue
    }
    const parent = parentOf(n)
    if (parent) setChild(parent, child(parent, LEFT) == n ? LEFT : RIGHT, 0)
    clearTreeNode(n, nodeOffset)
    dropObject(n - <usize>nodeOffset)
    n = parent
  }
}
