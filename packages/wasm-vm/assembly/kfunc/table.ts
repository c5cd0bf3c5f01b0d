// SPDX-License-Identifier: GPL-2.0-only
// Functions of the kernel that programs call by BTF id, as functions of the WebAssembly table: a file for each family.

import { kfuncRow } from './known'
import { sessionFn } from './session'
import { objectFn } from './table-graphs'
import { arenaFn, dynptrFn, exceptionFn, memoryFn, workFn } from './table-memory'
import { numberFn, taskFn, walkFn } from './table-objects'
import { cpumaskFn, stringFn } from './table-strings'

/** Index in the WebAssembly table of the function with this BTF id; 0: it is not here. */
export function kfuncFn(id: i32): i32 {
  const row = kfuncRow(id)
  let fn = dynptrFn(row)
  if (!fn) fn = numberFn(row)
  if (!fn) fn = memoryFn(row)
  if (!fn) fn = objectFn(row)
  if (!fn) fn = arenaFn(row)
  if (!fn) fn = stringFn(row)
  if (!fn) fn = cpumaskFn(row)
  if (!fn) fn = taskFn(row)
  if (!fn) fn = walkFn(row)
  if (!fn) fn = workFn(row)
  if (!fn) fn = sessionFn(row)
  return fn ? fn : exceptionFn(row)
}
