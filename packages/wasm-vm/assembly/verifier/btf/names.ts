// SPDX-License-Identifier: GPL-2.0-only
// Lists of names of gen/attach-targets.gen.ts.

import { cstrEquals, cstrlen } from '../../mem/bytes'

/** Whether a set of names, ended by an empty one, has this name. */
export function inSet(set: usize, name: usize): bool {
  for (let p = set; load<u8>(p); p += cstrlen(p) + 1) if (cstrEquals(p, name)) return true
  return false
}
const LSM_PREFIX: i32 = 8

/** The name of an LSM hook: of bpf_lsm_file_open, file_open. */
@inline export function hookName(name: usize): usize {
  return name + <usize>LSM_PREFIX
}
