// SPDX-License-Identifier: BSD-2-Clause
// Creation that the recorded matrix does not reach: arenas with addresses and mappings, struct_ops with kernel types.
// Each function gives labelled calls, which answer an fd or -errno, for one kernel.

import { makePool } from './objects.mjs'
import { createMap } from './raw-map.mjs'

const MMAPABLE = 1 << 10
const F_LINK = 1 << 13
const VTYPE_BTF_OBJ_FD = 1 << 15
const SEGV_ON_FAULT = 1 << 17
const NO_USER_CONV = 1 << 18
const PAGE = 4096

/** All combinations of what each name may be. */
function combinations(table) {
  let rows = [{}]
  for (const [name, list] of Object.entries(table)) {
    rows = rows.flatMap((row) => list.map((value) => ({ ...row, [name]: value })))
  }
  return rows
}

const label = (row) =>
  Object.entries(row)
    .map(([name, value]) => `${name} ${value}`)
    .join(' ')

function creations(kernel, rows, fields) {
  return rows.map((row) => ({
    what: label(row),
    run: () => {
      const fd = createMap(kernel, { ...fields, ...row })
      if (fd >= 0) kernel.close(fd)
      return Math.min(fd, 0)
    },
  }))
}

const ARENA = {
  key: [0, 4],
  value: [0, 8],
  max: [0, 1, 1 << 20, (1 << 20) + 1],
  flags: [
    0,
    1,
    MMAPABLE,
    MMAPABLE | 4,
    MMAPABLE | SEGV_ON_FAULT,
    MMAPABLE | NO_USER_CONV,
    MMAPABLE | F_LINK,
    SEGV_ON_FAULT,
    NO_USER_CONV,
  ],
  extra: [0n, 4096n, 4097n, 1n << 44n, (1n << 44n) + 0xfffff000n, 1n << 63n],
}

export function arenaCreations(kernel) {
  return creations(kernel, combinations(ARENA), { type: 33 })
}

/** How an arena of four pages may be mapped, as its first mapping and as a second one. */
export function arenaMappings(kernel) {
  const rows = combinations({
    extra: [0n, 1n << 44n],
    length: [PAGE, 4 * PAGE, 5 * PAGE],
    offset: [0, PAGE],
    prot: [1, 3],
    second: [0, PAGE, 4 * PAGE],
  })
  return rows.map(({ extra, length, offset, prot, second }) => ({
    what: label({ extra, length, offset, prot, second }),
    run: () => {
      const fd = createMap(kernel, { type: 33, key: 0, value: 0, max: 4, flags: MMAPABLE, extra })
      const first = kernel.mmap(fd, length, offset, prot, extra)
      const answers = [typeof first === 'number' ? first : 0]
      if (typeof first !== 'number' && second) {
        const again = kernel.mmap(fd, second, 0, 3, extra)
        answers.push(typeof again === 'number' ? again : 0)
        if (typeof again !== 'number') again[Symbol.dispose]()
      }
      if (typeof first !== 'number') first[Symbol.dispose]()
      kernel.close(fd)
      return answers.join(' ')
    },
  }))
}

/** Creation by the types of the kernel: `ops` says those of a structure. */
export function structOpsCreations(kernel, ops) {
  const [btf] = makePool(kernel, 'btf').fds
  const rows = combinations({
    key: [0, 4, 8],
    value: [0, ops.size - 1, ops.size, ops.size + 1],
    max: [0, 1, 2],
    flags: [0, F_LINK, MMAPABLE, 1, VTYPE_BTF_OBJ_FD, F_LINK | VTYPE_BTF_OBJ_FD],
    kernelValue: [0, ops.valueTypeId, ops.typeId, 1, 0x7fffffff],
    btf: [btf, 0, 0x7ffffff0],
    btfValue: [0, 1],
  })
  const calls = creations(kernel, rows, { type: 26 })
  // the fd differs between the kernels
  return calls.map((call, i) => ({
    ...call,
    what: label({ ...rows[i], btf: rows[i].btf === btf ? 'types' : rows[i].btf }),
  }))
}
