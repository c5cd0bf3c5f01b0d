// SPDX-License-Identifier: BSD-2-Clause
import { trace } from '../state/run.ts'

export function Trace() {
  if (!trace.value) return null
  return (
    <section aria-label="Trace pipe">
      <h3>Trace pipe</h3>
      <pre class="trace" tabIndex={0}>
        {trace.value.replace(/^ +/gm, '')}
      </pre>
    </section>
  )
}
