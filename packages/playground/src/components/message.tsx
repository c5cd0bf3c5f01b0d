// SPDX-License-Identifier: BSD-2-Clause

/** A message of the kernel, as it prints it. */
export function Message({ text }: { text: string }) {
  return (
    <p class="message mono">
      {text.split('\n').map((line) => (
        <span key={line}>{line}</span>
      ))}
    </p>
  )
}
