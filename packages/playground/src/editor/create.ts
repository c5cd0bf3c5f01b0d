// SPDX-License-Identifier: BSD-2-Clause
/** CodeMirror for assembly and C: completion, errors in place, the encoding in a gutter. */
import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, type Diagnostic as Mark, setDiagnostics } from '@codemirror/lint'
import { EditorState, type Text } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { effect } from '@preact/signals'
import type { Diagnostic } from '../compiler.ts'
import { diagnostics, encodings, open, programName } from '../state/document.ts'
import { assemblyMode } from './assembly-mode.ts'
import { cMode } from './c-mode.ts'
import { completeAssembly } from './completion.ts'
import { encodingGutter, setEncoding } from './encoding-gutter.ts'

/** Milliseconds of quiet before a text is compiled. */
const QUIET = 250

const COLOURS = HighlightStyle.define([
  { tag: tags.comment, class: 't-comment' },
  { tag: tags.string, class: 't-string' },
  { tag: tags.number, class: 't-number' },
  { tag: tags.keyword, class: 't-keyword' },
  { tag: tags.typeName, class: 't-type' },
  { tag: tags.variableName, class: 't-register' },
  { tag: tags.labelName, class: 't-name' },
  { tag: tags.meta, class: 't-macro' },
])

function place(doc: Text, { line, column, severity, message }: Diagnostic): Mark {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines))
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to)
  const word = /^[\w.$%]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 1
  return { from, to: Math.min(from + word, at.to), severity, message }
}

/** Puts an editor into the element; the function returned takes it away. */
export function createEditor(parent: HTMLElement, language: 'assembly' | 'c', text: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        closeBrackets(),
        StreamLanguage.define(language === 'assembly' ? assemblyMode : cMode),
        syntaxHighlighting(COLOURS),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({
          'aria-label': language === 'assembly' ? 'BPF assembly' : 'C source',
          tabindex: '0',
        }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return
          clearTimeout(timer)
          timer = setTimeout(
            () => void open({ kind: language, text: view.state.doc.toString() }, programName.value),
            QUIET,
          )
        }),
        ...(language === 'assembly' ? [autocompletion({ override: [completeAssembly] }), encodingGutter()] : []),
      ],
    }),
  })
  const stopMarks = effect(() => {
    const marks = diagnostics.value.map((found) => place(view.state.doc, found))
    view.dispatch(setDiagnostics(view.state, marks))
  })
  const stopEncoding = effect(() => {
    const found = encodings.value
    if (language === 'assembly') view.dispatch({ effects: setEncoding.of(found) })
  })
  return () => {
    clearTimeout(timer)
    stopMarks()
    stopEncoding()
    view.destroy()
  }
}
