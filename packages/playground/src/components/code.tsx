// SPDX-License-Identifier: BSD-2-Clause
import { highlightC } from '../content/highlight.ts'
import { Spans } from './spans.tsx'

export function Code({ text }: { text: string }) {
  return (
    <pre class="snippet" tabIndex={0}>
      {text.split('\n').map((line, i) => (
        <span key={i}>
          <Spans spans={highlightC(line)} />
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
