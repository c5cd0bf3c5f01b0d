// SPDX-License-Identifier: GPL-2.0-only
// Tracepoints that the simulated kernel fires itself. Their arguments are made only where somebody waits for them.

import { fireRaw, tracepointNamed } from './tracepoint'
import { world } from './world'

const ARGS: usize = memory.data(64, 8)

/** Whether raw programs are attached to a tracepoint of the kernel's. */
export function tracepointWanted(name: string): bool {
  if (!world().tracepoints) return false
  const t = tracepointNamed(name)
  return changetype<usize>(t) != 0 && changetype<usize>(t.raw) != 0
}

/** Raw programs of a tracepoint get these arguments, as many as it has. */
export function fireNamed(name: string, a: u64, b: u64, c: u64, d: u64): void {
  const t = tracepointNamed(name)
  if (!changetype<usize>(t)) return
  // a program's effects may fire another one
  const w0 = load<u64>(ARGS)
  const w1 = load<u64>(ARGS, 8)
  const w2 = load<u64>(ARGS, 16)
  const w3 = load<u64>(ARGS, 24)
  store<u64>(ARGS, a)
  store<u64>(ARGS, b, 8)
  store<u64>(ARGS, c, 16)
  store<u64>(ARGS, d, 24)
  fireRaw(t, ARGS)
  store<u64>(ARGS, w0)
  store<u64>(ARGS, w1, 8)
  store<u64>(ARGS, w2, 16)
  store<u64>(ARGS, w3, 24)
}
