// SPDX-License-Identifier: BSD-2-Clause
import { program } from '../state/document.ts'
import { addressInput } from '../state/run.ts'

export function AddressInput() {
  const call = program.value?.section.includes('connect') ? 'connect' : 'bind'
  const { address, port } = addressInput.value
  return (
    <div class="form">
      <p>
        A process in the program’s cgroup calls <code>{call}(2)</code> with:
      </p>
      <label>
        Address
        <input
          value={address}
          onInput={(e) => (addressInput.value = { ...addressInput.value, address: e.currentTarget.value })}
        />
      </label>
      <label>
        Port
        <input
          type="number"
          min={0}
          max={65535}
          value={port}
          onInput={(e) => (addressInput.value = { ...addressInput.value, port: e.currentTarget.valueAsNumber || 0 })}
        />
      </label>
    </div>
  )
}
