// SPDX-License-Identifier: BSD-2-Clause
import { LOOSE_SECTIONS, SECTIONS, type SectionRow } from '../gen/sections.gen.ts'

/** What a section name says. */
export interface SectionMeaning {
  /** The table row, undefined where no loader knows the name. */
  readonly row: SectionRow | undefined
  /** What follows the slash after the row's name, empty if nothing. */
  readonly extra: string
  /** False where the name starts with `?`. */
  readonly autoload: boolean
}

function fits(row: SectionRow, name: string): boolean {
  return name === row.name || (row.extras && name.startsWith(`${row.name}/`))
}

/** Reads a section name: exact rows first, then the loose prefixes of old loaders, the longest that fits. */
export function resolveSection(section: string): SectionMeaning {
  const autoload = !section.startsWith('?')
  const name = autoload ? section : section.slice(1)
  const row = SECTIONS.find((r) => fits(r, name)) ?? LOOSE_SECTIONS.find((r) => name.startsWith(r.name))
  const rest = row ? name.slice(row.name.length) : ''
  // Without a row the part after the first slash is still what a caller who sets the type would attach to.
  const extra = row ? (rest.startsWith('/') ? rest.slice(1) : '') : (name.split('/').slice(1).join('/') ?? '')
  return { row, extra, autoload }
}
