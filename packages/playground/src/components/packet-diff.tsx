// SPDX-License-Identifier: BSD-2-Clause
import { differenceOf, layersOf } from '../packet/decode.ts'
import { HexView } from './hex-view.tsx'

/** A packet before and after the program, with what changed. */
export function PacketDiff({ number, before, after }: { number: number; before: Uint8Array; after: Uint8Array }) {
  const { same, removed, added } = differenceOf(before, after)
  return (
    <section class="diff" aria-label={`Packet ${number}`}>
      <h3>
        Packet {number} {same ? <small>unchanged</small> : <small class="changed">changed by the program</small>}
      </h3>
      {same ? (
        <HexView bytes={before} layers={layersOf(before)} label="Bytes of the packet" />
      ) : (
        <div class="columns">
          <div>
            <h4>Before</h4>
            <HexView bytes={before} marks={removed} kind="removed" label="Bytes before" />
          </div>
          <div>
            <h4>After</h4>
            <HexView bytes={after} marks={added} kind="added" label="Bytes after" />
          </div>
        </div>
      )}
    </section>
  )
}
