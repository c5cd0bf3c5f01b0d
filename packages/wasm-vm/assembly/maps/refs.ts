// SPDX-License-Identifier: GPL-2.0-only
// Lives of maps. A map is there while something holds it (refs); its user side ends with the last fd, pin or program
// array of a user (usercnt).

import { kfree, kzalloc } from '../mem/alloc'
import { idRemove } from '../mem/ids'
import { kernel } from '../mem/root'
import { btfPut } from '../btf/refs'
import { recordPut } from '../btf/parse-fields'
import { BpfMap } from './map'
import { mapFreeData, mapReleaseFile, mapReleaseUser } from './lifecycle'
import { imageDrop } from '../world/image'

/** Room for the largest class of map. */
const MAP_BYTES: usize = 320

export function mapNew(): BpfMap {
  return changetype<BpfMap>(kzalloc(MAP_BYTES))
}

export function mapGet(map: BpfMap): void {
  map.refs++
}
export function mapGetUref(map: BpfMap): void {
  map.refs++
  map.usercnt++
}

export function mapPut(map: BpfMap): void {
  if (--map.refs) return
  if (map.id) idRemove(kernel().maps, map.id)
  mapFree(map)
}

export function mapPutUref(map: BpfMap): void {
  if (!--map.usercnt) mapReleaseUser(map)
  mapPut(map)
}

/** A file of the map is closed. */
export function mapRelease(map: BpfMap, fd: i32): void {
  mapReleaseFile(map, fd)
}

/** Frees a map that nobody knows (any more). */
export function mapFree(map: BpfMap): void {
  mapFreeData(map)
  if (changetype<usize>(map.record)) recordPut(map.record)
  if (changetype<usize>(map.btf)) btfPut(map.btf)
  imageDrop(changetype<usize>(map))
  kfree(changetype<usize>(map))
}
