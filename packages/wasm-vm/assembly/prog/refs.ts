// SPDX-License-Identifier: GPL-2.0-only
// Lives of programs: an fd, a link, a pin, an attachment or a program array holds one.

import { tokenPut } from '../syscall/token'
import { btfPut } from '../btf/refs'
import { Btf } from '../btf/btf'
import { Decoded } from '../insn/record'
import { freeDecoded } from '../insn/decode'
import { kfree, kzalloc } from '../mem/alloc'
import { idRemove } from '../mem/ids'
import { kernel } from '../mem/root'
import { mapPut } from '../maps/refs'
import { Prog, progUsedMap } from './prog'
import { imageDrop } from '../world/image'

/** Head of the list of all programs. */
const ALL: usize = memory.data(4, 4)

export function firstProg(): Prog {
  return changetype<Prog>(load<usize>(ALL))
}

@inline export function nextProg(p: Prog): Prog {
  return changetype<Prog>(p.nextOfAll)
}

function enlist(p: Prog): void {
  p.nextOfAll = load<usize>(ALL)
  if (p.nextOfAll) changetype<Prog>(p.nextOfAll).prevOfAll = changetype<usize>(p)
  store<usize>(ALL, changetype<usize>(p))
}
function delist(p: Prog): void {
  if (p.nextOfAll) changetype<Prog>(p.nextOfAll).prevOfAll = p.prevOfAll
  if (p.prevOfAll) changetype<Prog>(p.prevOfAll).nextOfAll = p.nextOfAll
  else store<usize>(ALL, p.nextOfAll)
}

export function progNew(len: u32): Prog {
  const p = changetype<Prog>(kzalloc(offsetof<Prog>()))
  if (!changetype<usize>(p)) return p
  enlist(p)
  p.insns = kzalloc(<usize>len * 8)
  p.origInsns = kzalloc(<usize>len * 8)
  if (!p.insns || !p.origInsns) {
    progFree(p)
    return changetype<Prog>(0)
  }
  p.len = len
  p.origLen = len
  return p
}

export function progGet(p: Prog): void {
  p.refs++
}

export function progPut(p: Prog): void {
  if (--p.refs) return
  if (p.id) idRemove(kernel().progs, p.id)
  progFree(p)
}

/** Frees a program that nobody knows (any more). */
export function progFree(p: Prog): void {
  delist(p)
  if (p.decoded) freeDecoded(changetype<Decoded>(p.decoded))
  for (let i: u32 = 0; i < p.usedMapCnt; i++) mapPut(progUsedMap(p, i))
  for (let i: u32 = 0; i < p.usedBtfCnt; i++) btfPut(changetype<Btf>(load<usize>(p.usedBtfs + ((<usize>i) << 2))))
  if (changetype<usize>(p.btf)) btfPut(p.btf)
  if (changetype<usize>(p.attachBtf)) btfPut(p.attachBtf)
  if (changetype<usize>(p.attachProg)) progPut(p.attachProg)
  tokenPut(p.token)
  kfree(p.usedMaps)
  kfree(p.usedBtfs)
  kfree(p.insns)
  kfree(p.origInsns)
  kfree(p.funcInfo)
  kfree(p.lineInfo)
  kfree(p.coreRelos)
  kfree(p.funcInfoAux)
  kfree(p.subprogStarts)
  kfree(p.subprogStackDepth)
  kfree(p.annot)
  kfree(p.ctxArgs)
  kfree(p.stream0)
  kfree(p.stream1)
  imageDrop(changetype<usize>(p))
  kfree(changetype<usize>(p))
}
