// SPDX-License-Identifier: BSD-2-Clause
/** What a refusal of the verifier means, in plain words. */
export interface Explanation {
  /** A name for addresses: lower case and hyphens. */
  readonly id: string
  /** What the kernel prints, for instance. */
  readonly sample: string
  /** The messages that it explains. */
  readonly pattern: RegExp
  readonly title: string
  /** What was wrong; in the tables `$1` … stand for groups of the pattern. */
  readonly problem: string
  /** Why Linux insists. */
  readonly reason: string
  /** What would be accepted. */
  readonly suggestion: string
  /** Code that would be accepted. */
  readonly code?: string
  /** The folder below `examples/` of a program that meets it. */
  readonly example?: string
}
