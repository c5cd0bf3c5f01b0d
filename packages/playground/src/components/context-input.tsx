// SPDX-License-Identifier: BSD-2-Clause
import { program } from '../state/document.ts'
import { contextInput } from '../state/run.ts'

export function ContextInput() {
  return (
    <div class="form">
      <p>
        Programs of type <code>{program.value?.typeName}</code> run with a context of bytes (BPF_PROG_TEST_RUN), where
        the kernel offers that.
      </p>
      <label>
        Context, hexadecimal
        <textarea
          rows={4}
          spellcheck={false}
          value={contextInput.value}
          onInput={(e) => (contextInput.value = e.currentTarget.value)}
        />
      </label>
    </div>
  )
}
