// SPDX-License-Identifier: BSD-2-Clause
import { errnoName } from '@skep/core'

/** `EACCES (13)` */
export function errnoText(errno: number): string {
  return `${errnoName(errno)} (${errno})`
}
