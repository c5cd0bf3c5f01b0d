// SPDX-License-Identifier: BSD-2-Clause
/** Names as the kernel keeps them: 15 characters of letters, digits, underscore and dot. */
import type { MapSpec } from '../object/spec.ts'

const MAX_NAME = 15
/** Characters kept free for the section's name behind the object's, also where it is shorter. */
const SUFFIX_RESERVE = 7

function clean(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, MAX_NAME)
}

/** Kernel name of a program or map. */
export function kernelName(name: string): string {
  return clean(name)
}

/** Kernel name of a map: data maps are called `object.rodata`, custom sections keep their own name. */
export function kernelMapName(objectName: string, map: MapSpec): string {
  if (!['data', 'rodata', 'bss', 'kconfig'].includes(map.origin)) return clean(map.name)
  const dots = map.name.split('.').length - 1
  if (dots > 1) return clean(map.name)
  const room = MAX_NAME - Math.max(map.name.length, SUFFIX_RESERVE)
  return clean(`${objectName.slice(0, Math.max(0, room))}${map.name}`)
}

/** File name of a pinned map: dots are not allowed in bpffs. */
export function pinName(name: string): string {
  return name.replaceAll('.', '_')
}
