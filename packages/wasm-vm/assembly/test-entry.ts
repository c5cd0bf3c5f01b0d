// SPDX-License-Identifier: GPL-2.0-only
// Makes every module reachable, because asc checks only what is reachable, and exports what tests look into.

export * from './index'
export { kmalloc, kzalloc, kfree, krealloc, allocUsed, allocPeak, allocBlocks } from './mem/alloc'
export { idAlloc, idFind, idNext, idRemove } from './mem/ids'
export { copyFromUser, copyToUser, stringFromUser, putUser32, putUser64 } from './mem/user'
export { formatTo } from './mem/format'
export { recordFind } from './btf/record'
export { btfTypeById } from './btf/btf'
