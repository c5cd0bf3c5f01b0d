// SPDX-License-Identifier: BSD-2-Clause
import { program } from '../state/document.ts'
import { type EventFields, eventInput, wordsOf } from '../state/run.ts'

function set(change: Partial<EventFields>): void {
  eventInput.value = { ...eventInput.value, ...change }
}

/** What the numbers are, for the kinds of hooks. */
function labelFor(section: string): string {
  if (section.endsWith('raw_syscalls/sys_enter')) return 'System call: its number, then its arguments'
  if (section.startsWith('kret')) return 'Value that the function returns'
  return section.startsWith('tracepoint') || section.startsWith('tp')
    ? 'Fields of the record, 64 bits each'
    : 'Arguments'
}

export function EventInput() {
  const section = program.value?.section ?? ''
  const { words, comm } = eventInput.value
  return (
    <div class="form">
      <p>
        The program is attached to <code>{section.replace(/^[\w.]+\//, '')}</code>, and in a process this happens:
      </p>
      <label class="wide">
        {labelFor(section)}
        <input
          value={words}
          aria-invalid={wordsOf(words) === undefined}
          onInput={(e) => set({ words: e.currentTarget.value })}
        />
      </label>
      <label>
        Process
        <input value={comm} maxLength={15} onInput={(e) => set({ comm: e.currentTarget.value })} />
      </label>
    </div>
  )
}
