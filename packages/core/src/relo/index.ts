// SPDX-License-Identifier: BSD-2-Clause
export { CoreResolver, type TargetTypes } from './core.ts'
export { POISON_HELPER, patchCore } from './core-patch.ts'
export type { CoreReloSpec } from './core-spec.ts'
export { coreKindName } from './core-types.ts'
export type { CoreResult } from './core-value.ts'
export { type LinkedProgram, linkProgram, type PlacedFunction } from './linker.ts'
export {
  applyReferences,
  POISON_KFUNC_BASE,
  POISON_MAP_BASE,
  type ReferenceResolver,
  type ResolvedExtern,
} from './references.ts'
export { targetTypes } from './target.ts'
