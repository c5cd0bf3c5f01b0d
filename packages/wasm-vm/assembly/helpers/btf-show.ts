// SPDX-License-Identifier: GPL-2.0-only
// Kernel objects as text by their type information. Kernel counterpart: bpf_snprintf_btf and btf_type_snprintf_show.

import { EINVAL, ENOENT } from '../gen/errno.gen'
import { Btf, btfTypeById } from '../btf/btf'
import { kernel } from '../mem/root'
import { asResult } from './given'
import { seqPut, SeqFile } from './seq'

/** struct btf_ptr: address u64, type id u32, flags u32. */
const BTF_PTR_SIZE: u32 = 16
const F_ALL: u64 = 15

function prepare(ptr: usize, size: u32, flags: u64): i32 {
  if (flags & ~F_ALL || size != BTF_PTR_SIZE) return -EINVAL
  const btf = changetype<Btf>(kernel().vmlinux)
  const id = load<i32>(ptr, 8)
  if (!changetype<usize>(btf) || id <= 0) return -EINVAL
  return btfTypeById(btf, <u32>id) ? 0 : -ENOENT
}

export function snprintfBtf(str: u64, strSize: u64, ptr: u64, size: u64, flags: u64): u64 {
  return asResult(prepare(<usize>ptr, <u32>size, flags))
}

export function seqPrintfBtf(m: u64, ptr: u64, size: u64, flags: u64, r5: u64): u64 {
  return asResult(prepare(<usize>ptr, <u32>size, flags))
}
