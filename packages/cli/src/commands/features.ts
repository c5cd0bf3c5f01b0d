// SPDX-License-Identifier: BSD-2-Clause
import { type Features, features } from '@skep/core'
import { Command } from 'commander'
import { EXIT_DIFFERENT } from '../exit.ts'
import type { Io } from '../io.ts'
import { type KernelName, kernelOption, openKernels, traceOption } from '../kernels.ts'
import { formatJson } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import type { CommandBuilder } from '../program.ts'

interface FeatureOptions {
  kernel: string
  helpers: boolean
  json?: boolean
  trace?: boolean
}

interface Measured {
  readonly kernel: KernelName
  readonly release: string
  readonly features: Features
}

const GROUPS = [
  ['commands', 'command'],
  ['programTypes', 'program type'],
  ['mapTypes', 'map type'],
  ['attachTypes', 'attach type'],
] as const

function printTables(measured: readonly Measured[], io: Io): void {
  const titles = measured.map(({ kernel, release }) => ({ title: `${kernel} ${release}` }))
  for (const [group, title] of GROUPS) {
    const names = [...new Set(measured.flatMap(({ features }) => [...features[group].keys()]))]
    const rows = names.map((name) => [
      name,
      ...measured.map(({ features }) => (features[group].get(name) ? 'yes' : 'no')),
    ])
    io.out(`${formatTable([{ title }, ...titles], rows)}\n`)
  }
  const types = [...new Set(measured.flatMap(({ features }) => [...features.helpers.keys()]))]
  if (!types.length) return
  const rows = types.map((type) => [
    type,
    ...measured.map(({ features }) => String(features.helpers.get(type)?.length ?? 0)),
  ])
  io.out(formatTable([{ title: 'helpers of program type' }, ...titles], rows))
  io.out('\nThe names of the helpers: --json')
}

/** `skep features`: what a kernel offers, asked of it by loading and creating small things. */
export const featuresCommand: CommandBuilder = ({ io, exit }) =>
  new Command('features')
    .addOption(kernelOption(['virtual', 'linux', 'both'], 'virtual'))
    .option('--no-helpers', 'leave out the helpers, which take thousands of loads')
    .option('--json', 'one JSON object a line')
    .addOption(traceOption)
    .action(async (options: FeatureOptions) => {
      const measured: Measured[] = []
      const kernels = await openKernels(options.kernel, io, options)
      try {
        for (const [name, kernel] of kernels) {
          if (io.interactive) io.err(`measuring the ${name} kernel …`)
          measured.push({
            kernel: name,
            release: kernel.facts.release,
            features: features(kernel, { helpers: options.helpers }),
          })
        }
      } finally {
        for (const kernel of kernels.values()) kernel[Symbol.dispose]()
      }
      if (options.json)
        for (const { kernel, release, features } of measured) io.out(formatJson({ kernel, release, ...features }))
      else printTables(measured, io)
      const [first, second] = measured
      if (second && formatJson(first?.features) !== formatJson(second.features)) {
        io.err('the kernels differ')
        exit(EXIT_DIFFERENT)
      }
    })
