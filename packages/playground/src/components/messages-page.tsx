// SPDX-License-Identifier: BSD-2-Clause
import { EXPLANATIONS, explainRefusal, explanationOf } from '@skep/core/refusals'
import { exampleOf } from '../content/examples.ts'
import { Code } from './code.tsx'
import { Message } from './message.tsx'

function Missing({ id }: { id: string }) {
  return (
    <main class="page">
      <h1>No such message</h1>
      <p>
        There is no page for “{id}”. <a href="#/messages">All messages</a>
      </p>
    </main>
  )
}

/** What a message of the verifier means. */
export function MessagePage({ id }: { id: string }) {
  const explanation = explanationOf(id)
  if (!explanation) return <Missing id={id} />
  const example = explanation.example ? exampleOf(explanation.example) : undefined
  return (
    <main class="page">
      <p>
        <a href="#/messages">Messages of the verifier</a>
      </p>
      <h1>{explanation.title}</h1>
      <Message text={explanation.sample} />
      <h2>What is wrong</h2>
      <p>{explainRefusal(explanation.sample)?.problem}</p>
      <h2>Why Linux insists</h2>
      <p>{explanation.reason}</p>
      <h2>What would be accepted</h2>
      <p>{explanation.suggestion}</p>
      {explanation.code && <Code text={explanation.code} />}
      {example && (
        <p>
          <a class="button primary" href={`#example=${example.folder}`}>
            Open the example: {example.title}
          </a>
        </p>
      )}
    </main>
  )
}

export function MessagesPage() {
  return (
    <main class="page">
      <p>
        <a href="#">Back to the program</a>
      </p>
      <h1>Messages of the verifier</h1>
      <p>What the kernel says when it refuses a program, in plain words.</p>
      <ul class="messages">
        {EXPLANATIONS.map(({ id, title, reason }) => (
          <li key={id}>
            <a href={`#/message/${id}`}>{title}</a>
            <p>{reason.split('. ')[0]}.</p>
          </li>
        ))}
      </ul>
    </main>
  )
}
