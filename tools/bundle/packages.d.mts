// SPDX-License-Identifier: BSD-2-Clause
/** Packages whose sources were changed after they were bundled, or that were never. */
export function stalePackages(): string[]
