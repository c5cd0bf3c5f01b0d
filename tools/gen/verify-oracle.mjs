// SPDX-License-Identifier: BSD-2-Clause
// node tools/gen/verify-oracle.mjs [DIRECTORY]: compares the tables with what a real kernel answered, cell by cell. The
// directory holds the recorded matrices (default ../shared/oracle beside the repository).
import { existsSync } from 'node:fs'
import { ROOT } from './files.mjs'
import { compareAttach } from './oracle-attach.mjs'
import { compareContexts, comparePackets } from './oracle-contexts.mjs'
import { compareArguments, compareHelpers } from './oracle-helpers.mjs'
import { compareMaps } from './oracle-maps.mjs'

const directory = process.argv[2] ?? `${ROOT}../shared/oracle`
if (!existsSync(directory)) {
  console.error(`no recorded matrices in ${directory}`)
  process.exit(2)
}
let different = 0
for (const [name, matrix, compare] of [
  ['attach types and return values', 'attach', compareAttach],
  ['helpers', 'helper', compareHelpers],
  ['first arguments', 'helper', compareArguments],
  ['context accesses', 'ctx', compareContexts],
  ['packet accesses', 'extra', comparePackets],
  ['maps', 'extra', compareMaps],
]) {
  const { equal, cells, divergences, skipped } = compare(`${directory}/${matrix}-matrix.json.gz`)
  console.log(`${name}: ${equal} of ${cells} cells equal${skipped ? `, ${skipped} out of scope` : ''}`)
  for (const line of divergences.slice(0, 40)) console.log(`  ${line}`)
  different += cells - equal
}
process.exitCode = different === 0 ? 0 : 1
