// SPDX-License-Identifier: BSD-2-Clause
import type { LoadedObject, PlainValue } from '@skep/core'
import { formatJson } from './output/json.ts'

/** One element of a map that a run changed; `undefined` where it was or is not there. */
export interface MapChange {
  readonly map: string
  readonly key: PlainValue
  readonly before: PlainValue | undefined
  readonly after: PlainValue | undefined
}

type Contents = Map<string, Map<string, [PlainValue, PlainValue]>>

/** Values of all maps that can be walked; the others (program arrays, rings, queues …) are left out. */
export function readMaps(object: LoadedObject): Contents {
  const contents: Contents = new Map()
  for (const [name, map] of object.maps) {
    const entries = new Map<string, [PlainValue, PlainValue]>()
    try {
      for (const [key, value] of map) entries.set(formatJson(key), [key, value])
    } catch {
      continue
    }
    contents.set(name, entries)
  }
  return contents
}

/** What differs between two readings. */
export function mapChanges(before: Contents, after: Contents): MapChange[] {
  const changes: MapChange[] = []
  for (const [map, entries] of after) {
    const old = before.get(map) ?? new Map<string, [PlainValue, PlainValue]>()
    for (const [id, [key, value]] of entries) {
      const was = old.get(id)?.[1]
      if (was === undefined || formatJson(was) !== formatJson(value))
        changes.push({ map, key, before: was, after: value })
    }
    for (const [id, [key, value]] of old) {
      if (!entries.has(id)) changes.push({ map, key, before: value, after: undefined })
    }
  }
  return changes
}
