// SPDX-License-Identifier: BSD-2-Clause
import { program } from '../state/document.ts'
import { eventInput } from '../state/run.ts'

export function EventInput() {
  const { number, pid, comm, args } = eventInput.value
  const set = (change: Partial<typeof eventInput.value>) => {
    eventInput.value = { ...eventInput.value, ...change }
  }
  return (
    <div class="form">
      <p>
        Fires <code>{program.value?.section.replace(/^\w+\//, '')}</code>: a process makes a system call.
      </p>
      <label>
        System call number
        <input
          type="number"
          min={0}
          value={number}
          onInput={(e) => set({ number: e.currentTarget.valueAsNumber || 0 })}
        />
      </label>
      <label>
        Arguments
        <input value={args} onInput={(e) => set({ args: e.currentTarget.value })} />
      </label>
      <label>
        Process id
        <input type="number" min={1} value={pid} onInput={(e) => set({ pid: e.currentTarget.valueAsNumber || 1 })} />
      </label>
      <label>
        Command
        <input value={comm} maxLength={15} onInput={(e) => set({ comm: e.currentTarget.value })} />
      </label>
    </div>
  )
}
