// SPDX-License-Identifier: BSD-2-Clause
import type { StepFrameView } from '../protocol.ts'
import { select, showProgram } from '../state/document.ts'

function Stack({ frame }: { frame: StepFrameView }) {
  const words = Math.floor(frame.stack.length / 8)
  const view = new DataView(frame.stack.buffer, frame.stack.byteOffset, frame.stack.byteLength)
  if (words === 0) return null
  return (
    <table class="stack">
      <caption>Stack of {frame.name}</caption>
      <tbody>
        {Array.from({ length: words }, (_, i) => {
          const offset = -8 * (i + 1)
          const at = frame.stack.length + offset
          const bytes = Array.from(frame.stack.subarray(at, at + 8), (b) => b.toString(16).padStart(2, '0'))
          return (
            <tr key={offset}>
              <th scope="row">fp{offset}</th>
              <td class="mono">{bytes.join(' ')}</td>
              <td class="mono figure">{view.getBigUint64(at, true).toString()}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** Functions that are being executed, the innermost first, with their stacks. */
export function CallChain({ frames }: { frames: readonly StepFrameView[] }) {
  if (frames.length === 0) return null
  const chain = [...frames].reverse()
  return (
    <section aria-label="Call chain">
      <h3>Call chain</h3>
      <ol class="chain">
        {chain.map((frame, i) => (
          <li key={chain.length - i}>
            <button
              type="button"
              class="link"
              onClick={() => {
                showProgram(frame.program)
                select(frame.slot)
              }}
            >
              {frame.name}
            </button>{' '}
            <small>at {frame.slot}</small>
            {frame.level > 1 && <small> (callback)</small>}
          </li>
        ))}
      </ol>
      {chain.map((frame, i) => (
        <Stack key={chain.length - i} frame={frame} />
      ))}
    </section>
  )
}
