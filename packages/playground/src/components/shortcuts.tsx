// SPDX-License-Identifier: BSD-2-Clause
import { useEffect } from 'preact/hooks'
import { SHORTCUTS } from '../state/shortcuts.ts'
import { route, showKeys } from '../state/view.ts'
import { dropFile } from './header.tsx'

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  return target.closest('input, textarea, select, [contenteditable="true"], dialog') !== null
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  if (route.value.page !== 'work' || showKeys.value) return
  const shortcut = SHORTCUTS.find(({ key }) => key === event.key)
  if (!shortcut) return
  event.preventDefault()
  shortcut.act()
}

const allowDrop = (event: DragEvent) => event.preventDefault()

/** Keys and dropped files anywhere on the page. */
export function Shortcuts() {
  useEffect(() => {
    addEventListener('keydown', onKeyDown)
    addEventListener('dragover', allowDrop)
    addEventListener('drop', dropFile)
    return () => {
      removeEventListener('keydown', onKeyDown)
      removeEventListener('dragover', allowDrop)
      removeEventListener('drop', dropFile)
    }
  }, [])
  return (
    <button
      type="button"
      class="keys-button"
      aria-label="Keys"
      title="Keys (?)"
      onClick={() => (showKeys.value = true)}
    >
      ?
    </button>
  )
}
