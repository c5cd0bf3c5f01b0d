// SPDX-License-Identifier: BSD-2-Clause

import { PROGRAM_KINDS, type ProgramKind } from '../gen/helper-availability.gen.ts'
import { HELPER_PROTOS, type HelperProto } from '../gen/helpers.gen.ts'
import { BPF_F_SLEEPABLE } from '../gen/uapi-defines.gen.ts'

/** What of a program decides which helpers it may call. */
export interface HelperUser {
  readonly type: number
  readonly expectedAttachType: number
  readonly flags: number
}

/** The row of the availability table for a program, undefined for types that Linux 6.18 does not have. */
export function programKind(program: HelperUser): ProgramKind | undefined {
  const sleepable = (program.flags & BPF_F_SLEEPABLE) !== 0
  return PROGRAM_KINDS.find(
    (kind) =>
      kind.type === program.type &&
      (kind.attachTypes === null || kind.attachTypes.includes(program.expectedAttachType)) &&
      (kind.sleepable === null || kind.sleepable === sleepable) &&
      kind.hook === '',
  )
}

/** Prototype with which a program calls a helper, undefined where it may not call it. */
export function helperProto(program: HelperUser, helper: number): HelperProto | undefined {
  const kind = programKind(program)
  const index = kind?.helpers.find((i) => HELPER_PROTOS[i]?.id === helper)
  return index === undefined ? undefined : HELPER_PROTOS[index]
}

/** Whether some prototype of a helper is for GPL-compatible programs only. */
export function helperNeedsGpl(helper: number): boolean {
  return HELPER_PROTOS.some((proto) => proto.id === helper && proto.gplOnly)
}
