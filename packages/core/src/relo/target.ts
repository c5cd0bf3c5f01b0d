// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from '../btf/index.ts'
import type { TargetTypes } from './core.ts'
import { essentialName } from './core-types.ts'

const targets = new WeakMap<Btf, TargetTypes>()

/** The kernel's types as CO-RE looks them up. Names with a flavour, few in a kernel, are indexed once. */
export function targetTypes(btf: Btf): TargetTypes {
  const known = targets.get(btf)
  if (known) return known
  const flavoured = new Map<string, string[]>()
  for (const name of btf.names()) {
    const essential = name.includes('___') ? essentialName(name) : name
    if (essential === name) continue
    const names = flavoured.get(essential)
    if (names) names.push(name)
    else flavoured.set(essential, [name])
  }
  const target: TargetTypes = {
    table: btf,
    idsNamed: (name) => {
      const own = btf.findAll(name)
      const others = flavoured.get(name)
      return others ? [...own, ...others.flatMap((n) => btf.findAll(n))].sort((a, b) => a - b) : own
    },
  }
  targets.set(btf, target)
  return target
}
