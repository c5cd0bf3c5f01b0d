// SPDX-License-Identifier: BSD-2-Clause
/** Symbols that `using` needs and some browsers lack. Imported before anything else. */
for (const name of ['dispose', 'asyncDispose'] as const) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) })
}
