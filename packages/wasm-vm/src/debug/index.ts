// SPDX-License-Identifier: GPL-2.0-only
/** Stepping programs on the virtual kernel, forward and backward. */
export * from './machine.ts'
export { STEP_LIMIT, Stepper } from './stepper.ts'
