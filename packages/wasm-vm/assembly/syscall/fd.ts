// SPDX-License-Identifier: GPL-2.0-only
// The caller's file descriptors.
//
//   slot:  | kind u32 | object u32 | mode and flags u32 | state of its own u32 |

import { EBADF, EINVAL, EMFILE } from '../gen/errno.gen'
import { Btf } from '../btf/btf'
import { btfPut } from '../btf/refs'
import { krealloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { BpfMap } from '../maps/map'
import { mapPutUref, mapRelease } from '../maps/refs'
import { Prog } from '../prog/prog'
import { progPut } from '../prog/refs'
import { Link, linkPut } from './link'
import { Token, tokenPut } from './token'
import { fileRelease } from '../world/files'

export const FD_FREE: u32 = 0
export const FD_MAP: u32 = 1
export const FD_PROG: u32 = 2
export const FD_BTF: u32 = 3
export const FD_LINK: u32 = 4
export const FD_STATS: u32 = 5
/** The console, which the caller has from the start. */
export const FD_CONSOLE: u32 = 6
export const FD_TOKEN: u32 = 7
/** From here on the kinds of world/files.ts. */
export const FD_WORLD: u32 = 16

export const MODE_READ: u32 = 1
export const MODE_WRITE: u32 = 2
export const MODE_RDWR: u32 = 3

const SLOT: usize = 16
/** 0 to 2 are the console. */
const FIRST: u32 = 3

@inline export function fdSlot(fd: i32): usize {
  const k = kernel()
  return <u32>fd < k.fdCap ? k.fds + <usize>fd * SLOT : 0
}

/** What kind of file it is; FD_FREE: none. */
export function fdKind(fd: i32): u32 {
  if (<u32>fd < FIRST) return FD_CONSOLE
  const s = fdSlot(fd)
  return s ? load<u32>(s) : FD_FREE
}

@inline export function fdObject(fd: i32): usize {
  return load<usize>(fdSlot(fd), 4)
}

@inline export function fdMode(fd: i32): u32 {
  return load<u32>(fdSlot(fd), 8)
}

/** The lowest free number for `obj`, whose reference the file takes over; -EMFILE. */
export function fdInstall(kind: u32, obj: usize, mode: u32): i32 {
  const k = kernel()
  let fd = k.fdLow < FIRST ? FIRST : k.fdLow
  while (fd < k.fdCap && load<u32>(k.fds + <usize>fd * SLOT)) fd++
  if (fd >= k.maxFds) return -EMFILE
  if (fd >= k.fdCap) {
    const cap = k.fdCap ? k.fdCap * 2 : 64
    const fds = krealloc(k.fds, <usize>cap * SLOT)
    if (!fds) return -EMFILE
    memory.fill(fds + <usize>k.fdCap * SLOT, 0, <usize>(cap - k.fdCap) * SLOT)
    k.fds = fds
    k.fdCap = cap
  }
  const s = k.fds + <usize>fd * SLOT
  store<u32>(s, kind)
  store<usize>(s, obj, 4)
  store<u32>(s, mode, 8)
  store<u32>(s, 0, 12)
  k.fdLow = fd + 1
  return <i32>fd
}

/** close(2). */
export function fdClose(fd: i32): i32 {
  if (<u32>fd < FIRST) return 0
  const s = fdSlot(fd)
  if (!s || !load<u32>(s)) return -EBADF
  const kind = load<u32>(s)
  const obj = load<usize>(s, 4)
  const mode = load<u32>(s, 8)
  store<u32>(s, FD_FREE)
  if (<u32>fd < kernel().fdLow) kernel().fdLow = <u32>fd
  releaseObject(kind, obj, mode, fd)
  return 0
}

function releaseObject(kind: u32, obj: usize, mode: u32, fd: i32): void {
  switch (kind) {
    case FD_MAP:
      mapRelease(changetype<BpfMap>(obj), fd)
      mapPutUref(changetype<BpfMap>(obj))
      break
    case FD_PROG:
      progPut(changetype<Prog>(obj))
      break
    case FD_BTF:
      btfPut(changetype<Btf>(obj))
      break
    case FD_LINK:
      linkPut(changetype<Link>(obj))
      break
    case FD_TOKEN:
      tokenPut(changetype<Token>(obj))
      break
    case FD_STATS:
      if (!--kernel().statsFds) kernel().statsEnabled = 0
      break
    default:
      fileRelease(kind, obj, mode)
  }
}

/** The object of a file of this kind, or -EBADF (no such file), -EINVAL (another kind). No reference is taken. */
export function fdGet(fd: i32, kind: u32): usize {
  const have = fdKind(fd)
  if (have == FD_FREE) return -EBADF
  if (have != kind) return -EINVAL
  return fdObject(fd)
}

/** Whether a pointer is an errno. */
@inline export function isErr(p: usize): bool {
  return p >= <usize>-4096
}
