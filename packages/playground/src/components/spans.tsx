// SPDX-License-Identifier: BSD-2-Clause
import type { Span } from '../content/highlight.ts'

export function Spans({ spans }: { spans: readonly Span[] }) {
  return (
    <>
      {spans.map(({ text, kind }, i) =>
        kind === 'plain' ? (
          text
        ) : (
          <span key={`${i}${text}`} class={`t-${kind}`}>
            {text}
          </span>
        ),
      )}
    </>
  )
}
