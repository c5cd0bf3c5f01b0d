// SPDX-License-Identifier: BSD-2-Clause
import { failure, opened, opening, problem } from '../state/document.ts'
import { route, showKeys, tourStep } from '../state/view.ts'
import { CodePane } from './code-pane.tsx'
import { Dock } from './dock.tsx'
import { Header } from './header.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { KnowledgePane } from './knowledge-pane.tsx'
import { MessagePage, MessagesPage } from './messages-page.tsx'
import { Notice } from './notice.tsx'
import { ProgramBar } from './program-bar.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { SourcePane } from './source-pane.tsx'
import { Tour } from './tour.tsx'

function Work() {
  return (
    <main class="work" aria-busy={opening.value}>
      <h1 class="visually-hidden">BPF program</h1>
      <ProgramBar />
      {problem.value && (
        <p class="banner bad" role="alert">
          This object could not be opened: {problem.value}
        </p>
      )}
      {opened.value?.problem && (
        <p class="banner bad" role="alert">
          The object could not be loaded, so its programs cannot run: {opened.value.problem}
        </p>
      )}
      <div class="panes">
        <SourcePane />
        <CodePane />
        <KnowledgePane />
      </div>
      {opened.value && <Dock />}
    </main>
  )
}

export function App() {
  const { value } = route
  return (
    <>
      <a class="skip" href="#work" onClick={skipToWork}>
        Skip to the program
      </a>
      <Header />
      {failure.value && (
        <p class="banner bad" role="alert">
          {failure.value}{' '}
          <button type="button" class="quiet" onClick={() => (failure.value = '')}>
            Close
          </button>
        </p>
      )}
      <div id="work" tabIndex={-1}>
        {value.page === 'work' && <Work />}
        {value.page === 'messages' && <MessagesPage />}
        {value.page === 'message' && <MessagePage id={value.id} />}
      </div>
      {tourStep.value !== undefined && <Tour />}
      {showKeys.value && <KeysDialog />}
      <Shortcuts />
      <Notice />
    </>
  )
}

function skipToWork(event: Event): void {
  event.preventDefault()
  document.getElementById('work')?.focus()
}
