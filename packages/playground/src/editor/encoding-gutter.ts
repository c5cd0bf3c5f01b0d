// SPDX-License-Identifier: BSD-2-Clause
/** A gutter with the bytes of the instruction on each line. */
import { type Extension, StateEffect, StateField } from '@codemirror/state'
import { GutterMarker, gutter } from '@codemirror/view'

/** Encodings by line, from 1. */
export const setEncoding = StateEffect.define<ReadonlyMap<number, string>>()

const encodings = StateField.define<ReadonlyMap<number, string>>({
  create: () => new Map(),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setEncoding)) return effect.value
    return value
  },
})

class BytesMarker extends GutterMarker {
  readonly text: string

  constructor(text: string) {
    super()
    this.text = text
  }

  override eq(other: BytesMarker): boolean {
    return other.text === this.text
  }

  override toDOM(): Node {
    return document.createTextNode(this.text)
  }
}

export function encodingGutter(): Extension {
  return [
    encodings,
    gutter({
      class: 'cm-encoding',
      lineMarker(view, block) {
        const text = view.state.field(encodings).get(view.state.doc.lineAt(block.from).number)
        return text ? new BytesMarker(text) : null
      },
      lineMarkerChange: (update) => update.transactions.some((t) => t.effects.some((e) => e.is(setEncoding))),
      initialSpacer: () => new BytesMarker('0000000000000000'),
    }),
  ]
}
