// SPDX-License-Identifier: BSD-2-Clause
/** What is open: where it comes from, its source, and what the kernel says about it. */
import { computed, effect, signal } from '@preact/signals'
import { explainRefusal } from '@skep/core/refusals'
import { type Compilation, type Compiler, type Diagnostic, findClang } from '../compiler.ts'
import { exampleOf, fetchObject, fetchSource } from '../content/examples.ts'
import type { ObjectView, ProgramView } from '../protocol.ts'
import { readVerifierLog } from '../verifier/log.ts'
import { WorkerClient } from '../worker-client.ts'

export type Document =
  | { readonly kind: 'example'; readonly folder: string }
  | { readonly kind: 'object'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'assembly'; readonly text: string }
  | { readonly kind: 'c'; readonly text: string }

export const client = new WorkerClient()

const assembler: Compiler = {
  language: 'assembly',
  compile: (source) => client.call('assemble', { source }),
}

/** Release of the Linux that the kernel follows, once it runs. */
export const release = signal('')
/** What went wrong with the page itself, not with a program. */
export const failure = signal('')
export const document = signal<Document | undefined>(undefined)
/** C source of the example, where there is one. */
export const sourceText = signal<string | undefined>(undefined)
export const diagnostics = signal<readonly Diagnostic[]>([])
/** Bytes of the instruction on each line of the assembly text. */
export const encodings = signal<ReadonlyMap<number, string>>(new Map())
export const opened = signal<ObjectView | undefined>(undefined)
export const openedBytes = signal<Uint8Array | undefined>(undefined)
export const opening = signal(false)
/** The object could not be opened at all. */
export const problem = signal('')
export const programName = signal('')
/** Slot of the selected instruction. */
export const selected = signal(0)
/** Which of the visits of the selected instruction is shown. */
export const visitIndex = signal(0)
export const clang = signal<Compiler | undefined>(undefined)

client.onReady = (version) => {
  release.value = version
}
client.onFailure = (message) => {
  failure.value = message
}

export const program = computed<ProgramView | undefined>(() => {
  const programs = opened.value?.programs ?? []
  return programs.find(({ name }) => name === programName.value) ?? programs[0]
})

export const knowledge = computed(() => readVerifierLog(program.value?.log ?? ''))

/** The refusal of the program in view: its message as the log has it, with what explains it. */
export const refusal = computed(() => {
  const view = program.value
  if (!view || view.verdict === 'accept') return undefined
  const message = knowledge.value.message || view.message
  return { message, explained: explainRefusal(message) }
})

export const visits = computed(() => knowledge.value.byInsn.get(selected.value) ?? [])

effect(() => {
  // Another instruction or program: the first path; at the place of a refusal, the last.
  const isRefusal = refusal.value !== undefined && program.value?.insn === selected.value
  visitIndex.value = isRefusal ? Math.max(0, visits.value.length - 1) : 0
})

/** Called after an object was opened; other state hangs on it. */
export const onOpened: (() => void)[] = []

function show(view: ObjectView, keep: string): void {
  opened.value = view
  const refused = view.programs.find(({ verdict }) => verdict !== 'accept')
  const entry = view.programs.find(({ section }) => !section.includes('/')) ?? view.programs[0]
  const kept = view.programs.find(({ name }) => name === keep)
  const chosen = kept ?? refused ?? entry
  programName.value = chosen?.name ?? ''
  selected.value = chosen?.insn ?? 0
  for (const then of onOpened) then()
}

let turn = 0

async function openBytes(bytes: Uint8Array, name: string, mine: number, keep = ''): Promise<void> {
  openedBytes.value = bytes
  const view = await client.call('open', { bytes, name })
  if (mine === turn) show(view, keep)
}

function compilerOf(doc: Document): Compiler | undefined {
  if (doc.kind === 'assembly') return assembler
  return doc.kind === 'c' ? clang.value : undefined
}

async function compile(doc: Document & { text: string }): Promise<Compilation> {
  const compiler = compilerOf(doc)
  if (compiler) return compiler.compile(doc.text)
  return {
    object: undefined,
    diagnostics: [{ line: 1, column: 1, severity: 'error', message: 'no C compiler is within reach of this page' }],
  }
}

async function load(doc: Document, mine: number, keep: string): Promise<void> {
  switch (doc.kind) {
    case 'example': {
      const [bytes, text] = await Promise.all([fetchObject(doc.folder), fetchSource(doc.folder)])
      if (mine !== turn) return
      sourceText.value = text
      return openBytes(bytes, exampleOf(doc.folder)?.folder.split('/').at(-1) ?? 'object', mine, keep)
    }
    case 'object':
      sourceText.value = undefined
      return openBytes(doc.bytes, doc.name.replace(/(\.bpf)?\.o$/, ''), mine, keep)
    default: {
      sourceText.value = doc.text
      const { object, diagnostics: found, encoding } = await compile(doc)
      if (mine !== turn) return
      diagnostics.value = found
      if (encoding) encodings.value = encoding
      if (object) return openBytes(object, 'program', mine, keep)
      opened.value = undefined
    }
  }
}

/** Opens a document; `keep` names the program to show, where it has one of that name. */
export async function open(doc: Document, keep = ''): Promise<void> {
  const mine = ++turn
  document.value = doc
  problem.value = ''
  diagnostics.value = []
  opening.value = true
  try {
    await load(doc, mine, keep)
  } catch (error) {
    if (mine !== turn) return
    opened.value = undefined
    problem.value = (error as Error).message
  } finally {
    if (mine === turn) opening.value = false
  }
}

/** The object once more in a fresh kernel: maps empty, nothing attached. */
export async function reset(): Promise<void> {
  const bytes = openedBytes.value
  const name = opened.value?.name
  if (bytes && name !== undefined) await openBytes(bytes, name, ++turn, programName.value)
}

export async function lookForClang(): Promise<void> {
  clang.value = await findClang()
}

export function select(slot: number): void {
  selected.value = slot
}

export function showProgram(name: string): void {
  if (programName.value === name) return
  programName.value = name
  selected.value = program.value?.insn ?? 0
}
