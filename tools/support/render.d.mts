// SPDX-License-Identifier: BSD-2-Clause
export interface ShownScenario {
  readonly name: string
  readonly file: string
  readonly shows: {
    readonly commands?: readonly string[]
    readonly programTypes?: readonly string[]
    readonly attachTypes?: readonly string[]
    readonly mapTypes?: readonly string[]
    readonly linkTypes?: readonly string[]
  }
  readonly notOnLinux?: string | undefined
  readonly notOnVirtual?: string | undefined
}
export function knownNames(): Record<string, Map<string, number>>
export function missingClassics(scenarios: readonly ShownScenario[]): string[]
export function renderSupport(scenarios: readonly ShownScenario[]): string
