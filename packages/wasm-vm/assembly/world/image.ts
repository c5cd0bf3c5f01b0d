// SPDX-License-Identifier: GPL-2.0-only
// Objects of the simulated world as programs see them through the kernel's types: an object has an image of each kind
// that was asked for, laid out by the kernel's BTF, at an address that stays the same as long as the object lives.
// Helpers that get the address find the object again. Without BTF there is no layout and no image.
//
//   image:  | object u32 | kind u32 | type id u32 | size u32 | struct … |
//   table:  { key u32, kind u32, image u32 }: by object and kind, and by address with kind 0

import { Btf, btfKind, btfSize, btfTypeById, btfVlen } from '../btf/btf'
import {
  btfFindByNameKind,
  btfResolveSize,
  btfTypeSkipModifiers,
  memberBitOffset,
  memberBitSize,
  memberName,
  memberType,
} from '../btf/kinds'
import { BTF_KIND_STRUCT, BTF_KIND_UNION } from '../gen/uapi-enums.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { world } from './world'

export const IMAGE_TASK: u32 = 1
export const IMAGE_SOCK: u32 = 2
export const IMAGE_CGROUP: u32 = 3
export const IMAGE_MAP: u32 = 4
export const IMAGE_PROG: u32 = 5
export const IMAGE_LINK: u32 = 6
export const IMAGE_DEVICE: u32 = 7
export const IMAGE_FILE: u32 = 8
export const IMAGE_SKB: u32 = 9
export const IMAGE_NETNS: u32 = 10
export const IMAGE_SOCKET: u32 = 11
export const IMAGE_XDP: u32 = 12
/** Structures that hang on those above; the object is the same. */
export const IMAGE_CRED: u32 = 16
export const IMAGE_CSS_SET: u32 = 17
export const IMAGE_KERNFS: u32 = 18
export const IMAGE_PROG_AUX: u32 = 19
export const IMAGE_INODE: u32 = 20
export const IMAGE_DENTRY: u32 = 21
export const IMAGE_NSPROXY: u32 = 22
export const IMAGE_MM: u32 = 23
export const IMAGE_OPS: u32 = 24
export const IMAGE_PID: u32 = 25
export const IMAGE_UNIX_ADDRESS: u32 = 26
/** What the last pass over objects of a target shows, one at a time. */
export const IMAGE_ITEM: u32 = 27
const KINDS: u32 = 32

const HEADER: usize = 16
const SLOT: usize = 12
const GONE: u32 = 1

@unmanaged export class Images {
  slots: usize
  cap: u32
  /** Slots that were ever used. */
  used: u32
  /** Where members lie that were set before: { name, type id, bit offset, bits }, by a hash of the first two. */
  members: usize
  /** Numbers of structs that were asked for: { name, type id }. */
  structs: usize
}

const MEMBER_SLOTS: u32 = 1024
const STRUCT_SLOTS: u32 = 128
const NAME: usize = memory.data(64, 8)
const OUT: usize = memory.data(8, 8)
/** Bit offset and size in bits (0: that of the type) of the member that was found last. */
const FOUND: usize = memory.data(8, 8)

function images(): Images {
  const w = world()
  if (!w.images) {
    const at = kzalloc(offsetof<Images>() + <usize>MEMBER_SLOTS * 16 + <usize>STRUCT_SLOTS * 8)
    const t = changetype<Images>(at)
    t.members = at + offsetof<Images>()
    t.structs = t.members + <usize>MEMBER_SLOTS * 16
    t.cap = 64
    t.slots = kzalloc(<usize>t.cap * SLOT)
    w.images = at
  }
  return changetype<Images>(w.images)
}

@inline function vmlinux(): Btf {
  return changetype<Btf>(kernel().vmlinux)
}

// the table

@inline function hash(key: u32, kind: u32): u32 {
  return ((key >> 3) + kind * 0x85ebca6b) * 0x9e3779b1
}

function slotOf(t: Images, key: u32, kind: u32): usize {
  let i = hash(key, kind) & (t.cap - 1)
  let s = t.slots + <usize>i * SLOT
  while (load<u32>(s) && (load<u32>(s) != key || load<u32>(s, 4) != kind)) {
    i = (i + 1) & (t.cap - 1)
    s = t.slots + <usize>i * SLOT
  }
  return load<u32>(s) ? s : 0
}

function put(t: Images, key: u32, kind: u32, image: usize): void {
  let i = hash(key, kind) & (t.cap - 1)
  while (load<u32>(t.slots + <usize>i * SLOT) > GONE) i = (i + 1) & (t.cap - 1)
  const s = t.slots + <usize>i * SLOT
  if (!load<u32>(s)) t.used++
  store<u32>(s, key)
  store<u32>(s, kind, 4)
  store<usize>(s, image, 8)
}

function room(t: Images): bool {
  if (t.used * 2 < t.cap) return true
  const old = t.slots
  const count = t.cap
  const slots = kzalloc(<usize>count * 2 * SLOT)
  if (!slots) return false
  t.slots = slots
  t.cap = count * 2
  t.used = 0
  for (let i: u32 = 0; i < count; i++) {
    const s = old + <usize>i * SLOT
    if (load<u32>(s) > GONE) put(t, load<u32>(s), load<u32>(s, 4), load<usize>(s, 8))
  }
  kfree(old)
  return true
}

/** The object's image of this kind if it has one: its address. */
export function imageFind(object: usize, kind: u32): usize {
  if (!world().images) return 0
  const s = slotOf(images(), <u32>object, kind)
  return s ? load<usize>(s, 8) : 0
}

/** The object's image of this kind, made where there is none: a struct of this name with `extra` bytes. 0 without BTF. */
export function imageOf(object: usize, kind: u32, name: string, extra: u32 = 0): usize {
  const have = imageFind(object, kind)
  if (have) return have
  const id = structId(name)
  const t = images()
  if (!id || !room(t)) return 0
  const size = btfSize(btfTypeById(vmlinux(), id)) + extra
  const block = kzalloc(HEADER + <usize>size)
  if (!block) return 0
  store<u32>(block, <u32>object)
  store<u32>(block, kind, 4)
  store<u32>(block, id, 8)
  store<u32>(block, size, 12)
  const at = block + HEADER
  put(t, <u32>object, kind, at)
  if (!room(t)) return at
  put(t, <u32>at, 0, at)
  return at
}

/** The object of which this address is an image of this kind; 0: it is none. */
export function imageObject(address: u64, kind: u32): usize {
  if (address >> 32 || !world().images) return 0
  const s = slotOf(images(), <u32>address, 0)
  if (!s) return 0
  const block = <usize>address - HEADER
  return load<u32>(block, 4) == kind ? load<usize>(block) : 0
}

@inline export function imageSize(image: usize): u32 {
  return load<u32>(image - HEADER, 12)
}

/** The object goes: so do its images. */
export function imageDrop(object: usize): void {
  if (!kernel().world || !world().images) return
  const t = images()
  for (let kind: u32 = 1; kind < KINDS; kind++) drop(t, object, kind)
}

/** The same for an object that has no other image than this one. */
export function imageDropOne(object: usize, kind: u32): void {
  if (kernel().world && world().images) drop(images(), object, kind)
}

function drop(t: Images, object: usize, kind: u32): void {
  const s = slotOf(t, <u32>object, kind)
  if (!s) return
  const image = load<usize>(s, 8)
  store<u32>(s, GONE)
  const byAddress = slotOf(t, <u32>image, 0)
  if (byAddress) store<u32>(byAddress, GONE)
  kfree(image - HEADER)
}

// the layout

/** Type id of a struct of the kernel, 0 if it is not known. */
export function structId(name: string): u32 {
  if (!kernel().vmlinux) return 0
  const s = images().structs + <usize>(hash(<u32>changetype<usize>(name), 0) >> 25) * 8
  if (load<usize>(s) == changetype<usize>(name)) return load<u32>(s, 4)
  cstrPut(NAME, name)
  const id = btfFindByNameKind(vmlinux(), NAME, BTF_KIND_STRUCT)
  store<usize>(s, changetype<usize>(name))
  store<u32>(s, id, 4)
  return id
}

/** Finds the member that is named at NAME, also in anonymous structs and unions: its type id; where it lies is at FOUND. */
function findMember(id: u32, base: u32): u32 {
  const btf = vmlinux()
  const t = btfTypeSkipModifiers(btf, id, 0)
  if (!t) return 0
  const kind = btfKind(t)
  if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) return 0
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const name = memberName(btf, t, i)
    const offset = base + memberBitOffset(t, i)
    if (load<u8>(name)) {
      if (!cstrEquals(name, NAME)) continue
      store<u32>(FOUND, offset)
      store<u32>(FOUND, memberBitSize(t, i), 4)
      return memberType(t, i)
    }
    const inner = findMember(memberType(t, i), offset)
    if (inner) return inner
  }
  return 0
}

/** Resolves `outer.inner` and so on into a slot of the cache: bit offset at 8, bits at 12 (0: there is none). */
function resolve(id: u32, path: string, slot: usize): void {
  let from = 0
  let base: u32 = 0
  let type = id
  store<u32>(slot, <u32>changetype<usize>(path))
  store<u32>(slot, id, 4)
  store<u32>(slot, 0, 12)
  while (from < path.length) {
    let n: usize = 0
    for (; from < path.length && path.charCodeAt(from) != 46; from++) {
      store<u8>(NAME + n, <u8>path.charCodeAt(from))
      n++
    }
    store<u8>(NAME + n, 0)
    from++
    type = findMember(type, base)
    if (!type) return
    base = load<u32>(FOUND)
  }
  let bits = load<u32>(FOUND, 4)
  if (!bits) {
    btfResolveSize(vmlinux(), type, OUT)
    bits = load<u32>(OUT) * 8
  }
  store<u32>(slot, base, 8)
  store<u32>(slot, bits, 12)
}

function member(id: u32, path: string): usize {
  const slot = images().members + <usize>(hash(<u32>changetype<usize>(path), id) >> 22) * 16
  if (load<usize>(slot) != changetype<usize>(path) || load<u32>(slot, 4) != id) resolve(id, path, slot)
  return slot
}

/** Address of a member in an image; 0 where the struct has none of this name. */
export function fieldAt(image: usize, path: string): usize {
  if (!image) return 0
  const m = member(load<u32>(image - HEADER, 8), path)
  return load<u32>(m, 12) ? image + <usize>(load<u32>(m, 8) >> 3) : 0
}

/** Sets an integer, pointer or bit field. */
export function setField(image: usize, path: string, value: u64): void {
  if (image) storeField(image, member(load<u32>(image - HEADER, 8), path), value)
}

/** The same where the image begins with a struct of this name. */
export function setAs(image: usize, name: string, path: string, value: u64): void {
  if (image) storeField(image, member(structId(name), path), value)
}

function storeField(image: usize, m: usize, value: u64): void {
  const offset = load<u32>(m, 8)
  const bits = load<u32>(m, 12)
  const at = image + <usize>(offset >> 3)
  if (!bits) return
  if (bits & 7 || offset & 7) {
    const word = load<u64>(at)
    const mask = (((<u64>1) << bits) - 1) << (offset & 7)
    store<u64>(at, (word & ~mask) | ((value << (offset & 7)) & mask))
  } else if (bits == 8) store<u8>(at, <u8>value)
  else if (bits == 16) store<u16>(at, <u16>value)
  else if (bits == 32) store<u32>(at, <u32>value)
  else if (bits == 64) store<u64>(at, value)
}

/** Reads a member of the struct of this name with which the image begins. */
export function getAs(image: usize, name: string, path: string): u64 {
  if (!image) return 0
  const m = member(structId(name), path)
  const bits = load<u32>(m, 12)
  const offset = load<u32>(m, 8)
  if (!bits) return 0
  const at = image + <usize>(offset >> 3)
  if (bits & 7 || offset & 7) return (load<u64>(at) >> (offset & 7)) & (((<u64>1) << bits) - 1)
  if (bits == 8) return load<u8>(at)
  if (bits == 16) return load<u16>(at)
  return bits == 32 ? load<u32>(at) : load<u64>(at)
}

/** Copies bytes into a member, no more than it holds. */
export function setBytes(image: usize, path: string, from: usize, len: u32): void {
  if (image) copyField(image, member(load<u32>(image - HEADER, 8), path), from, len)
}

/** The same where the image begins with a struct of this name. */
export function setBytesAs(image: usize, name: string, path: string, from: usize, len: u32): void {
  if (image) copyField(image, member(structId(name), path), from, len)
}

function copyField(image: usize, m: usize, from: usize, len: u32): void {
  memory.copy(image + <usize>(load<u32>(m, 8) >> 3), from, min<u32>(len, load<u32>(m, 12) >> 3))
}
