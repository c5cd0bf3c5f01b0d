// SPDX-License-Identifier: BSD-2-Clause
import { SyscallError } from '@skep/core'

/** The result, or a {@link SyscallError} for a negative errno. */
export function must(result: number, call: string, detail?: string): number {
  if (result < 0) throw new SyscallError(call, -result, detail)
  return result
}
