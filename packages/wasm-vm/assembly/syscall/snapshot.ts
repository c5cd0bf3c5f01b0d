// SPDX-License-Identifier: GPL-2.0-only
// Snapshots. A copy of linear memory is the whole kernel but for compiled functions, which live in the host's table:
// they are given up before memory is replaced, and forgotten by the programs that come back. Programs are compiled again
// when they run.

import { Decoded, funcAt } from '../insn/record'
import { kfree } from '../mem/alloc'
import { firstProg, nextProg } from '../prog/refs'

/** Gives the compiled functions of all programs back to the host (release), or only forgets them. */
function dropCompiled(release: bool): void {
  for (let p = firstProg(); changetype<usize>(p); p = nextProg(p)) {
    const d = changetype<Decoded>(p.decoded)
    p.jitFn = 0
    p.jitedLen = 0
    if (!changetype<usize>(d)) continue
    if (release && d.jitHandle) call_indirect<void>(d.jitFree, changetype<usize>(d))
    d.jitHandle = 0
    d.jitFree = 0
    kfree(d.jitBytes)
    d.jitBytes = 0
    d.jitLen = 0
    for (let f: u32 = 0; f < d.funcCnt; f++) funcAt(d, f).jitFn = 0
  }
}

/** Before memory is replaced. */
export function snapshot_leave(): void {
  dropCompiled(true)
}

/** After memory was replaced by that of a snapshot. */
export function snapshot_enter(): void {
  dropCompiled(false)
}
