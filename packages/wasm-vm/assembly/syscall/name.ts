// SPDX-License-Identifier: GPL-2.0-only
// Names of objects: letters, digits, '_' and '.', ended within 16 bytes. Kernel counterpart: bpf_obj_name_cpy.

import { EINVAL } from '../gen/errno.gen'
import { isAlpha, isDigit } from '../mem/ctype'

const SIZE: usize = 16

/** Copies a name: its length, or -EINVAL. */
export function objName(dst: usize, src: usize): i32 {
  memory.fill(dst, 0, SIZE)
  for (let i: usize = 0; i < SIZE; i++) {
    const c = <u32>load<u8>(src + i)
    if (!c) return <i32>i
    if (!isAlpha(c) && !isDigit(c) && c != 95 && c != 46) return -EINVAL
    store<u8>(dst + i, <u8>c)
  }
  return -EINVAL
}
