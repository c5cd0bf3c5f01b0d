// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef } from 'preact/hooks'
import { createEditor } from '../editor/create.ts'

interface Props {
  readonly language: 'assembly' | 'c'
  readonly initial: string
}

/** A text editor; what it holds is compiled and opened a moment after the last change. */
export default function Editor({ language, initial }: Props) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => createEditor(box.current!, language, initial), [])
  return <div ref={box} class="editor" />
}
