// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef } from 'preact/hooks'
import { SHORTCUTS } from '../state/shortcuts.ts'
import { showKeys } from '../state/view.ts'

export function KeysDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" onClose={() => (showKeys.value = false)}>
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {SHORTCUTS.map(({ key, title }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="primary" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
