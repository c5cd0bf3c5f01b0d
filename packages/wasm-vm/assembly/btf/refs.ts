// SPDX-License-Identifier: GPL-2.0-only
// Lives of type information: an fd, a map, a program or a verification holds one.

import { kfree } from '../mem/alloc'
import { idRemove } from '../mem/ids'
import { kernel } from '../mem/root'
import { Btf } from './btf'
import { recordPut } from './parse-fields'
import { BtfRecord } from './record'

export function btfGet(b: Btf): void {
  b.refs++
}

export function btfPut(b: Btf): void {
  if (--b.refs) return
  if (b.id) idRemove(kernel().btfs, b.id)
  btfFree(b)
}

/** Frees type information that nobody knows (any more). */
export function btfFree(b: Btf): void {
  for (let i: u32 = 0; i < b.structMetaCnt; i++) {
    recordPut(changetype<BtfRecord>(load<usize>(b.structMetas + ((<usize>i) << 3), 4)))
  }
  kfree(b.structMetas)
  kfree(b.data)
  kfree(b.types)
  kfree(b.resolvedSizes)
  kfree(b.resolvedIds)
  kfree(b.name)
  kfree(b.nameIndex)
  kfree(changetype<usize>(b))
}
