// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel } from '@skep/core'

export interface Answer {
  readonly what: string
  readonly answer: string
  readonly [part: string]: unknown
}
export type CollectionName = 'examples' | 'programs' | 'random-answers' | 'commands' | 'map-creation'
export const COLLECTIONS: Readonly<Record<CollectionName, (kernel: Kernel) => Answer[]>>
export function releaseOf(kernel: Kernel): string
