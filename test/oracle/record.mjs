// SPDX-License-Identifier: BSD-2-Clause
// Writes down what the running Linux answers, so that parity is tested where there is no Linux.
//   npm run oracle -- [--only NAME] [--random COUNT]
// --random makes that many new random programs first; without it those of the last time are asked again.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createLinuxKernel } from '@skep/native-loader'
import { mutated } from '../fuzz/verifier/mutations.mjs'
import { randomProgram } from '../fuzz/verifier/programs.mjs'
import { Random } from '../fuzz/verifier/random.mjs'
import { COLLECTIONS, isQuick, releaseOf } from './collect.mjs'

const { values } = parseArgs({ options: { only: { type: 'string' }, random: { type: 'string' } } })
const file = (name) => new URL(`./${name}.json`, import.meta.url)
/** A row a line: a change is a line of a diff. */
const lines = (rows) => `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`

const kernel = await createLinuxKernel()
/** The release without what a distribution appends. */
const release = releaseOf(kernel)
if (values.random) {
  const programs = []
  for (let seed = 1; programs.length < Number(values.random); seed++) {
    const random = new Random(seed)
    const program = randomProgram(random)
    const taken = seed % 3 === 0 ? mutated(random, program) : program
    if (isQuick(kernel, taken)) programs.push({ ...taken, insns: Buffer.from(taken.insns).toString('hex') })
  }
  writeFileSync(file('random-programs'), lines(programs))
}

for (const [name, collect] of Object.entries(COLLECTIONS)) {
  if (values.only && values.only !== name) continue
  const answers = collect(kernel)
  writeFileSync(
    file(name),
    `{"release": ${JSON.stringify(release)}, "cpus": ${kernel.facts.possibleCpus}, "answers": ${lines(answers).trimEnd()}}\n`,
  )
  console.log(`${name}: ${answers.length} answers of Linux ${release}`)
}
