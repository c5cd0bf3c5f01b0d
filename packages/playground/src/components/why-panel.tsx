// SPDX-License-Identifier: BSD-2-Clause
import { knowledge, program, refusal, select } from '../state/document.ts'
import { trail } from '../verifier/log.ts'
import { Code } from './code.tsx'
import { Message } from './message.tsx'

/** The path to the refusal as the C lines along it. */
function Way() {
  const view = program.value
  const { paths } = knowledge.value
  if (!view || paths.length === 0) return null
  const steps = trail(knowledge.value, paths.length - 1)
  const rows: { slot: number; line: number; text: string }[] = []
  for (const { insn } of steps) {
    const line = view.lines.findLast(({ slot }) => slot <= insn)
    if (line && line.line > 0 && rows.at(-1)?.line !== line.line)
      rows.push({ slot: insn, line: line.line, text: line.text.trim() })
  }
  if (rows.length === 0) {
    return (
      <p>
        Along instructions{' '}
        {steps.slice(-40).map(({ insn }, i) => (
          <button key={i} type="button" class="link" onClick={() => select(insn)}>
            {insn}{' '}
          </button>
        ))}
      </p>
    )
  }
  return (
    <ol class="way">
      {rows.slice(-20).map(({ slot, line, text }, i) => (
        <li key={i}>
          <button type="button" class="link" onClick={() => select(slot)}>
            line {line}
          </button>{' '}
          <code>{text}</code>
        </li>
      ))}
    </ol>
  )
}

export function WhyPanel() {
  const view = program.value
  const found = refusal.value
  if (!view || !found) return <p class="empty">This program was accepted.</p>
  const { explained, message } = found
  return (
    <article class="why">
      <Message text={message} />
      <div class="columns three">
        <section>
          <h3>What is wrong</h3>
          {explained ? (
            <p>
              <b>{explained.title}.</b> {explained.problem}
            </p>
          ) : (
            <p>The verifier says no more than the message above.</p>
          )}
          {view.insn !== undefined && (
            <p>
              At{' '}
              <button type="button" class="link" onClick={() => select(view.insn!)}>
                instruction {view.insn}
              </button>
              {view.line ? (
                <>
                  , <code>{view.line}</code>
                </>
              ) : null}
              .
            </p>
          )}
        </section>
        <section>
          <h3>Along which path</h3>
          <Way />
        </section>
        {explained && (
          <section>
            <h3>What would be accepted</h3>
            <p>{explained.suggestion}</p>
            {explained.code && <Code text={explained.code} />}
            <p>
              <a href={`#/message/${explained.id}`}>Why Linux insists</a>
            </p>
          </section>
        )}
      </div>
    </article>
  )
}
