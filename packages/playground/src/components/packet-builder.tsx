// SPDX-License-Identifier: BSD-2-Clause
import { signal } from '@preact/signals'
import { buildFrame, type FrameFields, type Transport } from '../packet/build.ts'
import { addPacket, packetFields } from '../state/run.ts'

const problem = signal('')

function set(change: Partial<FrameFields>): void {
  packetFields.value = { ...packetFields.value, ...change }
}

function setVersion(version: 4 | 6): void {
  const [source, destination] = version === 4 ? ['10.0.0.1', '10.0.0.2'] : ['fe80::1', 'fe80::2']
  set({ version, source: source!, destination: destination! })
}

function add(event: Event): void {
  event.preventDefault()
  try {
    addPacket(buildFrame(packetFields.value))
    problem.value = ''
  } catch (error) {
    problem.value = (error as Error).message
  }
}

function Text({ label, name }: { label: string; name: 'source' | 'destination' | 'payload' }) {
  return (
    <label>
      {label}
      <input value={packetFields.value[name]} onInput={(e) => set({ [name]: e.currentTarget.value })} />
    </label>
  )
}

function Numeric({ label, name, max }: { label: string; name: 'sourcePort' | 'destinationPort' | 'ttl'; max: number }) {
  return (
    <label>
      {label}
      <input
        type="number"
        min={0}
        max={max}
        value={packetFields.value[name]}
        onInput={(e) => set({ [name]: Math.min(Math.max(e.currentTarget.valueAsNumber || 0, 0), max) })}
      />
    </label>
  )
}

export function PacketBuilder() {
  const { version, transport } = packetFields.value
  return (
    <form class="builder" onSubmit={add} aria-label="Build a packet">
      <label>
        Network
        <select value={version} onChange={(e) => setVersion(e.currentTarget.value === '6' ? 6 : 4)}>
          <option value="4">IPv4</option>
          <option value="6">IPv6</option>
        </select>
      </label>
      <label>
        Transport
        <select value={transport} onChange={(e) => set({ transport: e.currentTarget.value as Transport })}>
          <option value="udp">UDP</option>
          <option value="tcp">TCP SYN</option>
          <option value="icmp">ICMP echo</option>
        </select>
      </label>
      <Text label="From" name="source" />
      <Text label="To" name="destination" />
      {transport !== 'icmp' && <Numeric label="From port" name="sourcePort" max={65535} />}
      {transport !== 'icmp' && <Numeric label="To port" name="destinationPort" max={65535} />}
      <Numeric label={version === 4 ? 'Time to live' : 'Hop limit'} name="ttl" max={255} />
      <Text label="Payload" name="payload" />
      <button type="submit" class="primary">
        Add packet
      </button>
      {problem.value && (
        <p class="banner bad" role="alert">
          {problem.value}
        </p>
      )}
    </form>
  )
}
