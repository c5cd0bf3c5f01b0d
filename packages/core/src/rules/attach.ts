// SPDX-License-Identifier: BSD-2-Clause
/** Which attach types a program may be loaded with and attached to: loops over the generated tables. */
import { RuleError } from '../errors/index.ts'
import { ATTACH_POINTS, LOAD_ATTACH_TYPES } from '../gen/attach.gen.ts'
import { ATTACH_TYPE_NAMES, PROG_TYPE_NAMES } from '../gen/uapi-enums.gen.ts'

export function progTypeName(type: number): string {
  return PROG_TYPE_NAMES[type] ?? `program type ${type}`
}

export function attachTypeName(type: number): string {
  return ATTACH_TYPE_NAMES[type] ?? `attach type ${type}`
}

/** What the kernel takes the attach type for at load: old programs give 0 where a type has a default. */
export function fixupAttachType(type: number, attachType: number): number {
  const row = LOAD_ATTACH_TYPES.find((r) => r.type === type)
  return row && attachType === 0 && row.zeroBecomes !== 0 ? row.zeroBecomes : attachType
}

/** Whether a program type loads with an attach type. */
export function loadsWithAttachType(type: number, attachType: number): boolean {
  const row = LOAD_ATTACH_TYPES.find((r) => r.type === type)
  return !row || row.accepted.includes(fixupAttachType(type, attachType))
}

/**
 * Refuses an attach type that the kernel would not load the program type with.
 * @throws RuleError that names those which would be accepted
 */
export function checkLoadAttachType(type: number, attachType: number): void {
  if (loadsWithAttachType(type, attachType)) return
  const row = LOAD_ATTACH_TYPES.find((r) => r.type === type)!
  const names = row.accepted.map(attachTypeName).join(', ')
  throw new RuleError(
    `check attach type: ${progTypeName(type)} does not load with ${attachTypeName(attachType)}: ${names} are accepted`,
  )
}

/** Where programs of a type can be attached. */
export function attachPoints(type: number): readonly (typeof ATTACH_POINTS)[number][] {
  return ATTACH_POINTS.filter((point) => point.type === type)
}

/**
 * The attach point of a program type and attach type.
 * @throws RuleError that names those which exist for the type
 */
export function attachPoint(type: number, attachType: number): (typeof ATTACH_POINTS)[number] {
  const points = attachPoints(type)
  const found = points.find((point) => point.attachType === attachType)
  if (found) return found
  const names = points.map((point) => attachTypeName(point.attachType)).join(', ')
  const choice = names ? `${names} are accepted` : 'it is attached by other means than an attach type'
  throw new RuleError(`attach: ${progTypeName(type)} cannot be attached to ${attachTypeName(attachType)}: ${choice}`)
}
