// SPDX-License-Identifier: BSD-2-Clause
export interface Divergence {
  readonly id: string
  readonly rows: readonly string[]
  readonly unsupported: readonly string[]
}
export const DIVERGENCES: readonly Divergence[]
export function listed(group: string, where: string): string | undefined
export function listedUnsupported(message: string): string | undefined
