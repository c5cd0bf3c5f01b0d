// SPDX-License-Identifier: BSD-2-Clause
import { signal } from '@preact/signals'
import { formatValue } from '../state/proofs.ts'
import { addWatch, isWatch, removeWatch, step, watchedRegister, watchOf, watchTexts } from '../state/step.ts'
import { HexView } from './hex-view.tsx'

const typed = signal('')

function submit(event: Event): void {
  event.preventDefault()
  if (!isWatch(typed.value)) return
  void addWatch(typed.value)
  typed.value = ''
}

function Watch({ text, index }: { text: string; index: number }) {
  const state = step.value
  const register = watchedRegister(text)
  const watch = watchOf(text, state)
  const bytes = state?.watches[index]
  return (
    <li>
      <b class="mono">{text}</b>{' '}
      {register !== undefined && <span class="mono">{formatValue(state?.registers[register] ?? 0n)}</span>}
      <button type="button" class="quiet" aria-label={`Remove watch ${text}`} onClick={() => removeWatch(index)}>
        ×
      </button>
      {register === undefined && watch && bytes && bytes.length > 0 && (
        <HexView bytes={bytes} start={Number(watch.address)} label={`Bytes at ${text}`} />
      )}
      {register === undefined && (!watch || !bytes || bytes.length === 0) && <small>no such memory here</small>}
    </li>
  )
}

export function Watches() {
  const wrong = typed.value !== '' && !isWatch(typed.value)
  return (
    <section aria-label="Watches">
      <h3>Watches</h3>
      <form class="inline" onSubmit={submit}>
        <input
          aria-label="Watch: register or memory"
          placeholder="r6, fp-8:4, pkt+14:20, ctx:16"
          value={typed.value}
          aria-invalid={wrong}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <button type="submit">Watch</button>
      </form>
      {wrong && <p class="hint">A register (r6), or a place and a length: fp-8:4, pkt+14:20, ctx:16, 0x1000:8.</p>}
      <ul class="watches">
        {watchTexts.value.map((text, i) => (
          <Watch key={`${i}${text}`} text={text} index={i} />
        ))}
      </ul>
    </section>
  )
}
