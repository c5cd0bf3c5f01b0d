// SPDX-License-Identifier: BSD-2-Clause

/** Exit codes of the skep command. */
export const EXIT_FINE = 0
/** A program was refused, or something failed. */
export const EXIT_REFUSED = 1
/** The command line is wrong. */
export const EXIT_USAGE = 2
/** The two kernels gave different answers. */
export const EXIT_DIFFERENT = 3

/** The command line is wrong: the message says what and what would be accepted. */
export class UsageError extends Error {
  override name = 'UsageError'
}
