// SPDX-License-Identifier: BSD-2-Clause
import { availableExamples, exampleOf } from '../content/examples.ts'
import { NEW_ASSEMBLY, NEW_C } from '../content/templates.ts'
import { clang, document as current, open, release } from '../state/document.ts'
import { pick } from '../state/navigation.ts'
import { encodeState } from '../state/share.ts'
import { route, say, type Theme, theme, tourStep } from '../state/view.ts'

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }

async function share(): Promise<void> {
  const state = await encodeState()
  if (!state) return
  history.replaceState(null, '', `#${state}`)
  try {
    await navigator.clipboard.writeText(location.href)
    say('Address copied: it holds the program, the inputs and the step')
  } catch {
    say('The address of this page now holds the program, the inputs and the step')
  }
}

async function openFile(file: File | undefined): Promise<void> {
  if (!file) return
  history.replaceState(null, '', '#')
  await open({ kind: 'object', name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })
}

function choose(value: string): void {
  if (value === 'new:assembly') void open({ kind: 'assembly', text: NEW_ASSEMBLY })
  else if (value === 'new:c') void open({ kind: 'c', text: NEW_C })
  else if (exampleOf(value)) void pick(value)
}

function Picker() {
  const doc = current.value
  const value = doc?.kind === 'example' ? doc.folder : doc?.kind === 'object' ? 'own' : doc ? `new:${doc.kind}` : ''
  const examples = availableExamples()
  const option = ({ folder, title }: { folder: string; title: string }) => (
    <option key={folder} value={folder}>
      {title}
    </option>
  )
  return (
    <div class="picker" data-tour="picker">
      <select aria-label="Program" value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <optgroup label="Accepted">{examples.filter((e) => !e.refused).map(option)}</optgroup>
        <optgroup label="Refused, with the classic mistakes">{examples.filter((e) => e.refused).map(option)}</optgroup>
        <optgroup label="Your own">
          <option value="new:assembly">Write BPF assembly</option>
          {clang.value && <option value="new:c">Write C</option>}
          {doc?.kind === 'object' && <option value="own">{doc.name}</option>}
        </optgroup>
      </select>
    </div>
  )
}

/** Files may be dropped anywhere on the page. */
export function dropFile(event: DragEvent): void {
  event.preventDefault()
  void openFile(event.dataTransfer?.files[0])
}

export function Header() {
  return (
    <header class="top">
      <a class="brand" href="#" aria-label="Skep playground, start">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 3c7 0 10 6 10 11s1 9 2 12H4c1-3 2-7 2-12S9 3 16 3z" fill="var(--honey)" />
          <path d="M7 11h18M6 17h20M5 23h22" stroke="var(--paper)" stroke-width="1.6" fill="none" />
          <path d="M13 26a3 3 0 0 1 6 0z" fill="var(--ink)" />
        </svg>
        <span>Skep</span>
      </a>
      <Picker />
      <label class="button">
        Open a .o file
        <input
          class="visually-hidden"
          type="file"
          accept=".o"
          onChange={(event) => {
            void openFile(event.currentTarget.files?.[0])
            // The same file can be opened again.
            event.currentTarget.value = ''
          }}
        />
      </label>
      <span class="spacer" />
      {release.value && <span class="release">virtual Linux {release.value}</span>}
      <button type="button" onClick={() => (tourStep.value = 0)}>
        Tour
      </button>
      <a class="button" href="#/messages" aria-current={route.value.page === 'work' ? undefined : 'page'}>
        Messages
      </a>
      <button type="button" onClick={() => void share()}>
        Share
      </button>
      <button
        type="button"
        aria-label={`Colours: ${theme.value}`}
        title={`Colours: ${theme.value}`}
        onClick={() => (theme.value = NEXT_THEME[theme.value])}
      >
        {{ system: '◐', light: '☀', dark: '☾' }[theme.value]}
      </button>
    </header>
  )
}
