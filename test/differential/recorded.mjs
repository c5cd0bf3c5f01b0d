// SPDX-License-Identifier: BSD-2-Clause
// Linux's recorded answers to the kernel's raw-instruction verifier tests. They are data of the project, not of the
// product: SKEP_ORACLE names the folder when it is not beside the checkout.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const FOLDER = process.env.SKEP_ORACLE ?? fileURLToPath(new URL('../../../shared/oracle/', import.meta.url))

/** Folder of the oracle, or undefined. */
export const oracleFolder = existsSync(FOLDER) ? FOLDER : undefined

function lines(name) {
  return gunzipSync(readFileSync(`${FOLDER}/${name}`))
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** Tests that cannot be replayed from their line alone (function info, map BTF, a larger log) and those whose map was refused. */
function notReplayable() {
  const names = new Set()
  for (const line of readFileSync(`${FOLDER}/verifier-raw-not-replayable.tsv`, 'utf8').split('\n')) {
    const [set, test, , replayed] = line.split('\t')
    // Maps of maps are replayed here: the loader makes the inner map.
    if (test !== undefined && !replayed?.startsWith('replayed map type 12')) names.add(`${set}\t${test}`)
  }
  return names
}

export function rawTests() {
  const skip = notReplayable()
  const tests = []
  for (const set of ['6.1', '6.12']) {
    for (const test of lines(`verifier-raw-${set}.jsonl.gz`)) {
      // kptr tests were recorded with a map whose BTF names kernel types; the line does not hold it.
      if (test.test.startsWith('map_kptr:')) continue
      if (test.errno === 9 || skip.has(`${set}\t${test.test}`)) continue
      tests.push({ ...test, set })
    }
  }
  return tests
}
