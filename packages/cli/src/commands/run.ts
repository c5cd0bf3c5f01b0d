// SPDX-License-Identifier: BSD-2-Clause
import { writeFile } from 'node:fs/promises'
import { isPerCpu, type Kernel, type ObjectSpec, openObject, type TestRunResult } from '@skep/core'
import { encodePcap, type PcapPacket, parsePcap } from '@skep/core/pcap'
import { Command } from 'commander'
import { EXIT_DIFFERENT, UsageError } from '../exit.ts'
import { objectName, parseCount, readBytesOption, readInput } from '../inputs.ts'
import type { Io } from '../io.ts'
import { engineOption, type KernelName, kernelOption, openKernels, traceOption } from '../kernels.ts'
import { type MapChange, mapChanges, readMaps } from '../map-changes.ts'
import { formatJson, plain, toHex } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import type { CommandBuilder } from '../program.ts'
import { applySettings, collect, parseSettings, type Setting } from '../settings.ts'
import { survivor } from '../survival.ts'

interface RunCliOptions {
  program: string
  kernel: string
  engine?: 'interp' | 'jit' | 'checked'
  dataIn?: string
  ctxIn?: string
  dataOut?: string
  repeat?: string
  pcap?: string
  pcapOut?: string
  set: string[]
  json?: boolean
  trace?: boolean
}

/** What a run needs, read from the options before any kernel is opened. */
interface Inputs {
  readonly dataIn: Uint8Array | undefined
  readonly ctxIn: Uint8Array | undefined
  readonly repeat: number | undefined
  readonly packets: readonly PcapPacket[] | undefined
  readonly linkType: number
  readonly settings: readonly Setting[]
}

/** Outcome on one kernel. */
interface Outcome {
  readonly kernel: KernelName
  readonly runs: readonly TestRunResult[]
  readonly survivors: readonly PcapPacket[]
  readonly changes: readonly MapChange[]
  /** Names of the maps that have a value for every CPU. */
  readonly perCpu: ReadonlySet<string>
}

async function readInputs(options: RunCliOptions): Promise<Inputs> {
  if (options.pcap && options.dataIn) throw new UsageError('--pcap and --data-in exclude each other')
  if (options.pcapOut && !options.pcap) throw new UsageError('--pcap-out needs --pcap')
  if (options.pcap && options.dataOut) throw new UsageError('--data-out is for one packet: use --pcap-out')
  const capture = options.pcap ? parsePcap(await readInput(options.pcap)) : undefined
  return {
    dataIn: options.dataIn === undefined ? undefined : await readBytesOption(options.dataIn, '--data-in'),
    ctxIn: options.ctxIn === undefined ? undefined : await readBytesOption(options.ctxIn, '--ctx-in'),
    repeat: options.repeat === undefined ? undefined : parseCount(options.repeat, '--repeat', 1, 0x7fffffff),
    packets: capture?.packets,
    linkType: capture?.linkType ?? 0,
    settings: parseSettings(options.set),
  }
}

function runOn(kernel: Kernel, name: KernelName, spec: ObjectSpec, options: RunCliOptions, inputs: Inputs): Outcome {
  // Only the chosen program and what it tail-calls: the others of the object may need what this kernel lacks.
  const chosen = spec.program(options.program)
  chosen.autoload = true
  using object = spec.load(kernel)
  const program = object.programs.get(options.program)!
  const before = readMaps(object)
  const common = {
    ...(inputs.ctxIn ? { ctxIn: inputs.ctxIn } : {}),
    ...(inputs.repeat ? { repeat: inputs.repeat } : {}),
  }
  const runs: TestRunResult[] = []
  const survivors: PcapPacket[] = []
  for (const packet of inputs.packets ?? [undefined]) {
    const dataIn = packet?.data ?? inputs.dataIn
    const result = program.testRun({ ...common, ...(dataIn ? { dataIn } : {}) })
    runs.push(result)
    if (!packet) continue
    const data = survivor(chosen.type, result.retval, packet.data, result.dataOut)
    if (data) survivors.push({ ...packet, data, originalLength: Math.max(data.length, packet.originalLength) })
  }
  const perCpu = new Set([...object.maps].filter(([, map]) => isPerCpu(map.type)).map(([map]) => map))
  return { kernel: name, runs, survivors, changes: mapChanges(before, readMaps(object)), perCpu }
}

/** What both kernels must give alike: everything but time, and on which CPU a per-CPU value was written. */
function comparable({ runs, changes, perCpu }: Outcome): string {
  const anyCpu = (value: MapChange['after']) =>
    Array.isArray(value) ? value.map(formatJson).filter(isNotZero).sort() : value
  const values = changes.map((change) =>
    perCpu.has(change.map) ? { ...change, before: anyCpu(change.before), after: anyCpu(change.after) } : change,
  )
  return formatJson({ runs: runs.map(({ durationNs: _, ...rest }) => rest), values })
}

/** Whether the JSON text of a value has anything but zeros: CPUs that wrote nothing have only these. */
function isNotZero(text: string): boolean {
  return /[1-9a-zA-Z]/.test(text.replace(/"[^"]*":/g, ''))
}

function printJson({ kernel, runs, changes }: Outcome, io: Io): void {
  for (const [index, run] of runs.entries()) {
    const common = { kernel, retval: run.retval, durationNs: run.durationNs, dataOut: run.dataOut, ctxOut: run.ctxOut }
    io.out(formatJson(runs.length > 1 ? { packet: index, ...common } : { ...common, maps: changes }))
  }
  if (runs.length > 1) io.out(formatJson({ kernel, maps: changes }))
}

const text = (value: unknown) => {
  const shown = plain(value)
  return shown === undefined ? '' : typeof shown === 'object' ? JSON.stringify(shown) : String(shown)
}

function printText(outcome: Outcome, inputs: Inputs, io: Io): void {
  const { kernel, runs, survivors, changes } = outcome
  io.out(`on ${kernel}:`)
  if (inputs.packets) {
    const counts = new Map<number, number>()
    for (const { retval } of runs) counts.set(retval, (counts.get(retval) ?? 0) + 1)
    const rows = [...counts].map(([retval, count]) => [String(retval | 0), String(count)])
    io.out(`  ${runs.length} packets, ${survivors.length} survive`)
    io.out(
      formatTable(
        [
          { title: 'retval', align: 'right' },
          { title: 'packets', align: 'right' },
        ],
        rows,
      ).replace(/^/gm, '  '),
    )
  } else {
    for (const run of runs) {
      io.out(
        `  retval ${run.retval}${run.retval > 0x7fffffff ? ` (${run.retval | 0})` : ''}, ${run.durationNs} ns a run`,
      )
      if (run.dataOut.length) io.out(`  data out, ${run.dataOut.length} bytes: ${toHex(run.dataOut)}`)
      if (run.ctxOut.length) io.out(`  context out, ${run.ctxOut.length} bytes: ${toHex(run.ctxOut)}`)
    }
  }
  if (!changes.length) return
  io.out('  maps changed:')
  const rows = changes.map(({ map, key, before, after }) => [map, text(key), text(before), text(after)])
  io.out(
    formatTable([{ title: 'map' }, { title: 'key' }, { title: 'before' }, { title: 'after' }], rows).replace(
      /^/gm,
      '    ',
    ),
  )
}

async function writeOutputs(outcome: Outcome, options: RunCliOptions, inputs: Inputs): Promise<void> {
  const [run] = outcome.runs
  if (options.dataOut && run) await writeFile(options.dataOut, run.dataOut)
  if (options.pcapOut) {
    await writeFile(options.pcapOut, encodePcap({ linkType: inputs.linkType, packets: [...outcome.survivors] }))
  }
}

/** `skep run`: BPF_PROG_TEST_RUN of one program, over given data or every packet of a capture. */
export const runCommand: CommandBuilder = ({ io, exit }) =>
  new Command('run')
    .argument('<file>', 'BPF object file')
    .requiredOption('--program <name>', 'program to run')
    .addOption(kernelOption(['virtual', 'linux', 'both'], 'virtual'))
    .addOption(engineOption)
    .option('--data-in <hex|@file>', 'packet or other input')
    .option('--ctx-in <hex|@file>', 'context, such as a struct __sk_buff')
    .option('--data-out <file>', 'write the data afterwards')
    .option('--repeat <n>', 'run it so often; the time printed is the average')
    .option('--pcap <file>', 'run it over every packet of a capture')
    .option('--pcap-out <file>', 'write the packets that survive')
    .option('--set <name=value>', 'set a global variable or constant before loading', collect, [])
    .option('--json', 'one JSON object a line')
    .addOption(traceOption)
    .action(async (file: string, options: RunCliOptions) => {
      const inputs = await readInputs(options)
      const bytes = await readInput(file)
      const outcomes: Outcome[] = []
      const kernels = await openKernels(options.kernel, io, options)
      try {
        for (const [name, kernel] of kernels) {
          const spec = openObject(bytes, { name: objectName(file) })
          applySettings(spec, inputs.settings)
          outcomes.push(runOn(kernel, name, spec, options, inputs))
        }
      } finally {
        for (const kernel of kernels.values()) kernel[Symbol.dispose]()
      }
      for (const outcome of outcomes) {
        if (options.json) printJson(outcome, io)
        else printText(outcome, inputs, io)
      }
      await writeOutputs(outcomes[0]!, options, inputs)
      if (new Set(outcomes.map(comparable)).size > 1) {
        io.err('the kernels differ')
        exit(EXIT_DIFFERENT)
      }
    })
