// SPDX-License-Identifier: BSD-2-Clause
import { SYSTEM_CALLS, type SystemCall } from '../protocol.ts'
import { program } from '../state/document.ts'
import { eventInput } from '../state/run.ts'

export function EventInput() {
  return (
    <div class="form">
      <p>
        The program is attached to <code>{program.value?.section.replace(/^\w+\//, '')}</code>, and a process makes a
        system call:
      </p>
      <label>
        System call
        <select
          value={eventInput.value}
          onChange={(event) => {
            eventInput.value = event.currentTarget.value as SystemCall
          }}
        >
          {SYSTEM_CALLS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
