// SPDX-License-Identifier: BSD-2-Clause
export { type ObjectParts, ObjectSpec } from './object.ts'
export { type OpenOptions, openObject } from './open.ts'
export { copySlots, decodeSlots, encodeSlots, type Slot } from './slots.ts'
export type * from './spec.ts'
