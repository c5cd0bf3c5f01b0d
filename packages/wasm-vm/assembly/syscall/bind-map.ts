// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_BIND_MAP: a program holds a map that its instructions do not name.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_PROG_BIND_MAP__flags,
  ATTR_PROG_BIND_MAP__map_fd,
  ATTR_PROG_BIND_MAP__prog_fd,
} from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { mapGet } from '../maps/refs'
import { kmalloc, krealloc } from '../mem/alloc'
import { Prog, progUsedMap } from '../prog/prog'
import { FD_MAP, FD_PROG, fdGet, isErr } from './fd'

export function bindMapCmd(attr: usize): i32 {
  if (load<u32>(attr, ATTR_PROG_BIND_MAP__flags)) return -EINVAL
  const pp = fdGet(load<i32>(attr, ATTR_PROG_BIND_MAP__prog_fd), FD_PROG)
  if (isErr(pp)) return <i32>pp
  const mp = fdGet(load<i32>(attr, ATTR_PROG_BIND_MAP__map_fd), FD_MAP)
  if (isErr(mp)) return <i32>mp
  const prog = changetype<Prog>(pp)
  const map = changetype<BpfMap>(mp)
  for (let i: u32 = 0; i < prog.usedMapCnt; i++) if (progUsedMap(prog, i) == map) return 0
  const size = <usize>(prog.usedMapCnt + 1) * 4
  const maps = prog.usedMaps ? krealloc(prog.usedMaps, size) : kmalloc(size)
  if (!maps) return -ENOMEM
  store<usize>(maps + ((<usize>prog.usedMapCnt) << 2), mp)
  prog.usedMaps = maps
  prog.usedMapCnt++
  mapGet(map)
  return 0
}
