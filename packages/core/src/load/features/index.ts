// SPDX-License-Identifier: BSD-2-Clause

import { PROG_TYPE_NAMES } from '../../gen/uapi-enums.gen.ts'
import type { Kernel } from '../kernel.ts'
import { attachTypeFeatures } from './attach.ts'
import { commandFeatures } from './commands.ts'
import { mapTypeFeatures } from './maps.ts'
import { helperFeatures, programTypeFeatures } from './programs.ts'

/** What a kernel offers, measured. Keys are the kernel's names, in the order of their numbers. */
export interface Features {
  readonly commands: ReadonlyMap<string, boolean>
  readonly programTypes: ReadonlyMap<string, boolean>
  readonly mapTypes: ReadonlyMap<string, boolean>
  readonly attachTypes: ReadonlyMap<string, boolean>
  /** Helpers by program type, for the types that the kernel has and that need no BTF target. */
  readonly helpers: ReadonlyMap<string, readonly string[]>
}

/**
 * Asks a kernel what it offers, by loading and creating small things. Nothing stays. `helpers: false` leaves out the
 * thousands of loads that ask for helpers.
 */
export function features(kernel: Kernel, options: { readonly helpers?: boolean } = {}): Features {
  const programTypes = programTypeFeatures(kernel)
  const types = PROG_TYPE_NAMES.flatMap((name, type) => (programTypes.get(name) ? [type] : []))
  return {
    commands: commandFeatures(kernel),
    programTypes,
    mapTypes: mapTypeFeatures(kernel),
    attachTypes: attachTypeFeatures(kernel),
    helpers: options.helpers === false ? new Map() : helperFeatures(kernel, types),
  }
}

export { hasMapType } from './maps.ts'
export { hasHelper, hasProgramType } from './programs.ts'
