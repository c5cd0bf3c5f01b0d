// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel } from '@skep/core'

export interface FlowAnswer {
  readonly verdicts: number[]
  readonly dropped: number[]
  readonly jited: boolean
}
export function filterPackets(kernel: Kernel, objectBytes: Uint8Array): FlowAnswer
