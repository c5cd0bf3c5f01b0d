// SPDX-License-Identifier: BSD-2-Clause
import type { Layer } from '../packet/decode.ts'

const WIDTH = 16

interface Props {
  readonly bytes: Uint8Array
  readonly label: string
  /** Address of the first byte, for the margin. */
  readonly start?: number
  readonly marks?: readonly boolean[]
  readonly kind?: 'removed' | 'added' | 'watched'
  readonly layers?: readonly Layer[]
}

function layerOf(layers: readonly Layer[] | undefined, at: number): number {
  return layers?.findIndex(({ start, length }) => at >= start && at < start + length) ?? -1
}

export function HexView({ bytes, label, start = 0, marks, kind = 'added', layers }: Props) {
  const rows = Math.ceil(bytes.length / WIDTH)
  return (
    <div class="hex">
      <div class="hex-rows" role="group" aria-label={label} tabIndex={0}>
        {Array.from({ length: rows }, (_, row) => {
          const from = row * WIDTH
          const part = bytes.subarray(from, from + WIDTH)
          return (
            <div key={from} class="hex-row">
              <span class="number">{(start + from).toString(16).padStart(4, '0')}</span>
              {Array.from(part, (byte, i) => {
                const layer = layerOf(layers, from + i)
                const marked = marks?.[from + i]
                const classes = [marked && `b-${kind}`, layer >= 0 && `layer-${layer}`].filter(Boolean).join(' ')
                return (
                  <span key={i} class={classes || undefined}>
                    {byte.toString(16).padStart(2, '0')}
                  </span>
                )
              })}
            </div>
          )
        })}
      </div>
      {layers && layers.length > 0 && (
        <p class="legend">
          {layers.map(({ name }, i) => (
            <span key={name} class={`layer-${i}`}>
              {name}
            </span>
          ))}
        </p>
      )}
    </div>
  )
}
