// SPDX-License-Identifier: GPL-2.0-only
// Structures that helpers' prototypes name, as the kernel's BTF numbers them.

import { btfFind, kernelTypes } from '../../btf/name-index'
import { HELPER_BTF_NAMES, HELPER_BTF_NAME_OFFSETS } from '../../gen/helpers.gen'
import { KIND_STRUCT } from '../btf-facts'

/** Number of the structure, 0 if the kernel here has no types, or not this one. */
export function helperType(index: i32): u32 {
  const btf = kernelTypes()
  if (!changetype<usize>(btf) || !index) return 0
  return btfFind(btf, HELPER_BTF_NAMES + <usize>load<u16>(HELPER_BTF_NAME_OFFSETS + ((<usize>index) << 1)), KIND_STRUCT)
}
