// SPDX-License-Identifier: BSD-2-Clause
import { signal } from '@preact/signals'
import { describeFrame } from '../packet/decode.ts'
import { fromHex, toHex } from '../packet/hex.ts'
import { program } from '../state/document.ts'
import {
  addCapture,
  addExampleCapture,
  addPacket,
  chosenInput,
  packets,
  removePacket,
  replacePacket,
  report,
  throughSocket,
} from '../state/run.ts'
import { say } from '../state/view.ts'
import { PacketBuilder } from './packet-builder.tsx'

const problem = signal('')
const building = signal(false)

function tryTo(act: () => void): void {
  try {
    act()
    problem.value = ''
  } catch (error) {
    problem.value = (error as Error).message
  }
}

async function openCapture(file: File | undefined): Promise<void> {
  if (!file) return
  const bytes = new Uint8Array(await file.arrayBuffer())
  tryTo(() => say(`${addCapture(bytes)} frames taken from ${file.name}`))
}

function HexEditor({ index }: { index: number }) {
  const bytes = packets.value[index]
  if (!bytes) return null
  return (
    <label class="hex-editor">
      Bytes of packet {index + 1}
      <textarea
        rows={4}
        spellcheck={false}
        value={toHex(bytes, ' ')}
        onChange={(event) => tryTo(() => replacePacket(index, fromHex(event.currentTarget.value)))}
      />
    </label>
  )
}

function Row({ index, bytes }: { index: number; bytes: Uint8Array }) {
  const result = report.value?.results[index]
  const isChosen = chosenInput.value === index
  return (
    <tr class={isChosen ? 'chosen' : undefined}>
      <td>
        <button
          type="button"
          class="link"
          aria-pressed={isChosen}
          onClick={() => (chosenInput.value = index)}
          title="Look closer, and step this one"
        >
          {index + 1}
        </button>
      </td>
      <td class="mono">{describeFrame(bytes)}</td>
      <td class="figure">{bytes.length}</td>
      <td>{result && <span class={`verdict ${result.tone}`}>{result.problem ?? result.verdict}</span>}</td>
      <td>
        <button
          type="button"
          class="quiet"
          aria-label={`Remove packet ${index + 1}`}
          onClick={() => removePacket(index)}
        >
          ×
        </button>
      </td>
    </tr>
  )
}

export function PacketList() {
  const isFilter = program.value?.typeName === 'BPF_PROG_TYPE_SOCKET_FILTER'
  return (
    <>
      <div class="toolbar">
        <button type="button" aria-expanded={building.value} onClick={() => (building.value = !building.value)}>
          Build a packet
        </button>
        <button type="button" onClick={() => addPacket(fromHex('02000000000202000000000108060001'))}>
          Paste hex
        </button>
        <label class="button">
          Open a capture
          <input
            class="visually-hidden"
            type="file"
            accept=".pcap,.cap"
            onChange={(event) => {
              void openCapture(event.currentTarget.files?.[0])
              event.currentTarget.value = ''
            }}
          />
        </label>
        <button type="button" class="quiet" onClick={() => void addExampleCapture()}>
          Example capture
        </button>
        <button type="button" class="quiet" onClick={() => (packets.value = [])}>
          Clear
        </button>
      </div>
      {isFilter && (
        <label class="check">
          <input
            type="checkbox"
            checked={throughSocket.value}
            onChange={(event) => {
              throughSocket.value = event.currentTarget.checked
            }}
          />{' '}
          through a packet socket, as in life (otherwise BPF_PROG_TEST_RUN, which takes the Ethernet header off)
        </label>
      )}
      {building.value && <PacketBuilder />}
      {problem.value && (
        <p class="banner bad" role="alert">
          {problem.value}
        </p>
      )}
      <div class="table-box scroll" tabIndex={0} role="group" aria-label="Packets">
        <table class="packets">
          <caption class="visually-hidden">Packets that the program gets, with its answers</caption>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">Packet</th>
              <th scope="col">Bytes</th>
              <th scope="col">Answer</th>
              <th scope="col">
                <span class="visually-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {packets.value.map((bytes, index) => (
              <Row key={index} index={index} bytes={bytes} />
            ))}
          </tbody>
        </table>
      </div>
      <HexEditor index={chosenInput.value} />
    </>
  )
}
